"""What is typed, said and focused while pages, answers and the network are slow or in the way."""

import re

import pytest
from playwright.sync_api import Page, Route, expect

from chatbots.sandbox import Fault, Sandbox

from .conftest import ADMIN, EDITOR, Console, OpenPage
from .looking import focused
from .pages import edit_link, open_list, row_of, save, webhook_field
from .test_progress import held

pytestmark = pytest.mark.browser

PALETTE = "Find chatbots"
_CHATBOTS = "/user/chatbot$"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """An Admin's list."""
    page = open_page(ADMIN)
    open_list(page)
    return page


# Keys that come before what they are for


def test_what_is_typed_for_the_palette_before_it_opens_is_in_it(page: Page) -> None:
    with held(page, "**/account/keyboard/"):
        page.keyboard.press("Control+k")
        page.keyboard.type("nexx")
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.keyboard.type("w chatbot")
    expect(page.get_by_role("combobox", name=PALETTE)).to_have_value("new chatbot")
    assert page.url.endswith("/chatbots/")


def test_the_search_has_what_is_typed_after_the_slash(page: Page) -> None:
    with held(page, "**/keys*.js"), held(page, "**/account/keyboard/"):
        page.keyboard.type("/new")
        expect(page.get_by_role("searchbox")).to_have_value("new")
    page.wait_for_url(re.compile("q=new"))


def test_escape_calls_a_palette_off_that_is_on_its_way(page: Page) -> None:
    with held(page, "**/account/keyboard/"), page.expect_request("**/account/keyboard/"):
        page.keyboard.press("Control+k")
        page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keyboard shortcuts")).to_be_visible()
    expect(page.get_by_role("combobox", name=PALETTE)).to_have_count(0)


def test_shortcuts_that_could_not_be_fetched_are_fetched_again(
    page: Page, console: Console
) -> None:
    console.expect("Failed to load resource", "Failed to fetch dynamically imported module")
    asked: list[Route] = []

    def refuse_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.abort()
        else:
            route.continue_()

    page.route("**/keys*.js", refuse_the_first)
    # A key that comes while the first request is still failing is no new one.
    for _ in range(100):
        page.keyboard.press("j")
        page.evaluate("() => new Promise((done) => setTimeout(done, 100))")
        if len(asked) > 1:
            break
    assert len(asked) == 2
    expect(page.get_by_role("row").locator(":focus")).to_have_count(1)


# What the palette knows


def test_the_palette_says_that_it_is_searching_and_that_it_could_not(
    page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 503")
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=PALETTE)
    expect(box).to_be_focused()
    with held(page, "**/chatbots/?q=*"):
        box.fill("zzzz")
        expect(page.get_by_text("Searching the chatbots…")).to_be_visible()
    expect(page.get_by_text("Nothing found.")).to_be_visible()
    page.route("**/chatbots/?q=*", lambda route: route.fulfill(status=503, body="away"))
    box.fill("yyyy")
    expect(page.get_by_text("The chatbots could not be searched.")).to_be_visible()
    expect(page.get_by_text("Nothing found.")).to_be_hidden()


def test_what_is_chosen_in_the_palette_stays_chosen_when_more_is_found(page: Page) -> None:
    page.keyboard.press("Control+k")
    box = page.get_by_role("combobox", name=PALETTE)
    with held(page, "**/chatbots/?q=*"):
        box.fill("a")
        page.keyboard.press("ArrowDown")
        chosen = page.locator("[role=option][aria-selected=true]").inner_text()
        before = page.get_by_role("option").count()
        expect(page.get_by_text("Searching the chatbots…")).to_be_visible()
    expect(page.get_by_text("Searching the chatbots…")).to_be_hidden()
    assert page.get_by_role("option").count() > before
    assert page.locator("[role=option][aria-selected=true]").inner_text() == chosen


# What is said, and where the focus is


@pytest.mark.parametrize(("status", "kind"), [(502, "text/html"), (413, "text/plain")])
def test_an_answer_that_is_not_ours_is_told(
    status: int, kind: str, page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of", "Response Status Error Code")
    row = row_of(page, sandbox.users[0].chatbots[0].id)
    edit_link(row).click()
    webhook_field(row).fill("https://hooks.example.org/typed")

    def in_between(route: Route) -> None:
        route.fulfill(status=status, content_type=kind, body="<h1>Bad gateway</h1>")

    page.route("**/webhook/", in_between)
    save(row)
    expect(page.get_by_role("alert")).to_contain_text("This dashboard does not answer")
    expect(webhook_field(row)).to_have_value("https://hooks.example.org/typed")


def test_a_refused_form_has_the_focus_where_it_is_wrong(page: Page, console: Console) -> None:
    console.expect("status of 422")
    page.goto("/token/")
    page.get_by_label("Access token", exact=True).fill("not a token")
    page.get_by_role("button", name="Replace").click()
    expect(page.get_by_label("Access token", exact=True)).to_be_focused()
    expect(page.get_by_label("Access token", exact=True)).to_be_in_viewport()


def test_a_list_that_can_only_be_read_offers_no_edit(page: Page, sandbox: Sandbox) -> None:
    sandbox.order(Fault("status", path=_CHATBOTS, status=503, times=20))
    page.reload()
    expect(page.get_by_text("it can only be read")).to_be_visible()
    expect(page.locator(".webhook-waiting")).to_have_count(0)
    expect(page.get_by_role("link", name="Edit the webhook")).to_have_count(0)


def test_a_search_is_told(page: Page, sandbox: Sandbox) -> None:
    page.get_by_role("searchbox").fill(sandbox.users[0].chatbots[2].title)
    expect(page.locator("#messages")).to_contain_text("searched by title and id")


def test_half_a_syllable_is_no_search(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_role("searchbox").focus()
    typing = page.context.new_cdp_session(page)
    for text in ("ㄎ", "ㄎㄜ", "ㄎㄜˋ"):
        typing.send(
            "Input.imeSetComposition", {"text": text, "selectionStart": 1, "selectionEnd": 1}
        )
    typing.send("Input.insertText", {"text": "客"})
    page.wait_for_url(re.compile("q=%E5%AE%A2"))
    assert [url for url in asked if "q=%E3" in url] == []


def test_the_menu_gives_way(page: Page) -> None:
    menu = page.locator(".menu")
    summary = menu.locator("summary")
    summary.click()
    page.keyboard.press("Escape")
    expect(summary).to_be_focused()
    assert menu.evaluate("menu => menu.open") is False
    summary.click()
    page.get_by_role("heading", level=1).click()
    assert menu.evaluate("menu => menu.open") is False
    summary.click()
    for _ in range(8):
        page.keyboard.press("Tab")
    assert menu.evaluate("menu => menu.open") is False
    assert focused(page)


def test_the_way_back_has_the_focus_in_its_row(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[26]
    row_of(page, bot.id).get_by_role("rowheader").get_by_role("link").click()
    page.get_by_role("link", name="All chatbots").click()
    link = row_of(page, bot.id).get_by_role("rowheader").get_by_role("link")
    expect(link).to_be_focused()
    expect(link).to_be_in_viewport()


def test_a_save_that_was_stopped_is_not_said_to_go_on(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    page = open_page(EDITOR)
    page.goto(f"/chatbots/{sandbox.users[0].chatbots[0].id}/edit/")
    page.get_by_label("Title").fill("Another")
    sandbox.order(Fault("delay", seconds=2.0, times=5))
    with page.expect_request("**/edit/"):
        page.get_by_role("button", name="Save").click(no_wait_after=True)
    page.context.new_cdp_session(page).send("Page.stopLoading")
    expect(page.locator(".form-wide")).not_to_have_class(re.compile("htmx-request"))
    expect(page.locator("html")).not_to_have_class(re.compile("leaving"))


# What went wrong, far down a list


@pytest.mark.parametrize("width", [1280, 375])
def test_an_error_is_in_sight_from_the_last_row_and_can_be_dismissed(
    page: Page, sandbox: Sandbox, console: Console, width: int
) -> None:
    console.expect("status of 5", "Response Status Error Code")
    page.set_viewport_size({"width": width, "height": 800})
    last = sandbox.users[0].chatbots[29]
    # More than once: a page that was closed may still be read.
    sandbox.order(Fault("not_json", path=last.id, times=5))
    edit_link(row_of(page, last.id)).click()
    alert = page.get_by_role("alert").filter(has_text="does not understand")
    expect(alert).to_be_in_viewport(ratio=1)
    expect(edit_link(row_of(page, last.id))).to_be_in_viewport()
    page.get_by_role("button", name="Dismiss").press("Enter")
    expect(alert).to_have_count(0)
    expect(page.get_by_role("button", name="Dismiss")).to_be_hidden()
    expect(edit_link(row_of(page, last.id))).to_be_focused()


def test_a_key_that_cannot_be_revealed_says_so_each_time(
    page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 5", "Response Status Error Code")
    bot = sandbox.users[0].chatbots[3]
    reveal = row_of(page, bot.id).get_by_role("button", name=re.compile("^Reveal"))
    alert = page.get_by_role("alert").filter(has_text="does not understand")
    sandbox.order(Fault("not_json", path=bot.id, times=5))
    for _ in range(2):
        reveal.press("Enter")
        expect(alert).to_be_visible()
        # The first Escape is for what went wrong; the focus stays.
        page.keyboard.press("Escape")
        expect(alert).to_have_count(0)
        expect(reveal).to_be_focused()
    sandbox.clear_faults()
    reveal.press("Enter")
    expect(row_of(page, bot.id)).to_contain_text(bot.api_key)


def test_a_key_on_its_way_is_asked_for_once(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[3]
    with held(page, "**/reveal/") as waiting:
        row_of(page, bot.id).get_by_role("button", name=re.compile("^Reveal")).dblclick()
        page.evaluate("() => new Promise((done) => setTimeout(done, 300))")
        assert len(waiting) == 1
    expect(row_of(page, bot.id)).to_contain_text(bot.api_key)
