"""Exchanging an access token for a new one: once, and never lost (reliability §2)."""

import uuid
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import Request, close, open_change
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may
from chatbots import vault
from chatbots.caigunn import CaigunnError, Deadline, OutcomeUnknown, TokenRejected
from chatbots.models import AccessToken, EndSource
from chatbots.services.access import NotConnected, client_for, new_deadline, note_worked
from chatbots.services.outcomes import in_english
from chatbots.services.token_records import check_address, end_of, known, put, set_token


class RefreshRunningError(Exception):
    """Somebody is refreshing this token right now."""


class RefreshUnknownError(Exception):
    """A refresh got no readable answer, so the stored token may have ended."""


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
    check_address(record)
    old_token = record.open()
    previous = vault.ring().seal(old_token, record.context("sealed_previous"))
    holder = uuid.uuid4()
    until = timezone.now() + timedelta(seconds=settings.LEASE_SECONDS)
    taken = AccessToken.objects.filter(
        pk=record.pk, sealed=record.sealed, refresh_holder=None
    ).update(refresh_holder=holder, refresh_until=until)
    if not taken:
        return _of_record_as_it_is(request, record, old_token, end)
    # The lease was free, so whoever left a Change open is gone.
    _close_refreshes(
        record, timezone.now(), gettext_noop("It was not refreshed: the token before it works.")
    )
    request = replace(request, access_token_id=record.id)
    asked = {"expired_date": end.isoformat() if end else None}
    change = open_change(request, Kind.TOKEN_REFRESH, before=known(record), asked=asked)
    deadline = new_deadline()
    client = client_for(old_token, deadline, request.request_id)
    try:
        new_token = client.refresh_token(end).get_secret_value()
    except OutcomeUnknown as error:
        AccessToken.objects.filter(pk=record.pk, refresh_holder=holder).update(
            refresh_until=timezone.now()
        )
        close(change, Outcome.UNKNOWN, detail=in_english(error))
        raise RefreshUnknownError from error
    except CaigunnError as error:
        _release(record, holder)
        close(change, Outcome.FAILED, detail=in_english(error))
        raise
    stored = _store(record, holder, new_token, previous, end)
    if stored is None:
        close(
            change,
            Outcome.FAILED,
            detail=gettext_noop("The token was disconnected or replaced meanwhile."),
        )
        raise NotConnected
    record = stored
    try:
        client_for(new_token, deadline, request.request_id).list_plans(limit=1)
    except TokenRejected:
        close(change, Outcome.FAILED, detail=gettext_noop("Caigunn does not accept the new token."))
        settle_refresh(request, record, deadline)
        raise
    except CaigunnError:
        # The new token could not be tried: it is stored, and the one before stays beside it.
        close(change, Outcome.DONE, after=known(record))
        return record
    _drop_previous(record)
    note_worked(record)
    close(change, Outcome.DONE, after=known(record))
    return AccessToken.objects.filter(pk=record.pk).first() or record


def _of_record_as_it_is(
    request: Request, record: AccessToken, token: str, end: date | None
) -> AccessToken:
    """Refresh the same token where it was only sealed anew meanwhile, with another key."""
    fresh = AccessToken.objects.filter(pk=record.pk, refresh_holder=None).first()
    if fresh is None or fresh.sealed == record.sealed or fresh.open() != token:
        raise RefreshRunningError
    return refresh(request, fresh, end)


def settle_refresh(request: Request, record: AccessToken, deadline: Deadline | None = None) -> bool:
    """Find out which of the kept tokens Caigunn accepts after a refresh with an unknown outcome.

    True if one works: it is the stored one from then on. False: the member has to connect anew.
    Raises CaigunnError where Caigunn cannot tell now, NotConnected for a record of another Caigunn,
    and vault.SealError.
    """
    check_address(record)
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
        _close_refreshes(
            record, asked_at, gettext_noop("It was not refreshed: the token before it works.")
        )
        note_worked(_keep_only(record, seen, token))
        return True
    _close_refreshes(record, asked_at, gettext_noop("No token that is stored here works any more."))
    AccessToken.objects.filter(pk=record.pk, sealed=seen).update(
        rejected_at=timezone.now(), refresh_holder=None, refresh_until=None
    )
    return False


def _close_refreshes(record: AccessToken, before: datetime, detail: str) -> None:
    """Settle the Changes of refreshes that never reported back: what was asked for before the last
    new token came is done, what was asked for since failed for the reason in `detail`."""
    rows = AccessToken.objects.filter(pk=record.pk)
    came_at = rows.values_list("refreshed_at", flat=True).first()
    for change in Change.objects.filter(
        kind=Kind.TOKEN_REFRESH,
        access_token_id=record.pk,
        created_at__lt=before,
        outcome__in=[Outcome.PENDING, Outcome.UNKNOWN],
    ):
        if came_at is not None and change.created_at < came_at:
            close(change, Outcome.DONE, after=known(record))
        else:
            close(change, Outcome.FAILED, detail=detail)


def _store(
    record: AccessToken, holder: uuid.UUID, new_token: str, previous: str, asked_end: date | None
) -> AccessToken | None:
    """Seal the new token over the old one, which is kept beside it. Gives the record that holds it,
    None where there is none any more."""
    # The token has ended with this answer: the new one is right even where the lease was lost.
    rows = AccessToken.objects.filter(
        Q(refresh_holder=holder) | Q(sealed=record.sealed), pk=record.pk
    )
    set_token(record, new_token)
    end, source = end_of(new_token), EndSource.TOKEN
    if end is None and asked_end is not None:
        end, source = datetime.combine(asked_end, time.max, UTC), EndSource.ASKED
    return put(
        rows,
        record,
        sealed_previous=previous,
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


def _keep_only(record: AccessToken, seen: str, token: str) -> AccessToken:
    set_token(record, token)
    rows = AccessToken.objects.filter(pk=record.pk, sealed=seen)
    kept = put(rows, record, sealed_previous="", refresh_holder=None, refresh_until=None)
    return kept or record
