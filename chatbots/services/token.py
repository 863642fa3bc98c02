"""The member's access token: connect, replace, refresh, disconnect (reliability §1 and §2)."""

import base64
import binascii
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import Request, close, open_change
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may
from chatbots import vault
from chatbots.caigunn import CaigunnError, Deadline, OutcomeUnknown, TokenRejected
from chatbots.models import AccessToken, Connection, EndSource
from chatbots.services.access import NotConnected, client_for, new_deadline, note_worked


class RefreshRunningError(Exception):
    """Somebody is refreshing this token right now."""


class RefreshUnknownError(Exception):
    """A refresh got no readable answer, so the stored token may have ended."""


def connect(request: Request, token: str, label: str = "") -> AccessToken:
    """Connect the member with a token that Caigunn has just accepted in a read of the plans.

    Whoever connects the same token shares its record. Raises ValueError for text that cannot be a
    token, TokenRejected and other CaigunnError where the check failed; then nothing is saved.
    """
    asked_at = timezone.now()
    # Looked up before the check as well: a refresh in between gives the record another token, and
    # whoever holds the one before it shares that record still.
    known = _record_of(token)
    client_for(token, new_deadline(), request.request_id).list_plans(limit=1)
    try:
        return _attach(request, token, label, known, asked_at)
    except IntegrityError:
        # Somebody has connected the same token at the same moment: now there is a record to share.
        return _attach(request, token, label, known, asked_at)


def _attach(
    request: Request, token: str, label: str, known: AccessToken | None, asked_at: datetime
) -> AccessToken:
    with transaction.atomic():
        record = (
            _record_of(token)
            or (known and AccessToken.objects.filter(pk=known.pk).first())
            or _new_record(request.member, token)
        )
        _note_connected(record, request.member, label, asked_at)
        before = Connection.objects.filter(member=request.member).first()
        old_record = before.access_token if before else None
        Connection.objects.update_or_create(
            member=request.member,
            defaults={"access_token": record, "created_at": timezone.now()},
        )
        if old_record is not None and old_record.pk != record.pk:
            _leave(old_record, request.member)
        request = Request(request.member, request.request_id, record.id)
        change = open_change(
            request, Kind.TOKEN_CONNECT, before=_known(old_record), asked=_known(record)
        )
        close(change, Outcome.DONE, after=_known(record))
    return record


def disconnect(request: Request) -> None:
    """End the member's connection. The last one to leave deletes the sealed token."""
    with transaction.atomic():
        connection = Connection.objects.filter(member=request.member).first()
        if connection is None:
            return
        record = connection.access_token
        connection.delete()
        request = Request(request.member, request.request_id, record.id)
        change = open_change(request, Kind.TOKEN_DISCONNECT, before=_known(record), asked={})
        close(change, Outcome.DONE)
        _leave(record, request.member)


def may_refresh(member: Member, record: AccessToken) -> bool:
    """The member who connected the token, or an Admin (design §5)."""
    return record.connected_by_id == member.pk or may(member, Action.REFRESH_ANY_TOKEN)


def refresh(request: Request, record: AccessToken, end: date | None = None) -> AccessToken:
    """Exchange the token for a new one that Caigunn accepts; once, whoever else presses.

    The lease is written before the call, and nothing stands between answer and commit; the token
    before is kept until the new one has answered a read. Gives the record that holds the new token.
    Raises RefreshRunningError, RefreshUnknownError (the lease stays as evidence, `settle_refresh`
    is the way out), TokenRejected, and other CaigunnError where nothing was changed; NotConnected
    where the record is of another Caigunn, or was disconnected meanwhile; vault.SealError.
    """
    _check_address(record)
    old_token = record.open()
    previous = vault.ring().seal(old_token, record.context("sealed_previous"))
    holder = uuid.uuid4()
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    taken = AccessToken.objects.filter(
        pk=record.pk, sealed=record.sealed, refresh_holder=None
    ).update(refresh_holder=holder, refresh_until=until)
    if not taken:
        raise RefreshRunningError
    request = Request(request.member, request.request_id, record.id)
    asked = {"expired_date": end.isoformat() if end else None}
    change = open_change(request, Kind.TOKEN_REFRESH, before=_known(record), asked=asked)
    deadline = new_deadline()
    client = client_for(old_token, deadline, request.request_id)
    try:
        new_token = client.refresh_token(end).get_secret_value()
    except OutcomeUnknown as error:
        AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(
            refresh_until=timezone.now()
        )
        close(change, Outcome.UNKNOWN, detail=str(error))
        raise RefreshUnknownError from error
    except CaigunnError as error:
        _release(record, holder)
        close(change, Outcome.FAILED, detail=error.detail or str(error))
        raise
    stored = _store(record, holder, new_token, previous, end)
    if stored is None:
        close(change, Outcome.FAILED, detail=_("The token was disconnected or replaced meanwhile."))
        raise NotConnected
    record = stored
    try:
        client_for(new_token, deadline, request.request_id).list_plans(limit=1)
    except TokenRejected:
        close(change, Outcome.FAILED, detail=_("Caigunn does not accept the new token."))
        settle_refresh(request, record, deadline)
        raise
    except CaigunnError:
        # The new token could not be tried: it is stored, and the one before stays beside it.
        close(change, Outcome.DONE, after=_known(record))
        return record
    _drop_previous(record)
    note_worked(record)
    close(change, Outcome.DONE, after=_known(record))
    return AccessToken.objects.filter(pk=record.pk).first() or record


def settle_refresh(request: Request, record: AccessToken, deadline: Deadline | None = None) -> bool:
    """Find out which of the kept tokens Caigunn accepts after a refresh with an unknown outcome.

    True if one works: it is the stored one from then on. False: the member has to connect anew.
    Raises CaigunnError where Caigunn cannot tell now, NotConnected for a record of another Caigunn,
    and vault.SealError.
    """
    _check_address(record)
    deadline = deadline or new_deadline()
    seen, asked_at = record.sealed, timezone.now()
    for field in ("sealed", "sealed_previous"):
        if not getattr(record, field):
            continue
        token = record.open() if field == "sealed" else record.open_previous()
        try:
            client_for(token, deadline, request.request_id).list_plans(limit=1)
        except TokenRejected:
            continue
        _close_refreshes(record, asked_at, _("It was not refreshed: the token before it works."))
        note_worked(_keep_only(record, seen, token))
        return True
    _close_refreshes(record, asked_at, _("No token that is stored here works any more."))
    AccessToken.objects.filter(pk=record.pk, sealed=seen).update(
        rejected_at=timezone.now(), refresh_holder=None, refresh_until=None
    )
    return False


def _close_refreshes(record: AccessToken, before: datetime, detail: str) -> None:
    """Settle the Changes of refreshes that never reported back."""
    for change in Change.objects.filter(
        kind=Kind.TOKEN_REFRESH,
        access_token_id=record.pk,
        created_at__lt=before,
        outcome__in=[Outcome.PENDING, Outcome.UNKNOWN],
    ):
        close(change, Outcome.FAILED, detail=detail)


def _check_address(record: AccessToken) -> None:
    """Raise NotConnected for a token of another Caigunn: it is never sent to this one."""
    if record.api_base_url != settings.CAIGUNN_API_BASE_URL:
        raise NotConnected


def _record_of(token: str) -> AccessToken | None:
    """The record that holds this token for the Caigunn that this dashboard talks to."""
    return AccessToken.objects.filter(
        api_base_url=settings.CAIGUNN_API_BASE_URL,
        fingerprint__in=vault.ring().fingerprints(token),
    ).first()


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
    _set_token(record, token)
    end = end_of(token)
    record.ends_at = end
    record.end_source = EndSource.TOKEN if end else EndSource.UNKNOWN
    return record


def _set_token(record: AccessToken, token: str) -> None:
    ring = vault.ring()
    record.sealed = ring.seal(token, record.context("sealed"))
    record.fingerprint = ring.fingerprint(token)
    record.last4 = token[-4:] if len(token) >= 16 else ""


def _store(
    record: AccessToken, holder: uuid.UUID, new_token: str, previous: str, asked_end: date | None
) -> AccessToken | None:
    """Seal the new token over the old one, which is kept beside it. Gives the record that holds it,
    None where there is none any more."""
    # The token has ended with this answer: the new one is right even where the lease was lost.
    rows = AccessToken.objects.filter(
        Q(refresh_holder=holder) | Q(sealed=record.sealed), pk=record.pk
    )
    _set_token(record, new_token)
    end, source = end_of(new_token), EndSource.TOKEN
    if end is None and asked_end is not None:
        end, source = datetime.combine(asked_end, time.max, UTC), EndSource.ASKED
    return _put(
        rows,
        record,
        sealed_previous=previous,
        refreshed_at=timezone.now(),
        ends_at=end,
        end_source=source if end else EndSource.UNKNOWN,
        refresh_holder=None,
        refresh_until=None,
    )


def _put(rows: QuerySet[AccessToken], record: AccessToken, **fields: Any) -> AccessToken | None:
    """Write the seal of `record` to its row. Where another record holds the same token already,
    the members of this one share that from now on. Gives the record that holds the token, None
    where `rows` are there no more."""
    try:
        with transaction.atomic():
            is_stored = rows.update(
                sealed=record.sealed, fingerprint=record.fingerprint, last4=record.last4, **fields
            )
    except IntegrityError:
        with transaction.atomic():
            other = AccessToken.objects.get(
                api_base_url=record.api_base_url, fingerprint=record.fingerprint
            )
            Connection.objects.filter(access_token=record).update(access_token=other)
            _delete_if_unused(record)
        return other
    return AccessToken.objects.filter(pk=record.pk).first() if is_stored else None


def _release(record: AccessToken, holder: uuid.UUID) -> None:
    AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(
        refresh_holder=None, refresh_until=None
    )


def _drop_previous(record: AccessToken) -> None:
    AccessToken.objects.filter(pk=record.pk, sealed=record.sealed).update(sealed_previous="")


def _keep_only(record: AccessToken, seen: str, token: str) -> AccessToken:
    _set_token(record, token)
    rows = AccessToken.objects.filter(pk=record.pk, sealed=seen)
    kept = _put(rows, record, sealed_previous="", refresh_holder=None, refresh_until=None)
    return kept or record


def _leave(record: AccessToken, member: Member) -> None:
    """What becomes of a record that the member has left: its longest user takes it over."""
    heir = Connection.objects.filter(access_token=record).order_by("created_at").first()
    if heir is None:
        _delete_if_unused(record)
    elif record.connected_by_id == member.pk:
        AccessToken.objects.filter(pk=record.pk).update(connected_by=heir.member_id)


def _delete_if_unused(record: AccessToken) -> None:
    AccessToken.objects.filter(Q(pk=record.pk), connections=None).delete()


def _known(record: AccessToken | None) -> dict[str, Any]:
    """What a Change may say of a token."""
    if record is None:
        return {}
    end = record.ends_at.isoformat() if record.ends_at else None
    return {"token": f"…{record.last4}", "label": record.label, "ends_at": end}


def end_of(token: str) -> datetime | None:
    """When a token that is a JWT says it ends: a hint to show, never something to trust."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        padded = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(padded))
        return datetime.fromtimestamp(int(claims["exp"]), UTC)
    except (
        binascii.Error,
        ValueError,
        KeyError,
        TypeError,
        OverflowError,
        OSError,
        RecursionError,
    ):
        return None
