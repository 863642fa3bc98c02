"""*Check now*: settling an unknown outcome by reading Caigunn."""

from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import close
from chatbots.caigunn import ChatbotInfo, NotFound
from chatbots.services import details, settings, webhooks
from chatbots.services.access import Access
from chatbots.services.leases import writing
from chatbots.services.masking import cut


def settle(access: Access, change: Change) -> Change:
    """The change with its outcome as far as reading can tell it: a write of nothing but settings
    that Caigunn does not report stays unknown. A settled Change comes back as it is.

    Raises CaigunnError (NotFound where the member's token reaches no such chatbot) and BusyError.
    """
    if change.kind == Kind.WEBHOOK:
        return webhooks.settle(access, change)
    with writing(change.chatbot_id, access.deadline):
        change.refresh_from_db()
        if change.outcome not in {Outcome.PENDING, Outcome.UNKNOWN}:
            return change
        if change.kind == Kind.DELETE:
            return _settle_deletion(access, change)
        info = access.client.get_chatbot(change.chatbot_id)
        details.keep(access, change.chatbot_id, info)
        if change.kind == Kind.CREATE:
            # Caigunn had named it, and could not be read then.
            return close(change, Outcome.DONE, after={"title": info.title, "plan_id": info.plan_id})
        return _settle_settings(change, info)


def _settle_deletion(access: Access, change: Change) -> Change:
    try:
        is_gone = bool(access.client.get_chatbot(change.chatbot_id).is_deleted)
    except NotFound:
        is_gone = True
    if is_gone:
        return close(change, Outcome.DONE, after={"is_deleted": True})
    return close(
        change, Outcome.FAILED, after={"is_deleted": False}, detail=gettext_noop("It still exists.")
    )


def _settle_settings(change: Change, info: ChatbotInfo) -> Change:
    now = {name: cut(value, info) for name, value in settings.readable(info).items()}
    after = {name: now[name] for name in change.asked if name in now}
    # A value that was there before the write proves nothing of it.
    telling = {
        name: value
        for name, value in after.items()
        if not settings.same(name, change.before.get(name), change.asked[name])
    }
    if not telling:
        return close(
            change,
            Outcome.UNKNOWN,
            detail=gettext_noop("Caigunn does not report these settings, so reading cannot tell."),
        )
    if all(settings.same(name, value, change.asked[name]) for name, value in telling.items()):
        return close(change, Outcome.DONE, after=after)
    if all(settings.same(name, value, change.before.get(name)) for name, value in telling.items()):
        return close(change, Outcome.FAILED, after=after, detail=gettext_noop("It was not saved."))
    names = ", ".join(
        name
        for name, value in telling.items()
        if not settings.same(name, value, change.asked[name])
    )
    return close(
        change,
        Outcome.FAILED,
        after=after,
        detail=gettext_noop("Caigunn reports another value: %(names)s.") % {"names": names},
    )
