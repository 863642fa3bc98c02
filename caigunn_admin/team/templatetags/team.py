"""What the sign-in page asks about the team."""

from django import template

from caigunn_admin.team.models import Member

register = template.Library()


@register.simple_tag
def nobody_yet() -> bool:
    """Whether this installation has no member at all."""
    return not Member.objects.exists()
