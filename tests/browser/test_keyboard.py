"""Working without a mouse: shortcuts, the palette, and when nothing fires."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, VIEWER, OpenPage
from .pages import edit_link, open_list, row_of, webhook_field

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Admin's list."""
    page = open_page(ADMIN)
    open_list(page)
    return page


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)


def palette(page: Page) -> None:
    """Open the palette."""
    press(page, "Control+k")
    expect(page.get_by_role("combobox", name="Find chatbots")).to_be_focused()


@pytest.mark.parametrize(
    ("keys", "address"),
    [
        (["g", "p"], "/plans/"),
        (["g", "a"], "/activity/"),
        (["g", "t"], "/token/"),
        (["n"], "/chatbots/new/"),
    ],
)
def test_pages(page: Page, keys: list[str], address: str) -> None:
    press(page, *keys)
    page.wait_for_url(f"**{address}")
    press(page, "g", "c")
    page.wait_for_url("**/chatbots/")


def test_rows_are_walked_opened_and_edited(page: Page, sandbox: Sandbox) -> None:
    first, second = sandbox.users[0].chatbots[:2]
    press(page, "j")
    expect(row_of(page, first.id).get_by_role("rowheader").get_by_role("link")).to_be_focused()
    press(page, "j", "j", "k")
    link = row_of(page, second.id).get_by_role("rowheader").get_by_role("link")
    expect(link).to_be_focused()
    press(page, "e")
    field = webhook_field(row_of(page, second.id))
    expect(field).to_be_focused()
    # Typed into a field they are letters.
    field.fill("")
    page.keyboard.type("https://jk.example/n?e=g/c")
    expect(field).to_have_value("https://jk.example/n?e=g/c")
    press(page, "Enter")
    expect(row_of(page, second.id)).to_contain_text("Saved.")
    assert second.webhook_url == "https://jk.example/n?e=g/c"
    # After the answer the focus goes where the change happened; then it moves on.
    expect(edit_link(row_of(page, second.id))).to_be_focused()
    link.focus()
    press(page, "Enter")
    page.wait_for_url(f"**/chatbots/{second.id}/")


def test_search(page: Page) -> None:
    press(page, "/")
    box = page.get_by_role("searchbox", name="Search by title or id")
    expect(box).to_be_focused()
    expect(box).to_have_value("")


def test_the_palette_finds_pages_and_chatbots(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[20]
    palette(page)
    page.keyboard.type("activ")
    option = page.get_by_role("dialog").get_by_role("option").first
    expect(option).to_contain_text("Activity")
    expect(option).to_have_attribute("aria-selected", "true")
    press(page, "Escape")
    expect(page.get_by_role("combobox", name="Find chatbots")).to_have_count(0)
    palette(page)
    page.keyboard.type(bot.id[:13])
    expect(page.get_by_role("dialog").get_by_role("option").filter(has_text=bot.id)).to_be_visible()
    press(page, "Enter")
    page.wait_for_url(f"**/chatbots/{bot.id}/")


def test_the_palette_offers_what_the_page_does(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    page.goto(f"/chatbots/{bot.id}/")
    palette(page)
    page.keyboard.type("edit settings")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_contain_text("Edit settings")
    press(page, "Enter")
    page.wait_for_url(f"**/chatbots/{bot.id}/edit/")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_nothing_is_wrong_with_the_dialogs(page: Page, theme: str) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]
    press(page, "?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    assert Axe().run(page).response["violations"] == []
    press(page, "Escape")
    palette(page)
    page.keyboard.type("a")
    expect(page.get_by_role("dialog").get_by_role("option").first).to_be_visible()
    assert Axe().run(page).response["violations"] == []


def test_a_role_is_offered_what_it_may(open_page: OpenPage) -> None:
    page = open_page(VIEWER)
    page.goto("/chatbots/")
    press(page, "n")
    palette(page)
    page.keyboard.type("new chatbot")
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    assert page.url.endswith("/chatbots/")


def test_switched_off_nothing_fires_and_nothing_is_fetched(open_page: OpenPage) -> None:
    page = open_page(VIEWER)
    page.goto("/account/preferences/")
    page.get_by_label("Keyboard shortcuts").uncheck()
    page.get_by_role("button", name="Save").click()
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.goto("/chatbots/")
    page.wait_for_load_state("networkidle")
    press(page, "g", "p", "?", "Control+k")
    expect(page).to_have_url(re.compile("/chatbots/$"))
    assert not [url for url in fetched if "keys" in url or "keyboard" in url]
    page.goto("/account/preferences/")
    page.get_by_label("Keyboard shortcuts").check()
    page.get_by_role("button", name="Save").click()
