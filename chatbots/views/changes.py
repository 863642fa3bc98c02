"""What a member asked for, and what became of it."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import earlier, give_up_pending
from caigunn_admin.errors import ErrorScreen, error_page
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import faults, form_state, kept_input
from chatbots.caigunn import CaigunnError, Forbidden, NotFound, TokenRejected
from chatbots.rendering import draw, safe_next
from chatbots.services import details, settling, webhooks
from chatbots.services import outside as outside_service
from chatbots.services import settings as settings_service
from chatbots.services import undo as undo_service
from chatbots.services.access import Access, note_rejected
from chatbots.services.details import ChatbotReading
from chatbots.services.outcomes import BusyError, ClashError, NotSavedError, UnsettledError
from chatbots.story import CHECKED, label
from chatbots.views.guards import with_access
from chatbots.views.lifecycle import to_created
from chatbots.views.problems import form_screen


@dataclass(frozen=True)
class UndoValue:
    """One value that would be written back: as the Change `left` it, as Caigunn reports it `now`,
    and as it was `before`."""

    name: str
    label: str
    left: Any
    now: Any
    before: Any
    is_known: bool
    """Whether Caigunn has told what it is now."""


@require_POST
@allowed_to(Action.EDIT_WEBHOOK)
@with_access
def check(request: MemberRequest, access: Access, change_id: UUID) -> HttpResponse:
    """*Check now*: settle an unknown outcome by reading Caigunn."""
    change = Change.objects.filter(pk=change_id, kind__in=CHECKED).first()
    if change is None or not change.chatbot_id:
        raise Http404
    give_up_pending()
    if change.access_token_id != access.record.pk:
        # Through another access token "not found" does not mean gone, and a settled Change tells
        # what was found: whoever cannot read the chatbot learns nothing of it.
        access.client.get_chatbot(change.chatbot_id)
    try:
        change = settling.settle(access, change)
    except BusyError:
        messages.warning(request, _("It is still being written. Check again in a moment."))
    else:
        _report(request, change)
        if change.kind == Kind.CREATE and change.member_id == request.user.pk:
            return to_created(change)
    return redirect(safe_next(request, reverse("chatbot", args=[change.chatbot_id])))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.EDIT_SETTINGS)
@with_access
def undo(request: MemberRequest, access: Access, change_id: UUID) -> HttpResponse:
    """What undoing would write back, and doing it."""
    give_up_pending()
    change = get_object_or_404(Change, pk=change_id, kind__in=CHECKED)
    if not change.chatbot_id:
        raise Http404
    if request.method != "POST":
        return _undo_page(request, access, change)
    state = form_state.read(request.POST.get("state", ""), request.user, f"undo {change.pk}")
    if state is None:
        return _undo_page(request, access, change, status=422, problem="stale")
    is_new = earlier(state.key) is None
    if is_new and (undo_service.plan(change).why_not or undo_service.unsettled(change)):
        return _undo_page(request, access, change, status=422)
    return _undone(request, access, change, state.key)


def _undone(request: MemberRequest, access: Access, change: Change, form_key: str) -> HttpResponse:
    keep = {"state": request.POST.get("state", "")}
    left_out = undo_service.plan(change).left_out
    try:
        done = undo_service.undo(access, change, form_key=form_key)
    except (NotFound, Forbidden):
        # Whoever may not read the chatbot any more is told nothing of it.
        raise
    except UnsettledError as error:
        screen = faults.unsettled(error)
        return _undo_page(
            request, access, change, error=screen, status=screen.status, unsettled=error.change
        )
    except NotSavedError as error:
        context: dict[str, Any] = {"problem": error.problem}
        return _undo_page(request, access, change, status=422, **context)
    except CaigunnError as error:
        screen = form_screen(request, error)
        return _undo_page(request, access, change, error=screen, status=screen.status, **keep)
    kept_input.drop(request)
    if done is None:
        messages.info(request, _("Nothing to undo: Caigunn reports the earlier value already."))
    else:
        messages.success(request, _undone_in_words(left_out))
    return redirect(safe_next(request, reverse("chatbot_history", args=[change.chatbot_id])))


def _undone_in_words(left_out: tuple[str, ...]) -> str:
    if not left_out:
        return _("Undone. Caigunn reports the earlier value again.")
    return _("Undone, except %(names)s. Caigunn reports the earlier value of the rest again.") % {
        "names": _(", ").join(label(name) for name in left_out)
    }


def _undo_page(
    request: MemberRequest,
    access: Access,
    change: Change,
    *,
    status: int = 200,
    error: ErrorScreen | None = None,
    **context: Any,
) -> HttpResponse:
    """Each value as the Change left it, as Caigunn reports it now, and as it would be again."""
    wanted = undo_service.plan(change)
    kept = kept_input.find(request, request.user)
    now: dict[str, Any] = {}
    reading: ChatbotReading | None = None
    title = change.chatbot_title
    try:
        info, reading = details.read(access, change.chatbot_id)
    except CaigunnError:
        # The page of an error stands without it; a page that begins needs it.
        if error is None:
            raise
    else:
        now = settings_service.readable(reading.info) | {webhooks.FIELD: reading.webhook_url}
        title = reading.info.title or title
        if info.is_deleted:
            context["problem"] = "deleted"
    drawn = {
        "change": change,
        "title": title,
        "plan": wanted,
        "values": [
            UndoValue(
                name,
                label(name),
                change.after.get(name),
                now.get(name),
                value,
                reading is not None and outside_service.is_told(name, now.get(name), reading),
            )
            for name, value in wanted.values.items()
        ],
        "left_out": [label(name) for name in wanted.left_out],
        "is_read": bool(now),
        "unsettled": undo_service.unsettled(change),
        "reason": request.POST.get("reason", kept.data.get("reason", "") if kept else ""),
        "was_kept": kept is not None,
        "state": form_state.issue(request.user, f"undo {change.pk}", None),
        "next": safe_next(request, ""),
        "error": error,
        "request_id": request.request_id,
    } | context
    headers = error.headers if error else None
    return draw(request, "chatbots/undo.html", drawn, status=status, headers=headers)


@require_POST
@allowed_to(Action.EDIT_SETTINGS)
@with_access
def outside(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """Accept what was changed outside, or restore what was left here: `do`, for one `field`."""
    field = request.POST.get("field", "")
    subject = f"outside {chatbot_id} {field}"
    state = form_state.read(request.POST.get("state", ""), request.user, subject)
    back = f"{reverse('chatbot', args=[chatbot_id])}?fresh=1"
    if state is None:
        messages.warning(request, _("This page was out of date. Look again."))
        return redirect(back)
    seen, left = state.started_from
    is_restored = request.POST.get("do") == "restore"
    try:
        if is_restored:
            outside_service.restore(access, chatbot_id, field, seen, left, form_key=state.key)
        else:
            outside_service.accept(access, chatbot_id, field, seen, form_key=state.key)
    except ClashError:
        messages.warning(request, _("It has been changed once more. Look at what is reported now."))
    except outside_service.NotRestorableError:
        messages.warning(request, _("There is nothing that could be restored. Look again."))
    except (NotSavedError, CaigunnError) as error:
        # Back on the page stands what was typed.
        again = f"{back}&{urlencode({'reason': access.reason})}" if access.reason else back
        return _not_written(request, error, again)
    else:
        messages.success(
            request,
            _("Restored. Caigunn reports it again.")
            if is_restored
            else _("Accepted. This is what it should be from now on."),
        )
    return redirect(back)


def _not_written(
    request: MemberRequest, error: NotSavedError | CaigunnError, again: str
) -> HttpResponse:
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
        return error_page(request, faults.screen(error, page=again))
    if isinstance(error, NotSavedError):
        screen = faults.not_saved(error)
    else:
        screen = faults.screen(error, page=again)
    return error_page(request, replace(screen, links=((_("Look again"), again),)))


def _report(request: MemberRequest, change: Change) -> None:
    if change.outcome == Outcome.DONE:
        messages.success(request, _("Checked: Caigunn has what was asked for."))
    elif change.outcome == Outcome.FAILED:
        messages.warning(request, _("Checked: it was not saved. %(now)s") % {"now": _now(change)})
    else:
        messages.warning(request, _("Checked, and still not known: %(why)s") % {"why": change.said})


def _now(change: Change) -> str:
    if change.kind != Kind.WEBHOOK:
        return change.said
    value = change.after.get(webhooks.FIELD) or _("no webhook")
    return _("Caigunn reports %(value)s.") % {"value": value}
