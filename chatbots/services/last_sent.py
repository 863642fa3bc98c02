"""What was last sent from here for the settings that Caigunn does not report (notes §2)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.services.settings import READABLE


@dataclass(frozen=True)
class LastSent:
    """What was last sent from here for a field that cannot be read."""

    value: Any
    at: datetime
    by: str
    is_certain: bool
    """Whether Caigunn said that it took it."""


def last_sent(chatbot_id: str) -> dict[str, LastSent]:
    """For each setting that cannot be read: what was last sent from here, when and by whom.

    For whoever may read the chatbot, through whichever access token; the caller has read it.
    """
    found: dict[str, LastSent] = {}
    # What Caigunn has taken counts, even where it then reported another value of something else.
    maybe_taken = Q(was_accepted=True) | Q(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN])
    changes = Change.objects.filter(
        maybe_taken,
        chatbot_id=chatbot_id,
        kind=Kind.SETTINGS,
    ).select_related("member")
    for change in changes[:200]:
        for name, value in change.asked.items():
            if name not in READABLE and name not in found:
                by = str(change.member) if change.member else change.member_email
                found[name] = LastSent(value, change.created_at, by, is_certain=change.was_accepted)
    return found
