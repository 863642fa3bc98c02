"""The counts above the list stay true while webhooks are set and cleared in its rows."""

import pytest
from playwright.sync_api import Locator, Page, expect

from chatbots.sandbox import Sandbox

from .conftest import EDITOR, OpenPage
from .pages import SAVED, edit_link, open_list, row_of, save, webhook_field

pytestmark = pytest.mark.browser


def counts(page: Page) -> Locator:
    return page.locator("#webhooks")


def put(page: Page, chatbot_id: str, url: str) -> None:
    row = row_of(page, chatbot_id)
    edit_link(row).click()
    webhook_field(row).fill(url)
    save(row)
    expect(row).to_contain_text(SAVED)


def test_counts_follow_what_is_saved(open_page: OpenPage, sandbox: Sandbox) -> None:
    bots = sandbox.users[0].chatbots[:30]
    for bot in bots[2:]:
        sandbox.edit(bot.id, webhook_url="https://hooks.example.org/set")
    for bot in bots[:2]:
        sandbox.edit(bot.id, webhook_url=None)
    page = open_page(EDITOR)
    open_list(page)
    expect(counts(page)).to_have_text("2 without a webhook", use_inner_text=True)
    put(page, bots[0].id, "https://hooks.example.org/first")
    expect(counts(page)).to_have_text("1 without a webhook", use_inner_text=True)
    # While a row is open it is neither.
    edit_link(row_of(page, bots[1].id)).click()
    expect(webhook_field(row_of(page, bots[1].id))).to_be_visible()
    expect(counts(page)).to_have_text("1 without a webhook", use_inner_text=True)
    webhook_field(row_of(page, bots[1].id)).fill("https://hooks.example.org/second")
    save(row_of(page, bots[1].id))
    expect(counts(page)).to_have_text("All have a webhook", use_inner_text=True)
    edit_link(row_of(page, bots[2].id)).click()
    row_of(page, bots[2].id).get_by_role("button", name="Clear").click()
    expect(counts(page)).to_have_text("1 without a webhook", use_inner_text=True)
