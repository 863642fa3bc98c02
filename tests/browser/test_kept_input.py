"""What was typed survives: the session ends, the token is refused, the form is of before the
sign-in. In a real browser, with its own cookies, with and without JavaScript."""

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox

from .conftest import EDITOR, VIEWER, Console, OpenPage
from .dashboard import Dashboard
from .pages import SAVED, fill_in_sign_in, picture, press, save, sign_in, sign_out, webhook_field

pytestmark = pytest.mark.browser

MINE = "https://hooks.example.org/mine"
LOGIN = re.compile("/account/login/")
IS_BACK = "Your input is back."
SCRIPTS = pytest.mark.parametrize(
    "options", [{}, {"java_script_enabled": False}], ids=["scripts", "no scripts"]
)


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot with a webhook and a title."""
    return next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)


def writes(sandbox: Sandbox) -> int:
    return len([sent for sent in sandbox.requests if sent.method != "GET"])


def expire_session(page: Page, dashboard: Dashboard) -> None:
    kept = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    dashboard.end_session(kept["session"])


@SCRIPTS
def test_settings_typed_while_the_session_ended(
    options: dict[str, Any],
    open_page: OpenPage,
    dashboard: Dashboard,
    bot: Chatbot,
    sandbox: Sandbox,
) -> None:
    page = open_page(None, **options)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/{bot.id}/edit/")
    page.get_by_label("Title", exact=True).fill("Typed for long 新標題")
    page.get_by_label("Webhook URL").fill(MINE)
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    page.get_by_label("Show history").select_option("No")
    expire_session(page, dashboard)
    sandbox.clear_requests()
    press(page, "Save")
    page.wait_for_url(LOGIN)
    assert writes(sandbox) == 0
    fill_in_sign_in(page, EDITOR)
    expect(page.get_by_text(IS_BACK)).to_be_visible()
    expect(page.get_by_text("The pictures have to be chosen again.")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Typed for long 新標題")
    expect(page.get_by_label("Show history")).to_have_value("false")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    press(page, "Save")
    expect(page.get_by_text("Webhook saved and read back.")).to_be_visible()
    assert (bot.title, bot.webhook_url) == ("Typed for long 新標題", MINE)
    assert set(bot.settings) == {"title", "avatar", "show_history"}
    assert writes(sandbox) == 2


def test_a_row_of_the_list(
    open_page: OpenPage, dashboard: Dashboard, bot: Chatbot, sandbox: Sandbox
) -> None:
    """The quick edit is sent by htmx: its answer leads the whole page to the sign-in, and the saved
    form back to the list."""
    page = open_page(None)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/?q={bot.id}&size=50")
    page.get_by_role("link", name=re.compile("^Edit the webhook of")).click()
    webhook_field(page).fill(MINE)
    expire_session(page, dashboard)
    save(page)
    page.wait_for_url(LOGIN)
    fill_in_sign_in(page, EDITOR)
    expect(page.get_by_text(IS_BACK)).to_be_visible()
    expect(webhook_field(page)).to_have_value(MINE)
    assert bot.webhook_url != MINE
    save(page)
    expect(page.get_by_text(SAVED, exact=True)).to_be_visible()
    assert bot.webhook_url == MINE


def test_somebody_else_signs_in_then(
    open_page: OpenPage,
    dashboard: Dashboard,
    bot: Chatbot,
    sandbox: Sandbox,
    console: Console,
) -> None:
    console.expect("status of 403")
    page = open_page(None)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/{bot.id}/webhook/")
    webhook_field(page).fill(MINE)
    expire_session(page, dashboard)
    save(page)
    page.wait_for_url(LOGIN)
    # A Viewer may edit nothing, and reads nothing of it.
    fill_in_sign_in(page, VIEWER)
    expect(page.get_by_text("This needs the role Editor")).to_be_visible()
    expect(page.get_by_text(MINE)).to_have_count(0)
    assert writes(sandbox) == 0


@SCRIPTS
def test_a_form_of_before_the_sign_in_in_another_tab(
    options: dict[str, Any], open_page: OpenPage, bot: Chatbot, sandbox: Sandbox
) -> None:
    page = open_page(None, **options)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/{bot.id}/edit/")
    page.get_by_label("Title", exact=True).fill("Typed before")
    other = page.context.new_page()
    other.goto("/chatbots/")
    sign_out_and_in(other)
    sandbox.clear_requests()
    press(page, "Save")
    expect(page.get_by_text(IS_BACK)).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Typed before")
    assert writes(sandbox) == 0
    press(page, "Save")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert bot.title == "Typed before"


def sign_out_and_in(page: Page) -> None:
    """The same member again, with another session."""
    sign_out(page, EDITOR)
    sign_in(page, EDITOR)


def test_the_token_is_refused_over_a_form(
    open_page: OpenPage, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 403")
    page = open_page()
    page.goto(f"/chatbots/{bot.id}/edit/")
    page.get_by_label("Title", exact=True).fill("Typed over it")
    sandbox.order(Fault("status", status=401, times=50))
    press(page, "Save")
    expect(page.get_by_text("Caigunn does not accept your access token")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Typed over it")
    sandbox.clear_faults()
    page.get_by_role("link", name="Reconnect").click()
    page.get_by_label("Access token", exact=True).fill(sandbox.users[0].token)
    page.get_by_role("button", name=re.compile("^(Connect|Replace)")).click()
    expect(page.get_by_text(IS_BACK)).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value("Typed over it")
    press(page, "Save")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert bot.title == "Typed over it"


def test_what_is_too_long_to_be_kept_waits_on_the_page(
    open_page: OpenPage, dashboard: Dashboard, bot: Chatbot, console: Console
) -> None:
    console.expect("status of 403")
    prompt = "長 & <b> " * 10_000
    page = open_page(None)
    sign_in(page, EDITOR)
    page.goto(f"/chatbots/{bot.id}/edit/")
    page.get_by_label("Prompt").fill(prompt)
    expire_session(page, dashboard)
    press(page, "Save")
    expect(page.get_by_text("What you typed is too long to be kept here")).to_be_visible()
    other = page.context.new_page()
    sign_in(other, EDITOR)
    # Once with the token of before the sign-in, once with the new one.
    for _again in range(2):
        press(page, "Send it again")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert str(bot.fields["prompt"]).strip() == prompt.strip()


@SCRIPTS
def test_theirs_is_taken_field_by_field(
    options: dict[str, Any], open_page: OpenPage, bot: Chatbot, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 422")
    page = open_page(**options)
    page.goto(f"/chatbots/{bot.id}/edit/")
    sandbox.edit(bot.id, title="Theirs", prompt="Their prompt")
    page.get_by_label("Title", exact=True).fill("Mine")
    page.get_by_label("Prompt").fill("My prompt")
    press(page, "Save")
    title = page.get_by_role("group", name="Title")
    expect(title.get_by_role("radio", name="Use mine")).to_be_checked()
    title.get_by_role("radio", name="Take theirs").check()
    press(page, "Save")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    assert (bot.title, bot.fields["prompt"]) == ("Theirs", "My prompt")
