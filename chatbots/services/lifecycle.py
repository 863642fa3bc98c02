"""Creating chatbots (notes §3). A creation is never sent twice."""

import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, close, earlier, open_change
from caigunn_admin.team.models import Member
from chatbots.caigunn import (
    CaigunnError,
    ChatbotSummary,
    CreatedChatbot,
    OutcomeUnknown,
    Unavailable,
)
from chatbots.services import catalogue, details, search, webhooks
from chatbots.services import settings as settings_service
from chatbots.services.access import Access
from chatbots.services.leases import held
from chatbots.services.outcomes import (
    FormUsedError,
    NotSavedError,
    TwiceError,
    UnsettledError,
    said,
    why,
)
from chatbots.services.settings import Asked

_TODAY = timedelta(days=1)
_OPEN = (Outcome.PENDING, Outcome.UNKNOWN)
# In the `before` of a creation: the ids of the chatbots that had its title already.
THERE_BEFORE = "ids_of_title"


@dataclass(frozen=True)
class NewChatbot:
    """What a member asks for: a chatbot of a plan, and what should be set once it exists."""

    title: str
    plan_id: str
    webhook_url: str | None = None
    settings: Asked = field(default_factory=lambda: Asked({}))

    def recorded(self) -> dict[str, Any]:
        """What a Change keeps of it."""
        asked: dict[str, Any] = {"title": self.title, "plan_id": self.plan_id}
        if self.webhook_url:
            asked["webhook_url"] = self.webhook_url
        return asked | self.settings.recorded()


@dataclass(frozen=True)
class Created:
    """A chatbot that exists. `failed` maps a later step, settings or webhook, to why it failed."""

    chatbot_id: str
    change: Change
    failed: dict[str, str]


class NotTheOneError(Exception):
    """This chatbot is not one that the lost creation may have made."""


class LostAnswerError(Exception):
    """Caigunn may have created the chatbot: `found` are those of this title that were not there
    before, by id, and the one that it named; None where that could not be looked for."""

    def __init__(
        self,
        change: Change,
        found: tuple[ChatbotSummary, ...] | None,
        *,
        is_of_another_form: bool = False,
    ) -> None:
        super().__init__("the outcome of the creation is unknown")
        self.change = change
        self.found = found
        self.is_of_another_form = is_of_another_form


def create(access: Access, new: NewChatbot, *, form_key: str, is_another: bool = False) -> Created:
    """The new chatbot with what else was asked for, each step with an outcome of its own.

    `is_another`: the member knows of the one of this title that they asked for before.

    Raises LostAnswerError where the answer was lost, now or when the form was sent first,
    FormUsedError for a form that was sent before with something else, BusyError while that is still
    under way, TwiceError, and CaigunnError where nothing was created.
    """
    with held(creation_lease(access.member, new.title), access.deadline):
        if sent_before := earlier(form_key):
            return _told_again(access, sent_before, new)
        if not is_another:
            _refuse_twice(access, new)
        there_before = search.ids_of_title(access, new.title)
        _check_time(access)
        try:
            change = open_change(
                access.request(form_key),
                Kind.CREATE,
                chatbot_title=new.title,
                before={THERE_BEFORE: sorted(there_before)},
                asked=new.recorded(),
            )
        except AlreadySubmitted as again:
            return _told_again(access, again.change, new)
        try:
            chatbot_id = _create(access, change, new)
        finally:
            catalogue.forget_chatbots(access)
        failed = _set_up(access, chatbot_id, new, form_key)
    return Created(chatbot_id, change, failed)


def _check_time(access: Access) -> None:
    """Raise Unavailable where the list took so long that the creation would be cut before its
    answer: nothing is sent that could not be followed."""
    needed = min(settings.CAIGUNN_READ_TIMEOUT, settings.CAIGUNN_TOTAL_TIMEOUT / 2)
    if access.deadline.remaining() < needed:
        raise Unavailable(request_id=access.request_id, timed_out=True)


def creation_lease(member: Member, title: str) -> str:
    """The lease under which a member creates: by title, not by form, for two tabs, and a page that
    the browser went back to, are two forms."""
    return f"create:{member.pk}:{hashlib.sha256(search.folded(title).encode()).hexdigest()}"


def _refuse_twice(access: Access, new: NewChatbot) -> None:
    """Raise TwiceError or LostAnswerError where this member has asked for the same title today."""
    asked_today = Change.objects.filter(
        member=access.member, kind=Kind.CREATE, created_at__gt=timezone.now() - _TODAY
    ).exclude(outcome=Outcome.FAILED)
    title = search.folded(new.title)
    before = next((one for one in asked_today if search.folded(one.chatbot_title) == title), None)
    if before is None:
        return
    if before.outcome == Outcome.DONE:
        raise TwiceError(change=before)
    raise LostAnswerError(before, _appeared(access, before), is_of_another_form=True)


def _create(access: Access, change: Change, new: NewChatbot) -> str:
    try:
        answer = access.client.create_chatbot(title=new.title, plan_id=new.plan_id)
    except OutcomeUnknown as error:
        raise _lost(access, change, error) from error
    except CaigunnError as error:
        close(change, Outcome.FAILED, nothing_sent=True, **why(error))
        raise
    try:
        chatbot_id = answer.chatbot_id or _id_by_key(access, answer)
        if chatbot_id is None:
            raise OutcomeUnknown(request_id=access.request_id)
        change.chatbot_id = chatbot_id
        change.save(update_fields=["chatbot_id"])
        _confirm(access, change)
    except CaigunnError as error:
        raise _lost(access, change, error) from error
    return chatbot_id


def _confirm(access: Access, change: Change) -> None:
    """Close the creation of a chatbot whose id is known with what Caigunn reports of it."""
    info = access.client.get_chatbot(change.chatbot_id)
    details.keep(access, change.chatbot_id, info)
    close(change, Outcome.DONE, after={"title": info.title, "plan_id": info.plan_id})


def adopt(access: Access, change: Change, chatbot_id: str) -> None:
    """Settle a creation whose answer was lost: the member says that this chatbot is the one.

    Raises NotTheOneError unless it is one that the creation may have made, BusyError, CaigunnError.
    """
    title = change.asked.get("title", "")
    with held(creation_lease(access.member, title), access.deadline):
        change.refresh_from_db()
        is_open = change.kind == Kind.CREATE and change.outcome in _OPEN and not change.chatbot_id
        of_title = search.ids_of_title(access, title) if is_open else set()
        taken = Change.objects.filter(kind=Kind.CREATE, chatbot_id=chatbot_id).exists()
        if taken or chatbot_id not in of_title - set(change.before.get(THERE_BEFORE, [])):
            raise NotTheOneError
        change.chatbot_id = chatbot_id
        change.save(update_fields=["chatbot_id"])
        _confirm(access, change)
        catalogue.forget_chatbots(access)


def _lost(access: Access, change: Change, error: CaigunnError) -> LostAnswerError:
    close(change, Outcome.UNKNOWN, **why(error))
    return LostAnswerError(change, _appeared(access, change))


def _appeared(access: Access, change: Change) -> tuple[ChatbotSummary, ...] | None:
    """What a creation may have made: the chatbots of its title that were not there before it.
    None where the list could not be read."""
    title = change.asked["title"]
    there_before = change.before.get(THERE_BEFORE, [])
    try:
        of_title = search.of_title(access, title)
    except CaigunnError:
        if not change.chatbot_id:
            return None
        of_title = ()
    found = tuple(one for one in of_title if one.id not in there_before)
    if change.chatbot_id and change.chatbot_id not in {one.id for one in found}:
        found += (ChatbotSummary(id=change.chatbot_id, title=title),)
    return found


def _id_by_key(access: Access, answer: CreatedChatbot) -> str | None:
    """A server of 2024-07 names no id: the new chatbot is the one with the key it gave."""
    if answer.api_key is None:
        return None
    key = answer.api_key.get_secret_value()
    for page in access.client.iter_chatbots(limit=search.WALK_LIMIT):
        for item in page.items:
            if item.api_key is not None and item.api_key.get_secret_value() == key:
                return item.id
    return None


def _set_up(access: Access, chatbot_id: str, new: NewChatbot, form_key: str) -> dict[str, str]:
    failed: dict[str, str] = {}
    if new.settings.values:
        try:
            settings_service.save(
                access, chatbot_id, new.settings, started_from={}, form_key=f"{form_key}.settings"
            )
        except (NotSavedError, UnsettledError, CaigunnError) as error:
            failed["settings"] = _why(error)
    if new.webhook_url:
        try:
            webhooks.save(
                access,
                chatbot_id,
                new.webhook_url,
                started_from=None,
                form_key=f"{form_key}.webhook",
            )
        except (NotSavedError, UnsettledError, CaigunnError) as error:
            failed["webhook"] = _why(error)
    return failed


def _why(error: NotSavedError | UnsettledError | CaigunnError) -> str:
    if isinstance(error, CaigunnError):
        return said(error)
    return (error.change.said if error.change else "") or str(error)


def _told_again(access: Access, change: Change, new: NewChatbot) -> Created:
    if change.asked != new.recorded():
        raise FormUsedError(change=change)
    if change.outcome == Outcome.DONE and change.chatbot_id:
        return Created(change.chatbot_id, change, {})
    if change.outcome in _OPEN:
        try:
            if change.chatbot_id:
                _confirm(access, change)
                return Created(change.chatbot_id, change, {})
        except CaigunnError as error:
            raise _lost(access, change, error) from error
        raise LostAnswerError(change, _appeared(access, change))
    raise FormUsedError(change=change)
