"""Every page of the site, reached by following links: nothing for axe by any of its rules, a silent
console, and no address left out without a reason.

`pytest -s tests/browser/test_crawl.py` prints the pages it saw, each with the link that led there;
a report (`--junit-xml`) holds them as the property `pages`.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, get_resolver, resolve, reverse
from playwright.sync_api import Page, expect

from chatbots.sandbox import Sandbox
from tests.pages.role_table import TABLE
from tests.test_architecture import patterns

from .conftest import ADMIN, Console, OpenPage
from .looking import axe_finds
from .pages import SAVED, edit_link, open_list, row_of, save, sign_in, webhook_field
from .test_team import plug_in_authenticator, set_up_app

pytestmark = pytest.mark.browser

DESK = {"viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}
ADMINS = 3  # their place among the statuses of TABLE

# Pages of the account that no link leads to, at least not for whoever is signed in.
BY_ADDRESS = ["account_email", "account_reauthenticate", "account_inactive"]
FOR_STRANGERS = [
    *("account_login", "account_signup", "account_email_verification_sent"),
    *("account_reset_password_done", "account_reset_password_from_key_done"),
]
WITH_A_KEY = ["/account/confirm-email/no-such-key/", "/account/password/reset/key/1-no-such-key/"]

# What the crawl does not see, and why.
NOT_SEEN = {
    "healthz": "plain text for a machine",
    "readyz": "plain text for a machine",
    "home": "leads to the list",
    "keyboard": "a fragment; test_keyboard.py looks at the dialogs in it",
    "account_logout": "would end the session; test_every_page.py looks at it",
    "account_set_password": "leads to the change of the password",
    "account_confirm_login_code": "leads to the sign-in page",
    "invitation": "its key is in no page; test_team.py looks at it",
    "mfa_authenticate": "stands between password and session alone",
    "mfa_reauthenticate": "stands after 30 minutes alone",
    "mfa_reauthenticate_webauthn": "stands after 30 minutes alone",
    "mfa_login_webauthn": "answers a script",
    "mfa_download_recovery_codes": "a file",
}
# Following these would end something, or fetch no page.
NEVER_FOLLOWED = {"account_logout", "mfa_download_recovery_codes"}

_LINKS = """() => [...document.querySelectorAll("a[href]")]
  .map((link) => [link.href, (link.getAttribute("aria-label") || link.textContent).trim()])"""


def name_of(address: str) -> str | None:
    """The name of the pattern that an address matches; None where none does."""
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return None


@dataclass
class Crawl:
    """Walks from page to page, one for each pattern of the URL conf, and looks at each."""

    console: Console
    seen: dict[str, str] = field(default_factory=dict)
    findings: dict[str, list[str]] = field(default_factory=dict)
    opened: set[str] = field(default_factory=set)

    def walk(self, page: Page, *starts: str) -> None:
        """Breadth first from `starts`, as whoever `page` belongs to."""
        waiting = [(start, "by its address") for start in starts]
        while waiting:
            address, way = waiting.pop(0)
            name = name_of(address)
            if name is None or name in self.opened | NEVER_FOLLOWED:
                continue
            self.opened.add(name)
            page.goto(address)
            name = name_of(page.url)
            if name is None or name in self.seen:
                continue
            self._look(page, name, way)
            for link, text in page.evaluate(_LINKS):
                if urlsplit(link)[:2] == urlsplit(page.url)[:2]:
                    waiting.append((urljoin(page.url, link), f"“{text[:40]}” on {name}"))

    def _look(self, page: Page, name: str, way: str) -> None:
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        # What the page fetches by itself has come.
        expect(page.locator("[hx-trigger^=load]")).to_have_count(0)
        self.seen[name] = f"{urlsplit(page.url).path}  {way}"
        self.findings.setdefault(name, []).extend([*axe_finds(page), *self.console.news])
        self.console.errors.clear()

    def __str__(self) -> str:
        rows = [f"  {name:36} {way}" for name, way in sorted(self.seen.items())]
        return "\n".join([f"{len(rows)} pages:", *rows])


def a_change(page: Page, sandbox: Sandbox) -> None:
    """Change a webhook, so that history and undo have something to show."""
    open_list(page)
    row = row_of(page, sandbox.users[0].chatbots[0].id)
    edit_link(row).click()
    webhook_field(row).fill("https://hooks.example.org/crawled")
    save(row)
    expect(row).to_contain_text(SAVED)


def a_second_factor(page: Page, email: str) -> None:
    """Sign in, and set up an authenticator app and a passkey."""
    plug_in_authenticator(page.context, page)
    sign_in(page, email)
    set_up_app(page)
    page.goto("/account/2fa/webauthn/add/")
    page.get_by_label("Name").fill("Laptop")
    page.get_by_role("main").get_by_role("button", name="Add").click()
    page.wait_for_url(re.compile("/account/2fa/(webauthn/)?$"))


def test_every_page(
    open_page: OpenPage,
    sandbox: Sandbox,
    newcomer: str,
    console: Console,
    record_property: Callable[[str, object], None],
) -> None:
    crawl = Crawl(console)

    admin = open_page(ADMIN, **DESK)
    a_change(admin, sandbox)
    crawl.walk(admin, reverse("chatbots"), *map(reverse, BY_ADDRESS))
    secured = open_page(None, **DESK)
    a_second_factor(secured, newcomer)
    # With a factor that page is another one.
    crawl.opened.discard("mfa_index")
    crawl.seen.pop("mfa_index")
    crawl.walk(secured, reverse("mfa_index"))
    crawl.walk(open_page(None, **DESK), *map(reverse, FOR_STRANGERS), *WITH_A_KEY)

    record_property("pages", str(crawl))
    print(f"\n{crawl}")  # noqa: T201
    assert {name: found for name, found in crawl.findings.items() if found} == {}
    takes_forms_alone = {name for name, entry in TABLE.items() if entry.get[ADMINS] == 405}
    every = {str(pattern.name) for pattern in patterns(get_resolver())} - takes_forms_alone
    assert crawl.seen.keys() & NOT_SEEN.keys() == set()
    assert every == crawl.seen.keys() | NOT_SEEN.keys()
