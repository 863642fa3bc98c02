"""`manage.py send_reminders`: which mail goes to which member, and when."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import time_machine
from django.conf import LazySettings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from chatbots.models import AccessToken, Connection, Reminder
from chatbots.services import refresh, reminders, token
from tests.conftest import Joining, connect

from .conftest import Desk

pytestmark = pytest.mark.django_db
END = datetime(2031, 6, 30, 23, 59, 59, 999999, tzinfo=UTC)
IN_14 = "Your Caigunn access token ends in 14 days"
IN_3 = "Your Caigunn access token ends in 3 days"
WITHIN_A_DAY = "Your Caigunn access token ends within a day"
ENDED = "Your Caigunn access token has ended"


@pytest.fixture(autouse=True)
def _mail_is_set_up(settings: LazySettings) -> None:
    settings.MAIL_IS_SENT = True


@pytest.fixture
def ending(desk: Desk) -> Desk:
    """A desk whose token ends at END."""
    AccessToken.objects.update(ends_at=END)
    return desk


def run() -> str:
    """What a run says."""
    out = StringIO()
    call_command("send_reminders", stdout=out)
    return out.getvalue()


def run_at(*days: float, end: datetime = END) -> list[str]:
    """The subjects of what is mailed by runs so many days before the end."""
    mail.outbox.clear()
    for one in days:
        with time_machine.travel(end - timedelta(days=one), tick=False):
            run()
    return [message.subject.removeprefix("[Sandbox] ") for message in mail.outbox]


# When


@pytest.mark.parametrize("hour", [0.0, 0.01, 0.5, 0.99])
def test_daily_runs_send_each_step_once_whatever_the_hour(ending: Desk, hour: float) -> None:
    days = [day + hour for day in range(20, -6, -1)]
    assert run_at(*days) == [IN_14, IN_3, WITHIN_A_DAY]
    assert Reminder.objects.filter(sent_at__isnull=False).count() == 3


def test_a_second_run_sends_nothing(ending: Desk) -> None:
    with time_machine.travel(END - timedelta(days=14), tick=False):
        assert [run(), run()] == ["Reminders sent: 1.\n", "Reminders sent: 0.\n"]
    assert len(mail.outbox) == 1


def test_before_the_first_step_nothing_is_sent(ending: Desk) -> None:
    assert run_at(30, 15.01) == []
    assert not Reminder.objects.exists()


@pytest.mark.parametrize(
    ("days", "sent"),
    [
        ((9, 8), ["Your Caigunn access token ends in 9 days"]),
        ((2.5, 1), ["Your Caigunn access token ends in 2 days"]),
        ((1.5, 0.5), ["Your Caigunn access token ends in 1 day", WITHIN_A_DAY]),
        ((14.5, 0.5), [IN_14, WITHIN_A_DAY]),
        ((-3, -4), [ENDED]),
        ((-400,), [ENDED]),
        ((0.5, -0.5), [WITHIN_A_DAY]),
    ],
)
def test_of_missed_steps_the_nearest_is_sent(
    ending: Desk, days: tuple[float, ...], sent: list[str]
) -> None:
    assert run_at(*days) == sent


def test_an_unknown_end_is_no_reason_to_write(desk: Desk) -> None:
    assert run() == "Reminders sent: 0.\n"


def test_the_steps_begin_anew_with_the_end_of_a_refreshed_token(ending: Desk) -> None:
    assert run_at(14.5, 3.5) == [IN_14, IN_3]
    later = END + timedelta(days=20)
    refresh.refresh(ending.asks(), AccessToken.objects.get(), later.date())
    assert run_at(14.5, 3.5, end=later) == [IN_14, IN_3]


def test_the_steps_begin_anew_with_the_end_of_another_token(ending: Desk) -> None:
    assert run_at(14.5, 3.5) == [IN_14, IN_3]
    connect(ending.member, ending.sandbox.users[1].token)
    end = datetime(2030, 12, 31, tzinfo=UTC)
    assert run_at(14.5, 3.5, end=end) == [IN_14, IN_3]


def test_the_same_token_connected_again_is_no_reason_to_write_again(ending: Desk) -> None:
    text = ending.record.open()
    assert run_at(14.5) == [IN_14]
    token.disconnect(ending.asks())
    connect(ending.member, text)
    AccessToken.objects.update(ends_at=END)
    assert run_at(14.2) == []


# To whom


def test_only_whoever_connected_it_is_written_to(ending: Desk, join: Joining) -> None:
    second = join("viewer", "second@example.com")
    connect(second, ending.record.open())
    assert run_at(14.5) == [IN_14]
    assert [message.to for message in mail.outbox] == [[ending.member.email]]
    assert "1 other member shares it." in mail.outbox[0].body
    # Whoever takes a token over has not been told of this step.
    token.disconnect(ending.asks())
    assert run_at(14.4, 14.3) == [IN_14]
    assert [message.to for message in mail.outbox] == [["second@example.com"]]
    assert "share" not in mail.outbox[0].body


def test_each_token_has_its_own_member(ending: Desk, join: Joining) -> None:
    other = join("viewer", "other@example.com")
    connect(other, ending.sandbox.users[1].token)
    AccessToken.objects.update(ends_at=END)
    assert run_at(3.5) == [IN_3, IN_3]
    assert {message.to[0] for message in mail.outbox} == {ending.member.email, other.email}


def test_a_removed_member_is_not_written_to(ending: Desk) -> None:
    ending.member.is_active = False
    ending.member.save()
    assert run_at(14.5, 3.5, 0.5) == []


def test_a_member_who_left_the_token_is_not_written_to(ending: Desk, join: Joining) -> None:
    connect(join("viewer", "second@example.com"), ending.record.open())
    Connection.objects.filter(member=ending.member).delete()
    assert run_at(14.5, 3.5, 0.5) == []


def test_a_token_of_another_address_is_left_alone(ending: Desk, settings: LazySettings) -> None:
    settings.CAIGUNN_API_BASE_URL = "http://127.0.0.1:9"
    assert run_at(14.5) == []


# What


def test_what_is_written(ending: Desk, settings: LazySettings) -> None:
    settings.SITE_SCHEME, settings.ALLOWED_HOSTS = "https", ["bots.example.com"]
    ending.member.name = "Mei"
    ending.member.save()
    AccessToken.objects.update(label="Support")
    run_at(3.5)
    (message,) = mail.outbox
    assert message.subject == f"[Sandbox] {IN_3}"
    text = ending.record.open()
    assert message.body.splitlines() == [
        "Hello Mei,",
        "",
        f"You connected an access token to Caigunn Admin: …{text[-4:]} (Support)",
        "It ends on 30 June 2031, 23:59 UTC.",
        "",
        "Refresh or replace it here:",
        "https://bots.example.com/token/",
    ]
    assert text not in message.message().as_string()
    assert message.message().get_content_type() == "text/plain"


def test_a_token_that_ended_or_was_refused_is_called_so(ending: Desk) -> None:
    AccessToken.objects.update(rejected_at=END)
    assert run_at(-1.5) == [ENDED]
    assert "It ended on 30 June 2031, 23:59 UTC." in mail.outbox[0].body
    assert "Caigunn refuses it already." in mail.outbox[0].body


def test_at_caigunn_itself_no_sandbox_is_named(ending: Desk, settings: LazySettings) -> None:
    settings.CAIGUNN_ADDRESS = settings.CAIGUNN_API_BASE_URL
    run_at(3.5)
    assert mail.outbox[0].subject == IN_3


@pytest.mark.parametrize(
    ("scheme", "hosts", "expected"),
    [
        ("https", ["*", ".example.com", "bots.example.com", "b.example.com"], "bots.example.com"),
        ("https", ["localhost"], "localhost"),
        ("http", ["localhost", "127.0.0.1"], "localhost:8000"),
    ],
)
def test_the_link_names_the_first_single_host(
    settings: LazySettings, scheme: str, hosts: list[str], expected: str
) -> None:
    settings.SITE_SCHEME, settings.ALLOWED_HOSTS = scheme, hosts
    assert reminders.site_url() == f"{scheme}://{expected}"


@pytest.mark.parametrize("hosts", [["*"], [".example.com"], []])
def test_without_a_link_nothing_is_sent(
    ending: Desk, settings: LazySettings, hosts: list[str]
) -> None:
    settings.ALLOWED_HOSTS = hosts
    with pytest.raises(ImproperlyConfigured):
        reminders.site_url()
    with pytest.raises(CommandError, match="ALLOWED_HOSTS"):
        run_at(14.5)
    assert mail.outbox == []
    assert not Reminder.objects.exists()


def test_without_mail_it_says_so_and_does_nothing(ending: Desk, settings: LazySettings) -> None:
    settings.MAIL_IS_SENT = False
    with time_machine.travel(END, tick=False):
        assert run() == "Mail is not set up (EMAIL_URL is empty): nothing was sent.\n"
    assert mail.outbox == []
    assert not Reminder.objects.exists()


def test_a_claim_goes_with_its_member_and_not_with_the_token(ending: Desk) -> None:
    assert run_at(14.5) == [IN_14]
    token.disconnect(ending.asks())
    assert Reminder.objects.count() == 1
    ending.member.delete()
    assert not Reminder.objects.exists()


def test_it_is_in_the_language_of_the_member(ending: Desk) -> None:
    ending.member.language = "zh-hant"
    ending.member.save()
    run_at(3.5)
    (message,) = mail.outbox
    assert "2031 年 6 月 30 日 23:59" in message.body
    assert "Refresh" not in message.body
