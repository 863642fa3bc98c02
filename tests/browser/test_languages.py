"""The five pages where people spend their day, in both languages and at both widths: nothing for
axe in either theme, nothing wider than the screen, and no English left in the Chinese ones."""

import re
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, OpenPage

pytestmark = pytest.mark.browser

Theme = Literal["light", "dark"]
PAGES = {
    "list": "/chatbots/?webhooks=1",
    "detail": "/chatbots/{id}/",
    "edit": "/chatbots/{id}/edit/",
    "webhook": "/chatbots/{id}/webhook/",
    "activity": "/activity/",
}
LANGUAGES = {"en": ("en", "en"), "zh-TW": ("zh-hant", "zh-Hant")}
HEADS = {
    "list": ("Chatbots", "聊天機器人"),
    "edit": ("^Edit ", "^編輯"),
    "webhook": ("Webhook", "Webhook"),
    "activity": ("Activity", "活動記錄"),
}


def opened(page: Page, name: str, sandbox: Sandbox) -> None:
    """Open the page, and have all of it there."""
    page.goto(PAGES[name].format(id=sandbox.users[0].chatbots[0].id))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("asked_for", LANGUAGES)
@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong(
    name: str, asked_for: str, width: int, open_page: OpenPage, sandbox: Sandbox
) -> None:
    page = open_page(ADMIN, locale=asked_for, viewport={"width": width, "height": 800})
    opened(page, name, sandbox)
    assert page.evaluate("document.documentElement.lang") == LANGUAGES[asked_for][0]
    themes: tuple[Theme, ...] = ("light", "dark")
    for theme in themes:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        assert Axe().run(page).response["violations"] == [], theme
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0


@pytest.mark.parametrize("name", HEADS)
def test_the_language_is_the_browsers(name: str, open_page: OpenPage, sandbox: Sandbox) -> None:
    for asked_for, head in zip(LANGUAGES, HEADS[name], strict=True):
        page = open_page(ADMIN, locale=asked_for)
        opened(page, name, sandbox)
        expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(head))


def test_the_member_chooses_another(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page(ADMIN, locale="en")
    page.goto("/account/preferences/")
    page.get_by_label("Language").select_option("zh-hant")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("已儲存。")).to_be_visible()
    expect(page.get_by_role("link", name="方案")).to_be_visible()
    page.get_by_label("語言").select_option("")
    page.get_by_role("button", name="儲存").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
