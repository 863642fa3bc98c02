"""Writing Changes down: opened before the call, closed after the read-back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from caigunn_admin.team.models import Member

# Kinds of Changes after which the fields of a chatbot are known.
_LEAVING = (Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.ACCEPT)
_CLOSING = ("outcome", "after", "detail", "closed_at", "form_key", "was_accepted", "refused")


class AlreadySubmitted(Exception):  # noqa: N818 - not an error: the answer is the earlier Change
    """The form was sent before; `change` is what came of it then."""

    def __init__(self, change: Change) -> None:
        super().__init__("this form was submitted before")
        self.change = change


@dataclass(frozen=True)
class Request:
    """Who asks for a write, through which connection, by which form and page request."""

    member: Member
    request_id: str
    access_token_id: UUID | None = None
    form_key: str | None = None
    reason: str = ""
    undoes: UUID | None = None
    """The Change whose earlier values this one writes back."""


def earlier(form_key: str | None) -> Change | None:
    """The Change that a form with this key has asked for already, if any."""
    return Change.objects.filter(form_key=form_key).first() if form_key else None


def of_chatbot(change_id: str, chatbot_id: str) -> Change | None:
    """The Change of this chatbot, for whoever may read the chatbot; None where there is none."""
    try:
        wanted = UUID(change_id)
    except ValueError:
        return None
    return Change.objects.filter(pk=wanted, chatbot_id=chatbot_id).first()


def open_change(
    request: Request,
    kind: Kind,
    *,
    before: dict[str, Any],
    asked: dict[str, Any],
    chatbot_id: str = "",
    chatbot_title: str = "",
) -> Change:
    """A saved, pending Change. Raises AlreadySubmitted if the form's key has been used."""
    try:
        with transaction.atomic():
            return Change.objects.create(
                kind=kind,
                member=request.member,
                member_email=request.member.email,
                access_token_id=request.access_token_id,
                chatbot_id=chatbot_id,
                chatbot_title=chatbot_title,
                before=before,
                asked=asked,
                request_id=request.request_id,
                form_key=request.form_key,
                reason=request.reason,
                undoes_id=request.undoes,
            )
    except IntegrityError:
        change = earlier(request.form_key)
        if change is None:
            raise
        raise AlreadySubmitted(change) from None


def give_up_pending() -> None:
    """Call what has been pending for PENDING_SECONDS unknown: the process that opened it is gone,
    and whatever it wrote has to be looked for."""
    given_up = timezone.now() - timedelta(seconds=settings.PENDING_SECONDS)
    late = Change.objects.filter(outcome=Outcome.PENDING, created_at__lt=given_up)
    # Looked for first: a page that only shows things must not wait for those that write.
    if late.exists():
        late.update(
            outcome=Outcome.UNKNOWN,
            closed_at=timezone.now(),
            detail=gettext_noop("It never reported back: the process that wrote it was stopped."),
        )


def abandon(chatbot_id: str) -> None:
    """Call the pending Changes of a chatbot unknown: whoever calls holds the lease to write it, so
    the processes that opened them are gone."""
    Change.objects.filter(chatbot_id=chatbot_id, outcome=Outcome.PENDING).exclude(
        kind=Kind.CREATE
    ).update(outcome=Outcome.UNKNOWN, closed_at=timezone.now())


def close(
    change: Change,
    outcome: Outcome,
    *,
    after: dict[str, Any] | None = None,
    detail: str = "",
    nothing_sent: bool = False,
    was_accepted: bool = False,
    refused: dict[str, list[str]] | None = None,
) -> Change:
    """The same Change with its outcome, saved; what it left in the chatbot is noted.

    With `nothing_sent` the key of its form is free again: sending the form once more is the first
    time that it writes. `refused` are Caigunn's messages by field.
    """
    change.outcome = outcome
    change.was_accepted = was_accepted or outcome == Outcome.DONE
    change.refused = refused or {}
    if nothing_sent:
        change.form_key = None
    change.after = after or {}
    change.detail = detail
    change.closed_at = timezone.now()
    with transaction.atomic():
        change.save(update_fields=_CLOSING)
        _note_left(change)
    return change


def _note_left(change: Change) -> None:
    """Write down what a closed Change left in each field, and what it has undone."""
    for name, value in _left_by(change).items():
        LeftValue.objects.update_or_create(
            chatbot_id=change.chatbot_id,
            field=name,
            defaults={"value": value, "change": change, "at": timezone.now()},
        )
    if change.undoes_id and change.outcome == Outcome.DONE:
        Change.objects.filter(pk=change.undoes_id, outcome=Outcome.DONE).update(
            outcome=Outcome.UNDONE
        )


def _left_by(change: Change) -> dict[str, Any]:
    """The values that Caigunn has from a Change. One that failed may still have left some: what
    moved is its work where Caigunn took it, or reports just what was asked for."""
    if change.kind not in _LEAVING or change.outcome not in {Outcome.DONE, Outcome.FAILED}:
        return {}
    is_done = change.outcome == Outcome.DONE
    return {
        name: value for name, value in change.after.items() if is_done or _is_left(change, name)
    }


def _is_left(change: Change, name: str) -> bool:
    if name not in change.asked or change.after[name] == change.before.get(name):
        return False
    return bool(change.was_accepted or change.after[name] == change.asked[name])
