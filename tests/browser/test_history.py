"""Who changed it, taking it back, and what was changed elsewhere."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Sandbox

from .conftest import EDITOR, Console, OpenPage
from .form_pages import first
from .pages import SAVED, open_list, press, row_of, save, webhook_field

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"
THEIRS = "https://elsewhere.example.org/theirs"
BOTH = pytest.mark.parametrize("with_javascript", [True, False], ids=["script", "no script"])


def writes(sandbox: Sandbox) -> int:
    return sum(sent.method != "GET" for sent in sandbox.requests)


def set_webhook(page: Page, bot: Chatbot, url: str, reason: str) -> None:
    """Save a webhook by the page of its quick edit."""
    page.goto(f"/chatbots/{bot.id}/webhook/")
    webhook_field(page).fill(url)
    page.get_by_label("Reason (optional)").fill(reason)
    save(page)
    expect(page.get_by_text(SAVED).last).to_be_visible()


@BOTH
def test_an_edit_stands_in_the_history_and_is_taken_back(
    open_page: OpenPage, sandbox: Sandbox, with_javascript: bool
) -> None:
    bot = first(sandbox)
    old = bot.webhook_url or ""
    page = open_page(EDITOR, java_script_enabled=with_javascript)
    set_webhook(page, bot, NEW, "The shop has moved")

    page.goto(f"/chatbots/{bot.id}/")
    page.get_by_role("link", name="History", exact=True).click()
    change = page.get_by_role("listitem").filter(has_text="The shop has moved")
    expect(change).to_contain_text("Done")
    expect(change).to_contain_text(old)
    expect(change).to_contain_text(NEW)
    change.get_by_role("link", name="Undo").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Undo a change")
    back = page.get_by_role("region", name="What would be written back")
    expect(back).to_contain_text(old)
    assert bot.webhook_url == NEW
    page.get_by_label("Reason (optional)").fill("It has not")
    press(page, "Undo")

    expect(page.get_by_text("Undone. Caigunn reports the earlier value again.")).to_be_visible()
    assert (bot.webhook_url, writes(sandbox)) == (old, 2)
    expect(change).to_contain_text("It has been undone.")
    expect(change.get_by_role("link", name="Undo")).to_have_count(0)
    undo = page.get_by_role("listitem").filter(has_text="It has not")
    expect(undo).to_contain_text("It undid an earlier change.")
    undo.get_by_role("link", name="Which one").click()
    page.wait_for_url(re.compile("/history/#change-"))


@BOTH
def test_what_was_changed_elsewhere_is_told_accepted_and_restored(
    open_page: OpenPage, sandbox: Sandbox, with_javascript: bool
) -> None:
    bot = first(sandbox)
    page = open_page(EDITOR, java_script_enabled=with_javascript)
    set_webhook(page, bot, NEW, "")
    sandbox.edit(bot.id, webhook_url=THEIRS)
    # What was read a moment ago is shown for a minute.
    page.goto(f"/chatbots/{bot.id}/?fresh=1")
    if with_javascript:
        open_list(page)
    else:
        page.goto("/chatbots/?webhooks=1")
    row_of(page, bot.id).get_by_role("link", name="changed outside").click()

    told = page.get_by_text("Webhook URL: changed outside this dashboard")
    expect(told).to_be_visible()
    press(page, "Accept it")
    expect(page.get_by_text("Accepted. This is what it should be from now on.")).to_be_visible()
    expect(told).to_have_count(0)
    assert (bot.webhook_url, writes(sandbox)) == (THEIRS, 1)

    sandbox.edit(bot.id, webhook_url=NEW)
    page.get_by_role("link", name="Read again").click()
    expect(told).to_be_visible()
    press(page, "Restore what was left here")
    expect(page.get_by_text("Restored. Caigunn reports it again.")).to_be_visible()
    expect(told).to_have_count(0)
    assert (bot.webhook_url, writes(sandbox)) == (THEIRS, 2)


@BOTH
def test_a_value_that_has_changed_since_is_not_overwritten(
    open_page: OpenPage, sandbox: Sandbox, console: Console, with_javascript: bool
) -> None:
    console.expect("status of 422")
    bot = first(sandbox)
    page = open_page(EDITOR, java_script_enabled=with_javascript)
    set_webhook(page, bot, NEW, "")
    page.goto(f"/chatbots/{bot.id}/history/")
    page.get_by_role("link", name="Undo").click()
    sandbox.edit(bot.id, webhook_url=THEIRS)
    press(page, "Undo")
    expect(page.get_by_text("It was not undone")).to_be_visible()
    expect(page.get_by_role("region", name="What would be written back")).to_contain_text(THEIRS)
    assert (bot.webhook_url, writes(sandbox)) == (THEIRS, 1)


@BOTH
def test_activity_is_filtered_and_exported(
    open_page: OpenPage, sandbox: Sandbox, with_javascript: bool
) -> None:
    bot = first(sandbox)
    page = open_page(EDITOR, java_script_enabled=with_javascript)
    set_webhook(page, bot, NEW, "=1+1")
    page.get_by_role("link", name="Activity", exact=True).click()
    page.get_by_label("Kind").select_option("Webhook")
    page.get_by_label("Chatbot", exact=True).fill(bot.title)
    press(page, "Filter")
    expect(page.get_by_role("listitem").filter(has_text="=1+1")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="Export as CSV").click()
    assert download.value.suggested_filename == "caigunn-activity.csv"
    text = download.value.path().read_text(encoding="utf-8-sig")
    assert "'=1+1" in text
    assert bot.api_key not in text
    page.get_by_label("Kind").select_option("Deleted")
    press(page, "Filter")
    expect(page.get_by_role("heading", name="No change matches")).to_be_visible()
    page.get_by_role("link", name="Clear the filter").click()
    expect(page.get_by_role("listitem").filter(has_text="=1+1")).to_be_visible()
