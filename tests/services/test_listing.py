"""Which Changes a member sees, and finding some of them."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from caigunn_admin.activity.listing import PAGE_SIZE, ActivityForm, page_of, visible_to
from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from tests.conftest import Joining

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor(join: Joining) -> Member:
    member = join("editor")
    member.name = "Ada Editor"
    member.save()
    return member


def made(member: Member | None, at: str = "2026-03-10T12:00", **fields: Any) -> Change:
    """A Change of that moment, in UTC."""
    values = {
        "kind": Kind.WEBHOOK,
        "outcome": Outcome.DONE,
        "member": member,
        "member_email": member.email if member else "gone@example.com",
        "chatbot_id": "bot",
        "chatbot_title": "Orders 訂單",
    }
    change = Change.objects.create(**(values | fields))
    when = datetime.fromisoformat(at).replace(tzinfo=UTC)
    Change.objects.filter(pk=change.pk).update(created_at=when)
    return change


def found(**query: str) -> set[Change]:
    return set(ActivityForm(query).matching(Change.objects.all()))


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_a_member_sees_their_own(join: Joining, role: str) -> None:
    member, other = join(role), join("admin")
    mine = made(member)
    made(other)
    made(None)
    assert list(visible_to(member)) == [mine]


def test_an_admin_sees_everyones(join: Joining, editor: Member) -> None:
    changes = {made(editor), made(join("viewer")), made(None)}
    assert set(visible_to(join("admin"))) == changes


def test_by_member_address_or_name(editor: Member, join: Joining) -> None:
    mine, gone = made(editor), made(None)
    made(join("admin"))
    assert found(member="EDITOR@exam") == {mine}
    assert found(member="ada") == {mine}
    assert found(member="gone@") == {gone}
    assert found(member="%") == set()


def test_by_chatbot_id_or_part_of_its_title(editor: Member) -> None:
    orders, other = made(editor), made(editor, chatbot_id="bot-2", chatbot_title="Other")
    assert found(chatbot="訂單") == {orders}
    assert found(chatbot="ORDERS") == {orders}
    assert found(chatbot="bot") == {orders}
    assert found(chatbot="bot-2") == {other}
    assert found(chatbot="_") == set()


def test_by_kind_and_outcome_and_all_together(editor: Member) -> None:
    wanted = made(editor, kind=Kind.DELETE, outcome=Outcome.UNKNOWN)
    done = made(editor, kind=Kind.DELETE)
    unknown = made(editor, outcome=Outcome.UNKNOWN)
    assert found(kind="delete") == {wanted, done}
    assert found(outcome="unknown") == {wanted, unknown}
    everything = {
        "member": "ada",
        "chatbot": "orders",
        "kind": "delete",
        "outcome": "unknown",
        "since": "2026-03-10",
        "until": "2026-03-10",
    }
    assert found(**everything) == {wanted}
    assert found(**(everything | {"chatbot": "other"})) == set()


def test_days_are_whole_and_both_belong_to_it(editor: Member) -> None:
    first, last = made(editor, "2026-03-10T00:00"), made(editor, "2026-03-11T23:59:59.999999")
    before, after = made(editor, "2026-03-09T23:59:59.999999"), made(editor, "2026-03-12T00:00")
    assert found(since="2026-03-10", until="2026-03-11") == {first, last}
    assert found(since="2026-03-10") == {first, last, after}
    assert found(until="2026-03-11") == {before, first, last}
    assert found(since="2026-03-11", until="2026-03-11") == {last}


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Asia/Taipei", "2026-03-09T16:00", "2026-03-10T15:59:59"),
        ("America/New_York", "2026-03-10T04:00", "2026-03-11T03:59:59"),
        ("UTC", "2026-03-10T00:00", "2026-03-10T23:59:59"),
    ],
)
def test_a_day_is_one_of_the_zone_that_pages_are_in(
    editor: Member, zone: str, first: str, last: str
) -> None:
    inside = {made(editor, first), made(editor, last)}
    made(editor, "2026-03-09T03:59:59")
    made(editor, "2026-03-11T16:00")
    with timezone.override(zone):
        assert found(since="2026-03-10", until="2026-03-10") == inside


@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "America/New_York"])
def test_the_first_and_the_last_day_that_there_are(editor: Member, zone: str) -> None:
    change = made(editor)
    with timezone.override(zone):
        assert found(since="0001-01-01", until="9999-12-31") == {change}
        assert found(since="9999-12-31") == set()
        assert found(until="0001-01-01") == set()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("since", "yesterday"),
        ("until", "2026-02-30"),
        ("since", "99999-01-01"),
        ("kind", "nonsense"),
        ("outcome", "nonsense"),
        ("member", "x" * 201),
        ("chatbot", "a\0b"),
    ],
)
def test_what_makes_no_sense_is_left_out_and_said(editor: Member, name: str, value: str) -> None:
    change = made(editor)
    form = ActivityForm({name: value})
    assert set(form.matching(Change.objects.all())) == {change}
    assert form.errors.keys() == {name}


def test_days_in_the_wrong_order(editor: Member) -> None:
    change = made(editor)
    form = ActivityForm({"since": "2026-03-10", "until": "2026-03-09"})
    assert set(form.matching(Change.objects.all())) == {change}
    assert form.errors == {"until": ["This day lies before the first one."]}


def test_pages_hold_each_change_once_the_newest_first(editor: Member) -> None:
    """Those of one moment too."""
    late = made(editor, "2026-03-11T12:00")
    for _number in range(2 * PAGE_SIZE):
        made(editor)
    pages = [page_of(Change.objects.all(), number) for number in (1, 2, 3, 4)]
    assert [len(page.changes) for page in pages] == [PAGE_SIZE, PAGE_SIZE, 1, 0]
    assert [page.has_next for page in pages] == [True, True, False, False]
    assert [page.page for page in pages] == [1, 2, 3, 4]
    ids = [change.pk for page in pages for change in page.changes]
    assert (ids[0], len(set(ids))) == (late.pk, 2 * PAGE_SIZE + 1)


def test_a_full_page_is_not_followed_by_an_empty_one(editor: Member) -> None:
    for _number in range(PAGE_SIZE):
        made(editor)
    assert not page_of(Change.objects.all(), 1).has_next
