"""Chromium in front of gunicorn in front of a sandbox, all of it real."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

from chatbots.sandbox import Sandbox
from tests.environment import chromium

from .dashboard import Dashboard, collect_static
from .pages import connect, sign_in

ADMIN = "admin@example.com"
EDITOR = "editor@example.com"
VIEWER = "viewer@example.com"
OpenPage = Callable[..., Page]

# The browser reports a violation of the content security policy to the page alone.
_TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`));
"""

# What Chromium says where the next page is asked for while it still fades from one to another.
_CUT_SHORT = "uncaught: Transition was aborted because of invalid state"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium on PATH, where there is one; else Playwright's own."""
    found = chromium()
    chosen = {"executable_path": found} if found else {}
    # Shared memory is scarce in containers, and a sandbox of its own needs root's permission.
    return {
        **browser_type_launch_args,
        **chosen,
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
    }


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Sandbox]:
    """The Caigunn that the dashboard of this session talks to."""
    with Sandbox() as running:
        yield running


@pytest.fixture(scope="session")
def running_dashboard(
    running_sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Dashboard]:
    """One dashboard for the session, with a member of each kind."""
    # Parallel runners have folders of their own below one that they share.
    collect_static(tmp_path_factory.getbasetemp().parent)
    # It gives up on a silent Caigunn sooner, so that no test waits long.
    limits = {"CAIGUNN_READ_TIMEOUT": "3", "CAIGUNN_TOTAL_TIMEOUT": "12"}
    dashboard = Dashboard(tmp_path_factory.mktemp("dashboard"), running_sandbox.url, **limits)
    dashboard.release()
    for email, role in ((ADMIN, "admin"), (EDITOR, "editor"), (VIEWER, "viewer")):
        dashboard.add_member(email, role)
    with dashboard:
        yield dashboard


@pytest.fixture
def sandbox(running_sandbox: Sandbox, running_dashboard: Dashboard) -> Sandbox:
    """The sandbox as it was at first; nothing of it is known to the dashboard yet."""
    running_sandbox.reset()
    running_dashboard.forget()
    return running_sandbox


@pytest.fixture
def dashboard(running_dashboard: Dashboard, sandbox: Sandbox) -> Dashboard:
    """The dashboard, with a sandbox as it was at first."""
    return running_dashboard


@pytest.fixture
def newcomer(dashboard: Dashboard) -> str:
    """The address of an Editor who has never signed in."""
    email = f"newcomer-{uuid.uuid4().hex[:8]}@example.com"
    dashboard.add_member(email, "editor")
    return email


@pytest.fixture(scope="session")
def cookies(
    browser: Browser, running_dashboard: Dashboard, running_sandbox: Sandbox
) -> dict[str, Any]:
    """Sessions of members who are signed in and connected, by their address."""
    states: dict[str, Any] = {}
    for email in (ADMIN, EDITOR, VIEWER):
        context = browser.new_context(base_url=running_dashboard.url)
        page = context.new_page()
        sign_in(page, email)
        connect(page, running_sandbox.users[0].token)
        states[email] = context.storage_state()
        context.close()
    return states


@dataclass
class Console:
    """What the console of every page said; `expect` names what a test provokes."""

    errors: list[str] = field(default_factory=list)
    expected: list[str] = field(default_factory=list)

    def expect(self, *parts: str) -> None:
        """Errors that hold one of `parts` are no news."""
        self.expected += parts

    def watch(self, context: BrowserContext) -> None:
        """Listen to every page of the context."""
        context.add_init_script(_TELL_VIOLATIONS)
        context.on("console", self._note)
        context.on("weberror", lambda error: self.errors.append(f"uncaught: {error.error}"))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.errors.append(f"{message.type}: {message.text}")

    @property
    def news(self) -> list[str]:
        """The errors that nobody expected."""
        no_news = [*self.expected, _CUT_SHORT]
        return [error for error in self.errors if not any(part in error for part in no_news)]


@pytest.fixture
def console() -> Iterator[Console]:
    """No test leaves an error in the console that it did not expect."""
    console = Console()
    yield console
    assert console.news == []


@pytest.fixture
def open_page(
    browser: Browser, dashboard: Dashboard, cookies: dict[str, Any], console: Console
) -> Iterator[OpenPage]:
    """A new browser with one page: `open_page()` is the Editor's, signed in and connected;
    `open_page(None)` nobody's. Other arguments are Playwright's for a context.
    """
    contexts: list[BrowserContext] = []

    def make(email: str | None = EDITOR, **options: Any) -> Page:
        state = {"storage_state": cookies[email]} if email else {}
        given = {"base_url": dashboard.url, "locale": "en", **state, **options}
        context = browser.new_context(**given)
        context.set_default_timeout(15_000)
        console.watch(context)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
