"""The stage of random writes: a Caigunn, two members who share an access token, and a stranger."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from unittest.mock import patch

from django.core.cache import caches
from django.db import transaction
from django.test import Client
from django.test.utils import override_settings

from caigunn_admin.activity.models import Change, LeftValue
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.caigunn import TransportSettings
from chatbots.models import AccessToken, Connection, KeptInput, WriteLease
from chatbots.sandbox import AsOf, RecordedRequest, Sandbox, WebhookRoute
from chatbots.services import access, token
from tests.pages.changing import picture

from .random_death import Died, dying
from .random_model import Caigunn, held_by
from .random_values import PICTURE, Death, Trouble

EDITOR, ADMIN = "editor", "admin"
_MOST_REDIRECTS = 3
_SETTINGS: dict[str, Any] = {
    "READ_BACK_WAIT_SECONDS": 0.0,
    "BREAKER_FAILURES": 0,
    "CAIGUNN_READ_TIMEOUT": 5.0,
    "CAIGUNN_TOTAL_TIMEOUT": 10.0,
    # Whoever comes after a process that died comes when its lease has ended.
    "LEASE_SECONDS": 0.0,
}


@cache
def _file() -> Any:
    return picture()


@dataclass(frozen=True)
class Page:
    """What a browser shows in the end, `first` being the status of what it asked for."""

    first: int
    status: int
    html: str
    address: str
    was_redirected: bool


@dataclass
class Act:
    """Something that a member did: what was there before it, and what reached Caigunn."""

    before: Caigunn
    changes_before: dict[Any, Change]
    pages: list[Page] = field(default_factory=list)
    died: bool = False
    requests: list[RecordedRequest] = field(default_factory=list)
    now: Caigunn = field(default_factory=dict)
    changes: dict[Any, Change] = field(default_factory=dict)

    @property
    def writes(self) -> list[RecordedRequest]:
        """The requests that may change something."""
        return [one for one in self.requests if one.method != "GET"]

    @property
    def opened(self) -> list[Change]:
        """The Changes that were not there before."""
        return [one for pk, one in self.changes.items() if pk not in self.changes_before]

    @property
    def closed(self) -> list[Change]:
        """The Changes whose outcome was not this one before."""
        return [
            one
            for pk, one in self.changes.items()
            if pk not in self.changes_before or self.changes_before[pk].outcome != one.outcome
        ]


class Stage:
    """For as long as it is open; `pending` are the seconds after which a Change that is pending is
    called unknown."""

    def __init__(self, as_of: AsOf, webhook_route: WebhookRoute, *, pending: float) -> None:
        with ExitStack() as stack:
            self.sandbox = stack.enter_context(
                Sandbox(as_of=as_of, webhook_route=webhook_route, chatbots=3)
            )
            own = {"CAIGUNN_API_BASE_URL": self.sandbox.url, "PENDING_SECONDS": pending}
            stack.enter_context(override_settings(**_SETTINGS, **own))
            # A read that fails is tried again at once.
            quick = partial(TransportSettings, backoff=0.0001)
            stack.enter_context(patch.object(access, "TransportSettings", quick))
            stack.callback(_forget_all)
            stack.callback(lambda: access.transport().close())
            users = self.sandbox.users
            self.clients = {name: _client(name, users[0].token) for name in (EDITOR, ADMIN)}
            self.stranger = _client("stranger", users[1].token)
            self._stack = stack.pop_all()

    def close(self) -> None:
        """End it, and forget what it has left in the database."""
        self._stack.close()

    @property
    def caigunn(self) -> Caigunn:
        """What Caigunn holds."""
        return held_by(self.sandbox.users[0])

    @property
    def changes(self) -> dict[Any, Change]:
        """All Changes of chatbots by their id, in their order."""
        found = Change.objects.exclude(kind__startswith="token").order_by("created_at")
        return {one.pk: one for one in found}

    def act(self) -> Act:
        """Something that a member begins to do; `finish` ends it."""
        self.sandbox.clear_requests()
        return Act(self.caigunn, self.changes)

    def finish(self, act: Act) -> Act:
        """What came of it."""
        self.sandbox.clear_faults()
        act.requests = self.sandbox.requests
        act.now, act.changes = self.caigunn, self.changes
        return act

    def send(
        self,
        act: Act,
        who: str,
        address: str,
        values: dict[str, Any],
        trouble: Trouble | Death | None = None,
    ) -> Page | None:
        """The page that a form leads to; None where the process died."""
        sent = {name: _file() if value == PICTURE else value for name, value in values.items()}
        if PICTURE in values.values():
            _file().seek(0)
        client = self.clients[who]
        if isinstance(trouble, Trouble):
            for fault in trouble.faults():
                self.sandbox.order(fault)
        if isinstance(trouble, Death):
            try:
                with dying(trouble):
                    response = client.post(address, sent)
            except Died:
                act.died = True
                # Its connections end with it: whoever comes next has others.
                access.transport().close()
                if transaction.get_connection().in_atomic_block:
                    transaction.set_rollback(False)
                assert WriteLease.objects.exists(), "nothing was left behind"
                return None
        else:
            response = client.post(address, sent)
        act.pages.append(self._followed(client, response, address))
        return act.pages[-1]

    def open(self, who: str, address: str) -> Page:
        """A page."""
        client = self.clients[who]
        return self._followed(client, client.get(address), address)

    @staticmethod
    def _followed(client: Client, response: Any, address: str) -> Page:
        first = response.status_code
        hops = 0
        while response.status_code == 302:
            hops += 1
            assert hops <= _MOST_REDIRECTS, response["Location"]
            address = response["Location"]
            response = client.get(address)
        assert response.status_code < 500 or response.status_code in {502, 503, 504}, address
        return Page(first, response.status_code, response.content.decode(), address, hops > 0)


def _client(name: str, access_token: str) -> Client:
    role = Role.ADMIN if name == ADMIN else Role.EDITOR
    member = Member.objects.create_user(f"{name}@example.com", "a-password", role=role)
    client = Client(SERVER_NAME="localhost")
    client.force_login(member)
    token.connect(Request(member, "test"), access_token)
    return client


def _forget_all() -> None:
    models = (LeftValue, Change, KeptInput, WriteLease, Connection, AccessToken, Member)
    for model in models:
        model._default_manager.all().delete()
    for cache_ in caches.all():
        cache_.clear()
    caches["reads"].clear()
