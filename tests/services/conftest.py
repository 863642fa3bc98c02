"""A desk: a member with a connected token, in front of a sandbox of any kind."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken
from chatbots.sandbox import Chatbot, Sandbox
from chatbots.services.access import Access, access_of
from tests.conftest import Joining, connect

WEBHOOK = "/api/external/chatbot/webhook"
CHATBOT = r"/user/chatbot/[^/]+$"
CHATBOTS = "/user/chatbot$"
PLANS = "/user/plan$"
REFRESH = "/token/refresh$"


@dataclass(frozen=True)
class Desk:
    """What a service is called with, and the Caigunn it calls."""

    sandbox: Sandbox
    member: Member
    record: AccessToken

    def access(self) -> Access:
        """The access of a new page request."""
        return access_of(self.member, "request-1")

    def asks(self) -> Request:
        """Who asks, as the token page says it."""
        return Request(self.member, "request-1")

    @property
    def bots(self) -> list[Chatbot]:
        """The member's chatbots as Caigunn has them."""
        return self.sandbox.users[0].chatbots

    def calls(self) -> list[str]:
        """What reached Caigunn since `forget_calls`, `GET /…/plan` written as `GET plan`."""
        return [
            f"{one.method} {one.path.removeprefix('/api/external/').removeprefix('user/')}"
            for one in self.sandbox.requests
        ]

    def count(self, method: str) -> int:
        """How many of these calls have the method."""
        return sum(one.method == method for one in self.sandbox.requests)

    def forget_calls(self) -> None:
        """Count from here on."""
        self.sandbox.clear_requests()


OpenDesk = Callable[..., Desk]


@pytest.fixture
def open_desk(join: Joining, settings: LazySettings) -> Iterator[OpenDesk]:
    """Opens a desk at a sandbox made with the given arguments."""
    opened_all: list[Sandbox] = []
    with ExitStack() as stack:

        def opened(role: str = "editor", **sandbox: Any) -> Desk:
            running = stack.enter_context(Sandbox(**sandbox))
            settings.CAIGUNN_API_BASE_URL = running.url
            member = join(role)
            record = connect(member, running.users[0].token)
            running.clear_requests()
            opened_all.append(running)
            return Desk(running, member, record)

        yield opened
        # Whatever a test is about: nothing undocumented was sent.
        assert [one for sandbox in opened_all for one in sandbox.refusals] == []


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """An editor at a Caigunn of 2024-11 with five chatbots."""
    return open_desk(chatbots=5)


@contextmanager
def just_before(is_it: Callable[[str], bool], act: Callable[[], object]) -> Iterator[None]:
    """Have `act` happen once, before the first SQL that `is_it` says yes to: another process
    gets in between there."""
    once = [act]

    def watch(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if once and is_it(sql):
            once.pop()()
        return execute(sql, *rest)

    with connection.execute_wrapper(watch):
        yield
    assert not once, "what it waits for never came"
