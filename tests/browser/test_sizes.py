"""The pages where people spend their day at other sizes than a designer's: targets for a finger, a
page at 200 %, and text that somebody has spaced out (WCAG 1.4.4, 1.4.10, 1.4.12, 2.5.8).
"""

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, Console, OpenPage
from .looking import axe_finds, covered, cut_off
from .pages import edit_link, open_list, row_of, save, webhook_field

pytestmark = pytest.mark.browser

# The button, or link, that each page is there for.
PAGES = {
    "/chatbots/?webhooks=1": "New chatbot",
    "/chatbots/{id}/": "Edit settings",
    "/chatbots/{id}/edit/": "Save",
    "/chatbots/{id}/webhook/": "Save",
    "/chatbots/{id}/delete/": "Delete",
    "/chatbots/{id}/history/": "",
    "/chatbots/new/": "Create",
    "/activity/": "",
    "/plans/": "",
    "/token/": "Replace",
    "/team/": "Invite",
    "/account/preferences/": "Save",
}
# What 1.4.12 lets a reader ask for, said to the page as a browser's extension would.
_SPACE_OUT = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
    word-spacing: .16em !important } p { margin-block-end: 2em !important }`);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
}"""


def opened(page: Page, address: str, sandbox: Sandbox) -> None:
    """The page, and all of it there."""
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    page.goto(address.format(id=bot.id))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def can_be_pressed(page: Page, name: str) -> None:
    """The button that the page is there for comes into view as a whole."""
    main = page.get_by_role("main")
    button = main.get_by_role("button", name=name, exact=True)
    button = button.or_(main.get_by_role("link", name=name, exact=True)).first
    button.scroll_into_view_if_needed()
    expect(button).to_be_in_viewport(ratio=1)


def test_what_can_be_pressed_is_large_enough(open_page: OpenPage, sandbox: Sandbox) -> None:
    """On a phone; at a desk test_crawl.py asks the same of every page."""
    page = open_page(ADMIN, viewport={"width": 375, "height": 800})
    found = {}
    for address in PAGES:
        opened(page, address, sandbox)
        found[address] = axe_finds(page, rules=["target-size"])
    open_list(page)
    edit_link(row_of(page, sandbox.users[0].chatbots[0].id)).click()
    expect(webhook_field(page)).to_be_focused()
    found["edit in a row"] = axe_finds(page, rules=["target-size"])
    assert {address: one for address, one in found.items() if one} == {}


def test_at_200_percent_nothing_is_lost(open_page: OpenPage, sandbox: Sandbox) -> None:
    """1280 × 800 at 200 % is a page of 640 × 400."""
    page = open_page(ADMIN, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    found = {}
    for address, button in PAGES.items():
        opened(page, address, sandbox)
        found[address] = [*cut_off(page), *covered(page)]
        if button:
            can_be_pressed(page, button)
    assert {address: one for address, one in found.items() if one} == {}


def test_at_200_percent_a_row_is_edited(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 422")
    page = open_page(ADMIN, viewport={"width": 640, "height": 400}, device_scale_factor=2)
    open_list(page)
    row = row_of(page, sandbox.users[0].chatbots[0].id)
    edit_link(row).click()
    webhook_field(row).fill("not a URL")
    save(row)
    expect(row).to_contain_text("is a space")
    assert [*cut_off(page), *covered(page)] == []
    can_be_pressed(page, "Save")


@pytest.mark.parametrize("width", [1280, 375])
def test_text_may_be_spaced_out(open_page: OpenPage, sandbox: Sandbox, width: int) -> None:
    page = open_page(ADMIN, viewport={"width": width, "height": 800})
    found = {}
    for address in PAGES:
        opened(page, address, sandbox)
        page.evaluate(_SPACE_OUT)
        assert page.evaluate("getComputedStyle(document.body).letterSpacing") != "normal"
        found[address] = [*cut_off(page), *covered(page)]
    assert {address: one for address, one in found.items() if one} == {}
