"""Sessions that expire and end: no dead end, and nothing left behind in the browser."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox

from .conftest import EDITOR, OpenPage
from .dashboard import Dashboard
from .pages import edit_link, fill_in_sign_in, open_list, row_of, sign_in, sign_out, webhook_field

pytestmark = pytest.mark.browser

LOGIN = re.compile("/account/login/")
_KEPT = """async () => [
  ...Object.keys(localStorage), ...Object.keys(sessionStorage), ...(await caches.keys()),
  ...(await indexedDB.databases()).map((database) => database.name),
]"""


def expire_session(page: Page, dashboard: Dashboard) -> None:
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    dashboard.end_session(kept["session"])


@pytest.mark.parametrize("query", ["", "?size=50"])
def test_a_session_that_expired_leads_through_the_sign_in_page_back_to_the_page(
    open_page: OpenPage, dashboard: Dashboard, sandbox: Sandbox, query: str
) -> None:
    bot = sandbox.users[0].chatbots[0]
    page = open_page(None)
    sign_in(page, EDITOR)
    open_list(page, query)
    expire_session(page, dashboard)
    edit_link(row_of(page, bot.id)).click()
    page.wait_for_url(LOGIN)
    # The page, not a fragment of it inside the row.
    expect(page.get_by_role("table")).to_have_count(0)
    expect(page.locator("input[name=password]")).to_have_count(1)
    fill_in_sign_in(page, EDITOR)
    page.wait_for_url(re.compile(rf"/chatbots/{re.escape(query)}$"))
    expect(edit_link(row_of(page, bot.id))).to_be_visible()


def test_an_edit_sent_after_the_session_expired_writes_nothing(
    open_page: OpenPage, dashboard: Dashboard, sandbox: Sandbox
) -> None:
    bot = sandbox.users[0].chatbots[0]
    before = bot.webhook_url
    page = open_page(None)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/{bot.id}/webhook/")
    webhook_field(page).fill("https://hooks.example.org/new")
    expire_session(page, dashboard)
    page.get_by_role("button", name="Save", exact=True).click()
    page.wait_for_url(LOGIN)
    fill_in_sign_in(page, EDITOR)
    page.wait_for_url(re.compile(rf"/chatbots/{bot.id}/webhook/\?kept="))
    expect(webhook_field(page)).to_have_value("https://hooks.example.org/new")
    assert bot.webhook_url == before


def test_after_signing_out_back_shows_the_sign_in_page(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    bot = sandbox.users[0].chatbots[0]
    page = open_page(None)
    sign_in(page, EDITOR)
    open_list(page)
    page.get_by_role("searchbox").fill(bot.id)
    page.wait_for_url(re.compile(rf"/chatbots/\?q={bot.id}"))
    expect(page.get_by_role("rowheader")).to_have_count(1)
    page.goto(f"/chatbots/{bot.id}/")
    # The address that htmx compares on Back, and the query that the way back to the list leads to;
    # nothing of what the page showed.
    assert set(page.evaluate(_KEPT)) <= {"htmx-current-path-for-history", "list"}
    assert page.evaluate("sessionStorage.getItem('list')") == f"?q={bot.id}"
    sign_out(page, EDITOR)
    for _ in range(2):
        page.go_back()
        expect(page.locator("input[name=password]")).to_be_visible()
        expect(page.get_by_text(bot.id)).to_have_count(0)
    assert page.evaluate(_KEPT) == []


def test_back_and_forward_after_a_search_show_whole_pages(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    bot = sandbox.users[0].chatbots[0]
    page = open_page()
    open_list(page)
    page.get_by_role("searchbox").fill(bot.id)
    page.wait_for_url(re.compile(rf"/chatbots/\?q={bot.id}"))
    expect(page.get_by_role("rowheader")).to_have_count(1)
    page.go_back()
    expect(page.get_by_role("rowheader")).to_have_count(30)
    expect(page.get_by_role("banner")).to_have_count(1)
    page.go_forward()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(page.get_by_role("banner")).to_have_count(1)
