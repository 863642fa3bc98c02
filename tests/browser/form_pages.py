"""The ways to the pages with long forms, and to what they say."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from chatbots.sandbox import Chatbot, Fault, Sandbox

from .pages import fill_in_new, open_settings, picture, press

Way = Callable[[Page, Sandbox], None]
TITLE = f"A chatbot of a title that is {'very ' * 20}long"
URL = f"https://hooks.example.org/{'a-long-way/' * 12}"
MANY_LINES = "\n".join(["https://fine.example", "example.com", f"https://{'x' * 80}.example/a"])


def first(sandbox: Sandbox) -> Chatbot:
    """A chatbot with a webhook and a title."""
    return next(bot for bot in sandbox.users[0].chatbots if bot.webhook_url and bot.title)


def new(page: Page, sandbox: Sandbox) -> None:
    fill_in_new(page, TITLE, sandbox.users[0].plans[1].title)
    open_settings(page)
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    expect(page.get_by_alt_text("Preview of the chosen picture").first).to_be_visible()
    press(page, "Add row")


def new_with_errors(page: Page, sandbox: Sandbox) -> None:
    new(page, sandbox)
    page.get_by_label("Webhook URL").fill("not a URL")
    page.get_by_label("Main colour", exact=True).fill("red")
    page.get_by_label("Allowed domains").fill(MANY_LINES)
    press(page, "Create")
    expect(page.locator("#wrong")).to_be_focused()


def new_like_another(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/new/?from={first(sandbox).id}")
    expect(page.get_by_text("Not taken over")).to_be_visible()


def new_lost(page: Page, sandbox: Sandbox) -> None:
    fill_in_new(page, TITLE, sandbox.users[0].plans[1].title)
    sandbox.order(Fault("reset_after", path="/user/chatbot$", method="POST"))
    press(page, "Create")
    expect(page.get_by_role("link", name=TITLE)).to_be_visible()


def created(page: Page, sandbox: Sandbox) -> None:
    new(page, sandbox)
    page.get_by_label("Webhook URL").fill(URL)
    sandbox.order(Fault("status", path="/user/chatbot/", method="PUT", status=400))
    press(page, "Create")
    panel = page.get_by_role("region", name="This chatbot is new")
    expect(panel).to_contain_text("The settings were not saved.")


def tried_again(page: Page, sandbox: Sandbox) -> None:
    created(page, sandbox)
    page.get_by_role("link", name="Try again").click()
    expect(page.get_by_text("What was asked for is filled in again.")).to_be_visible()


def edit(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{first(sandbox).id}/edit/")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    page.get_by_label("Main colour", exact=True).fill("#aa3355")
    page.get_by_label("Allowed domains").fill(f"https://{'x' * 60}.example")
    page.get_by_label("Initial message 1").fill("Hello 你好")
    press(page, "Save")
    page.get_by_role("link", name="Edit settings").click()
    expect(page.get_by_text("Last sent from here").first).to_be_visible()


def edit_with_errors(page: Page, sandbox: Sandbox) -> None:
    edit(page, sandbox)
    page.get_by_label("Title", exact=True).fill("")
    page.get_by_label("Webhook URL").fill("not a URL")
    page.get_by_label("Avatar").set_input_files(picture("avatar.png"))
    page.get_by_label("Allowed domains").fill(MANY_LINES)
    press(page, "Save")
    expect(page.locator("#wrong")).to_be_focused()


def edit_clash(page: Page, sandbox: Sandbox) -> None:
    edit(page, sandbox)
    sandbox.edit(first(sandbox).id, title="x" * 120)
    page.get_by_label("Title", exact=True).fill("Mine")
    press(page, "Save")
    expect(page.get_by_text("Somebody else has changed this chatbot")).to_be_visible()


def edit_partly_saved(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{first(sandbox).id}/edit/")
    sandbox.edit(first(sandbox).id, webhook_url=URL)
    page.get_by_label("Title", exact=True).fill("Mine")
    page.get_by_label("Webhook URL").fill("https://hooks.example.org/mine")
    press(page, "Save")
    expect(page.get_by_text("Settings saved.")).to_be_visible()
    expect(page.get_by_text("Somebody else has changed the webhook")).to_be_visible()


def edit_unknown(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{first(sandbox).id}/edit/")
    sandbox.order(Fault("reset_after", path="/user/chatbot/", method="PUT"))
    page.get_by_label("Fixed").select_option("Yes")
    press(page, "Save")
    expect(page.get_by_role("button", name="Check now")).to_be_visible()


def delete_with_a_wrong_title(page: Page, sandbox: Sandbox) -> None:
    page.goto(f"/chatbots/{first(sandbox).id}/delete/")
    page.get_by_label("Type the title to confirm").fill("another title")
    press(page, "Delete")
    expect(page.get_by_text("This is not the title")).to_be_visible()


def a_deleted_one(page: Page, sandbox: Sandbox) -> None:
    bot = first(sandbox)
    bot.delete()
    page.goto(f"/chatbots/{bot.id}/")
    expect(page.get_by_text("This chatbot was deleted")).to_be_visible()


FORM_PAGES: dict[str, Way] = {
    "new": new,
    "new, errors": new_with_errors,
    "new, like another": new_like_another,
    "new, lost answer": new_lost,
    "created": created,
    "edit, tried again": tried_again,
    "edit": edit,
    "edit, errors": edit_with_errors,
    "edit, clash": edit_clash,
    "edit, partly saved": edit_partly_saved,
    "edit, unknown": edit_unknown,
    "delete": delete_with_a_wrong_title,
    "deleted": a_deleted_one,
}
