"""The tag for those components of `templates/components/` that hold something."""

from django import template
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_block_tag
def component(content: SafeString, name: str, **parameters: object) -> SafeString:
    """What stands between the tags, in the frame of a component:
    `{% component "card" title=_("Role") id="role" %}…{% endcomponent %}`.

    Its template sees `content` and the parameters, nothing else of the page. Those that hold
    nothing are included: `{% include "components/badge.html" with label=_("you") only %}`.
    """
    return render_to_string(f"components/{name}.html", {**parameters, "content": content})
