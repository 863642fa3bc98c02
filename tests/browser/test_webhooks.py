"""The main job: a webhook is put right, and what stands there is what Caigunn says."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox

from .conftest import Console, OpenPage
from .dashboard import Dashboard
from .pages import (
    CLEARED,
    SAVED,
    connect,
    edit_link,
    open_list,
    row_of,
    save,
    sign_in,
    webhook_field,
)

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"
THEIRS = "https://colleague.example.org/theirs"
REJECTED = "status of 422"


def with_webhook(sandbox: Sandbox) -> Chatbot:
    return next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)


def without_webhook(sandbox: Sandbox) -> Chatbot:
    return next(bot for bot in sandbox.users[0].chatbots if not bot.webhook_url and bot.title)


def writes(sandbox: Sandbox) -> list[tuple[str, str]]:
    return [(sent.method, sent.path) for sent in sandbox.requests if sent.method != "GET"]


def test_from_signing_in_to_a_webhook_changed_in_its_row(
    open_page: OpenPage, sandbox: Sandbox, newcomer: str
) -> None:
    bot = with_webhook(sandbox)
    page = open_page(None)
    sign_in(page, newcomer)
    connect(page, sandbox.users[0].token)
    page.get_by_role("navigation", name="Pages", exact=True).get_by_role(
        "link", name="Chatbots"
    ).click()
    row = row_of(page, bot.id)
    edit_link(row).click()
    expect(webhook_field(row)).to_be_focused()
    expect(webhook_field(row)).to_have_value(bot.webhook_url or "")

    webhook_field(row).fill(NEW)
    save(row)

    expect(row).to_contain_text(SAVED)
    expect(row.get_by_title(NEW)).to_be_visible()
    expect(edit_link(row)).to_be_focused()
    assert bot.webhook_url == NEW
    assert sandbox.refusals == []
    row.get_by_role("rowheader").get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(bot.title)
    expect(page.get_by_title(NEW)).to_be_visible()


def test_a_webhook_is_set_changed_and_cleared_on_the_detail_page(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    bot = without_webhook(sandbox)
    page = open_page()
    page.goto(f"/chatbots/{bot.id}/")
    webhook = page.get_by_role("region", name="Webhook")
    expect(webhook).to_contain_text("No webhook")

    for url in (NEW, f"{NEW}?changed=1"):
        edit_link(webhook).click()
        webhook_field(webhook).fill(url)
        save(webhook)
        expect(webhook).to_contain_text(SAVED)
        expect(webhook.get_by_title(url, exact=True)).to_be_visible()
        assert bot.webhook_url == url

    edit_link(webhook).click()
    webhook.get_by_role("button", name="Clear").click()
    expect(webhook).to_contain_text(CLEARED)
    expect(webhook).to_contain_text("No webhook")
    assert bot.webhook_url is None
    page.reload()
    expect(webhook).to_contain_text("No webhook")


def test_cancelling_an_edit_gives_the_value_back(open_page: OpenPage, sandbox: Sandbox) -> None:
    bot = with_webhook(sandbox)
    page = open_page()
    open_list(page)
    row = row_of(page, bot.id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    row.get_by_role("link", name="Cancel").click()
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()
    assert writes(sandbox) == []


def test_a_value_that_breaks_the_rules_stays_in_its_row_with_the_focus_in_it(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = with_webhook(sandbox)
    before = bot.webhook_url
    page = open_page()
    open_list(page)
    row = row_of(page, bot.id)
    edit_link(row).click()
    webhook_field(row).fill("https：//hooks.example.org")
    save(row)

    expect(row).to_contain_text("full-width")
    expect(webhook_field(row)).to_have_value("https：//hooks.example.org")
    expect(webhook_field(row)).to_be_focused()
    expect(webhook_field(row)).to_have_attribute("aria-invalid", "true")
    assert bot.webhook_url == before
    assert writes(sandbox) == []

    webhook_field(row).fill(NEW)
    save(row)
    expect(row).to_contain_text(SAVED)
    assert bot.webhook_url == NEW


@pytest.mark.parametrize("with_javascript", [True, False])
def test_a_double_click_on_save_writes_once(
    open_page: OpenPage, sandbox: Sandbox, with_javascript: bool
) -> None:
    bot = with_webhook(sandbox)
    page = open_page(java_script_enabled=with_javascript)
    page.goto(f"/chatbots/{bot.id}/webhook/")
    webhook_field(page).fill(NEW)
    # The first one is still under way when the second comes.
    sandbox.order(Fault("delay", method="PUT", seconds=0.5))
    page.get_by_role("button", name="Save", exact=True).dblclick()
    expect(page.get_by_text(SAVED).first).to_be_visible()
    assert len(writes(sandbox)) == 1
    assert bot.webhook_url == NEW


def clash(page: Page, sandbox: Sandbox, bot: Chatbot) -> None:
    """Edit in a row while a colleague saves another value."""
    open_list(page)
    row = row_of(page, bot.id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    sandbox.edit(bot.id, webhook_url=THEIRS)
    save(row)
    expect(row).to_contain_text("Somebody else has changed this webhook")
    expect(row.get_by_text(THEIRS, exact=True)).to_be_visible()
    expect(row.get_by_text(NEW, exact=True)).to_be_visible()
    expect(webhook_field(row)).to_have_value(NEW)
    assert bot.webhook_url == THEIRS
    assert writes(sandbox) == []


def test_a_clash_shows_both_values_and_use_mine_writes(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = with_webhook(sandbox)
    page = open_page()
    clash(page, sandbox, bot)
    row = row_of(page, bot.id)
    row.get_by_role("button", name="Use mine").click()
    expect(row).to_contain_text(SAVED)
    assert bot.webhook_url == NEW


def test_after_a_clash_theirs_can_be_taken(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = with_webhook(sandbox)
    page = open_page()
    clash(page, sandbox, bot)
    row = row_of(page, bot.id)
    row.get_by_role("link", name="Take theirs").click()
    expect(row.get_by_title(THEIRS)).to_be_visible()
    assert bot.webhook_url == THEIRS
    assert writes(sandbox) == []


def test_a_caigunn_that_only_pretends_is_caught(
    open_page: OpenPage, dashboard: Dashboard, sandbox: Sandbox, console: Console
) -> None:
    console.expect(REJECTED)
    bot = with_webhook(sandbox)
    before = bot.webhook_url
    page = open_page()
    page.goto(f"/chatbots/{bot.id}/")
    webhook = page.get_by_role("region", name="Webhook")
    edit_link(webhook).click()
    webhook_field(webhook).fill(NEW)
    # Both documented requests answer 200 and change nothing.
    sandbox.order(
        Fault("status", method="PUT", times=2, status=200, body={"detail": "update successfully"})
    )
    save(webhook)
    expect(webhook).to_contain_text("still reports another value")
    expect(webhook).to_contain_text(before or "")
    expect(webhook_field(webhook)).to_have_value(NEW)
    assert bot.webhook_url == before


def test_a_viewer_has_no_way_to_edit_or_reveal(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page("viewer@example.com")
    page.goto("/chatbots/")
    bot = with_webhook(sandbox)
    row = row_of(page, bot.id)
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("^Edit"))).to_have_count(0)
    expect(page.get_by_role("button", name="Reveal")).to_have_count(0)
    assert bot.api_key not in page.content()
