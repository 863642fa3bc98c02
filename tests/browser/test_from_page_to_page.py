"""Going from one page to another: the place in the list is kept, a bar says that the next page is
on its way, and pages fade into each other where motion is welcome."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, EDITOR, OpenPage
from .pages import open_list
from .test_progress import held

pytestmark = pytest.mark.browser

# Whether the page came with a transition, as the browser itself says it.
_TELL_TRANSITIONS = """
addEventListener("pagereveal", (event) => {
  globalThis.cameFading = Boolean(event.viewTransition);
});
"""
# A page that is being left cannot be asked any more: it writes down whether the bar is drawn.
_TELL_BAR = """
addEventListener("beforeunload", () => setTimeout(() => {
  const style = getComputedStyle(document.documentElement, "::before");
  sessionStorage.setItem("bar", `${style.content} ${style.position}`);
}, 0));
"""
_BAR = "getComputedStyle(document.documentElement, '::before').content"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Editor's list."""
    page = open_page(EDITOR)
    open_list(page)
    return page


def back(page: Page) -> None:
    page.get_by_role("link", name="All chatbots").click()
    expect(page.get_by_role("heading", level=1, name="Chatbots")).to_be_visible()


def test_the_way_back_leads_to_the_place_in_the_list(page: Page, sandbox: Sandbox) -> None:
    page.goto("/chatbots/?size=50")
    page.get_by_role("rowheader").get_by_role("link").first.click()
    page.get_by_role("link", name="Edit settings").click()
    page.get_by_role("link", name="Cancel").click()
    back(page)
    expect(page).to_have_url(re.compile(r"\?size=50$"))
    # What htmx has put into the address counts as well.
    title = sandbox.users[0].chatbots[2].title
    page.get_by_role("searchbox").fill(title)
    expect(page).to_have_url(re.compile("q="))
    page.get_by_role("rowheader").get_by_role("link").first.click()
    back(page)
    expect(page.get_by_role("searchbox")).to_have_value(title)
    page.get_by_role("link", name="Chatbots", exact=True).click()
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_who_creates_nothing_is_back_in_their_place(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page(ADMIN)
    open_list(page, "?size=50")
    page.get_by_role("link", name="New chatbot").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page).to_have_url(re.compile(r"/chatbots/\?size=50$"))


def test_a_page_on_its_way_shows(page: Page) -> None:
    page.add_init_script(_TELL_BAR)
    page.reload()
    assert page.evaluate(_BAR) == "none"
    with held(page, "**/plans/"), page.expect_request("**/plans/"):
        page.get_by_role("link", name="Plans").click(no_wait_after=True)
    page.wait_for_url("**/plans/")
    assert page.evaluate("sessionStorage.getItem('bar')") == '"" fixed'
    assert page.evaluate(_BAR) == "none"
    page.go_back()
    expect(page.get_by_role("heading", level=1, name="Chatbots")).to_be_visible()
    assert page.evaluate(_BAR) == "none"


def test_a_download_leaves_nothing_behind(page: Page) -> None:
    page.goto("/activity/")
    with page.expect_download():
        page.get_by_role("link", name="Export as CSV").click()
    assert page.evaluate(_BAR) == "none"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_pages_fade_where_motion_is_welcome(motion: str, open_page: OpenPage) -> None:
    page = open_page(EDITOR, reduced_motion=motion)
    page.add_init_script(_TELL_TRANSITIONS)
    open_list(page)
    page.get_by_role("link", name="Plans").click()
    page.wait_for_url("**/plans/")
    page.wait_for_function("globalThis.cameFading !== undefined")
    assert page.evaluate("globalThis.cameFading") is (motion == "no-preference")
