"""Where the focus is after a part of the page was exchanged, or a dialog closed: on something that
says where one is, in view, never lost to the page as a whole.
"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox

from .conftest import EDITOR, Console, OpenPage
from .looking import focused
from .pages import CLEARED, SAVED, edit_link, open_list, row_of, webhook_field

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"
THEIRS = "https://colleague.example.org/theirs"
REJECTED = "status of 422"


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot with a webhook and a title."""
    return next(bot for bot in sandbox.users[0].chatbots[2:] if bot.webhook_url and bot.title)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Editor's list."""
    page = open_page(EDITOR, reduced_motion="reduce")
    open_list(page)
    return page


def save_by_keyboard(row: Locator) -> None:
    # After a click the browser shows no ring around a button: the mouse knows where it is.
    row.get_by_role("button", name="Save", exact=True).press("Enter")


def holds_the_focus(place: Locator) -> None:
    """Something in `place`, or itself, has the focus, and shows it."""
    expect(place.locator(":scope:focus, :focus")).to_have_count(1)
    focused(place.page)


@pytest.fixture
def row(page: Page, bot: Chatbot) -> Locator:
    """The row of the chatbot, with its form open."""
    row = row_of(page, bot.id)
    edit_link(row).focus()
    page.keyboard.press("Enter")
    expect(webhook_field(row)).to_be_focused()
    focused(page)
    return row


# The edit in a row


def test_an_edit_that_is_cancelled(page: Page, row: Locator, bot: Chatbot) -> None:
    row.get_by_role("link", name="Cancel").press("Enter")
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()
    expect(edit_link(row)).to_be_focused()
    focused(page)


def test_escape_leaves_an_edit_but_never_what_was_typed(
    page: Page, row: Locator, bot: Chatbot
) -> None:
    webhook_field(row).fill(NEW)
    page.keyboard.press("Escape")
    expect(webhook_field(row)).to_have_value(NEW)
    webhook_field(row).fill(bot.webhook_url or "")
    page.keyboard.press("Escape")
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()
    expect(edit_link(row)).to_be_focused()
    focused(page)


def test_an_edit_that_is_saved(page: Page, row: Locator) -> None:
    webhook_field(row).fill(NEW)
    save_by_keyboard(row)
    expect(row).to_contain_text(SAVED)
    expect(edit_link(row)).to_be_focused()
    focused(page)


def test_a_webhook_that_is_cleared(page: Page, row: Locator) -> None:
    row.get_by_role("button", name="Clear").press("Enter")
    expect(row).to_contain_text(CLEARED)
    expect(edit_link(row)).to_be_focused()
    focused(page)


def test_an_edit_that_is_rejected(page: Page, row: Locator, console: Console) -> None:
    console.expect(REJECTED)
    webhook_field(row).fill("not a URL")
    save_by_keyboard(row)
    expect(row).to_contain_text("is a space")
    expect(webhook_field(row)).to_be_focused()
    focused(page)


def test_a_clash_and_theirs(
    page: Page, row: Locator, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    webhook_field(row).fill(NEW)
    sandbox.edit(bot.id, webhook_url=THEIRS)
    save_by_keyboard(row)
    expect(row).to_contain_text("Somebody else has changed this webhook")
    holds_the_focus(row)
    row.get_by_role("link", name="Take theirs").press("Enter")
    expect(row.get_by_title(THEIRS)).to_be_visible()
    expect(edit_link(row)).to_be_focused()
    focused(page)


def test_an_edit_that_is_not_answered(
    page: Page, row: Locator, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 5", "Response Status Error Code")
    webhook_field(row).fill(NEW)
    sandbox.order(Fault("not_json", path="/user/chatbot/[^/]+$", method="GET"))
    save_by_keyboard(row)
    expect(page.get_by_role("alert")).to_contain_text("does not understand")
    # The form stays as it is, and so does the focus.
    holds_the_focus(row)


# What is read or shown on request


def test_a_row_that_is_tried_again(open_page: OpenPage, sandbox: Sandbox, bot: Chatbot) -> None:
    page = open_page(EDITOR, reduced_motion="reduce")
    sandbox.order(Fault("status", path=f"/user/chatbot/{bot.id}$", times=3, status=503))
    page.goto("/chatbots/")
    row = row_of(page, bot.id)
    row.get_by_role("link", name="Try again").press("Enter")
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()
    holds_the_focus(row)


@pytest.mark.parametrize("address", ["/chatbots/", "/chatbots/{id}/"], ids=["list", "detail"])
def test_a_secret_that_is_revealed(
    page: Page, sandbox: Sandbox, bot: Chatbot, address: str
) -> None:
    page.goto(address.format(id=bot.id))
    secret = page.locator(f"[id='secret-api_key-{bot.id}']")
    secret.get_by_role("button", name=re.compile("^Reveal")).press("Enter")
    expect(secret).to_contain_text(bot.api_key)
    holds_the_focus(secret)


def test_a_search_keeps_the_focus_where_it_is(page: Page, bot: Chatbot) -> None:
    box = page.get_by_role("searchbox")
    box.focus()
    page.keyboard.type(bot.id)
    page.wait_for_url(f"**/chatbots/?q={bot.id}*")
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(box).to_be_focused()
    focused(page)
    page.keyboard.type(" nothing")
    expect(page.get_by_role("heading", name="No chatbot matches")).to_be_visible()
    expect(box).to_be_focused()
    button = page.get_by_role("search").get_by_role("button", name="Search")
    button.press("Enter")
    expect(button).to_be_focused()


# Dialogs


@pytest.mark.parametrize("key", ["Control+k", "?"])
def test_a_dialog_gives_the_focus_back(page: Page, bot: Chatbot, key: str) -> None:
    link = edit_link(row_of(page, bot.id))
    link.focus()
    page.keyboard.press(key)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    holds_the_focus(dialog)
    # It keeps it while it is open.
    for _ in range(4):
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(link).to_be_focused()
    focused(page)


def test_the_list_of_shortcuts_is_closed_by_its_button(page: Page) -> None:
    link = page.get_by_role("rowheader").get_by_role("link").nth(3)
    link.focus()
    page.keyboard.press("?")
    page.get_by_role("dialog").get_by_role("button", name="Close").press("Enter")
    expect(link).to_be_focused()
    focused(page)
