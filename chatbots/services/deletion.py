"""Deleting chatbots (notes §5): done when reading says so."""

import time

from django.conf import settings
from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, close, earlier, open_change
from chatbots.caigunn import CaigunnError, ChatbotInfo, NotFound, OutcomeUnknown, Unavailable
from chatbots.services import catalogue, details
from chatbots.services import settings as settings_service
from chatbots.services.access import Access
from chatbots.services.leases import writing
from chatbots.services.masking import cut
from chatbots.services.outcomes import FormUsedError, NotHeldError, UnsettledError, why

ATTEMPTS = 3


def delete(access: Access, chatbot_id: str, *, form_key: str) -> Change | None:
    """Delete the chatbot; it is done when reading says so. None where it was gone already, and
    nobody here is known to have deleted it; else the Change that did.

    Raises BusyError, NotHeldError (Caigunn said yes and still has it), UnsettledError, and
    CaigunnError where nothing was deleted.
    """
    with writing(chatbot_id, access.deadline):
        if sent_before := earlier(form_key):
            return _deletion_told_again(sent_before)
        try:
            info = access.client.get_chatbot(chatbot_id)
        except NotFound:
            return earlier_deletion(access, chatbot_id)
        if info.is_deleted:
            return earlier_deletion(access, chatbot_id)
        try:
            change = open_change(
                access.request(form_key),
                Kind.DELETE,
                chatbot_id=chatbot_id,
                chatbot_title=info.title or "",
                before=cut(
                    settings_service.readable(info)
                    | {"webhook_url": info.webhook_url, "plan_id": info.plan_id},
                    info,
                ),
                asked={"is_deleted": True},
            )
        except AlreadySubmitted as again:
            return _deletion_told_again(again.change)
        # Before as well: whatever becomes of this process, the copy from before the write is gone.
        details.forget(access, chatbot_id)
        try:
            return _delete(access, change)
        finally:
            details.forget(access, chatbot_id)
            catalogue.forget_chatbots(access)


def earlier_deletion(access: Access, chatbot_id: str) -> Change | None:
    """Of a chatbot that was just found to be gone: the deletion through this access token that
    did it, which is done now if its outcome was unknown (notes §5); None where there was none."""
    mine = Change.objects.filter(
        kind=Kind.DELETE, chatbot_id=chatbot_id, access_token_id=access.record.pk
    )
    for change in mine.filter(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN]):
        close(change, Outcome.DONE, after={"is_deleted": True})
    return mine.filter(outcome=Outcome.DONE).first()


def _delete(access: Access, change: Change) -> Change:
    was_sent = False
    unclear: OutcomeUnknown | None = None
    try:
        for _attempt in range(ATTEMPTS):
            try:
                access.client.delete_chatbot(change.chatbot_id)
                unclear = None
            except NotFound:
                # Another attempt, or somebody else, was first: it is gone.
                unclear = None
            except OutcomeUnknown as error:
                unclear = error
            was_sent = True
            if _is_gone_by_and_by(access, change.chatbot_id):
                return close(change, Outcome.DONE, after={"is_deleted": True})
            if unclear is None:
                after = {"is_deleted": False}
                close(change, Outcome.FAILED, after=after, detail=gettext_noop("It still exists."))
                raise NotHeldError(after, change)
        raise unclear or OutcomeUnknown(request_id=access.request_id)
    except (OutcomeUnknown, Unavailable) as error:
        if isinstance(error, Unavailable) and not was_sent:
            close(change, Outcome.FAILED, nothing_sent=True, **why(error))
            raise
        raise UnsettledError(close(change, Outcome.UNKNOWN, **why(error))) from error
    except CaigunnError as error:
        if was_sent:
            raise UnsettledError(close(change, Outcome.UNKNOWN, **why(error))) from error
        close(change, Outcome.FAILED, nothing_sent=True, **why(error))
        raise


def _is_gone_by_and_by(access: Access, chatbot_id: str) -> bool:
    wait = settings.READ_BACK_WAIT_SECONDS
    if _is_gone(access, chatbot_id):
        return True
    if access.deadline.remaining() <= wait:
        return False
    # Caigunn may still be about to show what it took.
    time.sleep(wait)
    return _is_gone(access, chatbot_id)


def _is_gone(access: Access, chatbot_id: str) -> bool:
    try:
        info: ChatbotInfo = access.client.get_chatbot(chatbot_id)
    except NotFound:
        return True
    except CaigunnError as error:
        raise OutcomeUnknown(
            detail=error.detail, status=error.status, request_id=error.request_id
        ) from error
    return bool(info.is_deleted)


def _deletion_told_again(change: Change) -> Change:
    if change.outcome == Outcome.DONE:
        return change
    if change.outcome == Outcome.FAILED:
        raise FormUsedError(change=change)
    raise UnsettledError(change)
