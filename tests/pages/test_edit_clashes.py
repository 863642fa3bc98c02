"""`/chatbots/<id>/edit/`: *Use mine* or *Take theirs*, field by field, and changes that nothing can
be compared with."""

from typing import Any

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.calls import ALWAYS, WEBHOOK, writes
from tests.pages.changing import HOOK, edit_url, errors_of, follow, opened
from tests.pages.drawn import Drawn, Form, assert_page

THEIRS = "https://theirs.example/"
MARKUP = "</dd><script>alert(1)</script>"
READABLE = ("title", "prompt", "is_shared", "model_id", "webhook_url")


@pytest.fixture
def url(bot: Chatbot) -> str:
    return edit_url(bot)


def radios(page: Drawn) -> dict[str, dict[str, str]]:
    """The choices of each field: value to the id of the form that they belong to."""
    found: dict[str, dict[str, str]] = {}
    for tag, attrs in page.tags:
        if tag == "input" and attrs.get("type") == "radio" and attrs["name"].startswith("use_"):
            found.setdefault(attrs["name"], {})[attrs["value"]] = attrs.get("form", "")
    return found


def chosen(page: Drawn) -> set[str]:
    """What is chosen as the page is drawn."""
    return {
        f"{attrs['name']}={attrs['value']}"
        for tag, attrs in page.tags
        if attrs.get("name", "").startswith("use_") and "checked" in attrs
    }


def clash(client: Client, sandbox: Sandbox, bot: Chatbot, **typed: Any) -> tuple[Drawn, Form]:
    """The page of a form whose title, prompt, sharing and model somebody else has changed, and
    the form in it."""
    sandbox.edit(bot.id, is_shared=None)
    form = opened(client, edit_url(bot))
    model = sandbox.models[1].reference
    sandbox.edit(bot.id, title="Theirs", prompt="Their prompt", is_shared=True, model=model)
    mine = {"title": "Mine", "prompt": "My prompt", "is_shared": "false"}
    mine["model_id"] = sandbox.models[2].id
    sandbox.clear_requests()
    page = assert_page(form.submit(client, **mine | typed), 422)
    assert writes(sandbox) == []
    return page, page.form(edit_url(bot))


def held(bot: Chatbot) -> tuple[Any, ...]:
    model = bot.fields["model"]
    assert isinstance(model, dict)
    return (bot.title, bot.fields["prompt"], bot.fields["is_shared"], model["id"])


def test_each_field_has_a_choice_in_the_form(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    page, form = clash(editor, sandbox, bot)
    names = {f"use_{name}" for name in READABLE if name != "webhook_url"}
    assert radios(page) == {name: {"mine": form.id, "theirs": form.id} for name in names}
    assert form.id in page.ids
    assert chosen(page) == {f"{name}=mine" for name in names}
    for said in ("Theirs", "Mine", "Their prompt", "My prompt"):
        assert said in page.text
    assert form.fields["title"] == "Mine"
    assert page.inline == []


def test_mine_all_of_it(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    _page, form = clash(editor, sandbox, bot)
    uses = {f"use_{name}": "mine" for name in READABLE}
    follow(editor, form.submit(editor, **uses))
    assert held(bot) == ("Mine", "My prompt", False, sandbox.models[2].id)


def test_theirs_all_of_it(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    _page, form = clash(editor, sandbox, bot)
    uses = {f"use_{name}": "theirs" for name in READABLE}
    page = follow(editor, form.submit(editor, **uses))
    assert held(bot) == ("Theirs", "Their prompt", True, sandbox.models[1].id)
    assert "Nothing was changed, so nothing was sent." in page.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", ["title", "prompt", "is_shared", "model_id"])
def test_theirs_of_one_field(name: str, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    _page, form = clash(editor, sandbox, bot)
    theirs = dict(zip(READABLE, held(bot), strict=False))
    mine = dict(zip(READABLE, ("Mine", "My prompt", False, sandbox.models[2].id), strict=False))
    follow(editor, form.submit(editor, **{f"use_{name}": "theirs"}))
    assert dict(zip(READABLE, held(bot), strict=False)) == mine | {name: theirs[name]}
    assert writes(sandbox) == ["PUT"]


@pytest.mark.parametrize("value", ["", "THEIRS", "nobody's"])
def test_whatever_else_is_chosen_is_mine(
    value: str, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    _page, form = clash(editor, sandbox, bot)
    follow(editor, form.submit(editor, use_title=value))
    assert bot.title == "Mine"


def test_theirs_is_what_was_shown_not_what_came_since(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    """A third member: nothing of theirs is written over by a choice that was made before it."""
    _page, form = clash(editor, sandbox, bot)
    sandbox.edit(bot.id, title="Third", prompt="Third prompt")
    page = assert_page(form.submit(editor, use_title="theirs"), 422)
    assert "Third prompt" in page.text
    # The title was left as it was shown, so it follows.
    assert page.form(url).fields["title"] == "Third"
    assert page.form(url).fields["prompt"] == "My prompt"
    follow(editor, page.form(url).submit(editor))
    assert (bot.title, bot.fields["prompt"]) == ("Third", "My prompt")


def test_what_was_taken_stays_when_something_else_is_wrong(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    _page, form = clash(editor, sandbox, bot)
    response = form.submit(editor, use_title="theirs", main_color="nonsense")
    page = assert_page(response, 422)
    assert errors_of(page, "main_color")
    assert page.form(url).fields["title"] == "Theirs"
    follow(editor, page.form(url).submit(editor, main_color=""))
    assert (bot.title, bot.fields["prompt"]) == ("Theirs", "My prompt")


def test_their_markup_is_text(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    form = opened(editor, url)
    sandbox.edit(bot.id, title=MARKUP, prompt=MARKUP)
    page = assert_page(form.submit(editor, title=f"Mine {MARKUP}", prompt="x"), 422)
    assert "<script>alert" not in page.html
    follow(editor, page.form(url).submit(editor, use_title="theirs"))
    assert bot.title == MARKUP


def test_the_webhook(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    was = str(bot.webhook_url)
    for use, then in (("theirs", THEIRS), ("mine", HOOK)):
        sandbox.edit(bot.id, webhook_url=was)
        form = opened(editor, url)
        sandbox.edit(bot.id, webhook_url=THEIRS)
        page = assert_page(form.submit(editor, webhook_url=HOOK), 422)
        assert radios(page) == {"use_webhook_url": {"mine": "edit", "theirs": "edit"}}
        for said in ("Somebody else has changed the webhook", THEIRS, HOOK, was):
            assert said in page.text
        follow(editor, page.form(url).submit(editor, use_webhook_url=use))
        assert bot.webhook_url == then
    assert writes(sandbox) == ["PUT"]


def test_their_cleared_webhook(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    form = opened(editor, url)
    sandbox.edit(bot.id, webhook_url=None)
    page = assert_page(form.submit(editor, webhook_url=HOOK), 422)
    follow(editor, page.form(url).submit(editor, use_webhook_url="theirs"))
    assert bot.webhook_url is None
    assert writes(sandbox) == []


def test_a_form_without_a_state_has_the_choice_as_well(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    sandbox.edit(bot.id, prompt="Theirs, meanwhile")
    page = assert_page(form.submit(editor, state="", title="Mine"), 422)
    assert set(radios(page)) == {"use_title", "use_prompt"}
    follow(editor, page.form(url).submit(editor, use_prompt="theirs"))
    assert (bot.title, bot.fields["prompt"]) == ("Mine", "Theirs, meanwhile")


# What cannot be compared


def test_every_further_change_is_asked_about(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    for temperature in (0.1, 0.2, 0.3):
        bot.write(temperature=temperature)
        page = assert_page(form.submit(editor, main_color="#123abc"), 422)
        assert "This chatbot was changed since you opened the form" in page.text
        form = page.form(url)
    assert writes(sandbox) == []
    follow(editor, form.submit(editor))
    assert bot.settings == {"main_color": "#123abc"}


def test_nothing_in_the_form_says_that_it_was_asked(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    bot.write(temperature=0.1)
    page = assert_page(form.submit(editor, main_color="#123abc", confirmed="1"), 422)
    assert "This chatbot was changed since you opened the form" in page.text
    assert writes(sandbox) == []


def test_what_this_form_changed_itself_is_not_asked_about(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    """The settings are saved, and the webhook put off: their own change is not a stranger's."""
    sandbox.order(Fault("status", path=WEBHOOK, status=429, times=ALWAYS))
    response = opened(editor, url).submit(editor, main_color="#123abc", webhook_url=HOOK)
    page = assert_page(response, 503)
    sandbox.clear_faults()
    follow(editor, page.form(url).submit(editor))
    assert (bot.settings, bot.webhook_url) == ({"main_color": "#123abc"}, HOOK)
    assert writes(sandbox) == ["PUT", "PUT", "PUT"]


# What Caigunn has already, however long


@pytest.mark.parametrize(("name", "most"), [("title", 1_000), ("prompt", 100_000)])
def test_a_text_that_is_too_long_is_refused_only_where_it_was_changed(
    name: str, most: int, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, **{name: "長" * (most + 1)})
    form = opened(editor, url)
    follow(editor, form.submit(editor, is_shared=str(not bot.fields["is_shared"]).lower()))
    assert bot.fields[name] == "長" * (most + 1)
    page = assert_page(opened(editor, url).submit(editor, **{name: "x" * (most + 1)}), 422)
    assert errors_of(page, name)
    assert f"It has {most + 1} characters; the most is {most}." in page.text
    assert page.form(url).fields[name] == "x" * (most + 1)
    follow(editor, page.form(url).submit(editor, **{name: "x" * most}))
    assert bot.fields[name] == "x" * most
