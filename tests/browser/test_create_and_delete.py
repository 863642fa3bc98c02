"""A chatbot from the form to its end, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.sandbox.world import StoredFile

from .conftest import ADMIN, Console, OpenPage
from .pages import fill_in_new, open_settings, picture, press

pytestmark = pytest.mark.browser

TITLE = "R&D #1 100% “客服”"
WEBHOOK = "https://hooks.example.org/new/receiver"
CREATE = "/user/chatbot$"
FAILED_ANSWER = ("status of 4", "status of 5")


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The Admin's browser, whose clipboard may be read."""
    page = open_page(ADMIN)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    return page


def called(sandbox: Sandbox, title: str) -> list[Chatbot]:
    return [bot for bot in sandbox.users[0].chatbots if bot.title == title]


def posts(sandbox: Sandbox) -> int:
    return len([sent for sent in sandbox.requests if sent.method == "POST"])


def test_from_an_empty_form_to_a_chatbot_with_pictures_and_a_key_to_copy(
    page: Page, sandbox: Sandbox
) -> None:
    page.goto("/chatbots/")
    page.get_by_role("link", name="New chatbot").click()
    plan = sandbox.users[0].plans[1]
    page.get_by_label("Title", exact=True).fill(TITLE)
    page.get_by_role("radio", name=plan.title).check()
    page.get_by_label("Webhook URL").fill(WEBHOOK)
    open_settings(page)
    page.get_by_label("Prompt").fill("Be kind.\nBe short.")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    page.get_by_label("Button image").set_input_files(picture("button.png", "navy"))
    expect(page.get_by_alt_text("Preview of the chosen picture")).to_have_count(2)
    for preview in page.get_by_alt_text("Preview of the chosen picture").all():
        expect(preview).to_be_visible()
    page.get_by_label("Button style").select_option("image")
    page.get_by_label("Fixed").select_option("Yes")
    page.get_by_label("Initial message 1").fill("Hello 你好")
    press(page, "Add row")
    expect(page.get_by_label("Initial message 2")).to_be_focused()
    page.get_by_label("Initial message 2").fill("How can we help?")
    press(page, "Create")

    panel = page.get_by_role("region", name="This chatbot is new")
    expect(panel).to_contain_text("Created. Caigunn reports it.")
    expect(panel).to_contain_text("The webhook is set and read back.")
    expect(panel).to_contain_text("The settings were sent.")
    expect(page.get_by_role("heading", level=1)).to_have_text(TITLE)
    (bot,) = called(sandbox, TITLE)
    panel.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == bot.api_key
    assert bot.fields["plan_id"] == plan.id
    assert bot.webhook_url == WEBHOOK
    assert bot.fields["prompt"] == "Be kind.\nBe short."
    avatar, button = bot.settings["avatar"], bot.settings["button_image"]
    assert isinstance(avatar, StoredFile)
    assert isinstance(button, StoredFile)
    assert (avatar.name, button.name) == ("avatar.png", "button.png")
    assert bot.settings["button_style"] == "image"
    assert bot.settings["is_fixed"] is True
    assert bot.settings["initial_messages"] == [
        {"type": "text", "value": "Hello 你好"},
        {"type": "text", "value": "How can we help?"},
    ]
    assert sandbox.refusals == []


def test_the_plan_that_was_picked_among_the_plans_is_chosen_already(
    page: Page, sandbox: Sandbox
) -> None:
    plan = sandbox.users[0].plans[2]
    page.goto("/plans/")
    page.get_by_role("link", name=f"Create with this plan: {plan.title}").click()
    expect(page.get_by_role("radio", name=plan.title)).to_be_checked()


def test_a_new_one_from_another_takes_over_what_can_be_read(page: Page, sandbox: Sandbox) -> None:
    old = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    page.goto(f"/chatbots/{old.id}/")
    page.get_by_role("link", name="New from this one").click()
    expect(page.get_by_label("Prompt")).to_have_value(str(old.fields["prompt"]))
    expect(page.get_by_text("Not taken over")).to_be_visible()
    expect(page.get_by_label("Webhook URL")).to_have_value("")
    page.get_by_role("link", name="Take its webhook over too").click()
    expect(page.get_by_label("Webhook URL")).to_have_value(old.webhook_url or "")
    press(page, "Create")
    expect(page.get_by_text("This chatbot is new")).to_be_visible()
    (new,) = called(sandbox, f"Copy of {old.title}")
    for name in ("plan_id", "prompt", "is_shared", "model", "webhook_url"):
        assert new.fields[name] == old.fields[name]


def test_a_step_that_failed_is_tried_again_from_the_page_of_the_chatbot(
    page: Page, sandbox: Sandbox
) -> None:
    fill_in_new(page, TITLE, sandbox.users[0].plans[0].title)
    open_settings(page)
    page.get_by_label("Main colour", exact=True).fill("#AA3355")
    sandbox.order(Fault("status", path="/user/chatbot/", method="PUT", status=400))
    press(page, "Create")
    panel = page.get_by_role("region", name="This chatbot is new")
    expect(panel).to_contain_text("The settings were not saved. Main colour")
    panel.get_by_role("link", name="Try again").click()
    expect(page.get_by_label("Main colour", exact=True)).to_have_value("#AA3355")
    press(page, "Save")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    (bot,) = called(sandbox, TITLE)
    assert bot.settings["main_color"] == "#AA3355"


def again(page: Page) -> None:
    press(page, "Create")


def reloaded(page: Page) -> None:
    page.reload()


def back_and_again(page: Page) -> None:
    page.go_back()
    press(page, "Create")


@pytest.mark.parametrize("then", [again, reloaded, back_and_again])
def test_a_lost_answer_offers_what_appeared_and_makes_no_second_one(
    page: Page, sandbox: Sandbox, console: Console, then: Callable[[Page], None]
) -> None:
    console.expect(*FAILED_ANSWER)
    fill_in_new(page, TITLE, sandbox.users[0].plans[0].title)
    sandbox.order(Fault("reset_after", path=CREATE, method="POST"))
    press(page, "Create")
    expect(page.get_by_role("heading", name="Caigunn may have created this")).to_be_visible()
    then(page)
    expect(page.get_by_role("heading", name="Caigunn may have created this")).to_be_visible()
    expect(page.get_by_label("Title", exact=True)).to_have_value(TITLE)
    (bot,) = called(sandbox, TITLE)
    assert posts(sandbox) == 1
    page.get_by_role("link", name=TITLE).click()
    page.wait_for_url(f"**/chatbots/{bot.id}/")


def test_a_double_click_makes_one(page: Page, sandbox: Sandbox) -> None:
    fill_in_new(page, TITLE, sandbox.users[0].plans[0].title)
    page.get_by_role("button", name="Create", exact=True).dblclick()
    # The second press breaks the navigation of the first off: the address is what to wait for.
    expect(page).to_have_url(re.compile(r"/chatbots/[^/]+/\?created="))
    assert len(called(sandbox, TITLE)) == 1
    assert posts(sandbox) == 1


def test_the_way_back_to_a_form_that_was_sent_makes_no_second_one(
    page: Page, sandbox: Sandbox
) -> None:
    fill_in_new(page, TITLE, sandbox.users[0].plans[0].title)
    press(page, "Create")
    expect(page.get_by_text("This chatbot is new")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Title", exact=True)).to_have_value(TITLE)
    press(page, "Create")
    expect(page.get_by_text("This chatbot is new")).to_be_visible()
    assert len(called(sandbox, TITLE)) == 1
    assert posts(sandbox) == 1


def test_what_is_wrong_takes_the_focus_and_leads_to_its_fields(
    page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    fill_in_new(page, TITLE, sandbox.users[0].plans[0].title)
    body = {"detail": [{"loc": ["query", "title"], "msg": "is taken", "type": "value_error"}]}
    sandbox.order(Fault("status", path=CREATE, method="POST", status=422, body=body))
    press(page, "Create")
    said = page.locator("#wrong")
    expect(said).to_be_focused()
    title = page.get_by_label("Title", exact=True)
    expect(title).to_have_attribute("aria-invalid", "true")
    expect(title).to_have_accessible_description(re.compile("is taken"))
    said.get_by_role("link", name="Title").click()
    expect(title).to_be_focused()
    assert called(sandbox, TITLE) == []
    title.fill(f"{TITLE} 2")
    press(page, "Create")
    expect(page.get_by_text("This chatbot is new")).to_be_visible()


def test_a_chatbot_is_deleted_by_typing_its_title(
    page: Page, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*FAILED_ANSWER)
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)
    page.goto(f"/chatbots/{bot.id}/")
    page.get_by_role("link", name="Delete").click()
    lost = page.get_by_role("region", name="What is lost")
    expect(lost).to_contain_text(bot.webhook_url or "")
    confirm = page.get_by_label("Type the title to confirm")
    confirm.fill("another title")
    press(page, "Delete")
    expect(confirm).to_be_focused()
    expect(confirm).to_have_accessible_description(re.compile("not the title"))
    assert bot in sandbox.users[0].chatbots
    confirm.fill(bot.title)
    press(page, "Delete")
    expect(page.get_by_text(f"{bot.title} is deleted. Caigunn confirms it.")).to_be_visible()
    assert bot not in sandbox.users[0].chatbots
    page.goto(f"/chatbots/{bot.id}/")
    expect(page.get_by_text("This chatbot was deleted")).to_be_visible()
    expect(page.get_by_role("link", name="Edit settings")).to_have_count(0)
