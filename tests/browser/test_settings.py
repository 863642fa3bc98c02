"""The edit page: settings and webhook in one form, in a real browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.sandbox.world import StoredFile

from .conftest import EDITOR, Console, OpenPage
from .pages import picture, press

pytestmark = pytest.mark.browser

MINE = "https://hooks.example.org/mine"
THEIRS = "https://colleague.example.org/theirs"
REJECTED = "status of 422"
WRITE = "/user/chatbot/"


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot with a webhook and a title."""
    return next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)


@pytest.fixture
def page(open_page: OpenPage, bot: Chatbot) -> Page:
    """The Editor's browser with the form of this chatbot."""
    page = open_page()
    page.goto(f"/chatbots/{bot.id}/edit/")
    return page


def writes(sandbox: Sandbox) -> int:
    return len([sent for sent in sandbox.requests if sent.method != "GET"])


def test_several_fields_with_a_picture_and_rows_are_saved_and_told(
    page: Page, bot: Chatbot, sandbox: Sandbox
) -> None:
    prompt = bot.fields["prompt"]
    page.get_by_label("Title", exact=True).fill("A new title 新標題")
    page.get_by_label("Webhook URL").fill(MINE)
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    page.get_by_label("Main colour", exact=True).fill("#12ab9f")
    expect(page.get_by_label("Pick the main colour")).to_have_value("#12ab9f")
    page.get_by_label("Pick the main colour").fill("#336699")
    expect(page.get_by_label("Main colour", exact=True)).to_have_value("#336699")
    page.get_by_label("Show history").select_option("No")
    page.get_by_label("Initial message 1").fill("Hello")
    press(page, "Add row")
    page.get_by_label("Initial message 2").fill("你好")
    page.get_by_label("Allowed domains").fill("https://example.com\nhttp://localhost:3000")
    press(page, "Save")

    status = page.get_by_role("status")
    expect(status).to_contain_text("Settings saved. Read back: Title")
    expect(status).to_contain_text("Webhook saved and read back.")
    assert (bot.title, bot.webhook_url) == ("A new title 新標題", MINE)
    assert bot.fields["prompt"] == prompt
    assert set(bot.settings) == {
        *("title", "avatar", "main_color", "show_history", "initial_messages", "allowed_domains")
    }
    assert isinstance(bot.settings["avatar"], StoredFile)
    assert bot.settings["main_color"] == "#336699"
    assert bot.settings["show_history"] is False
    assert bot.settings["allowed_domains"] == ["https://example.com", "http://localhost:3000"]
    assert sandbox.refusals == []

    page.get_by_role("link", name="Edit settings").click()
    expect(page.get_by_label("Avatar")).to_have_accessible_description(
        re.compile(rf"Last sent from here: avatar\.png.*{EDITOR}")
    )
    expect(page.get_by_label("Main colour", exact=True)).to_have_value("")
    expect(page.get_by_label("Fixed")).to_have_accessible_description(
        re.compile("does not say what it does. Nothing was sent from here yet.")
    )


def test_a_clash_shows_both_and_keeps_the_input(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    sandbox.edit(bot.id, title="Theirs")
    page.get_by_label("Title", exact=True).fill("Mine")
    press(page, "Save")
    expect(page.get_by_text("Somebody else has changed this chatbot")).to_be_visible()
    expect(page.get_by_role("definition").filter(has_text="Theirs")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Mine")
    assert bot.title == "Theirs"
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Settings saved.")
    assert bot.title == "Mine"


def test_of_a_clash_theirs_can_be_taken(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    sandbox.edit(bot.id, webhook_url=THEIRS)
    page.get_by_label("Webhook URL").fill(MINE)
    press(page, "Save")
    expect(page.get_by_role("definition").filter(has_text=THEIRS)).to_be_visible()
    expect(page.get_by_label("Webhook URL")).to_have_value(MINE)
    page.get_by_role("link", name="Begin again from theirs").click()
    expect(page.get_by_label("Webhook URL")).to_have_value(THEIRS)
    assert bot.webhook_url == THEIRS


def test_a_change_meanwhile_asks_once_where_nothing_can_be_compared(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    sandbox.edit(bot.id, title="Theirs")
    page.get_by_label("Fixed").select_option("Yes")
    press(page, "Save")
    expect(page.get_by_text("This chatbot was changed since")).to_be_visible()
    assert writes(sandbox) == 0
    press(page, "Save")
    expect(page.get_by_role("status")).to_contain_text("Settings saved.")
    assert bot.settings == {"is_fixed": True}
    assert bot.title == "Theirs"


def test_what_caigunn_refuses_stands_beside_its_field(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    body = {"detail": [{"loc": ["body", "main_color"], "msg": "is ugly", "type": "value_error"}]}
    sandbox.order(Fault("status", path=WRITE, method="PUT", status=422, body=body))
    colour = page.get_by_label("Main colour", exact=True)
    colour.fill("#aa3355")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    press(page, "Save")
    expect(page.locator("#wrong")).to_be_focused()
    expect(page.locator("#wrong")).to_contain_text("The settings were not saved.")
    expect(colour).to_have_value("#aa3355")
    expect(colour).to_have_accessible_description(re.compile("is ugly"))
    expect(page.get_by_label("Avatar")).to_have_accessible_description(
        re.compile("Choose the picture again")
    )
    assert bot.settings == {}


def test_each_bad_line_is_named(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    domains = page.get_by_label("Allowed domains")
    domains.fill("https://fine.example\nexample.com\nhttps://example.com/path")
    press(page, "Save")
    expect(domains).to_have_accessible_description(re.compile("Line 2.*Line 3"))
    assert writes(sandbox) == 0


def test_a_file_that_is_no_picture_has_no_preview_and_is_not_sent(
    page: Page, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    avatar = page.get_by_label("Avatar")
    avatar.set_input_files(picture("avatar.png"))
    expect(page.locator("#preview-avatar")).to_be_visible()
    avatar.set_input_files({"name": "a.png", "mimeType": "image/png", "buffer": b"not a picture"})
    expect(page.locator("#preview-avatar")).to_be_hidden()
    press(page, "Save")
    expect(avatar).to_have_accessible_description(re.compile("not a picture"))
    assert writes(sandbox) == 0
