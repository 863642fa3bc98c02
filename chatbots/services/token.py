"""The member's access token: connect, replace, refresh, disconnect (reliability §1 and §2)."""

import base64
import binascii
import json
import uuid
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from caigunn_admin.activity.models import Kind, Outcome
from caigunn_admin.activity.record import Request, close, open_change
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may
from chatbots import vault
from chatbots.caigunn import CaigunnError, OutcomeUnknown, TokenRejected
from chatbots.models import AccessToken, Connection, EndSource
from chatbots.services.access import client_for, new_deadline, note_worked


class RefreshRunningError(Exception):
    """Somebody is refreshing this token right now."""


class RefreshUnknownError(Exception):
    """A refresh got no readable answer, so the stored token may have ended."""


def connect(request: Request, token: str, label: str = "") -> AccessToken:
    """Connect the member with a token that Caigunn has just accepted in a read of the plans.

    Whoever connects the same token shares its record. Raises ValueError for text that cannot be a
    token, TokenRejected and other CaigunnError where the check failed; then nothing is saved.
    """
    client_for(token, new_deadline(), request.request_id).list_plans(limit=1)
    ring = vault.ring()
    with transaction.atomic():
        record = AccessToken.objects.filter(
            api_base_url=settings.CAIGUNN_API_BASE_URL, fingerprint__in=ring.fingerprints(token)
        ).first() or _new_record(request.member, token)
        _note_connected(record, label)
        before = Connection.objects.filter(member=request.member).first()
        old_record = before.access_token if before else None
        Connection.objects.update_or_create(
            member=request.member,
            defaults={"access_token": record, "created_at": timezone.now()},
        )
        if old_record is not None and old_record.pk != record.pk:
            _delete_if_unused(old_record)
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
        _delete_if_unused(record)


def may_refresh(member: Member, record: AccessToken) -> bool:
    """The member who connected the token, or an Admin (design §5)."""
    return record.connected_by_id == member.pk or may(member, Action.REFRESH_ANY_TOKEN)


def refresh(request: Request, record: AccessToken, end: date | None = None) -> AccessToken:
    """Exchange the token for a new one that Caigunn accepts; once, whoever else presses.

    The lease is written before the call, and nothing stands between answer and commit; the token
    before is kept until the new one has answered a read.
    Raises RefreshRunningError, RefreshUnknownError (the lease stays as evidence, `settle_refresh`
    is the way out), TokenRejected, and other CaigunnError where nothing was changed.
    """
    holder = uuid.uuid4()
    now = timezone.now()
    until = now + timedelta(seconds=settings.LEASE_SECONDS)
    taken = AccessToken.objects.filter(
        pk=record.pk, sealed=record.sealed, refresh_holder=None
    ).update(refresh_holder=holder, refresh_until=until)
    if not taken:
        raise RefreshRunningError
    old_token = record.open()
    previous = vault.ring().seal(old_token, record.context("sealed_previous"))
    asked = {"expired_date": end.isoformat() if end else None}
    change = open_change(request, Kind.TOKEN_REFRESH, before=_known(record), asked=asked)
    client = client_for(old_token, new_deadline(), request.request_id)
    try:
        new_token = client.refresh_token(end).get_secret_value()
    except OutcomeUnknown as error:
        AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(refresh_until=now)
        close(change, Outcome.UNKNOWN, detail=str(error))
        raise RefreshUnknownError from error
    except CaigunnError as error:
        _release(record, holder)
        close(change, Outcome.FAILED, detail=error.detail or str(error))
        raise
    _store(record, holder, new_token, previous, end)
    record.refresh_from_db()
    try:
        client_for(new_token, new_deadline(), request.request_id).list_plans(limit=1)
    except TokenRejected:
        close(change, Outcome.FAILED, detail=_("Caigunn does not accept the new token."))
        settle_refresh(request, record)
        raise
    except CaigunnError:
        # The new token could not be tried: it is stored, and the one before stays beside it.
        close(change, Outcome.DONE, after=_known(record))
        return record
    _drop_previous(record)
    note_worked(record)
    close(change, Outcome.DONE, after=_known(record))
    record.refresh_from_db()
    return record


def settle_refresh(request: Request, record: AccessToken) -> bool:
    """Find out which of the kept tokens Caigunn accepts after a refresh with an unknown outcome.

    True if one works: it is the stored one from then on. False: the member has to connect anew.
    Raises CaigunnError where Caigunn cannot tell now.
    """
    seen = record.sealed
    for field in ("sealed", "sealed_previous"):
        if not getattr(record, field):
            continue
        token = record.open() if field == "sealed" else record.open_previous()
        try:
            client_for(token, new_deadline(), request.request_id).list_plans(limit=1)
        except TokenRejected:
            continue
        _keep_only(record, seen, token)
        note_worked(record)
        return True
    AccessToken.objects.filter(pk=record.pk, sealed=seen).update(
        rejected_at=timezone.now(), refresh_holder=None, refresh_until=None
    )
    return False


def _note_connected(record: AccessToken, label: str) -> None:
    """Save a new record; of a shared one only what connecting changes, never its seal."""
    now = timezone.now()
    record.label = label or record.label
    record.last_worked_at = now
    record.rejected_at = None
    if record._state.adding:  # noqa: SLF001 - Django documents it
        record.save()
        return
    record.save(update_fields=["label", "last_worked_at", "rejected_at"])
    # The token works, so a refresh that died has not ended it.
    AccessToken.objects.filter(pk=record.pk, refresh_until__lt=now).update(
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
) -> None:
    """Seal the new token over the old one, which is kept beside it."""
    _set_token(record, new_token)
    end, source = end_of(new_token), EndSource.TOKEN
    if end is None and asked_end is not None:
        end, source = datetime.combine(asked_end, time.max, UTC), EndSource.ASKED
    AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(
        sealed=record.sealed,
        sealed_previous=previous,
        fingerprint=record.fingerprint,
        last4=record.last4,
        refreshed_at=timezone.now(),
        ends_at=end,
        end_source=source if end else EndSource.UNKNOWN,
        refresh_holder=None,
        refresh_until=None,
    )


def _release(record: AccessToken, holder: uuid.UUID) -> None:
    AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(
        refresh_holder=None, refresh_until=None
    )


def _drop_previous(record: AccessToken) -> None:
    AccessToken.objects.filter(pk=record.pk, sealed=record.sealed).update(sealed_previous="")


def _keep_only(record: AccessToken, seen: str, token: str) -> None:
    _set_token(record, token)
    AccessToken.objects.filter(pk=record.pk, sealed=seen).update(
        sealed=record.sealed,
        fingerprint=record.fingerprint,
        last4=record.last4,
        sealed_previous="",
        refresh_holder=None,
        refresh_until=None,
    )


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
