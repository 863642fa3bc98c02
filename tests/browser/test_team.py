"""The life of a member: invited, in, with two factors, and out."""

import re
import time
import uuid
from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from chatbots.sandbox import Sandbox

from .conftest import Console
from .dashboard import Dashboard, collect_static
from .pages import connect, fill_in_sign_in, open_list, sign_in, sign_out

pytestmark = pytest.mark.browser

NEW = "new.person@example.com"
NEW_PASSWORD = "a-password-of-my-own"


@pytest.fixture(scope="module")
def strict(
    running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """A dashboard where nobody works without two factors."""
    collect_static(tmp_path_factory.getbasetemp().parent)
    folder = tmp_path_factory.mktemp("strict")
    with_two = Dashboard(folder, running_sandbox.url, TWO_FACTOR_REQUIRED="everybody")
    with_two.release()
    with with_two:
        yield with_two


@pytest.fixture
def person(browser: Browser, strict: Dashboard, console: Console) -> Iterator[Page]:
    """The browser of somebody who has never been here."""
    context = browser.new_context(base_url=strict.url, locale="en")
    context.set_default_timeout(15_000)
    console.watch(context)
    yield context.new_page()
    context.close()


@pytest.fixture
def lead(browser: Browser, strict: Dashboard, console: Console) -> Iterator[Page]:
    """The browser of the team lead, who has signed in with a passkey."""
    context = browser.new_context(base_url=strict.url, locale="en")
    context.set_default_timeout(15_000)
    console.watch(context)
    page = context.new_page()
    plug_in_authenticator(context, page)
    email = f"lead-{uuid.uuid4().hex[:8]}@example.com"
    strict.add_member(email, "admin")
    page.goto("/account/login/")
    fill_in_sign_in(page, email)
    add_passkey(page)
    yield page
    context.close()


def plug_in_authenticator(context: BrowserContext, page: Page) -> None:
    """What a laptop with a fingerprint reader has."""
    session = context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def add_passkey(page: Page) -> None:
    """Set a passkey up, as whoever is led there."""
    page.wait_for_url("**/account/2fa/")
    expect(page.get_by_text("Your role needs two-factor sign-in.")).to_be_visible()
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("main").get_by_role("button", name="Add").click()
    page.wait_for_url("**/account/2fa/recovery-codes/")


def code_of(secret: str, step: int = 0) -> str:
    """What an authenticator app shows now, or so many steps of 30 seconds later."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + step)))


def set_up_app(page: Page) -> str:
    """Set an authenticator app up; its secret."""
    page.goto("/account/2fa/totp/activate/")
    secret = page.locator("#authenticator_secret").inner_text()
    page.get_by_label("Code from the app").fill(code_of(secret))
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url("**/account/2fa/recovery-codes/")
    codes = page.get_by_role("list", name="Codes that are left").get_by_role("listitem")
    expect(codes).to_have_text([re.compile(r"^\d{8}$")] * 10)
    return secret


def invite(page: Page, email: str, role: str) -> str:
    """Invite somebody; the link that is shown once."""
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Team").click()
    page.get_by_label("Email address").fill(email)
    page.get_by_label("Role").select_option(role)
    page.get_by_role("button", name="Invite", exact=True).click()
    link = page.locator("#link code").inner_text()
    page.reload()
    expect(page.locator("#link")).to_have_count(0)
    return link


def test_from_invited_to_out(
    lead: Page, person: Page, running_sandbox: Sandbox, console: Console
) -> None:
    # The reload of an invitation that stands, and the link that was used.
    console.expect("status of 422", "status of 404")
    running_sandbox.reset()
    link = invite(lead, NEW, "Editor")

    person.goto(link)
    expect(person.get_by_text(NEW)).to_be_visible()
    assert Axe().run(person).response["violations"] == []
    person.get_by_label("Name").fill("New Person")
    person.get_by_label("Password", exact=True).fill(NEW_PASSWORD)
    person.get_by_label("Password, once more").fill(NEW_PASSWORD)
    person.get_by_role("button", name="Join").click()
    # Nothing opens before the second factor is set up.
    person.wait_for_url("**/account/2fa/")
    secret = set_up_app(person)
    connect(person, running_sandbox.users[0].token)
    open_list(person)

    # The second sign-in asks for the code; the one of the set-up is not taken again.
    sign_out(person, NEW)
    fill_in_sign_in(person, NEW, NEW_PASSWORD)
    person.wait_for_url("**/account/2fa/authenticate/")
    person.locator("input[name=code]").fill("000000")
    person.get_by_role("button", name="Sign in", exact=True).click()
    expect(person.get_by_text("Incorrect code.")).to_be_visible()
    enter_next_code(person, secret)
    person.wait_for_url("**/chatbots/")

    lead.goto("/team/")
    row = lead.get_by_role("row").filter(has_text=NEW)
    expect(row).to_contain_text("authenticator app")
    expect(row).to_contain_text("••••")
    row.get_by_role("link").click()
    lead.get_by_role("button", name="Deactivate").click()
    expect(lead.get_by_text("Out. New Person can do nothing here any more.")).to_be_visible()
    expect(lead.get_by_text("not connected")).to_be_visible()

    person.get_by_role("link", name="Plans").click()
    person.wait_for_url("**/account/login/**")
    person.goto(link)
    expect(person.get_by_text("This invitation is not good any more").first).to_be_visible()


def enter_next_code(page: Page, secret: str) -> None:
    """Enter the code of this moment: each is good once, so it may take until the next one."""
    for _attempt in range(12):
        page.locator("input[name=code]").fill(code_of(secret))
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_load_state()
        if "/authenticate/" not in page.url:
            return
        page.wait_for_timeout(3000)


def test_a_passkey_is_enough(lead: Page) -> None:
    email = lead.locator(".menu-name").inner_text()
    sign_out(lead, email)
    lead.get_by_role("button", name="Sign in with a passkey").click()
    lead.wait_for_url("**/token/**")
    lead.get_by_role("navigation", name="Pages").get_by_role("link", name="Team").click()
    expect(lead.get_by_role("row").filter(has_text=email)).to_contain_text("passkey")
    expect(lead.get_by_role("heading", name="Team")).to_be_visible()


def test_a_session_is_ended_from_another_browser(
    browser: Browser, dashboard: Dashboard, newcomer: str
) -> None:
    contexts = [browser.new_context(base_url=dashboard.url, locale="en") for _ in range(2)]
    here, there = (context.new_page() for context in contexts)
    for page in (here, there):
        sign_in(page, newcomer)
    here.goto("/account/sessions/")
    here.get_by_role("button", name=re.compile("^End ")).first.click()
    expect(here.get_by_text("Ended. Whoever used it is signed out.")).to_be_visible()
    there.goto("/plans/")
    there.wait_for_url(re.compile("/account/login/"))
    here.goto("/plans/")
    here.wait_for_url(re.compile("/token/"))
    for context in contexts:
        context.close()
