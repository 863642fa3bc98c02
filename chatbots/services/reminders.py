"""Mails to the members whose access token ends soon: once for each step, whatever happens.

A step is claimed by a row that is unique in the database before its mail is handed over, so that
two runs at once send one mail. A mail that the mail server did not take gives its claim back, and
the next run sends it. Where a run is stopped between claim and mail, or the mail server never says
whether it took the mail, the claim stays: that mail is not sent again, since it may have gone out.
The next step, and the banner on every page, still come.
"""

import logging
import smtplib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMessage, get_connection
from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override, pgettext

from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Reminder
from chatbots.services.connections import days_left, sharers

STEPS = (14, 3, 0)  # whole days before the end

logger = logging.getLogger(__name__)


class Outcome(Enum):
    """What became of a mail that was due."""

    SENT = auto()
    FAILED = auto()
    """The mail server did not take it; the next run sends it."""
    UNCLEAR = auto()
    """It was begun, now or by another run, and nothing tells how it ended. Not sent again."""


@dataclass(frozen=True)
class _Due:
    """A step that is due: its claim, whoever has it."""

    record: AccessToken
    member: Member
    ends_at: datetime
    step: int

    def claims(self) -> QuerySet[Reminder]:
        return Reminder.objects.filter(
            member=self.member, ends_at=self.ends_at, days_before=self.step
        )

    def claim(self) -> bool:
        """Whether the step was free, and is this run's from now on."""
        try:
            with transaction.atomic():
                Reminder.objects.create(
                    member=self.member, ends_at=self.ends_at, days_before=self.step
                )
        except IntegrityError:
            return False
        return True


def send_reminders() -> Counter[Outcome]:
    """Mail whoever connected a token of this Caigunn that ends within 14 days, 3 days or a day,
    if they may sign in and still use it; how many mails ended how.

    Of steps that were missed only the nearest is sent. With another end, as after a refresh or a
    replacement, the steps begin anew. Raises ImproperlyConfigured where no link can be made; then
    nothing is claimed.
    """
    site_url()
    found: Counter[Outcome] = Counter()
    for pk in _ending().values_list("pk", flat=True):
        due = _due(pk)
        if due is None:
            continue
        if due.claim():
            found[_send(due)] += 1
        elif due.claims().filter(sent_at=None).exists():
            found[Outcome.UNCLEAR] += 1
    return found


def site_url() -> str:
    """Where members reach this dashboard, without a slash at the end: SITE_SCHEME and the first of
    ALLOWED_HOSTS that is one host. Raises ImproperlyConfigured where there is none.
    """
    hosts = [host for host in settings.ALLOWED_HOSTS if not host.startswith((".", "*"))]
    if not hosts:
        raise ImproperlyConfigured("A mail needs a link: name a host without * in ALLOWED_HOSTS.")
    # http is accepted on this machine only, where no proxy hides the port.
    port = f":{settings.PORT}" if settings.SITE_SCHEME == "http" else ""
    return f"{settings.SITE_SCHEME}://{hosts[0]}{port}"


def _ending() -> QuerySet[AccessToken]:
    """The tokens that a mail may be due for."""
    return AccessToken.objects.filter(
        api_base_url=settings.CAIGUNN_API_BASE_URL,
        ends_at__lt=timezone.now() + timedelta(days=max(STEPS) + 1),
        connected_by__is_active=True,
        connections__member=F("connected_by"),
    ).order_by("ends_at", "pk")


def _due(pk: UUID) -> _Due | None:
    """The nearest step that is due for a token, by what is true now: the mails before this one may
    have taken their time, and the token may have been refreshed meanwhile."""
    record = _ending().filter(pk=pk).select_related("connected_by").first()
    if record is None or record.ends_at is None or record.connected_by is None:
        return None
    left = days_left(record.ends_at, timezone.now())
    steps = [step for step in STEPS if left <= step]
    return _Due(record, record.connected_by, record.ends_at, min(steps)) if steps else None


def _send(due: _Due) -> Outcome:
    """Hand the mail over, and close its claim or give it back."""
    outcome = _hand_over(due)
    if outcome == Outcome.SENT:
        due.claims().update(sent_at=timezone.now())
    elif outcome == Outcome.FAILED:
        due.claims().delete()
    return outcome


def _hand_over(due: _Due) -> Outcome:
    backend = get_connection()
    is_open = False
    try:
        with override(due.member.language or "en"):
            mail = _mail(due)
        backend.open()
        is_open = True
        # A backend may take nothing without an error.
        taken = backend.send_messages([mail])
    except Exception as error:  # noqa: BLE001 - each backend has errors of its own, and others wait
        logger.warning("A reminder was not sent to %s: %s", due.member.email, error)
        # Broken off on the way, it may have arrived.
        is_cut = is_open and isinstance(error, smtplib.SMTPServerDisconnected)
        return Outcome.UNCLEAR if is_cut else Outcome.FAILED
    finally:
        with suppress(OSError):
            backend.close()
    return Outcome.SENT if taken else Outcome.FAILED


def _mail(due: _Due) -> EmailMessage:
    token = f"…{due.record.last4}" if due.record.last4 else ""
    if due.record.label:
        token = f"{token} ({due.record.label})".strip()
    lines = [
        _("Hello %(name)s,") % {"name": due.member},
        "",
        _("You connected an access token to Caigunn Admin: %(token)s") % {"token": token}
        if token
        else _("You connected an access token to Caigunn Admin."),
        _when(due),
        *_shared(due),
        *_refused(due),
        "",
        _("Refresh or replace it here:"),
        f"{site_url()}{reverse('token')}",
        "",
    ]
    return EmailMessage(_subject(due), "\n".join(lines), to=[due.member.email])


def _subject(due: _Due) -> str:
    left = days_left(due.ends_at, timezone.now())
    if left < 0:
        subject = _("Your Caigunn access token has ended")
    elif left == 0:
        subject = _("Your Caigunn access token ends within a day")
    else:
        subject = ngettext(
            "Your Caigunn access token ends in %(n)d day",
            "Your Caigunn access token ends in %(n)d days",
            left,
        ) % {"n": left}
    is_sandbox = settings.CAIGUNN_API_BASE_URL != settings.CAIGUNN_ADDRESS
    return f"[{_('Sandbox')}] {subject}" if is_sandbox else subject


def _when(due: _Due) -> str:
    end = date_format(due.ends_at.astimezone(UTC), pgettext("date format", "j F Y, H:i"))
    if due.ends_at <= timezone.now():
        return _("It ended on %(end)s UTC.") % {"end": end}
    return _("It ends on %(end)s UTC.") % {"end": end}


def _shared(due: _Due) -> list[str]:
    others = len(sharers(due.record)) - 1
    if others < 1:
        return []
    return [
        ngettext("%(n)d other member shares it.", "%(n)d other members share it.", others)
        % {"n": others}
    ]


def _refused(due: _Due) -> list[str]:
    if due.record.rejected_at is None:
        return []
    return [_("Caigunn refuses it already. Connect another one.")]
