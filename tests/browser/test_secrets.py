"""API keys: masked, revealed on request, copied, and gone with the page."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from chatbots.sandbox import Sandbox

from .conftest import OpenPage
from .pages import open_list, row_of

pytestmark = pytest.mark.browser


def test_an_api_key_is_revealed_in_its_row_copied_and_masked_again(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    bot = sandbox.users[0].chatbots[0]
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    open_list(page)
    assert bot.api_key not in page.content()
    row = row_of(page, bot.id)
    row.get_by_role("button", name="Reveal").click()
    expect(row.get_by_text(bot.api_key)).to_be_visible()
    row.get_by_role("button", name="Copy").click()
    page.wait_for_function(
        "async (key) => (await navigator.clipboard.readText()) === key", arg=bot.api_key
    )
    assert bot.api_key not in page.url
    # In its place: the page is still the list.
    assert urlsplit(page.url).path == "/chatbots/"
    page.reload()
    expect(row.get_by_role("button", name="Reveal")).to_be_visible()
    assert bot.api_key not in page.content()


def test_both_secrets_are_revealed_on_the_detail_page(
    open_page: OpenPage, sandbox: Sandbox
) -> None:
    bot = next(bot for bot in sandbox.users[0].chatbots if bot.fields["opentalk_api_token"])
    page = open_page()
    page.goto(f"/chatbots/{bot.id}/")
    for region, secret in (
        ("API access", bot.api_key),
        ("OpenTalk", str(bot.fields["opentalk_api_token"])),
    ):
        place = page.get_by_role("region", name=region)
        expect(place).not_to_contain_text(secret)
        place.get_by_role("button", name="Reveal").click()
        expect(place.get_by_text(secret)).to_be_visible()
