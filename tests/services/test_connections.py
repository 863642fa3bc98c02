"""Who is connected with what, who shares it, and what the members are told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Connection
from chatbots.services import connections, token
from tests.conftest import Joining, connect

from .conftest import Desk

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def ends_in(record: AccessToken, left: timedelta) -> None:
    AccessToken.objects.filter(pk=record.pk).update(ends_at=timezone.now() + left)


def banner_of(member: Member) -> connections.Banner | None:
    """What a new page tells the member."""
    return connections.banner_of(Member.objects.get(pk=member.pk))


def shared_by(desk: Desk, *members: Member) -> None:
    for member in members:
        connect(member, desk.record.open())


def test_the_connections_of_a_team_are_one_query(desk: Desk, join: Joining) -> None:
    second, other, alone = (join("viewer", f"{name}@example.com") for name in ("b", "c", "d"))
    shared_by(desk, second)
    connect(other, desk.sandbox.users[1].token)
    with CaptureQueriesContext(connection) as seen:
        found = connections.connections_of([desk.member, second, other, alone])
    assert len(seen) == 1
    assert set(found) == {desk.member.pk, second.pk, other.pk}
    assert found[desk.member.pk] == found[second.pk]
    assert [found[one.pk].shared_with for one in (second, other)] == [1, 0]
    assert found[other.pk].ends_at == datetime(2030, 12, 31, tzinfo=UTC)
    state = found[second.pk]
    assert (state.last4, state.label) == (desk.record.open()[-4:], "")
    assert state.connected_by_id == desk.member.pk
    assert state.last_worked_at is not None
    assert (state.rejected_at, state.ends_at, state.is_elsewhere) == (None, None, False)
    assert desk.record.open() not in repr(found)


def test_a_connection_to_another_address_is_told_apart(desk: Desk, settings: LazySettings) -> None:
    settings.CAIGUNN_API_BASE_URL = "http://127.0.0.1:9"
    assert connections.connections_of([desk.member])[desk.member.pk].is_elsewhere
    AccessToken.objects.update(rejected_at=timezone.now())
    assert banner_of(desk.member) is None


def test_who_shares_a_token_and_who_connected_it(desk: Desk, join: Joining) -> None:
    second, third = join("viewer", "b@example.com"), join("viewer", "c@example.com")
    shared_by(desk, second, third)
    found = connections.sharers(desk.record)
    assert [one.member for one in found] == [desk.member, second, third]
    assert [one.connected_it for one in found] == [True, False, False]
    token.disconnect(Request(desk.member, "r"))
    found = connections.sharers(AccessToken.objects.get())
    assert [(one.member, one.connected_it) for one in found] == [(second, True), (third, False)]


@pytest.mark.parametrize(
    ("left", "days"),
    [
        (timedelta(days=14), 14),
        (timedelta(days=15, seconds=-1), 14),
        (timedelta(hours=23), 0),
        (timedelta(), 0),
        (timedelta(seconds=-1), -1),
        (timedelta(days=-2), -2),
    ],
)
def test_whole_days_that_are_left(left: timedelta, days: int) -> None:
    assert connections.days_left(NOON + left, NOON) == days


@pytest.mark.parametrize(
    ("left", "is_told"),
    [
        (timedelta(days=15, minutes=1), False),
        (timedelta(days=14, hours=23), True),
        (timedelta(days=-40), True),
    ],
)
def test_members_are_told_from_fourteen_days_on(desk: Desk, left: timedelta, is_told: bool) -> None:
    ends_in(desk.record, left)
    banner = banner_of(desk.member)
    assert (banner is not None) is is_told
    if banner:
        assert (banner.is_rejected, banner.has_ended) == (False, left < timedelta())
        assert banner.may_refresh


def test_nothing_is_told_of_a_token_that_works_and_to_whoever_has_none(
    desk: Desk, join: Joining
) -> None:
    assert banner_of(desk.member) is None
    assert banner_of(join("viewer")) is None


def test_of_many_who_share_a_token_three_are_named(desk: Desk, join: Joining) -> None:
    AccessToken.objects.update(rejected_at=timezone.now())

    def others() -> str:
        banner = banner_of(desk.member)
        assert banner is not None
        return banner.others

    said = [others()]
    for name in "abcdef":
        member = join("viewer", f"{name}@example.com")
        Connection.objects.create(member=member, access_token=desk.record)
        said.append(others())
    a, b, c, d = (f"{name}@example.com" for name in "abcd")
    assert said == [
        "",
        a,
        f"{a} and {b}",
        f"{a}, {b} and {c}",
        f"{a}, {b}, {c} and {d}",
        f"{a}, {b}, {c} and 2 others",
        f"{a}, {b}, {c} and 3 others",
    ]


def test_a_connection_that_was_read_before_is_not_read_again(desk: Desk) -> None:
    ends_in(desk.record, timedelta(days=3))
    member = Member.objects.get()
    with CaptureQueriesContext(connection) as seen:
        assert connections.banner_of(member) is not None
    assert len(seen) == 1
    known = Connection.objects.select_related("access_token").get()
    known.member = member
    with CaptureQueriesContext(connection) as seen:
        assert connections.banner_of(member) is not None
    assert len(seen) == 0
