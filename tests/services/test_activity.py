"""Changes: opened before the call, closed after it, one for each form."""

import pytest
from django.db import IntegrityError, transaction

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, Request, close, earlier, open_change
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
