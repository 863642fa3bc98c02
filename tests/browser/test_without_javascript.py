"""Everything works by plain links and forms."""

import re

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Fault, Sandbox
from chatbots.sandbox.world import StoredFile

from .conftest import ADMIN, EDITOR, Console, OpenPage
from .pages import (
    CLEARED,
    SAVED,
    connect,
    edit_link,
    fill_in_new,
    open_settings,
    picture,
    press,
    row_of,
    save,
    sign_in,
    sign_out,
    webhook_field,
)

pytestmark = pytest.mark.browser

NEW = "https://hooks.example.org/new/receiver"


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The Editor's browser with JavaScript off."""
    return open_page(EDITOR, java_script_enabled=False)


def test_a_newcomer_signs_in_connects_and_signs_out(
    open_page: OpenPage, sandbox: Sandbox, newcomer: str
) -> None:
    page = open_page(None, java_script_enabled=False)
    sign_in(page, newcomer)
    connect(page, sandbox.users[1].token)
    page.get_by_role("link", name="Chatbots", exact=True).click()
    expect(page.get_by_role("rowheader")).to_have_count(len(sandbox.users[1].chatbots))
    page.get_by_role("link", name="Plans", exact=True).click()
    expect(page.get_by_role("rowheader")).to_have_count(len(sandbox.users[1].plans))
    sign_out(page, newcomer)
    page.goto("/chatbots/")
    expect(page.locator("input[name=password]")).to_be_visible()


def test_webhook_urls_are_drawn_on_request_and_edited_on_a_page_of_their_own(
    page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 422")
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    page.goto("/chatbots/")
    page.get_by_role("link", name="Show webhook URLs").click()
    page.wait_for_url(re.compile(r"/chatbots/\?(.*&)?webhooks=1$"))
    row = row_of(page, bot.id)
    expect(row.get_by_title(bot.webhook_url or "")).to_be_visible()

    edit_link(row).click()
    expect(webhook_field(page)).to_have_value(bot.webhook_url or "")
    webhook_field(page).fill("not a URL")
    save(page)
    expect(webhook_field(page)).to_have_value("not a URL")
    expect(page.get_by_text("is a space")).to_be_visible()
    webhook_field(page).fill(NEW)
    save(page)
    expect(page.get_by_text(SAVED)).to_be_visible()
    expect(row.get_by_title(NEW)).to_be_visible()
    assert bot.webhook_url == NEW

    edit_link(row).click()
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_text(CLEARED)).to_be_visible()
    assert bot.webhook_url is None


def test_an_edit_from_the_list_leads_back_to_the_list(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    page.goto("/chatbots/?webhooks=1")
    edit_link(row_of(page, bot.id)).click()
    webhook_field(page).fill(NEW)
    save(page)
    page.wait_for_url(re.compile(r"/chatbots/\?(.*&)?webhooks=1$"))
    expect(page.get_by_text(SAVED)).to_be_visible()
    expect(row_of(page, bot.id).get_by_title(NEW)).to_be_visible()


def test_a_secret_is_revealed(page: Page, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    page.goto("/chatbots/")
    row_of(page, bot.id).get_by_role("button", name="Reveal").click()
    expect(page.get_by_text(bot.api_key)).to_be_visible()


def test_a_search_by_title_and_by_webhook_url(page: Page, sandbox: Sandbox) -> None:
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    page.goto("/chatbots/")
    page.get_by_role("searchbox").fill(bot.title)
    page.get_by_role("button", name="Search").click()
    expect(row_of(page, bot.id)).to_be_visible()
    page.get_by_role("searchbox").fill(bot.webhook_url or "")
    page.get_by_role("checkbox", name=re.compile("webhook URLs")).check()
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("rowheader")).to_have_count(1)
    expect(row_of(page, bot.id)).to_be_visible()
    page.get_by_role("searchbox").fill("nothing is called this")
    page.get_by_role("button", name="Search").click()
    expect(page.get_by_role("heading", name="No chatbot matches")).to_be_visible()
    page.get_by_role("link", name="Clear the search").click()
    expect(page.get_by_role("rowheader")).to_have_count(30)


def test_the_list_is_paged(page: Page, sandbox: Sandbox) -> None:
    page.goto("/chatbots/")
    page.get_by_role("link", name="Next").click()
    page.wait_for_url(re.compile(r"/chatbots/\?page=2(&|$)"))
    expect(page.get_by_role("heading", name="This is the end of the list")).to_be_visible()
    page.get_by_role("link", name="Previous").click()
    expect(page.get_by_role("rowheader")).to_have_count(30)
    page.get_by_label("Rows").select_option("50")
    page.get_by_role("button", name="Show", exact=True).click()
    page.wait_for_url("**/chatbots/?size=50")
    page.get_by_label("Rows").select_option("30")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("link", name="Next")).to_be_visible()


def test_a_chatbot_is_made_edited_cloned_and_deleted(open_page: OpenPage, sandbox: Sandbox) -> None:
    page = open_page(ADMIN, java_script_enabled=False)
    fill_in_new(page, "A 新 one", sandbox.users[0].plans[1].title)
    page.get_by_label("Webhook URL").fill(NEW)
    open_settings(page)
    page.get_by_label("Initial message 1").fill("Hello")
    press(page, "Add row")
    expect(page.get_by_label("Title", exact=True)).to_have_value("A 新 one")
    page.get_by_label("Initial message 2").fill("你好")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    press(page, "Create")
    panel = page.get_by_role("region", name="This chatbot is new")
    expect(panel).to_contain_text("The webhook is set and read back.")
    expect(panel).to_contain_text("The settings were sent.")
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.title == "A 新 one")
    expect(panel).to_contain_text(bot.api_key)
    assert bot.webhook_url == NEW
    assert isinstance(bot.settings["avatar"], StoredFile)
    assert bot.settings["initial_messages"] == [
        {"type": "text", "value": "Hello"},
        {"type": "text", "value": "你好"},
    ]

    page.get_by_role("link", name="Edit settings").click()
    expect(page.get_by_text("Last sent from here: avatar.png")).to_be_visible()
    page.get_by_label("Prompt").fill("Be kind.")
    page.get_by_label("Main colour", exact=True).fill("#aa3355")
    page.get_by_label("Webhook URL").fill("")
    save(page)
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    expect(page.get_by_text("Webhook cleared and read back.")).to_be_visible()
    assert bot.fields["prompt"] == "Be kind."
    assert bot.fields["webhook_url"] is None
    assert bot.settings["main_color"] == "#aa3355"

    page.get_by_role("link", name="New from this one").click()
    expect(page.get_by_label("Prompt")).to_have_value("Be kind.")
    press(page, "Create")
    expect(page.get_by_role("heading", level=1)).to_have_text("Copy of A 新 one")

    page.get_by_role("link", name="Delete").click()
    page.get_by_label("Type the title to confirm").fill("Copy of A 新 one")
    press(page, "Delete")
    expect(page.get_by_text("Copy of A 新 one is deleted. Caigunn confirms it.")).to_be_visible()
    assert sandbox.refusals == []


def test_a_lost_answer_on_create_says_what_is_known_and_is_not_sent_again(
    open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect("status of 504")
    page = open_page(ADMIN, java_script_enabled=False)
    fill_in_new(page, "A 新 one", sandbox.users[0].plans[1].title)
    sandbox.order(Fault("reset_after", path="/user/chatbot$", method="POST"))
    press(page, "Create")
    press(page, "Create")
    expect(page.get_by_text("Caigunn may have created this chatbot")).to_be_visible()
    expect(page.get_by_role("link", name="A 新 one")).to_be_visible()
    assert len([sent for sent in sandbox.requests if sent.method == "POST"]) == 1
