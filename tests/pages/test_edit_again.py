"""`/chatbots/<id>/edit/`: clashes, halves, and forms that are sent again."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    MAY_HAVE_SAVED,
    WEBHOOK,
    fail,
    writes,
)
from tests.pages.changing import HOOK, edit_url, errors_of, follow, opened, refused
from tests.pages.drawn import Form, assert_error, assert_page

TITLE, PROMPT, COLOUR = "Mine & yours", "Be kind.", "#123abc"
FIELDS = (
    "title",
    "prompt",
    "is_shared",
    "model_id",
    "avatar",
    "main_color",
    "is_default_visible",
    "button_style",
    "button_image",
    "initial_messages",
    "is_fixed",
    "show_history",
    "allowed_domains",
)


TITLE, PROMPT, COLOUR = "Mine & yours", "Be kind.", "#123abc"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return edit_url(bot)


@pytest.fixture
def form(editor: Client, sandbox: Sandbox, url: str) -> Form:
    """The form with a new title, prompt and colour typed, not sent yet."""
    form = opened(editor, url)
    form.fields |= {"title": TITLE, "prompt": PROMPT, "main_color": COLOUR}
    sandbox.clear_requests()
    return form


def is_kept(form: Form) -> bool:
    return [form.fields[name] for name in ("title", "prompt", "main_color")] == [
        TITLE,
        PROMPT,
        COLOUR,
    ]


# Somebody else


def test_a_clash_shows_theirs_yours_and_what_it_was(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    was = bot.title
    shared = not bot.fields["is_shared"]
    sandbox.edit(bot.id, title="Theirs <b>", is_shared=shared, webhook_url="https://t.example/")
    page = assert_page(form.submit(editor), 422)
    for said in ("Somebody else has changed this chatbot", "Theirs <b>", TITLE, was):
        assert said in page.text
    assert is_kept(page.form(url))
    assert writes(sandbox) == []
    follow(editor, page.form(url).submit(editor))
    assert (bot.title, bot.fields["prompt"]) == (TITLE, PROMPT)
    # What was theirs alone is not undone.
    assert bot.fields["is_shared"] is shared
    assert bot.webhook_url == "https://t.example/"


def test_a_clash_of_the_webhook(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    was = str(bot.webhook_url)
    sandbox.edit(bot.id, webhook_url="https://theirs.example/")
    form.fields["main_color"] = ""
    page = assert_page(form.submit(editor, webhook_url=HOOK), 422)
    for said in ("https://theirs.example/", HOOK, was, "Settings saved."):
        assert said in page.text
    assert page.form(url).fields["webhook_url"] == HOOK
    sandbox.clear_requests()
    follow(editor, page.form(url).submit(editor))
    assert bot.webhook_url == HOOK
    assert writes(sandbox) == ["PUT"]


def test_changed_meanwhile_asks_once(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    bot.write(temperature=0.9)
    page = assert_page(form.submit(editor, main_color=COLOUR), 422)
    assert "This chatbot was changed since you opened the form" in page.text
    assert page.form(url).fields["main_color"] == COLOUR
    assert writes(sandbox) == []
    follow(editor, page.form(url).submit(editor))
    assert bot.settings == {"main_color": COLOUR}


def test_another_change_is_no_clash_for_what_can_be_read(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    bot.write(prompt="Theirs")
    follow(editor, form.submit(editor, title=TITLE))
    assert (bot.title, bot.fields["prompt"]) == (TITLE, "Theirs")


# The second half


def test_the_webhook_alone_is_sent_again(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.order(Fault("delay", method="PUT", path=bot.id, seconds=0.001))
    for path in (WEBHOOK, bot.id):
        body = refused("webhook_url", "Host not allowed")
        sandbox.order(Fault("status", method="PUT", path=path, status=422, body=body, times=ALWAYS))
    page = assert_page(form.submit(editor, webhook_url=HOOK), 422)
    assert "Settings saved." in page.text
    assert "The webhook was not saved." in page.text
    assert errors_of(page, "webhook_url")
    again = page.form(url)
    assert again.fields["webhook_url"] == HOOK
    assert (again.fields["title"], again.fields["main_color"]) == (TITLE, "")
    sandbox.clear_faults()
    sandbox.clear_requests()
    page = follow(editor, again.submit(editor))
    assert "Webhook saved and read back." in page.text
    assert [one.path for one in sandbox.requests if one.method == "PUT"] == [WEBHOOK]
    assert (bot.title, bot.webhook_url) == (TITLE, HOOK)


@pytest.mark.parametrize("status", [403, 429])
def test_the_webhook_is_put_off(
    status: int, editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    fail(sandbox, WEBHOOK, status, method="PUT")
    page = assert_page(form.submit(editor, webhook_url=HOOK), 403 if status == 403 else 503)
    assert "Settings saved." in page.text
    sandbox.clear_faults()
    sandbox.clear_requests()
    follow(editor, page.form(url).submit(editor))
    assert [one.path for one in sandbox.requests if one.method == "PUT"] == [WEBHOOK]
    assert bot.webhook_url == HOOK


def test_the_webhook_stays_unknown(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.order(Fault("reset_before", path=WEBHOOK, times=ALWAYS))
    page = assert_error(form.submit(editor, webhook_url=HOOK), 504, MAY_HAVE_SAVED)
    assert "Settings saved." in page.text
    assert page.form(url).fields["webhook_url"] == HOOK
    sandbox.clear_faults()
    sandbox.clear_requests()
    assert_error(page.form(url).submit(editor), 504, MAY_HAVE_SAVED)
    assert writes(sandbox) == []
    change = Change.objects.get(kind=Kind.WEBHOOK)
    follow(editor, page.form(f"/changes/{change.pk}/check/").submit(editor))
    page = assert_page(page.form(url).submit(editor), 422)
    assert "This form was sent before, and was not saved then:" in page.text
    follow(editor, page.form(url).submit(editor))
    assert bot.webhook_url == HOOK
    assert writes(sandbox) == ["PUT"]


# Double


def test_sent_twice(editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form) -> None:
    for _again in range(3):
        page = follow(editor, form.submit(editor, webhook_url=HOOK))
        assert "Settings saved." in page.text
    assert writes(sandbox) == ["PUT", "PUT"]
    assert (bot.title, bot.webhook_url) == (TITLE, HOOK)


def test_back_and_sent_with_another_value(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    follow(editor, form.submit(editor))
    page = assert_page(form.submit(editor, title="Second thoughts"), 422)
    assert "This form was sent before" in page.text
    assert writes(sandbox) == ["PUT"]
    follow(editor, page.form(url).submit(editor))
    assert bot.title == "Second thoughts"


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c"])
def test_without_a_readable_state_nothing_is_written(
    state: str, editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.edit(bot.id, prompt="Theirs, meanwhile")
    page = assert_page(form.submit(editor, state=state), 422)
    assert "Nothing was saved; your input is still here." in page.text
    # Without what it started from, whatever differs is shown.
    assert "Theirs, meanwhile" in page.text
    assert is_kept(page.form(url))
    assert writes(sandbox) == []
    follow(editor, page.form(url).submit(editor))
    assert bot.title == TITLE


def test_the_state_of_another_member_or_chatbot(
    editor: Client, browse: Browsing, sandbox: Sandbox, form: Form
) -> None:
    admin = browse("admin", sandbox.users[0].token)
    second = sandbox.users[0].chatbots[1]
    states = [
        opened(admin, form.action).fields["state"],
        opened(editor, edit_url(second)).fields["state"],
    ]
    for state in states:
        page = assert_page(form.submit(editor, state=state), 422)
        assert "opened by somebody else" in page.text
    assert writes(sandbox) == []
