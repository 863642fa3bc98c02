"""The quick edit of a webhook: in a row of the list, on the detail page, or a page of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caigunn_admin.activity.record import of_chatbot
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import form_state, kept_input
from chatbots.caigunn import CaigunnError, Rejected
from chatbots.form_data import Input
from chatbots.forms import WebhookForm
from chatbots.rendering import draw, safe_next
from chatbots.services import details, outcomes, outside, webhooks
from chatbots.services.access import Access
from chatbots.views.addresses import to_chatbot
from chatbots.views.guards import with_access
from chatbots.views.problems import form_screen

TEMPLATE = "chatbots/webhook.html"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.EDIT_WEBHOOK)
@with_access
def webhook(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """The form, and what becomes of it."""
    if request.method == "POST":
        return _submitted(request, access, chatbot_id)
    if "show" in request.GET:
        return cell(request, access, chatbot_id)
    return _form(request, access, chatbot_id)


def _submitted(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """Whatever keeps it from being saved, the form comes back with its input."""
    values = request.POST.copy()
    if "clear" in values:
        values["webhook_url"] = ""
    form = WebhookForm(values)
    state = form_state.read(request.POST.get("state", ""), request.user, chatbot_id)
    started_from = state.started_from if state else None
    if not form.is_valid():
        return _again(request, chatbot_id, form, started_from, keep_state=True)
    try:
        if state is None:
            return _again(request, chatbot_id, form, _now(access, chatbot_id), problem="stale")
        return _save(request, access, chatbot_id, form, state)
    except Rejected as error:
        form.refused(error)
        return _again(request, chatbot_id, form, started_from)
    except CaigunnError as error:
        screen = form_screen(request, error)
        return _failed(request, chatbot_id, form, screen, started_from)


def _form(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """The form with the value that Caigunn reports at this moment."""
    info, _reading = details.read(access, chatbot_id)
    if info.is_deleted:
        return to_chatbot(chatbot_id)
    current = info.webhook_url or None
    form = WebhookForm(initial={"webhook_url": current})
    context = _context(request, chatbot_id, form, current, title=info.title)
    if kept := kept_input.find(request, request.user):
        context |= _brought_back(request, chatbot_id, kept, current)
    elif before := of_chatbot(request.GET.get("again", ""), chatbot_id):
        form = WebhookForm({"webhook_url": before.asked.get(webhooks.FIELD) or ""})
        if form.is_valid() and before.refused:
            form.refused_because(before.refused, before.said)
        context["form"] = form
    return draw(request, TEMPLATE, context, fragments=("webhook",))


def _brought_back(
    request: MemberRequest, chatbot_id: str, kept: Input, current: str | None
) -> dict[str, Any]:
    """The form that could not be taken, with its input, as it stood."""
    text = kept.data.get("state", "")
    state = form_state.read(text, request.user, chatbot_id)
    form = WebhookForm(kept.data)
    form.is_valid()
    if state is None:
        return {"form": form, "was_kept": True, "problem": "stale"}
    return {"form": form, "was_kept": True, "state": text, "current": current}


def _save(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: WebhookForm,
    state: form_state.FormState,
) -> HttpResponse:
    wanted = form.cleaned_data["webhook_url"]
    try:
        saved = webhooks.save(
            access, chatbot_id, wanted, started_from=state.started_from, form_key=state.key
        )
    except outcomes.NotSavedError as error:
        return _not_saved(request, access, chatbot_id, form, error)
    except outcomes.UnsettledError as error:
        return _failed(
            request, chatbot_id, form, _unsettled(error), state.started_from, change=error.change
        )
    return _saved(request, chatbot_id, saved)


def _not_saved(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: WebhookForm,
    error: outcomes.NotSavedError,
) -> HttpResponse:
    context: dict[str, Any] = {"problem": error.problem, "change": error.change}
    if isinstance(error, outcomes.BusyError | outcomes.DeletedError):
        return _again(request, chatbot_id, form, None, keep_state=True, **context)
    if isinstance(error, outcomes.FormUsedError):
        return _again(request, chatbot_id, form, _now(access, chatbot_id), **context)
    return _again(request, chatbot_id, form, error.current, **context)


def _now(access: Access, chatbot_id: str) -> str | None:
    """The value that a form can start from when the one it started from is of no use: never the
    last known copy, for the form says that Caigunn reports it now. Raises CaigunnError."""
    return details.read(access, chatbot_id)[0].webhook_url or None


def _saved(request: MemberRequest, chatbot_id: str, saved: webhooks.Saved) -> HttpResponse:
    kept_input.drop(request)
    if saved.change is None:
        said = _("Nothing to change: Caigunn reports this value already.")
    elif saved.webhook_url is None:
        said = _("Cleared. Caigunn reports no webhook now.")
    else:
        said = _("Saved. Caigunn reports this webhook now.")
    if not request.htmx:
        told = {"title": saved.title or chatbot_id, "said": said}
        messages.success(request, _("%(title)s: %(said)s") % told)
        return redirect(safe_next(request, reverse("chatbot", args=[chatbot_id])))
    context = {
        "chatbot_id": chatbot_id,
        "reading": saved,
        "said": said,
        "title": saved.title,
    }
    return draw(request, "chatbots/_webhook_cell.html", context)


def cell(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """The value as the list and the detail page show it: after *Cancel* and *Try again*."""
    if not request.htmx:
        return to_chatbot(chatbot_id)
    reading = details.chatbots(access, [chatbot_id])[chatbot_id]
    marks = outside.webhooks_of({chatbot_id: reading})
    context = {"chatbot_id": chatbot_id, "reading": reading, "changed_outside": marks}
    return draw(request, "chatbots/_webhook_cell.html", context)


def _again(
    request: MemberRequest,
    chatbot_id: str,
    form: WebhookForm,
    current: str | None,
    *,
    keep_state: bool = False,
    **context: Any,
) -> HttpResponse:
    """422: the form with its input, what is wrong, and a state with which it can be sent again."""
    drawn = _context(request, chatbot_id, form, current, **context)
    if keep_state:
        drawn["state"] = request.POST.get("state", "")
    return draw(request, TEMPLATE, drawn, fragments=("webhook",), status=422)


def _failed(
    request: MemberRequest,
    chatbot_id: str,
    form: WebhookForm,
    screen: ErrorScreen,
    current: str | None,
    **context: Any,
) -> HttpResponse:
    """The whole page with the form and its input; under htmx only its error is lifted out.

    The form keeps its key: where something may have been written, sending it again must not
    write again unseen; where nothing was, the key is still good.
    """
    drawn = _context(request, chatbot_id, form, current, error=screen, **context)
    drawn["state"] = request.POST.get("state", "")
    return draw(request, TEMPLATE, drawn, status=screen.status, headers=screen.headers)


def _context(
    request: MemberRequest,
    chatbot_id: str,
    form: WebhookForm,
    current: str | None,
    **context: Any,
) -> dict[str, Any]:
    return {
        "chatbot_id": chatbot_id,
        "form": form,
        "current": current,
        "next": safe_next(request, ""),
        # For the heading alone: it came from this page.
        "title": request.POST.get("title", ""),
        "state": form_state.issue(request.user, chatbot_id, current),
        "request_id": request.request_id,
    } | context


def _unsettled(error: outcomes.UnsettledError) -> ErrorScreen:
    return ErrorScreen(
        504,
        _("Caigunn may have saved this"),
        _("Its answer did not arrive, or could not be checked. Your input is still here."),
        remark=error.change.said,
    )
