"""Connect, replace, share, disconnect: one record for one token, sealed, never shown."""

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots import vault
from chatbots.caigunn import TokenRejected, Unavailable
from chatbots.models import AccessToken, Connection, EndSource
from chatbots.sandbox import Fault, Sandbox
from chatbots.services import refresh, token, token_records
from chatbots.services.access import (
    NotConnected,
    access_of,
    note_rejected,
    note_worked,
    release_database,
)
from tests.conftest import Joining, connect

from .conftest import PLANS, Desk, just_before

pytestmark = pytest.mark.django_db


def test_a_token_is_tried_before_it_is_saved(sandbox: Sandbox, join: Joining) -> None:
    member, text = join("viewer"), sandbox.users[0].token
    record = connect(member, text)
    assert [(one.method, one.path, one.query) for one in sandbox.requests] == [
        ("GET", "/api/external/user/plan", [("offset", "0"), ("limit", "1")])
    ]
    stored = AccessToken.objects.get()
    assert stored == record == access_of(member, "r").record
    assert stored.open() == text
    assert text not in stored.sealed + stored.fingerprint + str(stored)
    assert (stored.last4, stored.connected_by) == (text[-4:], member)
    change = Change.objects.get()
    assert (change.kind, change.outcome) == (Kind.TOKEN_CONNECT, Outcome.DONE)
    assert change.access_token_id == stored.pk
    assert text not in json.dumps([change.before, change.asked, change.after])


@pytest.mark.parametrize(
    ("text", "error"),
    [("nobody-has-this-token", TokenRejected), ("with space", ValueError), ("字", ValueError)],
)
def test_what_caigunn_refuses_is_not_saved(
    sandbox: Sandbox, join: Joining, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error) as caught:
        connect(join("viewer"), text)
    assert text not in str(caught.value)
    assert not AccessToken.objects.exists()
    assert not Change.objects.exists()


def test_a_check_without_an_answer_saves_nothing(sandbox: Sandbox, join: Joining) -> None:
    sandbox.order(Fault("status", status=503, path=PLANS, times=3))
    with pytest.raises(Unavailable):
        connect(join("viewer"), sandbox.users[0].token)
    assert not Connection.objects.exists()


def test_members_with_the_same_token_share_its_record(desk: Desk, join: Joining) -> None:
    second = join("viewer", "second@example.com")
    shared = connect(second, desk.record.open())
    assert shared == desk.record
    assert AccessToken.objects.get().connected_by == desk.member
    token.disconnect(Request(desk.member, "r"))
    assert access_of(second, "r").record == desk.record
    with pytest.raises(NotConnected):
        access_of(desk.member, "r")
    token.disconnect(Request(second, "r"))
    assert not AccessToken.objects.exists()


def test_a_token_is_found_under_every_key(
    desk: Desk, join: Joining, settings: LazySettings
) -> None:
    settings.TOKEN_KEYS = f"newer:{vault.make_key()},{settings.TOKEN_KEYS}"
    assert connect(join("viewer"), desk.sandbox.users[0].token) == desk.record


def test_replacing_drops_a_seal_that_nobody_uses(desk: Desk) -> None:
    replaced = connect(desk.member, desk.sandbox.users[1].token)
    assert list(AccessToken.objects.all()) == [replaced]
    assert Connection.objects.get().access_token == replaced
    assert Change.objects.first() is not None


def test_replacing_keeps_a_seal_that_another_member_uses(desk: Desk, join: Joining) -> None:
    second = join("viewer", "second@example.com")
    connect(second, desk.record.open())
    connect(desk.member, desk.sandbox.users[1].token)
    assert access_of(second, "r").record == desk.record


def test_connecting_again_keeps_seal_and_label_and_clears_a_rejection(desk: Desk) -> None:
    AccessToken.objects.update(label="Support", rejected_at=timezone.now())
    sealed = AccessToken.objects.get().sealed
    connect(desk.member, desk.record.open())
    stored = AccessToken.objects.get()
    assert (stored.sealed, stored.label, stored.rejected_at) == (sealed, "Support", None)


def test_disconnecting_twice_is_harmless(desk: Desk) -> None:
    token.disconnect(desk.asks())
    token.disconnect(desk.asks())
    kinds = [change.kind for change in Change.objects.all()]
    assert kinds.count(Kind.TOKEN_DISCONNECT) == 1


def test_a_token_is_never_sent_to_another_address(desk: Desk, settings: LazySettings) -> None:
    with Sandbox(chatbots=1) as other:
        settings.CAIGUNN_API_BASE_URL = other.url
        with pytest.raises(NotConnected):
            access_of(desk.member, "r")
        for act in (refresh.refresh, refresh.settle_refresh):
            with pytest.raises(NotConnected):
                act(desk.asks(), desk.record)
        assert other.requests == []
    assert AccessToken.objects.get().refresh_holder is None


def test_a_connection_stops_whoever_shares_an_address_only(desk: Desk, join: Joining) -> None:
    """The same token at another Caigunn is another record."""
    AccessToken.objects.update(api_base_url="https://caigunn.example")
    assert connect(join("viewer"), desk.sandbox.users[0].token) != desk.record


def test_a_refresh_between_check_and_saving_is_shared_all_the_same(
    desk: Desk, join: Joining
) -> None:
    """Whoever proved to hold the token before stays with the record that was refreshed."""
    second, text = join("viewer", "second@example.com"), desk.record.open()

    def refreshed() -> None:
        new = desk.sandbox.users[0].refresh_token(None)
        AccessToken.objects.update(
            sealed=vault.ring().seal(new, desk.record.context("sealed")),
            fingerprint=vault.ring().fingerprint(new),
        )

    with after_the_check(desk, refreshed):
        shared = connect(second, text)
    assert list(AccessToken.objects.all()) == [shared] == [desk.record]
    assert access_of(second, "r").client.list_plans().received
    assert shared.open() == desk.sandbox.users[0].token != text


def test_a_refresh_that_died_before_a_connection_is_forgotten_and_one_after_it_is_not(
    desk: Desk,
) -> None:
    def dies() -> None:
        AccessToken.objects.update(refresh_holder=desk.record.pk, refresh_until=timezone.now())

    dies()
    connect(desk.member, desk.record.open())
    assert AccessToken.objects.get().refresh_holder is None
    with after_the_check(desk, dies):
        connect(desk.member, desk.record.open())
    assert AccessToken.objects.get().refresh_died(timezone.now())


def after_the_check(desk: Desk, act: Callable[[], object]) -> AbstractContextManager[None]:
    """Have `act` happen after Caigunn has accepted the token, before that is saved."""
    desk.forget_calls()
    return just_before(lambda sql: bool(desk.calls()) and "chatbots_accesstoken" in sql, act)


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.x"


def test_a_jwt_says_when_it_ends(sandbox: Sandbox, join: Joining) -> None:
    record = connect(join("viewer"), sandbox.users[1].token)
    assert record.ends_at == datetime(2030, 12, 31, tzinfo=UTC)
    assert record.end_source == EndSource.TOKEN


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "a.b",
        "a.b.c",
        "a.é.c",
        "e30.W10.x",
        jwt({}),
        jwt([1]),
        jwt({"exp": None}),
        jwt({"exp": "soon"}),
        jwt({"exp": 10**30}),
        jwt({"exp": -(10**15)}),
        jwt({"exp": float("nan")}),
        f"e30.{base64.urlsafe_b64encode(b'[' * 100_000).decode()}.x",
    ],
)
def test_any_other_text_has_no_known_end(text: str) -> None:
    assert token_records.end_of(text) is None


def test_an_end_is_read_from_seconds() -> None:
    assert token_records.end_of(jwt({"exp": "1893456000"})) == datetime(2030, 1, 1, tzinfo=UTC)


def test_a_token_that_is_short_shows_nothing_of_itself(desk: Desk, join: Joining) -> None:
    desk.sandbox.users[2].token = "fifteen-letters"
    assert connect(join("viewer"), "fifteen-letters").last4 == ""


def test_that_a_token_works_is_written_down_now_and_then(desk: Desk) -> None:
    record = AccessToken.objects.get()
    seen = record.last_worked_at
    note_worked(record)
    assert AccessToken.objects.get().last_worked_at == seen
    note_rejected(desk.member)
    assert AccessToken.objects.get().rejected_at is not None
    note_worked(AccessToken.objects.get())
    assert AccessToken.objects.get().rejected_at is None
    AccessToken.objects.update(last_worked_at=timezone.now() - timedelta(minutes=6))
    note_worked(AccessToken.objects.get())
    assert AccessToken.objects.get().last_worked_at != seen


def test_a_rejection_concerns_the_member_s_own_record(desk: Desk, join: Joining) -> None:
    other = join("viewer", "other@example.com")
    mine = connect(other, desk.sandbox.users[1].token)
    note_rejected(desk.member)
    assert set(AccessToken.objects.filter(rejected_at=None)) == {mine}


def test_a_token_of_other_keys_is_not_sent_anywhere(desk: Desk, settings: LazySettings) -> None:
    settings.TOKEN_KEYS = f"other:{vault.make_key()}"
    with pytest.raises(vault.SealError):
        access_of(desk.member, "r")
    with pytest.raises(vault.SealError):
        refresh.refresh(desk.asks(), desk.record)
    assert desk.calls() == []
    assert AccessToken.objects.get().refresh_holder is None


def test_an_access_shows_no_token(desk: Desk) -> None:
    access = desk.access()
    assert desk.record.open() not in repr(access) + str(access) + repr(access.client)


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_who_may_refresh(desk: Desk, join: Joining, role: str) -> None:
    """Whoever connected it, or an Admin (design §5)."""
    other: Member = join(role, f"another-{role}@example.com")
    assert refresh.may_refresh(desk.member, desk.record)
    assert refresh.may_refresh(other, desk.record) == (role == "admin")


@pytest.mark.django_db(transaction=True)
def test_no_transaction_spans_a_call(desk: Desk) -> None:
    access = desk.access()
    with transaction.atomic(), pytest.raises(RuntimeError, match="transaction"):
        access.client.list_plans()
    assert desk.calls() == []
    release_database()


def test_whoever_leaves_hands_a_shared_token_over(desk: Desk, join: Joining) -> None:
    """Else nobody but an Admin could ever refresh it."""
    other = join("viewer", "other@example.com")
    record = connect(other, desk.sandbox.users[0].token)
    assert record.connected_by == desk.member
    token.disconnect(desk.asks())
    record.refresh_from_db()
    assert record.connected_by == other


def test_a_shared_label_stays_with_whoever_connected_it(desk: Desk, join: Joining) -> None:
    text = desk.sandbox.users[0].token
    token.connect(desk.asks(), text, "Support")
    asks = Request(join("viewer", "other@example.com"), "r")
    assert token.connect(asks, text, "Mine").label == "Support"
