"""What people do here all day, by the keyboard alone: Tab and Shift+Tab, Enter, Space, arrows and
typing. Each stop on the way is in view, uncovered, and shows that it has the focus (WCAG 2.4.7,
2.4.11); after each step the focus is where the next one begins.
"""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from chatbots.sandbox import Chatbot, Sandbox

from .conftest import ADMIN, EDITOR, Console, OpenPage
from .dashboard import PASSWORD
from .looking import focused, tab_to
from .pages import SAVED, edit_link, open_list, row_of, webhook_field

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/by/keyboard"
REJECTED = "status of 422"


def keys(page: Page, *names: str) -> None:
    for name in names:
        page.keyboard.press(name)


def overwrite(page: Page, text: str) -> None:
    """Type over what the field that has the focus holds."""
    keys(page, "Control+a")
    page.keyboard.type(text)


def at_the_start(page: Page) -> None:
    """A page that has just come: the first Tab offers to skip to the content."""
    assert page.evaluate("document.activeElement === document.body")
    keys(page, "Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    focused(page)


def main(page: Page) -> Locator:
    return page.get_by_role("main")


def a_chatbot(sandbox: Sandbox) -> Chatbot:
    return next(bot for bot in sandbox.users[0].chatbots[3:] if bot.webhook_url and bot.title)


def sign_in_by_keyboard(page: Page, email: str) -> None:
    page.goto("/account/login/")
    field = page.locator("input[name=login]")
    if not field.evaluate("field => field === document.activeElement"):
        tab_to(page, field)
    page.keyboard.type(email)
    tab_to(page, page.locator("input[name=password]"))
    page.keyboard.type(PASSWORD)
    keys(page, "Enter")
    page.wait_for_url(re.compile("/(token|chatbots)/"))


def test_signing_in_and_connecting_a_token(
    open_page: OpenPage, sandbox: Sandbox, newcomer: str
) -> None:
    page = open_page(None)
    sign_in_by_keyboard(page, newcomer)
    page.wait_for_url(re.compile("/token/"))

    at_the_start(page)
    # It skips what stands above.
    keys(page, "Enter")
    expect(main(page)).to_be_focused()
    tab_to(page, page.get_by_label("Access token", exact=True))
    page.keyboard.type(sandbox.users[0].token)
    tab_to(page, page.get_by_role("button", name="Connect", exact=True))
    keys(page, "Space")
    expect(page.get_by_text("Caigunn accepted the token")).to_be_visible()

    at_the_start(page)
    tab_to(
        page,
        page.get_by_role("navigation", name="Pages", exact=True).get_by_role(
            "link", name="Chatbots"
        ),
    )
    keys(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Chatbots")


def test_a_webhook_is_put_right_in_its_row(open_page: OpenPage, sandbox: Sandbox) -> None:
    bot = a_chatbot(sandbox)
    page = open_page(EDITOR)
    open_list(page)
    row = row_of(page, bot.id)

    at_the_start(page)
    tab_to(page, edit_link(row))
    keys(page, "Enter")
    expect(webhook_field(row)).to_be_focused()
    focused(page)

    overwrite(page, NEW)
    tab_to(page, row.get_by_role("button", name="Save", exact=True))
    keys(page, "Space")
    expect(row).to_contain_text(SAVED)
    assert bot.webhook_url == NEW
    expect(edit_link(row)).to_be_focused()
    focused(page)

    # The way back: the page goes on where it was.
    tab_to(page, row.get_by_role("rowheader").get_by_role("link"), key="Shift+Tab")
    keys(page, "Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(bot.title)


def test_the_last_row_can_be_seen_while_it_has_the_focus(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    page = open_page(EDITOR, viewport={"width": 1280, "height": 420})
    open_list(page)
    links = page.get_by_role("rowheader").get_by_role("link")
    tab_to(page, links.nth(12))
    # Upwards too: what stays on top of the page lies on no row.
    for _ in range(12):
        keys(page, "Shift+Tab")
        focused(page)
    keys(page, "j", "j")
    focused(page)
    keys(page, "k", "k", "k")
    focused(page)


def test_a_chatbot_is_created_with_a_plan(open_page: OpenPage, sandbox: Sandbox) -> None:
    plan = sandbox.users[0].plans[1]
    title = "Made by keyboard 鍵盤"
    page = open_page(ADMIN)
    open_list(page)
    tab_to(page, main(page).get_by_role("link", name="New chatbot"))
    keys(page, "Enter")
    page.wait_for_url("**/chatbots/new/")

    field = page.get_by_label("Title", exact=True)
    if not field.evaluate("field => field === document.activeElement"):
        tab_to(page, field)
    page.keyboard.type(title)
    tab_to(page, page.get_by_role("radio").first)
    keys(page, "Space", "ArrowDown")
    expect(page.get_by_role("radio", name=plan.title)).to_be_checked()
    focused(page)
    tab_to(page, page.get_by_label("Webhook URL"))
    page.keyboard.type(NEW)
    # One question for all plans: a single Tab leaves it and comes back to the answer.
    tab_to(page, page.get_by_role("radio", name=plan.title), key="Shift+Tab")
    tab_to(page, main(page).get_by_role("button", name="Create", exact=True))
    keys(page, "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    made = next(bot for bot in sandbox.users[0].chatbots if bot.title == title)
    assert made.webhook_url == NEW
    assert made.fields["plan_id"] == plan.id
    at_the_start(page)


def test_settings_are_edited(open_page: OpenPage, sandbox: Sandbox) -> None:
    bot = a_chatbot(sandbox)
    page = open_page(EDITOR)
    page.goto(f"/chatbots/{bot.id}/")
    tab_to(page, main(page).get_by_role("link", name="Edit settings"))
    keys(page, "Enter")
    page.wait_for_url("**/edit/")

    tab_to(page, page.get_by_label("Title", exact=True))
    overwrite(page, "Named by keyboard")
    tab_to(page, page.get_by_label("Shared"))
    page.keyboard.type("Y")
    tab_to(page, page.get_by_label("Initial message 1"))
    page.keyboard.type("Hello 你好")
    tab_to(page, page.get_by_role("button", name="Add row"))
    keys(page, "Enter")
    expect(page.get_by_label("Initial message 2")).to_be_focused()
    focused(page)
    page.keyboard.type("And welcome")
    tab_to(page, main(page).get_by_role("button", name="Save", exact=True))
    keys(page, "Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("Named by keyboard")
    assert bot.title == "Named by keyboard"
    assert bot.fields["is_shared"] is True
    at_the_start(page)


def test_settings_that_break_the_rules_lead_to_their_fields(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = a_chatbot(sandbox)
    page = open_page(EDITOR)
    page.goto(f"/chatbots/{bot.id}/edit/")
    field = page.get_by_label("Main colour", exact=True)
    tab_to(page, field)
    page.keyboard.type("red")
    keys(page, "Enter")
    # The summary has the focus; a link of it leads to the field.
    expect(page.locator("#wrong")).to_be_focused()
    tab_to(page, page.locator("#wrong").get_by_role("link").first)
    keys(page, "Enter")
    expect(field).to_be_focused()
    focused(page)


def test_a_chatbot_is_deleted_with_its_title(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = a_chatbot(sandbox)
    page = open_page(ADMIN)
    page.goto(f"/chatbots/{bot.id}/")
    tab_to(page, main(page).get_by_role("link", name="Delete", exact=True))
    keys(page, "Enter")
    page.wait_for_url("**/delete/")

    field = page.get_by_label("Type the title to confirm")
    tab_to(page, field)
    page.keyboard.type("another title")
    keys(page, "Enter")
    expect(page.get_by_text("This is not the title")).to_be_visible()
    # It comes back with what was typed, and the focus in it.
    expect(field).to_be_focused()
    focused(page)
    overwrite(page, bot.title)
    tab_to(page, main(page).get_by_role("button", name="Delete", exact=True))
    keys(page, "Enter")

    page.wait_for_url("**/chatbots/")
    expect(page.get_by_role("status").first).to_contain_text(bot.title)
    assert bot.is_deleted
    at_the_start(page)


def test_the_menu_is_opened_closed_and_used_to_sign_out(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    page = open_page(None)
    sign_in_by_keyboard(page, EDITOR)
    button = page.get_by_role("button", name="Sign out")
    menu = page.get_by_role("banner").locator("summary", has_text=EDITOR)
    tab_to(page, menu)
    keys(page, "Enter")
    expect(button).to_be_visible()
    tab_to(page, button)
    # Back through it, and closed again.
    tab_to(page, menu, key="Shift+Tab")
    keys(page, "Space")
    expect(button).to_be_hidden()
    expect(menu).to_be_focused()
    keys(page, "Enter")
    tab_to(page, button)
    keys(page, "Enter")
    page.wait_for_url(re.compile("/account/login/"))
