"""Tags that are worked out once: where they are, and where what they say may differ."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.template import Context, Engine, engines
from django.template.base import Template
from django.urls import set_script_prefix
from django.utils.translation import override

from caigunn_admin.steady_tags import SteadyNode

LABEL = '{% include "components/badge.html" with label=_("Sandbox") only %}'


def compiled(source: str) -> Template:
    engine: Engine = engines["django"].engine  # type: ignore[attr-defined]
    return engine.from_string(source)


def is_steady(source: str) -> bool:
    return isinstance(compiled(source).nodelist[-1], SteadyNode)


@pytest.mark.parametrize(
    "source",
    [
        '{% trans "Chatbots" %}',
        '{% trans "Chatbots" as word %}',
        '{% url "chatbots" %}',
        '{% url "chatbots" as address %}',
        "{% url name %}",
        '{% static "css/app.css" %}',
        LABEL,
        '{% include "components/button.html" with label=_("Show") small=True at=2 only %}',
    ],
)
def test_constants_are_steady(source: str) -> None:
    assert is_steady(source)


@pytest.mark.parametrize(
    "source",
    [
        "{% trans word %}",
        '{% trans "Chatbots"|upper %}',
        '{% trans "May" context "month" %}',
        '{% url "chatbot" id %}',
        "{% static path %}",
        '{% include "components/badge.html" with label=_("Sandbox") %}',
        '{% include "components/badge.html" with label=word only %}',
        '{% include "components/badge.html" with label=_("Sandbox")|lower only %}',
        '{% include "_errors.html" only %}',
        "{% include name only %}",
    ],
)
def test_what_the_page_has_a_say_in_is_not(source: str) -> None:
    assert not is_steady(source)


@pytest.mark.parametrize("source", ['{% trans "Chatbots" %}', '{% static "css/app.css" %}', LABEL])
def test_nothing_that_may_be_edited_is_while_debug_is_on(
    source: str, settings: LazySettings
) -> None:
    settings.DEBUG = True
    assert not is_steady(source)


@pytest.mark.parametrize(
    "source",
    [
        '{% trans "Access token" %}',
        '{% trans "Access token" as word %}{{ word }}',
        '{% include "components/badge.html" with label=_("Access token") only %}',
    ],
)
def test_each_language_has_its_own_text(source: str) -> None:
    template = compiled(source)
    for _ in range(2):
        with override("en"):
            assert "Access token" in template.render(Context())
        with override("zh-hant"):
            assert "存取權杖" in template.render(Context())


def test_each_name_has_its_own_address() -> None:
    template = compiled("{% url name as address %}{% url name %} {{ address }}")
    for _ in range(2):
        assert template.render(Context({"name": "plans"})) == "/plans/ /plans/"
        assert template.render(Context({"name": "token"})) == "/token/ /token/"


@pytest.fixture
def below() -> Iterator[None]:
    """The site below a path that has to be escaped."""
    set_script_prefix("/a&b/")
    yield
    set_script_prefix("/")


def test_a_site_below_another_path_has_addresses_of_its_own(
    request: pytest.FixtureRequest,
) -> None:
    template = compiled('{% url "plans" %}')
    assert template.render(Context()) == "/plans/"
    request.getfixturevalue("below")
    assert template.render(Context()) == "/a&amp;b/plans/"


def test_what_is_not_escaped_once_is_escaped_elsewhere(below: None) -> None:
    template = compiled(
        '{% partialdef link %}{% url "plans" %}{% endpartialdef %}'
        "{% autoescape off %}{% partial link %}{% endautoescape %} {% partial link %}"
    )
    assert template.render(Context()) == "/a&b/plans/ /a&amp;b/plans/"
