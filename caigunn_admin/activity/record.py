"""Writing Changes down: opened before the call, closed after the read-back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member


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


def earlier(form_key: str | None) -> Change | None:
    """The Change that a form with this key has asked for already, if any."""
    return Change.objects.filter(form_key=form_key).first() if form_key else None


def asked_by(member: Member, change_id: str, chatbot_id: str) -> dict[str, Any]:
    """What this member asked for in a Change of this chatbot; empty where there is none."""
    try:
        wanted = UUID(change_id)
    except ValueError:
        return {}
    change = Change.objects.filter(pk=wanted, member=member, chatbot_id=chatbot_id).first()
    return dict(change.asked) if change else {}


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
            )
    except IntegrityError:
        change = earlier(request.form_key)
        if change is None:
            raise
        raise AlreadySubmitted(change) from None


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
) -> Change:
    """The same Change with its outcome, saved.

    With `nothing_sent` the key of its form is free again: sending the form once more is the first
    time that it writes.
    """
    change.outcome = outcome
    if nothing_sent:
        change.form_key = None
    change.after = after or {}
    change.detail = detail
    change.closed_at = timezone.now()
    change.save(update_fields=["outcome", "after", "detail", "closed_at", "form_key"])
    return change
