"""Caigunn, or this dashboard, fails while a fragment is asked for: what then stands there."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.sandbox.faults import FaultKind

from .conftest import Console, OpenPage
from .dashboard import Dashboard
from .pages import INFO, SAVED, edit_link, open_list, row_of, save, webhook_field

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"
FAILED_ANSWER = ("status of 4", "status of 5", "Response Status Error Code")


def first_bots(sandbox: Sandbox) -> list[Chatbot]:
    return [bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title][:2]


def read_of(bot: Chatbot) -> str:
    return f"/user/chatbot/{bot.id}$"


@pytest.mark.parametrize("kind", ["status", "hang", "reset_before", "not_json"])
def test_a_row_that_cannot_be_read_says_so_and_can_be_tried_again(
    open_page: OpenPage, sandbox: Sandbox, kind: FaultKind
) -> None:
    failing, fine = first_bots(sandbox)
    # More than one, because a read is tried again.
    sandbox.order(
        Fault(kind, path=read_of(failing), times=3, status=503 if kind == "status" else None)
    )
    page = open_page()
    page.goto("/chatbots/")
    row = row_of(page, failing.id)
    expect(row).to_contain_text("Could not be read")
    expect(row_of(page, fine.id).get_by_title(fine.webhook_url or "")).to_be_visible()
    sandbox.clear_faults()
    row.get_by_role("link", name="Try again").click()
    expect(row.get_by_title(failing.webhook_url or "")).to_be_visible()
    expect(page.get_by_role("alert")).to_be_empty()


def test_two_errors_in_a_row_both_show_and_the_rows_stay(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    first, second = first_bots(sandbox)
    page = open_page()
    open_list(page)
    alert = page.get_by_role("alert")

    sandbox.order(Fault("status", path=read_of(first), status=503, times=3))
    edit_link(row_of(page, first.id)).click()
    expect(alert.get_by_role("heading")).to_have_text("Caigunn does not answer")

    sandbox.order(Fault("status", path=read_of(second), status=429, headers={"Retry-After": "90"}))
    edit_link(row_of(page, second.id)).click()
    expect(alert.get_by_role("heading")).to_have_text("Caigunn asks to wait")
    expect(alert).to_contain_text("90 seconds")

    sandbox.order(Fault("status", path=read_of(second), status=404))
    edit_link(row_of(page, second.id)).click()
    expect(alert.get_by_role("heading")).to_have_text("This chatbot no longer exists")

    for bot in (first, second):
        expect(row_of(page, bot.id).get_by_title(bot.webhook_url or "")).to_be_visible()
    edit_link(row_of(page, first.id)).click()
    expect(webhook_field(row_of(page, first.id))).to_be_focused()
    expect(alert).to_be_empty()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("status", path=INFO, status=503, times=3), "Caigunn does not answer"),
        (Fault("hang", path=INFO, times=3), "It did not answer in time"),
        (Fault("reset_before", path=INFO, times=3), "Caigunn does not answer"),
        (Fault("not_json", path=INFO), "does not understand"),
    ],
    ids=["503", "hang", "reset", "not JSON"],
)
def test_a_fault_before_a_write_is_an_alert_and_the_input_stays(
    open_page: OpenPage, sandbox: Sandbox, console: Console, fault: Fault, said: str
) -> None:
    console.expect(*FAILED_ANSWER)
    bot = first_bots(sandbox)[0]
    page = open_page()
    open_list(page)
    row = row_of(page, bot.id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    sandbox.order(fault)
    save(row)
    expect(page.get_by_role("alert")).to_contain_text(said)
    expect(webhook_field(row)).to_have_value(NEW)
    assert {sent.method for sent in sandbox.requests} == {"GET"}

    sandbox.clear_faults()
    save(row)
    expect(row).to_contain_text(SAVED)
    expect(page.get_by_role("alert")).to_be_empty()
    assert bot.webhook_url == NEW


def test_a_write_whose_read_back_fails_is_not_called_saved_until_it_is_checked(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    bot = first_bots(sandbox)[0]
    page = open_page()
    open_list(page)
    row = row_of(page, bot.id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    sandbox.order(Fault("delay", path=read_of(bot), seconds=0.001))
    sandbox.order(Fault("status", path=read_of(bot), status=503, times=9))
    save(row)
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading")).to_have_text("Caigunn may have saved this")
    expect(alert.get_by_role("link", name="Try again")).to_have_count(0)
    expect(webhook_field(row)).to_have_value(NEW)

    sandbox.clear_faults()
    alert.get_by_role("button", name="Check now").click()
    expect(page.get_by_text("Checked: Caigunn has what was asked for.")).to_be_visible()
    assert bot.webhook_url == NEW
    assert len([sent for sent in sandbox.requests if sent.method == "PUT"]) == 1


def test_a_token_that_ended_is_an_alert_with_the_way_to_a_new_one(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    bot = first_bots(sandbox)[0]
    page = open_page()
    open_list(page)
    sandbox.order(Fault("status", path="/external/user/", status=401, times=20))
    edit_link(row_of(page, bot.id)).click()
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading")).to_have_text("Caigunn does not accept your access token")
    sandbox.clear_faults()
    alert.get_by_role("link", name="Reconnect").click()
    page.get_by_label("Access token", exact=True).fill(sandbox.users[0].token)
    page.get_by_role("button", name="Replace").click()
    page.wait_for_url(re.compile("/chatbots/$"))


def test_webhook_urls_that_never_came_can_be_asked_for_again(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    bot = first_bots(sandbox)[0]
    sandbox.order(Fault("status", path=f"{INFO}|/plan$", status=401, times=100))
    page = open_page()
    page.goto("/chatbots/")
    expect(page.get_by_role("alert")).to_contain_text("does not accept your access token")
    sandbox.clear_faults()
    page.get_by_role("link", name="Show webhook URLs").click()
    expect(row_of(page, bot.id).get_by_title(bot.webhook_url or "")).to_be_visible()


@pytest.fixture
def mortal(dashboard: Dashboard, tmp_path: Path) -> Iterator[Dashboard]:
    """A second server beside the session's, over the same database, that a test may end."""
    with dashboard.beside(tmp_path) as second:
        yield second


def test_a_dashboard_that_went_away_is_an_alert_and_the_input_stays(
    open_page: OpenPage, mortal: Dashboard, sandbox: Sandbox, console: Console
) -> None:
    console.expect("net::ERR_", "error: htmx:")
    first, second = first_bots(sandbox)
    page = open_page(base_url=mortal.url)
    open_list(page)
    row = row_of(page, first.id)
    edit_link(row).click()
    webhook_field(row).fill(NEW)
    mortal.stop()
    save(row)
    alert = page.get_by_role("alert")
    expect(alert.get_by_role("heading")).to_have_text("This dashboard does not answer")
    expect(webhook_field(row)).to_have_value(NEW)
    expect(row.get_by_role("button", name="Save", exact=True)).to_be_enabled()
    edit_link(row_of(page, second.id)).click()
    expect(alert.get_by_role("heading")).to_have_text("This dashboard does not answer")
    expect(row_of(page, second.id).get_by_title(second.webhook_url or "")).to_be_visible()
