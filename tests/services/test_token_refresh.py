"""Refresh (reliability §2): one call, nothing between answer and commit, and always a way out."""

import uuid
from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.conf import LazySettings
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots import vault
from chatbots.caigunn import CaigunnError, RateLimited, Rejected, TokenRejected
from chatbots.models import AccessToken, Connection, EndSource
from chatbots.sandbox import Fault
from chatbots.services import key_rotation, refresh, token
from chatbots.services.access import NotConnected, access_of
from tests.conftest import Joining, connect

from .conftest import PLANS, REFRESH, Desk, just_before

pytestmark = pytest.mark.django_db


def stored() -> AccessToken:
    return AccessToken.objects.get()


def refresh_change() -> Change:
    return Change.objects.get(kind=Kind.TOKEN_REFRESH)


def test_the_new_token_is_stored_tried_and_shared(desk: Desk, join: Joining) -> None:
    second = join("viewer", "second@example.com")
    connect(second, desk.record.open())
    desk.forget_calls()
    old = desk.record.open()
    record = refresh.refresh(desk.asks(), desk.record)
    assert desk.calls() == ["GET token/refresh", "GET plan"]
    assert record == stored()
    assert record.open() == desk.sandbox.users[0].token != old
    assert (record.sealed_previous, record.refresh_holder, record.refresh_until) == ("", None, None)
    assert record.fingerprint == vault.ring().fingerprint(record.open())
    assert record.last4 == record.open()[-4:]
    assert record.refreshed_at is not None
    assert access_of(second, "r").client.list_plans().received
    change = refresh_change()
    assert (change.outcome, change.access_token_id) == (Outcome.DONE, record.pk)
    assert desk.sandbox.refusals == []


def test_the_end_is_what_was_asked_for(desk: Desk) -> None:
    day = date(2031, 5, 6)
    record = refresh.refresh(desk.asks(), desk.record, day)
    assert desk.sandbox.requests[0].query == [("expired_date", "2031-05-06")]
    assert record.ends_at == datetime.combine(day, time.max, UTC)
    assert record.end_source == EndSource.ASKED
    again = refresh.refresh(desk.asks(), record)
    assert (again.ends_at, again.end_source) == (None, EndSource.UNKNOWN)


def test_a_new_jwt_says_its_end_itself(desk: Desk) -> None:
    record = connect(desk.member, desk.sandbox.users[1].token)
    renewed = refresh.refresh(desk.asks(), record, date(2031, 5, 6))
    assert renewed.ends_at == datetime(2031, 5, 6, tzinfo=UTC)
    assert renewed.end_source == EndSource.TOKEN


def test_whoever_saw_the_token_before_does_not_refresh_again(desk: Desk) -> None:
    seen = AccessToken.objects.get()
    refresh.refresh(desk.asks(), desk.record)
    desk.forget_calls()
    with pytest.raises(refresh.RefreshRunningError):
        refresh.refresh(desk.asks(), seen)
    assert desk.calls() == []


@pytest.mark.parametrize("minutes", [5, -5])
def test_a_held_lease_lets_nobody_in(desk: Desk, minutes: int) -> None:
    AccessToken.objects.update(
        refresh_holder=uuid.uuid4(), refresh_until=timezone.now() + timedelta(minutes=minutes)
    )
    with pytest.raises(refresh.RefreshRunningError):
        refresh.refresh(desk.asks(), stored())
    assert stored().refresh_died(timezone.now()) == (minutes < 0)
    assert desk.calls() == []


UNCLEAR = [
    Fault("reset_after", path=REFRESH),
    Fault("reset_before", path=REFRESH),
    Fault("cut", path=REFRESH),
    Fault("not_json", path=REFRESH),
    Fault("empty", path=REFRESH),
    Fault("wrong_shape", path=REFRESH),
    Fault("status", path=REFRESH, status=503),
    Fault("status", path=REFRESH, status=504, applied=True),
    Fault("redirect", path=REFRESH, headers={"Location": "https://elsewhere.example/"}),
    Fault("delay", path=REFRESH, seconds=0.001, body={"token": None}, applied=True),
    Fault("delay", path=REFRESH, seconds=0.001, body={"token": "with space"}, applied=True),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda one: f"{one.kind}-{one.status}")
def test_an_unclear_answer_is_one_attempt_and_unknown_with_a_way_out(
    desk: Desk, fault: Fault
) -> None:
    old = desk.record.open()
    desk.sandbox.order(fault)
    with pytest.raises(refresh.RefreshUnknownError):
        refresh.refresh(desk.asks(), desk.record)
    assert desk.calls() == ["GET token/refresh"]
    assert refresh_change().outcome == Outcome.UNKNOWN
    assert stored().refresh_died(timezone.now())
    works = refresh.settle_refresh(desk.asks(), stored())
    assert works == (desk.sandbox.users[0].token == old)
    record = stored()
    assert (record.refresh_holder, record.refresh_until) == (None, None)
    assert (record.rejected_at is None) == works
    assert refresh_change().outcome == Outcome.FAILED
    if works:
        assert refresh.refresh(desk.asks(), record).open() == desk.sandbox.users[0].token
    else:
        assert connect(desk.member, desk.sandbox.users[0].token) == stored() != record


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (422, Rejected), (404, Rejected), (429, RateLimited)]
)
def test_a_refusal_changes_nothing(desk: Desk, status: int, error: type[CaigunnError]) -> None:
    old = desk.record.open()
    desk.sandbox.order(Fault("status", path=REFRESH, status=status))
    with pytest.raises(error):
        refresh.refresh(desk.asks(), desk.record)
    record = stored()
    assert (record.open(), record.refresh_holder) == (old, None)
    assert refresh_change().outcome == Outcome.FAILED
    assert refresh.refresh(desk.asks(), record).open() == desk.sandbox.users[0].token


def test_a_refused_token_is_said_to_be_refused(desk: Desk) -> None:
    desk.sandbox.users[0].token = "changed-elsewhere-by-hand"
    with pytest.raises(TokenRejected):
        refresh.refresh(desk.asks(), desk.record)
    assert stored().refresh_holder is None


def test_a_new_token_that_cannot_be_tried_keeps_the_one_before_beside_it(desk: Desk) -> None:
    old = desk.record.open()
    desk.sandbox.order(Fault("status", path=PLANS, status=503, times=3))
    record = refresh.refresh(desk.asks(), desk.record)
    assert record.open() == desk.sandbox.users[0].token
    assert record.open_previous() == old
    assert refresh_change().outcome == Outcome.DONE


def test_a_new_token_that_caigunn_refuses_gives_way_to_the_one_before(desk: Desk) -> None:
    old = desk.record.open()
    desk.sandbox.order(
        Fault("status", path=REFRESH, status=200, body={"token": "a-token-of-nobody"})
    )
    with pytest.raises(TokenRejected):
        refresh.refresh(desk.asks(), desk.record)
    record = stored()
    assert (record.open(), record.sealed_previous, record.rejected_at) == (old, "", None)
    assert record.fingerprint == vault.ring().fingerprint(old)
    assert refresh_change().outcome == Outcome.FAILED


def test_a_token_that_another_record_holds_already_is_not_lost(desk: Desk, join: Joining) -> None:
    """Refreshed elsewhere and connected by a second member; then Caigunn gives it here as well."""
    desk.sandbox.users[2].token = "refreshed-elsewhere-0001"
    second = join("viewer", "second@example.com")
    other = connect(second, "refreshed-elsewhere-0001")
    desk.sandbox.order(
        Fault("status", path=REFRESH, status=200, body={"token": "refreshed-elsewhere-0001"})
    )
    record = refresh.refresh(desk.asks(), desk.record)
    assert record == other == stored()
    assert access_of(desk.member, "r").record == other == access_of(second, "r").record
    assert record.open() == "refreshed-elsewhere-0001"
    assert refresh_change().outcome == Outcome.DONE


def test_the_same_token_again_is_stored_again(desk: Desk) -> None:
    old = desk.record.open()
    desk.sandbox.order(Fault("status", path=REFRESH, status=200, body={"token": old}))
    assert refresh.refresh(desk.asks(), desk.record).open() == old
    assert stored().refresh_holder is None


def test_a_connection_of_the_old_token_elsewhere_does_not_block_the_way_back(
    desk: Desk, join: Joining
) -> None:
    """The new token is refused, and meanwhile a second member has connected the one before."""
    old = desk.record.open()
    second = join("viewer", "second@example.com")
    AccessToken.objects.update(
        sealed=vault.ring().seal("dead-token", desk.record.context("sealed")),
        fingerprint=vault.ring().fingerprint("dead-token"),
        sealed_previous=vault.ring().seal(old, desk.record.context("sealed_previous")),
        refresh_holder=uuid.uuid4(),
        refresh_until=timezone.now(),
    )
    other = connect(second, old)
    assert other != desk.record
    assert refresh.settle_refresh(desk.asks(), AccessToken.objects.get(pk=desk.record.pk))
    assert stored() == other
    assert Connection.objects.filter(access_token=other).count() == 2


def test_settling_waits_for_a_caigunn_that_answers(desk: Desk) -> None:
    AccessToken.objects.update(refresh_holder=uuid.uuid4(), refresh_until=timezone.now())
    desk.sandbox.order(Fault("status", path=PLANS, status=503, times=3))
    with pytest.raises(CaigunnError):
        refresh.settle_refresh(desk.asks(), stored())
    assert stored().refresh_died(timezone.now())


def is_storing(sql: str) -> bool:
    return sql.startswith("UPDATE") and "sealed_previous" in sql


def test_a_lost_lease_does_not_lose_the_new_token(desk: Desk) -> None:
    """The process slept longer than its lease, and somebody else's connection ended that."""

    def ended() -> None:
        AccessToken.objects.update(refresh_holder=None, refresh_until=None)

    with just_before(is_storing, ended):
        record = refresh.refresh(desk.asks(), desk.record)
    assert record.open() == desk.sandbox.users[0].token


def test_a_record_that_was_disconnected_meanwhile_is_no_error_page(desk: Desk) -> None:
    with (
        just_before(is_storing, lambda: token.disconnect(desk.asks())),
        pytest.raises(NotConnected),
    ):
        refresh.refresh(desk.asks(), desk.record)
    assert refresh_change().outcome == Outcome.FAILED
    assert not AccessToken.objects.exists()


def test_a_token_that_is_sealed_anew_meanwhile_is_refreshed_all_the_same(
    desk: Desk, settings: LazySettings
) -> None:
    settings.TOKEN_KEYS = f"new:{vault.make_key()},{settings.TOKEN_KEYS}"
    with just_before(
        lambda sql: sql.startswith('UPDATE "chatbots_accesstoken" SET "refresh_holder"'),
        key_rotation.rotate,
    ):
        refresh.refresh(desk.asks(), desk.record)
    assert AccessToken.objects.get().open() == desk.sandbox.users[0].token
    assert desk.calls() == ["GET token/refresh", "GET plan"]
