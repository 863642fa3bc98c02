"""What a form carries, signed: its one-time key, whose it is, and the values it started from."""

import secrets
from dataclasses import dataclass
from typing import Any

from django.core import signing

from caigunn_admin.team.models import Member

SALT = "chatbots.form_state"
MAX_AGE_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True)
class FormState:
    """`started_from` is what the form showed when it was opened, as JSON."""

    key: str
    started_from: Any


def issue(member: Member, subject: str, started_from: Any, *, key: str = "") -> str:
    """A new state for a form about `subject`, for this member only; with the `key` of an earlier
    one, what that form has asked for already is not asked for again."""
    return signing.dumps(
        {
            "key": key or secrets.token_urlsafe(24),
            "member": member.pk,
            "subject": subject,
            "started_from": started_from,
        },
        salt=SALT,
        compress=True,
    )


def owner(text: str) -> int | None:
    """The id of the member whom the form was drawn for; None if it was not drawn here, or is too
    old."""
    try:
        state = signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    return int(state["member"])


def read(text: str, member: Member, subject: str) -> FormState | None:
    """The state that came back; None if it is missing, changed, too old, or another's."""
    try:
        state = signing.loads(text, salt=SALT, max_age=MAX_AGE_SECONDS)
    except signing.BadSignature:
        return None
    if state["member"] != member.pk or state["subject"] != subject:
        return None
    return FormState(state["key"], state["started_from"])
