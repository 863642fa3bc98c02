"""Reaching Caigunn as one member: their token, opened, in a client of their own."""

from dataclasses import dataclass
from datetime import timedelta
from functools import cache, lru_cache
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    Deadline,
    TokenRejected,
    Transport,
    TransportSettings,
    Unavailable,
)
from chatbots.models import AccessToken
from chatbots.services.breaker import Breaker
from chatbots.services.fan_out import THREADS

_WORTH_NOTING = timedelta(minutes=5)
KNOWN_RECORD = "known_record"  # where a member carries what `access_of` has read for them
REQUEST_THREADS = 32  # gunicorn's threads of one worker: each may be in a call of its own


class NotConnected(Exception):  # noqa: N818 - a state of the member, with a page that mends it
    """The member has no access token for the Caigunn that this dashboard talks to."""


@dataclass(frozen=True)
class Access:
    """What a service needs to act for a member. Made for one page request; shows no token."""

    member: Member
    record: AccessToken
    client: CaigunnClient
    deadline: Deadline
    request_id: str
    reason: str = ""
    """Why the member asks for a write, in their own words."""
    undoes: UUID | None = None
    """The Change whose earlier values are written back."""

    @property
    def scope(self) -> str:
        """What was read through this access is kept under this name, and seen by no other."""
        return self.record.id.hex

    def request(self, form_key: str | None = None) -> Request:
        """Who asks, for a Change."""
        return Request(
            self.member, self.request_id, self.record.id, form_key, self.reason, self.undoes
        )


def access_of(member: Member, request_id: str, reason: str = "") -> Access:
    """The member's access, with a new deadline of CAIGUNN_TOTAL_TIMEOUT seconds.

    Raises NotConnected, and vault.SealError if the token does not open.
    """
    record = read_record(member)
    if record is None or record.api_base_url != settings.CAIGUNN_API_BASE_URL:
        raise NotConnected
    # The frame of the page finds it there, and asks for it no second time.
    setattr(member, KNOWN_RECORD, record)
    deadline = new_deadline()
    client = client_for(record.open(), deadline, request_id)
    return Access(member, record, client, deadline, request_id, reason)


def read_record(member: Member) -> AccessToken | None:
    """The record of the token that the member is connected with, read now."""
    return next(iter(AccessToken.objects.raw(_record_sql(), [member.pk])), None)


@cache
def _record_sql() -> str:
    """The statement of `read_record`, with one parameter. Every page asks for it, and Django takes
    longer to compile it than the database to answer: so it is compiled once."""
    return str(AccessToken.objects.filter(connections__member=0).query.sql_with_params()[0])


def new_deadline() -> Deadline:
    """The time a page request may spend on Caigunn in all."""
    return Deadline.after(settings.CAIGUNN_TOTAL_TIMEOUT)


def client_for(token: str, deadline: Deadline, request_id: str) -> CaigunnClient:
    """A client for one token over the process's pool. Raises ValueError for an impossible token."""
    return CaigunnClient(token, transport(), deadline, request_id)


def transport() -> Transport:
    """The process's pool of connections to CAIGUNN_API_BASE_URL."""
    return _transport(
        TransportSettings(
            base_url=settings.CAIGUNN_API_BASE_URL,
            connect_timeout=settings.CAIGUNN_CONNECT_TIMEOUT,
            read_timeout=settings.CAIGUNN_READ_TIMEOUT,
            pool_size=REQUEST_THREADS + THREADS,
        )
    )


@lru_cache(maxsize=4)
def _transport(wanted: TransportSettings) -> Transport:
    gate = Breaker(wanted, release_database)
    return Transport(wanted, before_send=release_database, gate=gate)


def release_database() -> None:
    """Give the database connection back before a call: a slow Caigunn must not hold any.

    SQLite's is a file handle of this thread that blocks nobody, and stays. Raises RuntimeError
    inside a transaction: no transaction spans a call.
    """
    connection = transaction.get_connection()
    if connection.in_atomic_block:
        if not getattr(connection.atomic_blocks[-1], "_from_testcase", False):
            raise RuntimeError("A transaction must not span a call to Caigunn.")
    elif connection.vendor != "sqlite":
        connection.close()


def note_worked(record: AccessToken) -> None:
    """Note that Caigunn has just accepted the token; written down every few minutes at most."""
    now = timezone.now()
    known = record.last_worked_at
    if record.rejected_at is None and known and now - known < _WORTH_NOTING:
        return
    record.last_worked_at, record.rejected_at = now, None
    AccessToken.objects.filter(pk=record.pk).update(last_worked_at=now, rejected_at=None)


class BeingRefreshed(Unavailable):
    """The token was refused because somebody who shares it is exchanging it at this moment."""


def note_rejected(member: Member) -> None:
    """Note that Caigunn has just refused the member's token, for all who share it; unless it was
    refused only because it is being refreshed, or has just been."""
    now = timezone.now()
    just_now = now - timedelta(seconds=settings.LEASE_SECONDS)
    AccessToken.objects.filter(
        Q(refreshed_at=None) | Q(refreshed_at__lt=just_now),
        connections__member=member,
        refresh_holder=None,
        rejected_at=None,
    ).update(rejected_at=now)


def rejection(access: Access, error: CaigunnError) -> CaigunnError:
    """What an error means for the member: a refused token is noted, for all who share it, unless
    it was refused only because it is being refreshed, or has just been."""
    if not isinstance(error, TokenRejected):
        return error
    record = access.record
    noted = AccessToken.objects.filter(
        pk=record.pk, sealed=record.sealed, refresh_holder=None
    ).update(rejected_at=timezone.now())
    return error if noted else BeingRefreshed(request_id=access.request_id)
