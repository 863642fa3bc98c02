"""Refresh and create are never sent again: an answer that is lost is one attempt and an unknown
outcome, whether Caigunn acted or not (reliability §8.8)."""

from typing import NamedTuple

import pytest
from django.conf import LazySettings
from django.utils import timezone

from caigunn_admin.activity.models import Change, Outcome
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken
from chatbots.sandbox import Fault, FaultKind, Sandbox
from chatbots.services import lifecycle, refresh
from chatbots.services.access import access_of
from tests.conftest import Joining, connect

pytestmark = pytest.mark.django_db

TITLE = "新客服"


class Drop(NamedTuple):
    """How an answer is lost, and whether Caigunn has done what it was asked to."""

    kind: FaultKind
    status: int | None
    is_done: bool


KINDS: tuple[tuple[FaultKind, int | None], ...] = (
    *(("reset_before", None), ("close", None), ("cut", None), ("hang", None)),
    *(("status", 500), ("status", 502), ("status", 503), ("status", 504)),
    *(("empty", None), ("not_json", None), ("bad_utf8", None), ("redirect", None)),
)
DROPS = {
    f"{kind.partition('_before')[0]} {status or ''} {'after' if is_done else 'before'}": Drop(
        kind, status, is_done
    )
    for kind, status in KINDS
    for is_done in (False, True)
}


@pytest.fixture
def member(join: Joining, sandbox: Sandbox, settings: LazySettings) -> Member:
    """An Admin who is connected as the first user."""
    settings.CAIGUNN_READ_TIMEOUT = 0.3
    settings.BREAKER_FAILURES = 1_000_000
    admin = join("admin")
    connect(admin, sandbox.users[0].token)
    sandbox.clear_requests()
    return admin


def drop(sandbox: Sandbox, method: str, path: str, how: Drop) -> None:
    """Have the answers of all these requests be lost in this way."""
    headers = {"Location": f"{sandbox.url}/elsewhere"} if how.kind == "redirect" else None
    sandbox.order(
        Fault(
            how.kind,
            method=method,
            path=path,
            times=9,
            status=how.status,
            headers=headers,
            applied=how.is_done,
        )
    )


def count(sandbox: Sandbox, method: str, path: str) -> int:
    return sum(one.method == method and one.path.endswith(path) for one in sandbox.requests)


@pytest.mark.parametrize("how", DROPS.values(), ids=DROPS)
def test_a_refresh_whose_answer_is_lost_is_sent_once_and_unknown(
    sandbox: Sandbox, member: Member, how: Drop
) -> None:
    old, record = sandbox.users[0].token, AccessToken.objects.get()
    drop(sandbox, "GET", "/token/refresh$", how)
    asks = Request(member, "a page")
    with pytest.raises(refresh.RefreshUnknownError):
        refresh.refresh(asks, record)
    with pytest.raises(refresh.RefreshRunningError):
        refresh.refresh(asks, AccessToken.objects.get())
    assert count(sandbox, "GET", "/token/refresh") == 1
    assert (sandbox.users[0].token != old) == how.is_done
    record = AccessToken.objects.get()
    assert record.refresh_died(timezone.now())
    assert Change.objects.get(kind="token_refresh").outcome == Outcome.UNKNOWN
    assert refresh.settle_refresh(asks, record) is not how.is_done
    assert count(sandbox, "GET", "/token/refresh") == 1


@pytest.mark.parametrize("how", DROPS.values(), ids=DROPS)
def test_a_creation_whose_answer_is_lost_is_sent_once_and_unknown(
    sandbox: Sandbox, member: Member, how: Drop
) -> None:
    user = sandbox.users[0]
    there_before = {bot.id for bot in user.chatbots}
    drop(sandbox, "POST", "/user/chatbot$", how)
    new = lifecycle.NewChatbot(TITLE, user.plans[0].id)
    with pytest.raises(lifecycle.LostAnswerError) as lost:
        lifecycle.create(access_of(member, "a page"), new, form_key="one")
    made = [bot.id for bot in user.chatbots if bot.id not in there_before]
    assert len(made) == how.is_done
    assert [one.id for one in lost.value.found or ()] == made
    assert Change.objects.get(kind="create").outcome == Outcome.UNKNOWN
    with pytest.raises(lifecycle.LostAnswerError):
        lifecycle.create(access_of(member, "a page"), new, form_key="one")
    assert count(sandbox, "POST", "/user/chatbot") == 1
