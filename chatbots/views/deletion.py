"""Deleting chatbots."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caigunn_admin.activity.models import Change
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.recent import proof_required
from caigunn_admin.team.roles import Action
from chatbots import form_state, kept_input
from chatbots.caigunn import CaigunnError, NotFound
from chatbots.rendering import draw
from chatbots.services import deletion, details
from chatbots.services.access import Access
from chatbots.services.outcomes import NotSavedError, UnsettledError
from chatbots.settings_form import DeleteForm
from chatbots.views.guards import with_access
from chatbots.views.problems import form_screen

TEMPLATE = "chatbots/delete.html"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.DELETE_CHATBOT)
@proof_required
@with_access
def delete(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """What is lost, and the title typed once more."""
    if request.method == "POST":
        return _submitted(request, access, chatbot_id)
    reading = details.chatbot(access, chatbot_id, fresh_is_enough=False)
    if reading.info.is_deleted:
        return redirect("chatbot", chatbot_id)
    form = DeleteForm(expected="")
    context = {}
    if kept := kept_input.find(request, request.user):
        form = DeleteForm(kept.data, expected=reading.info.title or chatbot_id)
        context["was_kept"] = True
    return _form(request, access, chatbot_id, reading, form, **context)


def _submitted(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    state = form_state.read(request.POST.get("state", ""), request.user, f"delete {chatbot_id}")
    started_from = state.started_from if state else {}
    title = started_from.get("title") or chatbot_id
    # Through another access token, "not found" would say nothing of the chatbot that was shown.
    is_stale = started_from.get("access") != access.scope
    try:
        reading = details.keep(access, chatbot_id, access.client.get_chatbot(chatbot_id))
    except NotFound as error:
        form = DeleteForm(request.POST, expected=title)
        if is_stale:
            return _not_deleted(request, access, chatbot_id, None, form, error)
        return _gone(request, deletion.earlier_deletion(access, chatbot_id), title)
    except CaigunnError as error:
        form = DeleteForm(request.POST, expected=title)
        return _not_deleted(request, access, chatbot_id, None, form, error)
    form = DeleteForm(request.POST, expected=reading.info.title or chatbot_id)
    if not form.is_valid() or state is None or is_stale:
        return _form(request, access, chatbot_id, reading, form, 422, stale=is_stale)
    try:
        change = deletion.delete(access, chatbot_id, form_key=state.key)
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _not_deleted(request, access, chatbot_id, reading, form, error)
    return _gone(request, change, reading.info.title or chatbot_id)


def _gone(request: MemberRequest, change: Change | None, title: str) -> HttpResponse:
    kept_input.drop(request)
    if change is None:
        messages.info(request, _("%(title)s no longer exists at Caigunn.") % {"title": title})
    else:
        said = _("%(title)s is deleted. Caigunn confirms it.")
        messages.success(request, said % {"title": title})
    return redirect("chatbots")


def _not_deleted(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    reading: details.ChatbotReading | None,
    form: DeleteForm,
    error: NotSavedError | UnsettledError | CaigunnError,
) -> HttpResponse:
    context: dict[str, Any]
    if isinstance(error, NotSavedError):
        context = {"problem": error.problem, "change": error.change}
        return _form(request, access, chatbot_id, reading, form, 422, **context)
    if isinstance(error, UnsettledError):
        screen = ErrorScreen(
            504,
            _("Caigunn may have deleted this chatbot"),
            _("Its answer did not arrive, or could not be checked."),
            remark=error.change.said,
        )
        # With the same key, sending it again deletes nothing that was not seen to be there.
        kept = request.POST.get("state", "")
        context = {"error": screen, "change": error.change, "state": kept}
        return _form(request, access, chatbot_id, reading, form, 504, **context)
    screen = form_screen(request, error)
    context = {"error": screen}
    if reading is None:
        # A state of its own would say that this access token has shown the chatbot.
        context["state"] = request.POST.get("state", "")
    return _form(request, access, chatbot_id, reading, form, screen.status, **context)


def _form(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    reading: details.ChatbotReading | None,
    form: DeleteForm,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    expected = (reading.info.title or chatbot_id) if reading else form.expected
    start = {"title": expected, "access": access.scope}
    drawn = {
        "chatbot_id": chatbot_id,
        "reading": reading,
        "form": form,
        "expected": expected,
        "state": form_state.issue(request.user, f"delete {chatbot_id}", start),
        "request_id": request.request_id,
    } | context
    error = context.get("error")
    headers = error.headers if isinstance(error, ErrorScreen) else None
    return draw(request, TEMPLATE, drawn, status=status, headers=headers)
