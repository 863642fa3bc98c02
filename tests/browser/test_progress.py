"""While an answer is on its way the page says so. The answer is held back until that was seen: what
shows it cannot have come with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, Route, expect

from chatbots.sandbox import Sandbox

from .conftest import ADMIN, EDITOR, OpenPage
from .pages import SAVED, edit_link, fill_in_new, open_list, press, row_of, save, webhook_field

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"
# Two frames later, and without a pointer or a key in between, a person sees what is there now.
_PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
# A mark that turns, a word, or what is worked on standing back.
_IS_WORKING = """(place) => {
  const isSeen = (style) => style.visibility !== "hidden" && style.display !== "none"
    && style.opacity !== "0";
  const turns = (one, pseudo) => {
    const style = getComputedStyle(one, pseudo);
    return style.animationName !== "none" && style.content !== "none" && isSeen(style);
  };
  const all = [place, ...place.querySelectorAll("*")];
  return all.some((one) => one.checkVisibility({ visibilityProperty: true }) && (
    turns(one, null) || turns(one, "::before") || turns(one, "::after")
    || parseFloat(getComputedStyle(one).opacity) < 1));
}"""

_COMES_TO_REST = f"""async (place) => {{
  for (let frame = 0; frame < 180 && ({_IS_WORKING})(place); frame += 1) {{
    await new Promise(requestAnimationFrame);
  }}
  return !({_IS_WORKING})(place);
}}"""
# Once all others have heard that a form is sent, and before it is.
_NOTE_WHAT_IS_SAID = """(words) => addEventListener("submit", () => {
  const said = [...document.querySelectorAll("[role=status]")].some((one) =>
    one.textContent.includes(words) && one.checkVisibility({ visibilityProperty: true }));
  sessionStorage.setItem("said", said);
})"""


@contextmanager
def held(page: Page, address: str) -> Iterator[list[Route]]:
    """Requests of `address` wait until the end of the block."""
    waiting: list[Route] = []
    is_over = False

    def hold(route: Route) -> None:
        if is_over:
            route.continue_()
        else:
            waiting.append(route)

    page.route(address, hold)
    yield waiting
    is_over = True
    for route in waiting:
        route.continue_()


def is_working(page: Page, selector: str) -> None:
    """What `selector` finds shows that something is on its way; it did not before."""
    page.evaluate(_PAINTED)
    assert page.locator(selector).first.evaluate(_IS_WORKING)


def rests(page: Page, selector: str) -> None:
    """What `selector` finds shows nothing of the kind, once it has settled."""
    assert page.locator(selector).first.evaluate(_COMES_TO_REST)


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Editor's list."""
    page = open_page(EDITOR)
    open_list(page)
    return page


def test_saving_a_webhook_in_its_row(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    row = row_of(page, bot.id)
    working = row.get_by_text("Saving and reading back…")
    edit = edit_link(row)
    cell = f"[id='webhook-{bot.id}']"
    rests(page, cell)
    with held(page, "**/webhook/"):
        edit.click()
        is_working(page, cell)
    webhook_field(row).fill(NEW)
    expect(working).to_be_hidden()
    with held(page, "**/webhook/") as waiting:
        save(row)
        expect(working).to_be_visible()
        # It cannot be sent a second time meanwhile.
        expect(row.get_by_role("button", name="Save", exact=True)).to_be_disabled()
        row.get_by_role("textbox", name="Webhook URL").press("Enter")
        assert len(waiting) == 1
    expect(row).to_contain_text(SAVED)
    expect(working).to_have_count(0)


def test_searching(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    box = page.get_by_role("searchbox")
    rests(page, "main")
    # Filled in without the event that would search by itself, and be cut off by the button.
    box.evaluate("(box, text) => { box.value = text; }", bot.id)
    with held(page, "**/chatbots/?*"):
        page.get_by_role("search").get_by_role("button", name="Search").click()
        is_working(page, "main")
        # What was found before stays until there is something else.
        expect(page.get_by_role("rowheader")).to_have_count(30)
    expect(page.get_by_role("rowheader")).to_have_count(1)
    rests(page, "main")


def test_reading_webhook_urls(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page(EDITOR)
    with held(page, "**/chatbots/?*"):
        page.goto("/chatbots/")
        expect(page.get_by_text("Reading webhook URLs…")).to_be_visible()
        is_working(page, "#results")
    expect(edit_link(page)).to_have_count(30)
    rests(page, "#results")


def test_revealing_a_key(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    secret = f"[id='secret-api_key-{bot.id}']"
    rests(page, secret)
    with held(page, "**/reveal/"):
        page.locator(secret).get_by_role("button").click()
        is_working(page, secret)
    expect(page.locator(secret)).to_contain_text(bot.api_key)


def test_creating_a_chatbot(open_page: OpenPage, sandbox: Sandbox) -> None:
    """A whole page is awaited here: what it showed before it went is noted by the page itself."""
    page = open_page(ADMIN)
    fill_in_new(page, "A new one", sandbox.users[0].plans[0].title)
    expect(page.get_by_text("Creating and reading back…")).to_be_hidden()
    page.evaluate(_NOTE_WHAT_IS_SAID, "Creating and reading back…")
    press(page, "Create")
    expect(page.get_by_role("heading", level=1)).to_have_text("A new one")
    assert page.evaluate("sessionStorage.getItem('said')") == "true"
