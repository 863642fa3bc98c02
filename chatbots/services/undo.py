"""Undo: earlier values of a webhook or of readable settings, written back as a new Change."""

from dataclasses import dataclass, field, replace
from typing import Any

from django.utils.translation import gettext as _

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import earlier
from chatbots.services import settings, webhooks
from chatbots.services.access import Access
from chatbots.services.masking import HIDDEN
from chatbots.services.settings import READABLE, Asked
from chatbots.services.webhooks import FIELD

_OPEN = (Outcome.PENDING, Outcome.UNKNOWN)
_WRITES = (Kind.WEBHOOK, Kind.SETTINGS)


@dataclass(frozen=True)
class Plan:
    """What undoing a Change would write back. `left_out` names what cannot be, or, of a Change
    that is undone, what was not; where nothing can be, `why_not` says why, and `values` is empty.
    """

    values: dict[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    why_not: str = ""


def plan(change: Change) -> Plan:
    """What can be undone of a Change, judged by what was written down of it."""
    if why_not := _never(change):
        left_out = _left_out(change, _values(change)) if change.outcome == Outcome.UNDONE else ()
        return Plan(left_out=left_out, why_not=why_not)
    values = _values(change)
    left_out = _left_out(change, values)
    return Plan(values, left_out) if values else Plan({}, left_out, _nothing_to_write(change))


def _values(change: Change) -> dict[str, Any]:
    """The earlier values that can be written back."""
    if change.kind == Kind.WEBHOOK:
        return {} if _holds_secret(change, FIELD) else {FIELD: change.before.get(FIELD)}
    return {
        name: change.before[name] or "" if name == "prompt" else change.before[name]
        for name in _moved(change)
        if can_write(name, change.before[name]) and not _holds_secret(change, name)
    }


def _moved(change: Change) -> list[str]:
    """The readable settings that the Change has moved."""
    return [
        name
        for name in change.asked
        if name in READABLE
        and name in change.before
        and not settings.same(name, change.before[name], change.after.get(name))
    ]


def can_write(name: str, value: Any) -> bool:
    """Whether a value of before can be written once more: there is no way to take one away but
    that of the webhook and that of the prompt (notes §2), and what a secret was cut out of is no
    value."""
    return (name in {FIELD, "prompt"} or value not in (None, "")) and not _is_cut(value)


def _is_cut(value: Any) -> bool:
    return isinstance(value, str) and HIDDEN in value


def _holds_secret(change: Change, name: str) -> bool:
    """Whether a secret was cut out of a value: it could not be written, or not be compared."""
    return _is_cut(change.before.get(name)) or _is_cut(change.after.get(name))


def _left_out(change: Change, values: dict[str, Any]) -> tuple[str, ...]:
    if change.kind != Kind.SETTINGS:
        return ()
    moved = _moved(change)
    return tuple(
        name
        for name in change.asked
        if name not in values and (name in moved or name not in READABLE)
    )


def _nothing_to_write(change: Change) -> str:
    if any(_holds_secret(change, name) for name in change.asked):
        return _("The value held a secret, which is not kept.")
    if _moved(change):
        return _("Caigunn has no way to take these values away again.")
    return _("Caigunn does not report what these settings were before.")


def _never(change: Change) -> str:
    """Why a Change of this kind or outcome is not undone; empty where it may be."""
    if change.outcome == Outcome.FAILED and change.was_accepted:
        return _("Only a part of it was saved: look at what Caigunn reports, and edit that.")
    if change.outcome == Outcome.UNKNOWN and not change.chatbot_id:
        return _("Whether it was done is not known.")
    by_outcome = {
        Outcome.FAILED: _("It was not saved, so there is nothing to undo."),
        Outcome.PENDING: _("It is still being written."),
        Outcome.UNKNOWN: _("Whether it was saved is not known: check it first."),
        Outcome.UNDONE: _("It has been undone."),
    }
    by_kind = {
        Kind.CREATE: _("To undo a creation, delete the chatbot."),
        Kind.DELETE: _("Caigunn has no way to bring a deleted chatbot back."),
        Kind.ACCEPT: _("It wrote nothing, so there is nothing to write back."),
        Kind.TOKEN_CONNECT: _("A token that was replaced is not kept."),
        Kind.TOKEN_REFRESH: _("The token before has ended at Caigunn."),
        Kind.TOKEN_DISCONNECT: _("A token that was disconnected is not kept."),
    }
    return by_outcome.get(Outcome(change.outcome), "") or by_kind.get(Kind(change.kind), "")


def unsettled(change: Change) -> Change | None:
    """An undo of this Change whose outcome is open: it is checked before there is another."""
    return Change.objects.filter(undoes=change, outcome__in=_OPEN).first()


def undo(access: Access, change: Change, *, form_key: str) -> Change | None:
    """Write the earlier values back and check that they hold; the Change that did it, or None
    where Caigunn reports them already. The same form once more gets the same answer.

    Raises NotSavedError (ClashError where the value is no longer what the Change left: `current` is
    what it is), UnsettledError, CaigunnError where nothing was written, and ValueError for a Change
    whose `plan` has nothing to write back.
    """
    sent_before = earlier(form_key)
    values = sent_before.asked if sent_before else plan(change).values
    if not values or change.kind not in _WRITES:
        raise ValueError("This Change cannot be undone.")
    access = replace(access, undoes=change.pk)
    if change.kind == Kind.WEBHOOK:
        return webhooks.save(
            access,
            change.chatbot_id,
            values[FIELD] or None,
            started_from=change.after.get(FIELD),
            form_key=form_key,
        ).change
    started_from = {name: change.after.get(name) for name in values}
    return settings.save(
        access,
        change.chatbot_id,
        Asked(values),
        started_from=started_from,
        form_key=form_key,
    ).change
