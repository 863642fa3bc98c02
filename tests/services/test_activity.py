"""Changes: opened before the call, closed after it, one for each form."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from caigunn_admin.activity.record import (
    AlreadySubmitted,
    Request,
    abandon,
    close,
    earlier,
    give_up_pending,
    of_chatbot,
    open_change,
)
from caigunn_admin.team.models import Member
from tests.conftest import Joining

pytestmark = pytest.mark.django_db


@pytest.fixture
def member(join: Joining) -> Member:
    return join("editor")


def opened(member: Member, key: str | None = "key") -> Change:
    return open_change(
        Request(member, "request-1", form_key=key),
        Kind.WEBHOOK,
        chatbot_id="bot",
        chatbot_title="Bot",
        before={"webhook_url": None},
        asked={"webhook_url": "https://example.com/"},
    )


def test_a_change_is_saved_as_pending_with_all_that_is_known(member: Member) -> None:
    opened(member)
    change = Change.objects.get()
    assert change.outcome == Outcome.PENDING
    assert (change.member, change.member_email) == (member, "editor@example.com")
    assert (change.chatbot_id, change.chatbot_title) == ("bot", "Bot")
    assert change.before == {"webhook_url": None}
    assert change.asked == {"webhook_url": "https://example.com/"}
    assert (change.after, change.detail, change.closed_at) == ({}, "", None)
    assert change.request_id == "request-1"
    assert "bot" in str(change)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("in_transaction", [True, False])
def test_a_form_opens_one_change(member: Member, in_transaction: bool) -> None:
    """Inside a transaction too: the refused row does not break what is around it."""
    first = opened(member)
    if in_transaction:
        with transaction.atomic():
            with pytest.raises(AlreadySubmitted) as caught:
                opened(member)
            opened(member, "another")
    else:
        with pytest.raises(AlreadySubmitted) as caught:
            opened(member)
        opened(member, "another")
    assert caught.value.change == first
    assert earlier("key") == first
    assert Change.objects.count() == 2


def test_what_no_form_asked_for_can_stand_any_number_of_times(member: Member) -> None:
    opened(member, None)
    opened(member, None)
    assert Change.objects.count() == 2
    assert earlier(None) is None
    assert earlier("") is None
    assert earlier("never used") is None


@pytest.mark.django_db(transaction=True)
def test_any_other_refusal_of_the_database_is_not_hidden(member: Member) -> None:
    gone = Member(pk=member.pk + 1, email="gone@example.com")
    with pytest.raises(IntegrityError):
        opened(gone)
    assert not Change.objects.exists()


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED, Outcome.UNKNOWN])
def test_closing_saves_the_outcome(member: Member, outcome: Outcome) -> None:
    given = close(opened(member), outcome, after={"webhook_url": "x"}, detail="why")
    change = Change.objects.get()
    assert change == given
    assert (change.outcome, change.after, change.detail) == (outcome, {"webhook_url": "x"}, "why")
    assert change.closed_at is not None
    assert change.form_key == "key"


def test_where_nothing_was_sent_the_form_can_be_sent_again(member: Member) -> None:
    close(opened(member), Outcome.FAILED, nothing_sent=True)
    assert earlier("key") is None
    assert opened(member).outcome == Outcome.PENDING
    assert Change.objects.count() == 2


def test_a_change_outlives_its_member(member: Member) -> None:
    opened(member)
    member.delete()
    change = Change.objects.get()
    assert (change.member, change.member_email) == (None, "editor@example.com")


def test_the_latest_comes_first(member: Member) -> None:
    ids = [opened(member, str(number)).pk for number in range(3)]
    assert [change.pk for change in Change.objects.all()] == ids[::-1]


def test_the_reason_and_what_is_undone_are_kept(member: Member) -> None:
    first = opened(member, None)
    request = Request(member, "request-2", reason="It was wrong", undoes=first.pk)
    second = open_change(request, Kind.WEBHOOK, before={}, asked={})
    second.refresh_from_db()
    assert (second.reason, second.undoes) == ("It was wrong", first)


# What a Change leaves

OLD, NEW, THIRD = ({"title": value, "prompt": "Same"} for value in ("Old", "New", "Third"))


def closed(
    member: Member, kind: Kind, outcome: Outcome, after: dict[str, Any], **how: Any
) -> Change:
    """A Change from the old title to the new one, closed with what Caigunn reported."""
    request = Request(member, "request-1", undoes=how.pop("undoes", None))
    change = open_change(request, kind, before=OLD, asked=NEW, chatbot_id="bot")
    return close(change, outcome, after=after, **how)


def left() -> dict[str, Any]:
    return {one.field: one.value for one in LeftValue.objects.filter(chatbot_id="bot")}


@pytest.mark.parametrize("kind", Kind)
def test_what_a_change_that_is_done_left(member: Member, kind: Kind) -> None:
    change = closed(member, kind, Outcome.DONE, NEW)
    leaves = kind in {Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.ACCEPT}
    assert left() == (NEW if leaves else {})
    assert all(one.change == change for one in LeftValue.objects.all())
    assert all(one.at >= change.created_at for one in LeftValue.objects.all())


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.PENDING])
@pytest.mark.parametrize("after", [{}, OLD, THIRD])
def test_what_did_not_hold_leaves_what_was_left_before(
    member: Member, outcome: Outcome, after: dict[str, Any]
) -> None:
    closed(member, Kind.SETTINGS, Outcome.DONE, OLD)
    closed(member, Kind.SETTINGS, outcome, after)
    assert left() == OLD


@pytest.mark.parametrize(
    ("after", "was_accepted", "title"),
    [
        pytest.param(NEW, False, "New", id="just what was asked for"),
        pytest.param(NEW, True, "New", id="taken as asked"),
        pytest.param(THIRD, True, "Third", id="taken in a spelling of its own"),
        pytest.param(THIRD, False, "Old", id="somebody else's"),
        pytest.param(OLD, True, "Old", id="not taken"),
    ],
)
def test_a_change_that_failed_leaves_what_caigunn_took_of_it(
    member: Member, after: dict[str, Any], was_accepted: bool, title: str
) -> None:
    """Else what was written from here would pass for changed outside."""
    closed(member, Kind.SETTINGS, Outcome.DONE, OLD)
    closed(member, Kind.SETTINGS, Outcome.FAILED, after, was_accepted=was_accepted)
    assert left()["title"] == title


def test_what_failed_says_nothing_of_what_it_did_not_move(member: Member) -> None:
    closed(member, Kind.SETTINGS, Outcome.DONE, {"prompt": "Ours"})
    closed(member, Kind.SETTINGS, Outcome.FAILED, OLD, was_accepted=True)
    assert left() == {"prompt": "Ours"}


def test_the_latest_change_counts_by_chatbot_and_field(member: Member) -> None:
    closed(member, Kind.SETTINGS, Outcome.DONE, OLD)
    last = closed(member, Kind.ACCEPT, Outcome.DONE, {"title": "Third"})
    other = open_change(Request(member, "r"), Kind.WEBHOOK, before={}, asked={}, chatbot_id="other")
    close(other, Outcome.DONE, after={"title": "Other"})
    assert left() == {"title": "Third", "prompt": "Same"}
    assert LeftValue.objects.get(chatbot_id="bot", field="title").change == last


@pytest.mark.parametrize(
    ("outcome", "becomes"),
    [
        (Outcome.DONE, Outcome.UNDONE),
        (Outcome.FAILED, Outcome.DONE),
        (Outcome.UNKNOWN, Outcome.DONE),
    ],
)
def test_a_change_is_undone_once_its_undo_is_done(
    member: Member, outcome: Outcome, becomes: Outcome
) -> None:
    first = closed(member, Kind.SETTINGS, Outcome.DONE, NEW)
    undo = closed(member, Kind.SETTINGS, outcome, OLD, undoes=first.pk)
    first.refresh_from_db()
    undo.refresh_from_db()
    assert (first.outcome, undo.outcome) == (becomes, outcome)


def test_an_undo_that_is_settled_later_undoes_too(member: Member) -> None:
    first = closed(member, Kind.SETTINGS, Outcome.DONE, NEW)
    undo = closed(member, Kind.SETTINGS, Outcome.UNKNOWN, {}, undoes=first.pk)
    close(Change.objects.get(pk=undo.pk), Outcome.DONE, after=OLD)
    first.refresh_from_db()
    assert first.outcome == Outcome.UNDONE


# What never reported back


def aged(member: Member, seconds: float, key: str, kind: Kind = Kind.WEBHOOK) -> Change:
    """A pending Change of that age."""
    change = opened(member, key)
    began = timezone.now() - timedelta(seconds=seconds)
    Change.objects.filter(pk=change.pk).update(created_at=began, kind=kind)
    return change


def test_what_was_pending_for_long_becomes_unknown(member: Member, settings: LazySettings) -> None:
    settings.PENDING_SECONDS = 60
    dead, alive = aged(member, 61, "a"), aged(member, 30, "b")
    refresh, done = aged(member, 61, "c", Kind.TOKEN_REFRESH), aged(member, 61, "d")
    close(done, Outcome.DONE)
    give_up_pending()
    outcomes = dict(Change.objects.values_list("pk", "outcome"))
    assert outcomes == {
        dead.pk: Outcome.UNKNOWN,
        alive.pk: Outcome.PENDING,
        refresh.pk: Outcome.UNKNOWN,
        done.pk: Outcome.DONE,
    }
    dead.refresh_from_db()
    assert dead.closed_at is not None
    assert "the process that wrote it was stopped" in dead.detail
    assert not LeftValue.objects.exists()


def test_one_that_reports_back_after_all_is_believed(member: Member) -> None:
    slow = aged(member, 3600, "a")
    give_up_pending()
    close(slow, Outcome.DONE, after={"webhook_url": "https://example.com/"})
    slow.refresh_from_db()
    assert (slow.outcome, slow.detail) == (Outcome.DONE, "")


def test_where_nothing_is_late_nothing_is_written(member: Member) -> None:
    aged(member, 1, "a")
    with CaptureQueriesContext(connection) as queries:
        give_up_pending()
    assert [query["sql"].split()[0] for query in queries] == ["SELECT"]


def test_whoever_holds_the_lease_gives_up_the_pending_ones_of_its_chatbot(member: Member) -> None:
    mine, creation = aged(member, 1, "a"), aged(member, 1, "b", Kind.CREATE)
    other = aged(member, 1, "c")
    Change.objects.filter(pk=other.pk).update(chatbot_id="other")
    abandon("bot")
    outcomes = dict(Change.objects.values_list("pk", "outcome"))
    assert outcomes[mine.pk] == Outcome.UNKNOWN
    assert outcomes[creation.pk] == outcomes[other.pk] == Outcome.PENDING


def test_a_change_of_a_chatbot_is_found_by_both_ids(member: Member) -> None:
    change = opened(member)
    assert of_chatbot(str(change.pk), "bot") == change
    assert of_chatbot(str(change.pk), "other") is None
    assert of_chatbot("nonsense", "bot") is None
