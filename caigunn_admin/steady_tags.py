"""The tags `url`, `static`, `trans` and `include`, worked out once where they can only say the same
again.

A page says some sixty constant texts and addresses. Django looks up, joins and escapes each anew
for every page, which took a fifth of what a list costs.
"""

from collections.abc import Callable, Hashable
from typing import Any

from django import template
from django.conf import settings
from django.template.base import FilterExpression, Node, Parser, Token, Variable
from django.template.context import Context
from django.template.defaulttags import url
from django.template.loader_tags import do_include
from django.templatetags.i18n import do_translate
from django.templatetags.static import StaticNode
from django.urls import get_script_prefix, get_urlconf
from django.utils.safestring import SafeString
from django.utils.translation import get_language

register = template.Library()

# Of a node: languages and addresses of the site are few. A prefix comes with the request, so what
# is kept is bounded.
_MOST_KEPT = 64

# Django takes them for the names of variables.
_NAMED_CONSTANTS = {"True", "False", "None"}


class SteadyNode(Node):
    """Says what another node says, which depends on nothing but `key`, and asks it once for each.

    With `asvar` that is put under this name instead.
    """

    child_nodelists = ()

    def __init__(self, node: Node, asvar: str | None, key: Callable[[Context], Hashable]) -> None:
        self._node = node
        self._asvar = asvar
        self._key = key
        self._known: dict[Hashable, Any] = {}

    def render(self, context: Context) -> SafeString:
        key = (self._key(context), context.autoescape)
        known: Any = self._known.get(key)
        if known is None:
            # The parser has told them to this node alone.
            self._node.token, self._node.origin = self.token, self.origin
            known = self._node.render(context)
            if self._asvar:
                known = context[self._asvar]
            if len(self._known) < _MOST_KEPT:
                self._known[key] = known
        if self._asvar is None:
            return SafeString(known)
        context[self._asvar] = known
        return SafeString("")


@register.tag("url")
def steady_url(parser: Parser, token: Token) -> Node:
    """Django's `url`; worked out once for each page without arguments. Names of this project have
    no namespace, which would stand for something else on each page."""
    node = url(parser, token)

    def named(context: Context) -> Hashable:
        return _site(context), node.view_name.resolve(context)

    return node if node.args or node.kwargs else SteadyNode(node, node.asvar, named)


@register.tag("static")
def steady_static(parser: Parser, token: Token) -> Node:
    """Django's `static`; worked out once for a constant path."""
    node = StaticNode.handle_token(parser, token)
    # While DEBUG is on, files, catalogues and templates may change under a running server.
    is_steady = _is_constant(node.path) and not settings.DEBUG
    return SteadyNode(node, node.varname, _site) if is_steady else node


@register.tag("trans")
@register.tag("translate")
def steady_translate(parser: Parser, token: Token) -> Node:
    """Django's `translate`; worked out once for each language for a constant text."""
    node = do_translate(parser, token)
    is_steady = _is_constant(node.filter_expression) and not node.message_context
    return SteadyNode(node, node.asvar, _language) if is_steady and not settings.DEBUG else node


@register.tag("include")
def steady_include(parser: Parser, token: Token) -> Node:
    """Django's `include`; worked out once for each language for a component that is given nothing
    but constants, and sees nothing else of the page: `with … only`."""
    node = do_include(parser, token)
    name = node.template.var
    is_steady = (
        isinstance(name, str)
        and name.startswith("components/")
        and node.isolated_context
        and all(_is_constant(value) for value in node.extra_context.values())
    )
    both = SteadyNode(node, None, lambda context: (_site(context), _language(context)))
    return both if is_steady and not settings.DEBUG else node


def _is_constant(value: FilterExpression) -> bool:
    if value.filters:
        return False
    said = value.var
    # A number has a literal, and so has a text that is to be translated.
    is_variable = isinstance(said, Variable) and said.literal is None
    return not is_variable or said.var in _NAMED_CONSTANTS


def _site(_context: Context) -> Hashable:
    return get_script_prefix(), get_urlconf() or settings.ROOT_URLCONF


def _language(_context: Context) -> Hashable:
    return get_language()
