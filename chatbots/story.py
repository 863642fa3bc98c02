"""What a Change says to people: the difference, field by field."""

import json
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.services.settings import READABLE
from chatbots.services.undo import Plan, plan
from chatbots.settings_form import SettingsForm

# What *Check now* can settle by reading a chatbot.
CHECKED = (Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.DELETE)
_OF_TOKENS = (Kind.TOKEN_CONNECT, Kind.TOKEN_REFRESH, Kind.TOKEN_DISCONNECT)
_NOT_OF_A_FIELD = {
    "plan_id": _("Plan"),
    "token": _("Token"),
    "label": _("Label"),
    "ends_at": _("Ends"),
    "expired_date": _("Valid until"),
}


@dataclass(frozen=True)
class Line:
    """One field of a Change. `is_known` tells whether `before` is known at all; `reported` is what
    Caigunn reported afterwards, where that is something else than was asked for."""

    name: str
    label: str
    before: Any
    asked: Any
    is_known: bool = True
    reported: Any = None
    has_report: bool = False


@dataclass(frozen=True)
class Story:
    """A Change, its lines, whether *Check now* can settle it, and what can be undone of it, the
    fields left out by their labels."""

    change: Change
    lines: tuple[Line, ...]
    can_check: bool
    undo: Plan
    left_out: tuple[str, ...]
    shows_chatbot: bool = False

    @property
    def day(self) -> date:
        """The day on which it was asked for, where the member is."""
        return timezone.localdate(self.change.created_at)


def story(change: Change, *, why_closed: str = "") -> Story:
    """The Change as a page tells it. `why_closed` says why nothing of its chatbot can be written,
    where that is so."""
    wanted = plan(change)
    if why_closed and wanted.values:
        wanted = replace(wanted, values={}, why_not=why_closed)
    return Story(
        change,
        lines(change),
        change.outcome == Outcome.UNKNOWN and change.kind in CHECKED and bool(change.chatbot_id),
        wanted,
        tuple(label(name) for name in wanted.left_out),
    )


def lines(change: Change) -> tuple[Line, ...]:
    """The fields that a Change is about."""
    if change.kind == Kind.DELETE:
        names = [name for name in ("title", "webhook_url", "plan_id") if name in change.before]
        return tuple(Line(name, label(name), change.before[name], None) for name in names)
    if change.kind in _OF_TOKENS:
        return _of_token(change)
    return tuple(_line(change, name) for name in change.asked)


def _of_token(change: Change) -> tuple[Line, ...]:
    before, after = change.before, change.after
    if change.outcome != Outcome.DONE:
        # What it would have left is not known: all there is to tell is what was asked for.
        names = [name for name in _NOT_OF_A_FIELD if change.asked.get(name)]
        return tuple(
            Line(name, label(name), before.get("ends_at"), change.asked[name], is_known=False)
            for name in names
        )
    names = [name for name in _NOT_OF_A_FIELD if before.get(name) != after.get(name)]
    return tuple(Line(name, label(name), before.get(name), after.get(name)) for name in names)


def _line(change: Change, name: str) -> Line:
    asked, reported = change.asked[name], change.after.get(name)
    is_new = change.kind == Kind.CREATE
    tells = name in change.after and change.outcome == Outcome.FAILED and reported != asked
    return Line(
        name,
        label(name),
        change.before.get(name),
        asked,
        is_known=not is_new and (name in change.before or name in READABLE),
        reported=reported,
        has_report=tells,
    )


def label(name: str) -> str:
    """What the pages call a field of a Change."""
    field = SettingsForm.base_fields.get(name)
    return str(field.label if field else _NOT_OF_A_FIELD.get(name, name))


def plain(value: Any) -> str:
    """A value of a Change as text, for a file."""
    if value is None:
        return ""
    if isinstance(value, dict):
        return f"{value.get('name', '')} ({value.get('size', '?')} B)"
    if isinstance(value, list):
        return "\n".join(
            str(item.get("value", "")) if isinstance(item, dict) else str(item) for item in value
        )
    return value if isinstance(value, str) else json.dumps(value)
