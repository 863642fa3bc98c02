"""Who is connected with which access token, who shares it, and what its members are to be told."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Connection
from chatbots.services.access import KNOWN_RECORD, read_record
from chatbots.services.refresh import may_refresh

WARNING_DAYS = 14  # before the end of a token its members are told on every page
_NAMED = 3  # of those who share a token; one more is named too


@dataclass(frozen=True)
class ConnectionState:
    """A member's connection, as the team page shows it; of the token only its last characters."""

    last4: str
    label: str
    connected_by_id: int | None
    """The member who connected the token, and is mailed before its end."""
    ends_at: datetime | None
    """A hint (notes §6); None where it is unknown."""
    last_worked_at: datetime | None
    rejected_at: datetime | None
    """When Caigunn refused the token; None while it is not known to be refused."""
    shared_with: int
    """How many other members share the token."""
    is_elsewhere: bool
    """Whether it was connected for another address of Caigunn: it is not sent to this one."""


def connections_of(members: Iterable[Member]) -> dict[int, ConnectionState]:
    """The connections of these members by the member's id, in one query. Whoever is not connected
    is not among them."""
    wanted = [member.pk for member in members]
    found = _counted(Connection.objects.filter(member_id__in=wanted))
    return {connection.member_id: _state(connection) for connection in found}


def _counted(connections: QuerySet[Connection]) -> QuerySet[Connection, Any]:
    """With their tokens, and the number of members who share each."""
    sharing = (
        Connection.objects.filter(access_token=OuterRef("access_token"))
        .order_by()
        .values("access_token")
        .annotate(members=Count("pk"))
        .values("members")
    )
    return connections.select_related("access_token").annotate(members=Subquery(sharing))


def _state(connection: Any) -> ConnectionState:
    record: AccessToken = connection.access_token
    return ConnectionState(
        last4=record.last4,
        label=record.label,
        connected_by_id=record.connected_by_id,
        ends_at=record.ends_at,
        last_worked_at=record.last_worked_at,
        rejected_at=record.rejected_at,
        shared_with=connection.members - 1,
        is_elsewhere=record.api_base_url != settings.CAIGUNN_API_BASE_URL,
    )


@dataclass(frozen=True)
class Sharer:
    """A member who uses an access token."""

    member: Member
    connected_it: bool
    """Whether this member connected it for all: they are the one who may refresh it."""


def sharers(record: AccessToken) -> tuple[Sharer, ...]:
    """The members who use the token, the longest first. One query."""
    found = Connection.objects.filter(access_token=record).select_related("member")
    return tuple(
        Sharer(connection.member, connection.member_id == record.connected_by_id)
        for connection in found.order_by("created_at", "pk")
    )


def days_left(ends_at: datetime, now: datetime) -> int:
    """Whole days that are left: 0 on the last one, below 0 once it has ended."""
    return (ends_at - now) // timedelta(days=1)


@dataclass(frozen=True)
class Banner:
    """What a member is told on every page of a token that was refused, ends within WARNING_DAYS, or
    has ended."""

    member: Member
    record: AccessToken
    days_left: int | None
    """See `days_left`; None where the end is unknown."""

    @property
    def is_rejected(self) -> bool:
        """Whether Caigunn refused the token, whatever its end."""
        return self.record.rejected_at is not None

    @property
    def has_ended(self) -> bool:
        """Whether its end has passed."""
        return self.days_left is not None and self.days_left < 0

    @property
    def may_refresh(self) -> bool:
        """Whether this member may refresh it."""
        return may_refresh(self.member, self.record)

    @property
    def others(self) -> str:
        """The names of those who share it with this member, of many the first; empty where there
        is nobody. One query."""
        names = [str(one.member) for one in sharers(self.record) if one.member.pk != self.member.pk]
        more = len(names) - _NAMED
        if more > 1:
            said = ngettext("%(n)d other", "%(n)d others", more) % {"n": more}
            names = [*names[:_NAMED], said]
        return get_text_list(names, _("and"))


def banner_of(member: Member) -> Banner | None:
    """What the member is to be told of their token now; None for nothing, and for whoever is not
    connected to this Caigunn.

    No query where the record was read for the same `member` before, else one.
    """
    record = _record_of(member)
    if record is None or record.api_base_url != settings.CAIGUNN_API_BASE_URL:
        return None
    left = days_left(record.ends_at, timezone.now()) if record.ends_at else None
    if record.rejected_at is None and (left is None or left > WARNING_DAYS):
        return None
    return Banner(member, record, left)


def _record_of(member: Member) -> AccessToken | None:
    """The record of the member's token, as it was read before if it was."""
    one_to_one = Connection._meta.get_field("member").remote_field  # noqa: SLF001 - documented
    # Whoever has just connected carries the connection, which is newer.
    if one_to_one.is_cached(member):
        return member.connection.access_token
    known: AccessToken | None = getattr(member, KNOWN_RECORD, None)
    return known or read_record(member)
