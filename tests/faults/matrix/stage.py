"""The stage of every cell: one sandbox, one Admin in front of it, and their browser."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from types import FrameType
from typing import Any
from unittest.mock import patch

from allauth.account.models import EmailAddress
from django.apps import apps
from django.conf import settings
from django.core.cache import caches
from django.db import DEFAULT_DB_ALIAS, transaction
from django.test import Client
from django.test.utils import override_settings

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.caigunn import TransportSettings
from chatbots.models import Canary
from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.services import access, token
from tests.pages.drawn import Drawn, Form

from .seen import Seen

REFRESH = "/api/external/user/token/refresh"
READS = f"^(?!{REFRESH}$)"
# Beyond the total time-out: far more than a busy machine needs to draw a page.
MARGIN_SECONDS = 15.0
# Seconds to wait for faults that wait: briefly, then, where a busy machine did not even get to
# the fault in that time, longer. One more pool of connections each: `access` keeps four.
BRIEFLY = (0.1, 0.5, 5.0)
_MOST_REDIRECTS = 3
_SETTINGS: dict[str, Any] = {
    "READ_BACK_WAIT_SECONDS": 0.0,
    "BREAKER_FAILURES": 0,
    "WHITENOISE_AUTOREFRESH": True,
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
}


class NoAnswer(BaseException):
    """A page request took longer than the total time-out and the margin."""


@dataclass(frozen=True)
class Answer:
    """What came back, and the page that its redirects lead to, if it has any."""

    status: int
    address: str
    """Of the page that is shown in the end."""
    final_status: int
    html: str
    trace: str
    """The exception behind a 500."""

    @cached_property
    def seen(self) -> Seen:
        """What the member sees."""
        return Seen(self.html)

    @cached_property
    def page(self) -> Drawn:
        """Its forms and links."""
        return Drawn(self.html, self.address.partition("?")[0])

    def form(self, action: str) -> Form | None:
        """The form that is sent to this address, if the page has one."""
        page = self.page
        return page.form(action) if page.has_form(action) else None

    @property
    def statuses(self) -> str:
        """302→200, or one status alone."""
        return f"{self.status}" + (f"→{self.final_status}" if self.status == 302 else "")


class Stage:
    """Where cells are played, one after the other; `with Stage() as stage`."""

    sandbox: Sandbox
    client: Client
    member: Member

    def __init__(self) -> None:
        self._stack = ExitStack()

    def __enter__(self) -> "Stage":
        self.sandbox = self._stack.enter_context(Sandbox(chatbots=2))
        here = _SETTINGS | {"CAIGUNN_API_BASE_URL": self.sandbox.url}
        self._stack.enter_context(override_settings(**here))
        at_once = partial(TransportSettings, backoff=0.001)
        self._stack.enter_context(patch.object(access, "TransportSettings", at_once))
        self._stack.callback(_close_pools)
        self.member = Member.objects.create_user("matrix@example.com", "x", role=Role.ADMIN)
        self._stack.callback(self.member.delete)
        EmailAddress.objects.create(
            user=self.member, email=self.member.email, verified=True, primary=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def bot(self) -> Chatbot:
        """The chatbot that is looked at and written."""
        return self.sandbox.users[0].all_chatbots[0]

    def set_back(self) -> None:
        """As if nothing had ever been asked for; the member is signed in and connected."""
        self.sandbox.reset()
        with transaction.atomic():
            for app in ("chatbots", "activity"):
                for model in set(apps.get_app_config(app).get_models()) - {Canary}:
                    # Nothing else hangs on these rows, so there is nothing to be looked for.
                    model._base_manager.all()._raw_delete(DEFAULT_DB_ALIAS)
        for cache in caches.all(initialized_only=True):
            cache.clear()
        self.client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        self.client.force_login(self.member)
        token.connect(Request(self.member, "matrix"), self.sandbox.users[0].token)
        self.sandbox.clear_requests()

    def get(self, address: str, headers: dict[str, str] | None = None) -> Answer:
        """Open an address."""
        with _no_hang():
            return self._followed(self.client.get(address, headers=headers), address)

    def send(self, form: Form, press: str, typed: dict[str, Any]) -> Answer:
        """Send a form as it stands, but for what was typed."""
        for value in typed.values():
            if hasattr(value, "seek"):
                value.seek(0)
        with _no_hang():
            return self._followed(form.submit(self.client, press, **typed), form.action)

    def _followed(self, response: Any, address: str) -> Answer:
        first, trace = response.status_code, _trace(response)
        for _redirect in range(_MOST_REDIRECTS):
            if response.status_code != 302:
                break
            address = response["Location"]
            response = self.client.get(address)
            trace = trace or _trace(response)
        html = response.content.decode()
        return Answer(first, address, response.status_code, html, trace)

    # What goes wrong

    def fail_reads(self, fault: Fault, after: int) -> None:
        """Let some reads pass, and have all others fail."""
        if after:
            self._let_pass("GET", READS, after)
        self.sandbox.order(fault)

    def fail_writes(self, faults: dict[str, Fault], after: dict[str, int]) -> None:
        """By method: let some unsafe requests pass, and have all others fail."""
        for method, fault in faults.items():
            if count := after.get(method, 0):
                self._let_pass(method, fault.path, count)
            self.sandbox.order(fault)

    def _let_pass(self, method: str, path: str, times: int) -> None:
        self.sandbox.order(Fault("delay", seconds=0.0001, method=method, path=path, times=times))

    def all_is_well(self) -> None:
        """End all faults."""
        self.sandbox.clear_faults()

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Wait no longer than this for Caigunn's next byte; 0: as long as in production."""
        with override_settings(**_waiting(seconds)):
            yield

    def holds(self) -> dict[tuple[str, str], object]:
        """All that the sandbox holds: (chatbot or user, field) to value."""
        held: dict[tuple[str, str], object] = {}
        for user in self.sandbox.users:
            held[user.name, "token"] = user.token
            for bot in user.all_chatbots:
                for name, value in {**bot.fields, **bot.settings}.items():
                    held[bot.id, name] = value
        return held


def is_unsafe(method: str, path: str) -> bool:
    """Whether a request to Caigunn may change something there; a refresh does, although a GET."""
    return method != "GET" or path == REFRESH


def unsafe_faults(trouble_fault: Any) -> dict[str, Fault]:
    """A lasting fault for unsafe requests of each method."""
    paths = {"POST": "", "PUT": "", "DELETE": "", "GET": f"^{REFRESH}$"}
    return {method: trouble_fault(method, path) for method, path in paths.items()}


@contextmanager
def _no_hang() -> Iterator[None]:
    """Raise NoAnswer where the block takes longer than a page may; only in the main thread."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise NoAnswer

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, settings.CAIGUNN_TOTAL_TIMEOUT + MARGIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _trace(response: Any) -> str:
    info = getattr(response, "exc_info", None)
    return f"{info[0].__name__}: {info[1]}" if info else ""


def _waiting(seconds: float) -> dict[str, float]:
    if not seconds:
        return {}
    return {"CAIGUNN_READ_TIMEOUT": seconds, "CAIGUNN_TOTAL_TIMEOUT": 2 * seconds}


def _close_pools() -> None:
    for seconds in (0.0, *BRIEFLY):
        with override_settings(**_waiting(seconds)):
            access.transport().close()
    access._transport.cache_clear()
