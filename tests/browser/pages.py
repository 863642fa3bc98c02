"""How a person finds things on the pages: by role, label and text."""

import io
import re

from PIL import Image
from playwright.sync_api import FilePayload, Locator, Page, expect

from .dashboard import PASSWORD

SAVED = "Saved. Caigunn reports this webhook now."
CLEARED = "Cleared. Caigunn reports no webhook now."
INFO = "/user/chatbot/[^/]+$"
# Nothing here takes long; on a machine that is busy with other tests it may.
expect.set_options(timeout=15_000)


def fill_in_sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    """Fill in and send the sign-in form that the page shows."""
    # allauth's names; a label may be worded anew.
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(password)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()


def sign_in(page: Page, email: str) -> None:
    """Sign in by the sign-in page, and arrive."""
    page.goto("/account/login/")
    fill_in_sign_in(page, email)
    page.wait_for_url(re.compile(r"/(token|chatbots)/"))


def sign_out(page: Page, email: str) -> None:
    """Sign out by the menu, and arrive at the sign-in page."""
    page.get_by_role("banner").get_by_text(email).click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/account/login/"))


def connect(page: Page, token: str) -> None:
    """Connect an access token by the token page."""
    page.goto("/token/")
    page.get_by_label("Access token", exact=True).fill(token)
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_text("Caigunn accepted the token")).to_be_visible()


def row_of(page: Page, chatbot_id: str) -> Locator:
    """The row of a chatbot in the list."""
    return page.get_by_role("row").filter(has_text=chatbot_id)


def edit_link(place: Page | Locator) -> Locator:
    """*Edit* beside a webhook."""
    return place.get_by_role("link", name=re.compile("^Edit the webhook of"))


def webhook_field(place: Page | Locator) -> Locator:
    """Where a webhook URL is typed."""
    return place.get_by_role("textbox", name="Webhook URL")


def save(place: Page | Locator) -> None:
    """Send the form."""
    place.get_by_role("button", name="Save", exact=True).click()


def open_list(page: Page, query: str = "") -> None:
    """The list, once every webhook URL stands in its row."""
    page.goto(f"/chatbots/{query}")
    rows = page.get_by_role("table").get_by_role("link", name=re.compile("^Edit the webhook of"))
    titles = page.get_by_role("rowheader")
    expect(titles).not_to_have_count(0)
    expect(rows).to_have_count(titles.count())


def picture(name: str, colour: str = "teal") -> FilePayload:
    """A small PNG to be chosen for upload."""
    file = io.BytesIO()
    Image.new("RGB", (120, 90), colour).save(file, "PNG")
    return {"name": name, "mimeType": "image/png", "buffer": file.getvalue()}


def press(page: Page, name: str) -> None:
    """Press a button by its whole name."""
    page.get_by_role("button", name=name, exact=True).click()


def fill_in_new(page: Page, title: str, plan: str) -> None:
    """Open the form of a new chatbot and give what it cannot do without."""
    page.goto("/chatbots/new/")
    page.get_by_label("Title", exact=True).fill(title)
    page.get_by_role("radio", name=plan).check()


def open_settings(page: Page) -> None:
    """Unfold the settings of a new chatbot."""
    page.get_by_text("Settings (optional)").click()
    expect(page.get_by_label("Prompt")).to_be_visible()
