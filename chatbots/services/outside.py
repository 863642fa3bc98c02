"""Changed outside: where Caigunn reports something else than the last Change here has left."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, close, earlier, open_change
from chatbots.services import details, settings, webhooks
from chatbots.services.access import Access
from chatbots.services.details import ChatbotReading, Unread
from chatbots.services.leases import writing
from chatbots.services.masking import HIDDEN
from chatbots.services.outcomes import ClashError, DeletedError, FormUsedError
from chatbots.services.settings import READABLE, Asked
from chatbots.services.undo import can_write
from chatbots.services.webhooks import FIELD
from chatbots.webhook_url import same as same_url

_OPEN = (Outcome.PENDING, Outcome.UNKNOWN)


class NotRestorableError(Exception):
    """Nothing is known to restore, or there is no way to write it."""


@dataclass(frozen=True)
class Outside:
    """A field that was changed outside this dashboard, or by a Change that nobody has settled
    (`open_change`): what was `left` here and when, and what Caigunn reports `now`."""

    field: str
    left: Any
    now: Any
    since: datetime
    by: str
    can_restore: bool
    open_change: Change | None = None


def of_chatbot(chatbot_id: str, reading: ChatbotReading) -> tuple[Outside, ...]:
    """What was changed outside, of the webhook and the settings that can be read."""
    return _all({chatbot_id: reading}, (FIELD, *READABLE)).get(chatbot_id, ())


def webhooks_of(readings: Mapping[str, ChatbotReading | Unread]) -> dict[str, Outside]:
    """Whose webhook was changed outside, by the id of the chatbot. Where a Change of ours is open,
    nobody can tell yet."""
    found = _all(readings, (FIELD,))
    return {
        chatbot_id: outside[0]
        for chatbot_id, outside in found.items()
        if outside[0].open_change is None
    }


def _all(
    readings: Mapping[str, ChatbotReading | Unread], fields: Iterable[str]
) -> dict[str, tuple[Outside, ...]]:
    read = {
        chatbot_id: reading
        for chatbot_id, reading in readings.items()
        if isinstance(reading, ChatbotReading)
        and not reading.info.is_deleted
        and not reading.is_stale
    }
    if not read:
        return {}
    left = LeftValue.objects.filter(chatbot_id__in=list(read), field__in=list(fields))
    found: dict[str, list[LeftValue]] = {}
    for value in left.select_related("change__member"):
        reading = read[value.chatbot_id]
        # What was read before the write cannot know of it.
        if reading.read_at > value.at and _differs(value, reading):
            found.setdefault(value.chatbot_id, []).append(value)
    if not found:
        return {}
    unsettled = {
        (change.chatbot_id, name): change
        for change in Change.objects.filter(chatbot_id__in=list(found), outcome__in=_OPEN)
        for name in change.asked
    }
    return {
        chatbot_id: tuple(
            _outside(value, read[chatbot_id], unsettled.get((chatbot_id, value.field)))
            for value in sorted(values, key=lambda one: one.field)
        )
        for chatbot_id, values in found.items()
    }


def _outside(value: LeftValue, reading: ChatbotReading, unsettled: Change | None) -> Outside:
    change = value.change
    return Outside(
        value.field,
        value.value,
        _now(value.field, reading),
        value.at,
        str(change.member) if change.member else change.member_email,
        can_write(value.field, value.value),
        unsettled,
    )


def _now(field: str, reading: ChatbotReading) -> Any:
    if field == FIELD:
        return reading.webhook_url
    return settings.readable(reading.info)[field]


def _differs(value: LeftValue, reading: ChatbotReading) -> bool:
    now = _now(value.field, reading)
    return is_told(value.field, now, reading) and not _is_same(value.field, now, value.value)


def is_told(field: str, now: Any, reading: ChatbotReading) -> bool:
    """Whether Caigunn has told the whole value: what it does not tell is no difference, and what a
    secret was cut out of cannot be compared."""
    if isinstance(now, str) and HIDDEN in now:
        return False
    if field == FIELD:
        return reading.webhook_is_known
    if field == "prompt":
        return field in reading.info.model_fields_set and field not in reading.unreadable
    return now is not None


def accept(access: Access, chatbot_id: str, field: str, seen: Any, *, form_key: str) -> Change:
    """Take what Caigunn reports for what it should be; the Change that says so. Writes nothing to
    Caigunn. Raises ClashError where that is no longer what the member has `seen`, FormUsedError,
    DeletedError, BusyError and CaigunnError."""
    with writing(chatbot_id, access.deadline):
        if sent_before := earlier(form_key):
            return _same_again(sent_before, field)
        info, reading = details.read(access, chatbot_id)
        if info.is_deleted:
            raise DeletedError
        now = _now(field, reading)
        if not is_told(field, now, reading) or not _is_same(field, now, seen):
            raise ClashError(now)
        left = LeftValue.objects.filter(chatbot_id=chatbot_id, field=field).first()
        before = {field: left.value if left else None}
        try:
            # Nothing is written to Caigunn: there is no moment at which this is open.
            with transaction.atomic():
                change = open_change(
                    access.request(form_key),
                    Kind.ACCEPT,
                    chatbot_id=chatbot_id,
                    chatbot_title=info.title or "",
                    before=before,
                    asked={field: now},
                )
                return close(change, Outcome.DONE, after={field: now})
        except AlreadySubmitted as again:
            return _same_again(again.change, field)


def restore(
    access: Access, chatbot_id: str, field: str, seen: Any, wanted: Any, *, form_key: str
) -> Change | None:
    """Write what the last Change here had left, the `wanted` value that the member was shown, once
    more over what the member has `seen`; the Change that did it. Raises what `webhooks.save` and
    `settings.save` do, ClashError too where what was `seen` has been accepted or something else
    was left here meanwhile, and NotRestorableError."""
    left = LeftValue.objects.filter(chatbot_id=chatbot_id, field=field).first()
    if left is None or not can_write(field, left.value):
        raise NotRestorableError
    if not _is_same(field, left.value, wanted):
        raise ClashError(left.value)
    sent_before = earlier(form_key)
    was_restored = sent_before is not None and sent_before.kind != Kind.ACCEPT
    if _is_same(field, left.value, seen) and not was_restored:
        raise ClashError(seen)
    if field == FIELD:
        return webhooks.save(
            access, chatbot_id, left.value or None, started_from=seen, form_key=form_key
        ).change
    return settings.save(
        access,
        chatbot_id,
        Asked({field: left.value or "" if field == "prompt" else left.value}),
        started_from={field: seen},
        form_key=form_key,
    ).change


def _is_same(field: str, one: Any, other: Any) -> bool:
    return same_url(one, other) if field == FIELD else settings.same(field, one, other)


def _same_again(change: Change, field: str) -> Change:
    if change.kind != Kind.ACCEPT or list(change.asked) != [field]:
        raise FormUsedError(change=change)
    return change
