"""`/chatbots/new/?from=<id>`: a new chatbot like another one."""

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import fail, writes
from tests.pages.changing import HOSTILE, NEVER, NEW, follow, opened
from tests.pages.drawn import assert_error, assert_page, drawn


@pytest.fixture
def like(bot: Chatbot) -> str:
    return f"{NEW}?from={bot.id}"


def test_the_way_there(admin: Client, bot: Chatbot, like: str) -> None:
    assert like in drawn(admin.get(f"/chatbots/{bot.id}/")).hrefs


def test_what_is_taken_over(admin: Client, sandbox: Sandbox, bot: Chatbot, like: str) -> None:
    page = assert_page(admin.get(like))
    fields = page.form(NEW).fields
    model = bot.fields["model"]
    assert isinstance(model, dict)
    assert fields["title"] == f"Copy of {bot.title}"
    assert fields["plan_id"] == bot.fields["plan_id"]
    assert fields["prompt"] == bot.fields["prompt"]
    assert fields["is_shared"] == str(bot.fields["is_shared"]).lower()
    assert fields["model_id"] == model["id"]
    assert fields["webhook_url"] == ""
    assert "Not taken over, because Caigunn does not report them" in page.text
    for name in ("main_color", "is_default_visible", "button_style", "is_fixed", "show_history"):
        assert fields[name] == ""
    assert writes(sandbox) == []


def test_the_webhook_by_choice(admin: Client, bot: Chatbot, like: str) -> None:
    page = assert_page(admin.get(like))
    assert f"{like}&webhook=1" in page.hrefs
    assert opened(admin, f"{like}&webhook=1").fields["webhook_url"] == bot.webhook_url


def test_without_a_webhook_there_is_no_choice(admin: Client, sandbox: Sandbox) -> None:
    bot = next(bot for bot in sandbox.users[0].chatbots if not bot.webhook_url)
    page = assert_page(admin.get(f"{NEW}?from={bot.id}"))
    assert "webhook=1" not in page.html


@pytest.mark.parametrize("chosen", ["", "&webhook=1"])
def test_it_is_made(chosen: str, admin: Client, sandbox: Sandbox, bot: Chatbot, like: str) -> None:
    before = dict(bot.fields)
    page = follow(admin, opened(admin, like + chosen).submit(admin))
    made = sandbox.users[0].chatbots[-1]
    assert "Created. Caigunn reports it." in page.text
    assert made.id != bot.id
    assert made.title == f"Copy of {bot.title}"
    for name in ("plan_id", "prompt", "is_shared", "model"):
        assert made.fields[name] == bot.fields[name], name
    assert made.webhook_url == (bot.webhook_url if chosen else None)
    assert set(made.settings) <= {"prompt", "is_shared", "model_id"}
    assert bot.fields == before


def test_the_notice_stays_when_the_form_comes_back(
    admin: Client, sandbox: Sandbox, bot: Chatbot, like: str
) -> None:
    notice = "Not taken over, because Caigunn does not report them"
    page = assert_page(opened(admin, like).submit(admin, main_color="nonsense"), 422)
    assert notice in page.text
    assert page.form(NEW).fields["from"] == bot.id
    page = assert_page(page.form(NEW).submit(admin, press="add_row", main_color=""))
    assert notice in page.text
    assert follow(admin, page.form(NEW).submit(admin)).text


@pytest.mark.parametrize("wanted", [NEVER, "../../x", "", "<script>"])
def test_what_it_says_it_was_begun_from_is_only_a_notice(
    wanted: str, admin: Client, sandbox: Sandbox, like: str
) -> None:
    form = opened(admin, like)
    form.fields["from"] = wanted
    page = assert_page(form.submit(admin, main_color="nonsense"), 422)
    assert "Not taken over" not in page.text
    assert "from" not in page.form(NEW).fields
    assert page.form(NEW).submit(admin, main_color="").status_code == 302


def test_a_chatbot_of_another_account_is_not_shown_in_it(
    admin: Client, sandbox: Sandbox, like: str
) -> None:
    theirs = sandbox.users[1].chatbots[0]
    sandbox.edit(theirs.id, title="Nobody else’s business")
    form = opened(admin, like)
    form.fields["from"] = theirs.id
    page = assert_page(form.submit(admin, main_color="nonsense"), 422)
    assert "Nobody else’s business" not in page.html


def test_hostile(admin: Client, sandbox: Sandbox, bot: Chatbot, like: str) -> None:
    sandbox.edit(bot.id, title=HOSTILE, prompt="</textarea><script>alert(2)</script>")
    page = assert_page(admin.get(like))
    assert "<script>alert" not in page.html
    assert page.form(NEW).fields["prompt"] == "</textarea><script>alert(2)</script>"
    assert page.form(NEW).submit(admin).status_code == 302
    assert sandbox.users[0].chatbots[-1].title == f"Copy of {HOSTILE}"


def test_of_what_is_unknown_nothing_is_made_up(
    admin: Client, sandbox: Sandbox, bot: Chatbot, like: str
) -> None:
    unknown = ("title", "prompt", "model", "is_shared", "plan_id", "webhook_url")
    sandbox.edit(bot.id, **dict.fromkeys(unknown))
    fields = assert_page(admin.get(like)).form(NEW).fields
    assert fields["title"] == f"Copy of {bot.id}"
    assert "plan_id" not in fields
    assert (fields["prompt"], fields["is_shared"], fields["model_id"]) == ("", "", "")


def test_one_that_is_not_there(admin: Client) -> None:
    assert_error(admin.get(f"{NEW}?from={NEVER}"), 404, "This chatbot no longer exists")


@pytest.mark.parametrize("wanted", ["../../x", "a b", "", "x" * 65])
def test_what_is_no_id_gives_an_empty_form(wanted: str, admin: Client) -> None:
    page = assert_page(admin.get(NEW, {"from": wanted}))
    assert page.form(NEW).fields["title"] == ""


def test_caigunn_is_down(admin: Client, sandbox: Sandbox, bot: Chatbot, like: str) -> None:
    fail(sandbox, bot.id, 503)
    assert_error(admin.get(like), 503, "Caigunn does not answer")


def test_a_value_that_holds_the_key_is_taken_over_as_it_is(
    admin: Client, sandbox: Sandbox, bot: Chatbot, like: str
) -> None:
    """What is kept for display has the key cut out; a copy of that would be another value."""
    hook = f"https://hooks.example/in?k={bot.api_key}"
    sandbox.edit(bot.id, webhook_url=hook)
    assert opened(admin, f"{like}&webhook=1").fields["webhook_url"] == hook
