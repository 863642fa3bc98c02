"""What holds on every page: a silent console, nothing for axe, nothing wider than a phone."""

import re
import uuid
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from chatbots.sandbox import Fault, Sandbox

from .conftest import ADMIN, EDITOR, Console, OpenPage
from .form_pages import FORM_PAGES, Way
from .pages import INFO, edit_link, open_list, row_of, save, sign_in, webhook_field

pytestmark = pytest.mark.browser

Theme = Literal["light", "dark"]
_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_OVERFLOW = """() => {
  const width = document.documentElement.clientWidth;
  const wide = [...document.querySelectorAll("body *")]
    .filter((element) => element.getBoundingClientRect().right > width + 0.5)
    .map((element) => element.outerHTML.slice(0, 120));
  return document.documentElement.scrollWidth > width ? wide.slice(0, 5) : [];
}"""


def to(path: str) -> Way:
    """Open a path; `{id}` is the first chatbot's."""

    def go(page: Page, sandbox: Sandbox) -> None:
        page.goto(path.format(id=sandbox.users[0].chatbots[0].id))

    return go


def the_list(page: Page, sandbox: Sandbox) -> None:
    open_list(page)


def the_richest_detail(page: Page, sandbox: Sandbox) -> None:
    bots = sandbox.users[0].chatbots
    bot = next(bot for bot in bots if bot.fields["opentalk_host"] and bot.webhook_url)
    page.goto(f"/chatbots/{bot.id}/")
    expect(page.get_by_role("meter").first).to_be_visible()


def an_edit_in_a_row(page: Page, sandbox: Sandbox) -> None:
    open_list(page)
    row = row_of(page, sandbox.users[0].chatbots[0].id)
    edit_link(row).click()
    expect(webhook_field(row)).to_be_focused()


def a_rejected_edit_in_a_row(page: Page, sandbox: Sandbox) -> None:
    an_edit_in_a_row(page, sandbox)
    row = row_of(page, sandbox.users[0].chatbots[0].id)
    webhook_field(row).fill("not a URL")
    save(row)
    expect(row).to_contain_text("is a space")


def a_clash_in_a_row(page: Page, sandbox: Sandbox) -> None:
    an_edit_in_a_row(page, sandbox)
    bot = sandbox.users[0].chatbots[0]
    sandbox.edit(bot.id, webhook_url=f"https://colleague.example.org/{'a-long-way/' * 12}")
    webhook_field(row_of(page, bot.id)).fill("https://hooks.example.org/mine")
    save(row_of(page, bot.id))
    expect(row_of(page, bot.id)).to_contain_text("Somebody else has changed")


def a_revealed_key(page: Page, sandbox: Sandbox) -> None:
    the_list(page, sandbox)
    bot = sandbox.users[0].chatbots[0]
    row_of(page, bot.id).get_by_role("button", name="Reveal").click()
    expect(page.get_by_text(bot.api_key)).to_be_visible()


def rows_that_cannot_be_read(page: Page, sandbox: Sandbox) -> None:
    sandbox.order(Fault("not_json", path=INFO, times=30))
    page.goto("/chatbots/")
    expect(page.get_by_text("Could not be read")).to_have_count(30)


def an_alert_over_the_list(page: Page, sandbox: Sandbox) -> None:
    the_list(page, sandbox)
    sandbox.order(Fault("not_json", path=INFO))
    edit_link(row_of(page, sandbox.users[0].chatbots[0].id)).click()
    expect(page.get_by_role("alert")).to_contain_text("does not understand")


def an_error_page(page: Page, sandbox: Sandbox) -> None:
    sandbox.order(Fault("not_json", path="/user/chatbot$"))
    page.goto("/chatbots/")
    expect(page.get_by_text("does not understand").first).to_be_visible()


def the_last_known_copy(page: Page, sandbox: Sandbox) -> None:
    the_list(page, sandbox)
    sandbox.order(Fault("status", path="/user/chatbot$", status=503, times=3))
    page.goto("/chatbots/")
    expect(page.get_by_text("This is the last known copy")).to_be_visible()


def the_open_menu(page: Page, sandbox: Sandbox) -> None:
    page.goto("/plans/")
    page.get_by_role("banner").get_by_text(ADMIN).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def nobody_connected(page: Page, sandbox: Sandbox) -> None:
    page.goto("/chatbots/")
    page.wait_for_url(re.compile("/token/"))


def a_member(page: Page, sandbox: Sandbox) -> None:
    page.goto("/team/")
    page.get_by_role("link", name=EDITOR).click()
    expect(page.get_by_role("heading", name=EDITOR)).to_be_visible()


def an_invitation(page: Page, sandbox: Sandbox) -> None:
    page.goto("/team/")
    page.get_by_label("Email address").fill(f"somebody-{uuid.uuid4().hex}@example.com")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#link")).to_be_visible()


PAGES: dict[str, Way] = {
    "list": the_list,
    "list, webhooks drawn": to("/chatbots/?webhooks=1"),
    "no match": to("/chatbots/?q=nothing+is+called+this"),
    "end of the list": to("/chatbots/?page=99"),
    "edit in a row": an_edit_in_a_row,
    "rejected edit in a row": a_rejected_edit_in_a_row,
    "clash in a row": a_clash_in_a_row,
    "revealed key": a_revealed_key,
    "unreadable rows": rows_that_cannot_be_read,
    "alert": an_alert_over_the_list,
    "last known copy": the_last_known_copy,
    "detail": the_richest_detail,
    "webhook": to("/chatbots/{id}/webhook/"),
    "plans": to("/plans/"),
    "token": to("/token/"),
    "menu": the_open_menu,
    "error": an_error_page,
    "not found": to("/no/such/page/"),
    "change password": to("/account/password/change/"),
    "sign out": to("/account/logout/"),
    "history": to("/chatbots/{id}/history/"),
    "activity": to("/activity/"),
    "sign-ins and team": to("/activity/sign-ins/"),
    "team": to("/team/"),
    "member": a_member,
    "invited": an_invitation,
    "sessions": to("/account/sessions/"),
    "preferences": to("/account/preferences/"),
    "two-factor": to("/account/2fa/"),
    "authenticator app": to("/account/2fa/totp/activate/"),
    "passkey": to("/account/2fa/webauthn/add/"),
    "is it you": to("/account/reauthenticate/"),
}
PUBLIC_PAGES: dict[str, Way] = {
    "sign in": to("/account/login/"),
    "reset password": to("/account/password/reset/"),
    "sign up": to("/account/signup/"),
    "invitation that is gone": to("/account/invitation/nobody-has-this-key/"),
}
PROVOKED = ("status of 4", "status of 5", "Response Status Error Code")


def look_at(page: Page, theme: Theme) -> list[str]:
    """What is wrong with the page as it stands, in one theme."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": _RULES}})
    return [
        f"{theme}: {rule['id']}: {node['html'][:160]} {node['failureSummary']}"
        for rule in found.response["violations"]
        for node in rule["nodes"][:3]
    ]


@pytest.mark.parametrize("name", [*PAGES, *FORM_PAGES])
def test_nothing_is_wrong_on(
    name: str, open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*PROVOKED)
    page = open_page(ADMIN)
    (PAGES | FORM_PAGES)[name](page, sandbox)
    assert [*look_at(page, "light"), *look_at(page, "dark")] == []


@pytest.mark.parametrize("name", PUBLIC_PAGES)
def test_nothing_is_wrong_for_a_stranger_on(
    name: str, open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*PROVOKED)
    page = open_page(None)
    PUBLIC_PAGES[name](page, sandbox)
    assert [*look_at(page, "light"), *look_at(page, "dark")] == []


def test_nothing_is_wrong_before_a_token_is_connected(
    open_page: OpenPage, sandbox: Sandbox, newcomer: str
) -> None:
    page = open_page(None)
    sign_in(page, newcomer)
    nobody_connected(page, sandbox)
    assert [*look_at(page, "light"), *look_at(page, "dark")] == []


@pytest.mark.parametrize("name", [*PAGES, *FORM_PAGES, *PUBLIC_PAGES])
def test_a_phone_never_scrolls_sideways_on(
    name: str, open_page: OpenPage, sandbox: Sandbox, console: Console
) -> None:
    console.expect(*PROVOKED)
    page = open_page(None if name in PUBLIC_PAGES else ADMIN)
    # Got there on a wide screen, where the table is a table; then the screen is narrow.
    (PAGES | FORM_PAGES | PUBLIC_PAGES)[name](page, sandbox)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate(_OVERFLOW) == []
