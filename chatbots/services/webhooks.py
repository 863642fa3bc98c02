"""Putting webhook URLs right: set, change, clear, each believed only after the read-back."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, close, earlier, open_change
from chatbots.caigunn import (
    CaigunnError,
    ChatbotInfo,
    NotFound,
    OutcomeUnknown,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
)
from chatbots.services import details
from chatbots.services.access import Access
from chatbots.services.leases import writing
from chatbots.services.masking import cut, fits
from chatbots.services.outcomes import (
    ClashError,
    DeletedError,
    FormUsedError,
    NotHeldError,
    UnsettledError,
    why,
)
from chatbots.services.routes import Route, order, remember
from chatbots.services.webhook_attempt import (
    NOT_AVAILABLE,
    ReadBack,
    Value,
    Write,
    has_usable_key,
    tells_webhook,
)
from chatbots.webhook_url import same

FIELD = "webhook_url"


@dataclass(frozen=True)
class Saved:
    """A webhook as Caigunn reports it now. `change` is None where nothing had to be written."""

    webhook_url: str | None
    title: str | None
    change: Change | None
    is_read: ClassVar[bool] = True
    webhook_is_known: ClassVar[bool] = True


def save(
    access: Access,
    chatbot_id: str,
    wanted: str | None,
    *,
    started_from: str | None,
    form_key: str,
) -> Saved:
    """Set the webhook URL, or clear it with None. The result is what Caigunn reports afterwards.

    `started_from` is the value the member saw; `form_key` makes a form write once. Costs one read,
    one write and one read once the working route is known (notes §1).
    Raises NotSavedError, UnsettledError, and CaigunnError where nothing was written.
    """
    with writing(chatbot_id, access.deadline):
        return _save(access, chatbot_id, wanted, started_from, form_key)


def _save(
    access: Access, chatbot_id: str, wanted: str | None, started_from: str | None, form_key: str
) -> Saved:
    sent_before = earlier(form_key)
    if sent_before is not None:
        return _told_again(access, sent_before, wanted)
    info = access.client.get_chatbot(chatbot_id)
    if info.is_deleted:
        raise DeletedError
    current = _reported(access, info)
    if same(current, wanted):
        details.keep(access, chatbot_id, info)
        return Saved(current, info.title, None)
    if not same(current, started_from):
        details.keep(access, chatbot_id, info)
        raise ClashError(current)
    try:
        change = open_change(
            access.request(form_key),
            Kind.WEBHOOK,
            chatbot_id=chatbot_id,
            chatbot_title=info.title or "",
            # A URL may hold the chatbot's own key.
            before={FIELD: cut(current, info)},
            asked={FIELD: cut(wanted, info)},
        )
    except AlreadySubmitted as again:
        return _told_again(access, again.change, wanted)
    # Before as well: whatever becomes of this process, the copy from before the write is gone.
    details.forget(access, chatbot_id)
    try:
        return _write(access, change, info, wanted)
    finally:
        details.forget(access, chatbot_id)


def _write(access: Access, change: Change, info: ChatbotInfo, wanted: str | None) -> Saved:
    """Try the routes in their order until one holds."""
    write = Write(access, change.chatbot_id, info, wanted)
    refusals: list[CaigunnError] = []
    found = ReadBack(Value.OLD, change.before[FIELD])
    try:
        for route in order(wanted, has_key=has_usable_key(info)):
            try:
                found = write.by(route)
            except NOT_AVAILABLE as refused:
                if refused.status not in {404, 405, 415, 422}:
                    raise
                refusals.append(refused)
                continue
            if found.value is not Value.OLD:
                break
        if found.value is Value.OLD and (reason := _why_refused(refusals, write)):
            raise _missing_route(access, change, reason) if reason.status == 404 else reason
    except (OutcomeUnknown, Unavailable) as error:
        raise _unsettled_or_failed(change, write, error) from error
    except CaigunnError as error:
        if write.is_unclear:
            raise _unsettled(change, error) from error
        _failed(change, write, error)
        raise
    return _conclude(change, info, wanted, found, route)


def _why_refused(refusals: list[CaigunnError], write: Write) -> CaigunnError | None:
    """The refusal that explains why nothing holds: one of the value itself before all others."""
    of_value = [error for error in refusals if error.status == 422]
    if of_value:
        return of_value[0]
    return refusals[0] if refusals and not write.was_accepted else None


def _missing_route(access: Access, change: Change, refused: CaigunnError) -> CaigunnError:
    """What a 404 to every route means: no such route, if Caigunn still finds the chatbot."""
    info = access.client.get_chatbot(change.chatbot_id)
    if info.is_deleted:
        return NotFound(detail=refused.detail, status=404, request_id=access.request_id)
    return Rejected(detail=refused.detail, status=404, request_id=access.request_id)


def _reported(access: Access, info: ChatbotInfo) -> str | None:
    """The webhook URL. Raises UnexpectedAnswer where Caigunn does not say: nothing could then be
    compared, before a write or after it."""
    if not tells_webhook(info):
        raise UnexpectedAnswer(status=200, request_id=access.request_id)
    return info.webhook_url or None


def _conclude(
    change: Change, info: ChatbotInfo, wanted: str | None, found: ReadBack, route: Route
) -> Saved:
    after = {FIELD: cut(found.webhook_url, info)}
    if found.value is Value.NEW:
        remember(wanted, route)
        close(change, Outcome.DONE, after=after)
        return Saved(found.webhook_url, change.chatbot_title or None, change)
    if found.value is Value.ANOTHER:
        close(
            change,
            Outcome.FAILED,
            after=after,
            detail=gettext_noop("Somebody else wrote another value."),
        )
        raise ClashError(found.webhook_url)
    close(
        change,
        Outcome.FAILED,
        after=after,
        detail=gettext_noop("Caigunn accepted the change, but still reports the earlier value."),
    )
    raise NotHeldError(found.webhook_url)


def _unsettled_or_failed(change: Change, write: Write, error: CaigunnError) -> Exception:
    if isinstance(error, Unavailable) and not write.was_sent:
        _failed(change, write, error)
        return error
    return _unsettled(change, error)


def _failed(change: Change, write: Write, error: CaigunnError) -> None:
    close(
        change,
        Outcome.FAILED,
        after=change.before,
        nothing_sent=not write.was_sent,
        **why(error),
    )


def _unsettled(change: Change, error: CaigunnError) -> UnsettledError:
    return UnsettledError(close(change, Outcome.UNKNOWN, **why(error)))


def _told_again(access: Access, change: Change, wanted: str | None) -> Saved:
    """The answer that the form got when it was sent first, if that is still the truth."""
    asked = change.asked.get(FIELD)
    if not (same(asked, wanted) or fits(asked, wanted)):
        raise FormUsedError(change=change)
    if change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}:
        raise UnsettledError(change)
    if change.outcome == Outcome.FAILED:
        raise FormUsedError(change=change)
    current = _reported(access, access.client.get_chatbot(change.chatbot_id))
    if not same(current, wanted):
        raise ClashError(current)
    return Saved(current, change.chatbot_title or None, change)


def settle(access: Access, change: Change) -> Change:
    """The change with its outcome settled by reading Caigunn now (*Check now*).

    A Change that is settled already comes back as it is. Raises CaigunnError and BusyError.
    """
    with writing(change.chatbot_id, access.deadline):
        change.refresh_from_db()
        if change.outcome not in {Outcome.PENDING, Outcome.UNKNOWN}:
            return change
        info = access.client.get_chatbot(change.chatbot_id)
        details.keep(access, change.chatbot_id, info)
        current = cut(_reported(access, info), info)
        after = {FIELD: current}
        if same(current, change.asked.get(FIELD)):
            return close(change, Outcome.DONE, after=after)
        if same(current, change.before.get(FIELD)):
            return close(
                change, Outcome.FAILED, after=after, detail=gettext_noop("It was not saved.")
            )
        return close(
            change,
            Outcome.FAILED,
            after=after,
            detail=gettext_noop("Caigunn reports a third value."),
        )
