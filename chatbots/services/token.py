"""The member's access token: connect, replace, disconnect (reliability §1)."""

from dataclasses import replace
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from caigunn_admin.activity.models import Kind, Outcome
from caigunn_admin.activity.record import Request, close, open_change
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Connection, EndSource
from chatbots.services.access import client_for, new_deadline
from chatbots.services.token_records import delete_if_unused, end_of, known, record_of, set_token


def connect(request: Request, token: str, label: str = "") -> AccessToken:
    """Connect the member with a token that Caigunn has just accepted in a read of the plans.

    Whoever connects the same token shares its record. Raises ValueError for text that cannot be a
    token, TokenRejected and other CaigunnError where the check failed; then nothing is saved.
    """
    asked_at = timezone.now()
    # Looked up before the check as well: a refresh in between gives the record another token, and
    # whoever holds the one before it shares that record still.
    shared = record_of(token)
    client_for(token, new_deadline(), request.request_id).list_plans(limit=1)
    try:
        return _attach(request, token, label, shared, asked_at)
    except IntegrityError:
        # Somebody has connected the same token at the same moment: now there is a record to share.
        return _attach(request, token, label, shared, asked_at)


def _attach(
    request: Request, token: str, label: str, shared: AccessToken | None, asked_at: datetime
) -> AccessToken:
    with transaction.atomic():
        record = (
            record_of(token)
            or (shared and AccessToken.objects.filter(pk=shared.pk).first())
            or _new_record(request.member, token)
        )
        is_new = record._state.adding  # noqa: SLF001 - Django documents it
        old_label = record.label
        _note_connected(record, request.member, label, asked_at)
        before = Connection.objects.filter(member=request.member).first()
        old_record = before.access_token if before else None
        Connection.objects.update_or_create(
            member=request.member,
            defaults={"access_token": record, "created_at": timezone.now()},
        )
        if old_record is not None and old_record.pk != record.pk:
            _leave(old_record, request.member)
        if old_record == record and not is_new and record.label == old_label:
            # The same form once more: nothing has changed.
            return record
        request = replace(request, access_token_id=record.id)
        change = open_change(
            request, Kind.TOKEN_CONNECT, before=known(old_record), asked=known(record)
        )
        close(change, Outcome.DONE, after=known(record))
    return record


def disconnect(request: Request) -> None:
    """End the member's connection. The last one to leave deletes the sealed token."""
    with transaction.atomic():
        connection = Connection.objects.filter(member=request.member).first()
        if connection is None:
            return
        record = connection.access_token
        connection.delete()
        request = replace(request, access_token_id=record.id)
        change = open_change(request, Kind.TOKEN_DISCONNECT, before=known(record), asked={})
        close(change, Outcome.DONE)
        _leave(record, request.member)


def _note_connected(record: AccessToken, member: Member, label: str, asked_at: datetime) -> None:
    """Save a new record; of a shared one only what connecting changes, never its seal."""
    if record._state.adding or record.connected_by_id == member.pk:  # noqa: SLF001
        # The label of a shared record belongs to whoever connected it.
        record.label = label or record.label
    record.last_worked_at = timezone.now()
    record.rejected_at = None
    if record._state.adding:  # noqa: SLF001 - Django documents it
        record.save()
        return
    record.save(update_fields=["label", "last_worked_at", "rejected_at"])
    # The token works, so a refresh that died before it was tried has not ended it.
    AccessToken.objects.filter(pk=record.pk, refresh_until__lt=asked_at).update(
        refresh_holder=None, refresh_until=None
    )


def _new_record(member: Member, token: str) -> AccessToken:
    record = AccessToken(api_base_url=settings.CAIGUNN_API_BASE_URL, connected_by=member)
    set_token(record, token)
    end = end_of(token)
    record.ends_at = end
    record.end_source = EndSource.TOKEN if end else EndSource.UNKNOWN
    return record


def _leave(record: AccessToken, member: Member) -> None:
    """What becomes of a record that the member has left: its longest user takes it over."""
    heir = Connection.objects.filter(access_token=record).order_by("created_at").first()
    if heir is None:
        delete_if_unused(record)
    elif record.connected_by_id == member.pk:
        AccessToken.objects.filter(pk=record.pk).update(connected_by=heir.member_id)
