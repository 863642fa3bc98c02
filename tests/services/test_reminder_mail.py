"""Reminders and a mail server that refuses, hangs up, or is not there."""

import socket
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Reminder
from tests.conftest import Joining, connect

from .conftest import Desk, just_before
from .postbox import Postbox

pytestmark = pytest.mark.django_db
NOT_SENT = "Not sent: 1. The next run tries again."


@pytest.fixture
def postbox(settings: LazySettings) -> Iterator[Postbox]:
    """The mail server that this dashboard hands its mail to."""
    with Postbox() as running:
        settings.MAIL_IS_SENT = True
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", running.port
        settings.EMAIL_TIMEOUT = 30
        yield running


@pytest.fixture
def other(desk: Desk, join: Joining, postbox: Postbox) -> Member:
    """A second member, whose own token ends in three days as the first one's does."""
    member = join("viewer", "other@example.com")
    connect(member, desk.sandbox.users[1].token)
    AccessToken.objects.update(ends_at=timezone.now() + timedelta(days=3, hours=1))
    return member


def run() -> str:
    out = StringIO()
    call_command("send_reminders", stdout=out)
    return out.getvalue()


def sent_to(postbox: Postbox) -> list[str]:
    """Whom its mails are for."""
    lines = [line for one in postbox.mails for line in one.splitlines()]
    return sorted(line.removeprefix("To: ") for line in lines if line.startswith("To: "))


def test_a_refused_mail_is_sent_by_the_next_run(
    desk: Desk, other: Member, postbox: Postbox
) -> None:
    postbox.refused = {other.email}
    for _ in range(2):
        with pytest.raises(CommandError, match=NOT_SENT):
            run()
        assert sent_to(postbox) == [desk.member.email]
        assert Reminder.objects.get().sent_at is not None
    postbox.refused = set()
    assert run() == "Reminders sent: 1.\n"
    assert run() == "Reminders sent: 0.\n"
    assert sent_to(postbox) == sorted([desk.member.email, other.email])


def test_without_a_mail_server_all_are_sent_by_the_next_run(
    desk: Desk, other: Member, postbox: Postbox, settings: LazySettings
) -> None:
    with socket.socket() as taken:
        # Bound, it belongs to nobody else; it does not listen.
        taken.bind(("127.0.0.1", 0))
        settings.EMAIL_PORT = taken.getsockname()[1]
        with pytest.raises(CommandError, match="Not sent: 2"):
            run()
    assert not Reminder.objects.exists()
    settings.EMAIL_PORT = postbox.port
    assert run() == "Reminders sent: 2.\n"


def test_a_mail_that_may_have_arrived_is_not_sent_again(
    desk: Desk, other: Member, postbox: Postbox
) -> None:
    postbox.dropped = {other.email}
    says = "Reminders sent: 1.\nPerhaps sent, and therefore not sent again: 1.\n"
    assert run() == says
    assert run() == says.replace("1", "0", 1)
    assert sent_to(postbox) == sorted([desk.member.email, other.email])


def test_a_step_that_another_run_has_just_claimed_is_left_to_it(
    desk: Desk, other: Member, postbox: Postbox
) -> None:
    def claim() -> None:
        record = AccessToken.objects.get(connected_by=other)
        assert record.ends_at is not None
        Reminder.objects.create(
            member=other, ends_at=record.ends_at, days_before=3, sent_at=timezone.now()
        )

    AccessToken.objects.filter(connected_by=desk.member).update(ends_at=None)
    with just_before(lambda sql: sql.startswith('INSERT INTO "chatbots_reminder"'), claim):
        assert run() == "Reminders sent: 0.\n"
    assert postbox.mails == []


def test_a_token_that_is_refreshed_while_others_are_mailed_is_not_written_about(
    desk: Desk, other: Member, postbox: Postbox
) -> None:
    def refresh() -> None:
        later = timezone.now() + timedelta(days=90)
        AccessToken.objects.update(ends_at=later)

    # Before the first mail, and after both tokens were found.
    with just_before(lambda sql: sql.startswith('UPDATE "chatbots_reminder"'), refresh):
        assert run() == "Reminders sent: 1.\n"
    assert len(postbox.mails) == 1
