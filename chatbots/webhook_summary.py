"""What the webhooks of a page of the list are, counted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chatbots.services.details import ChatbotReading, Unread


@dataclass(frozen=True)
class Summary:
    """How many chatbots have no webhook, one that was changed outside, or one that cannot be read.

    A chatbot that exists no more counts nowhere.
    """

    none: int
    outside: int
    unreadable: int
    is_all_set: bool
    """Whether every one that was read has a webhook, and all were read."""


def summary(
    readings: Mapping[str, ChatbotReading | Unread], changed_outside: Collection[str]
) -> Summary:
    """Count the readings of one page, and those of them that were changed outside."""
    read = [
        one
        for one in readings.values()
        if isinstance(one, ChatbotReading) and not one.info.is_deleted
    ]
    unread = sum(isinstance(one, Unread) and not one.is_gone for one in readings.values())
    unknown = sum(not one.webhook_is_known for one in read)
    none = sum(one.webhook_is_known and not one.webhook_url for one in read)
    return Summary(
        none=none,
        outside=len(changed_outside),
        unreadable=unread + unknown,
        is_all_set=bool(read) and not (none or unread or unknown),
    )
