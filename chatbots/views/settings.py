"""The edit page: the webhook and the thirteen settings, each with an outcome of its own."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caigunn_admin.activity.record import asked_by
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import faults, form_state
from chatbots.caigunn import CaigunnError, ChatbotInfo, Model, Rejected, TokenRejected
from chatbots.images import ACCEPTED
from chatbots.rendering import draw
from chatbots.services import details, webhooks
from chatbots.services import settings as service
from chatbots.services.access import Access, note_rejected
from chatbots.services.outcomes import ClashError, NotSavedError, UnsettledError
from chatbots.settings_form import SettingsForm
from chatbots.views.guards import with_access
from chatbots.webhook_url import same as same_url

TEMPLATE = "chatbots/edit.html"


@dataclass(frozen=True)
class Part:
    """What became of one half of the form: the settings, or the webhook."""

    name: str
    is_saved: bool
    said: str = ""
    problem: str = ""
    error: Exception | None = None


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.EDIT_SETTINGS)
@with_access
def edit(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """The form with what Caigunn reports at this moment, and what becomes of it."""
    info = access.client.get_chatbot(chatbot_id)
    reading = details.keep(access, chatbot_id, info)
    if info.is_deleted:
        return redirect("chatbot", chatbot_id)
    models = _models(access, info)
    start = service.started_from(info) | {"webhook_url": reading.webhook_url}
    if request.method != "POST":
        initial = _initial(start) | _asked_before(request, chatbot_id)
        form = SettingsForm(initial=initial, models=models)
        return _draw(request, chatbot_id, form, start)
    state = form_state.read(request.POST.get("state", ""), request.user, f"edit {chatbot_id}")
    shown = state.started_from if state else start
    form = SettingsForm(request.POST, request.FILES, initial=_initial(shown), models=models)
    if "add_row" in request.POST:
        return _draw(request, chatbot_id, form, shown, keep_state=True)
    if not form.is_valid():
        return _draw(request, chatbot_id, form, shown, status=422, keep_state=True)
    if state is None:
        return _draw(request, chatbot_id, form, start, status=422, problem="stale")
    return _save(request, access, chatbot_id, form, state)


def _initial(start: dict[str, Any]) -> dict[str, Any]:
    shared = start.get("is_shared")
    return start | {"is_shared": "" if shared is None else str(shared).lower()}


def _asked_before(request: MemberRequest, chatbot_id: str) -> dict[str, Any]:
    """What a step that failed had been asked to save (`?again=<Change>`), files excepted."""
    asked = asked_by(request.user, request.GET.get("again", ""), chatbot_id)
    texts = {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in asked.items()
        if name in service.FIELDS and name != "title" and isinstance(value, str | bool)
    }
    rows = [message["value"] for message in asked.get("initial_messages", [])]
    lines = "\n".join(asked.get("allowed_domains", []))
    return texts | {"initial_messages": rows, "allowed_domains": lines}


def _models(access: Access, info: ChatbotInfo) -> tuple[Model, ...]:
    """The models to choose from; none where Caigunn has no such list, then an ID is typed."""
    if info.api_key is None:
        return ()
    try:
        return access.client.list_models(info.api_key)
    except CaigunnError:
        return ()


def _save(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    state: form_state.FormState,
) -> HttpResponse:
    asked = form.asked()
    wanted = form.cleaned_data["webhook_url"]
    shown = state.started_from
    parts = []
    if asked.values:
        parts.append(_save_settings(request, access, chatbot_id, form, asked, state))
    if not same_url(wanted, shown.get("webhook_url")) and all(part.is_saved for part in parts):
        parts.append(_save_webhook(access, chatbot_id, form, wanted, state))
    if not parts:
        messages.info(request, _("Nothing was changed, so nothing was sent."))
    if all(part.is_saved for part in parts):
        for part in parts:
            messages.success(request, part.said)
        return redirect("chatbot", chatbot_id)
    return _not_saved(request, access, chatbot_id, form, parts)


def _save_settings(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    asked: service.Asked,
    state: form_state.FormState,
) -> Part:
    try:
        saved = service.save(
            access,
            chatbot_id,
            asked,
            started_from=state.started_from,
            form_key=f"{state.key}.settings",
            is_confirmed="confirmed" in request.POST,
        )
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _part("settings", form, error)
    labels = {name: str(form.fields[name].label) for name in asked.values}
    said = _("Settings saved.")
    if saved.verified:
        names = ", ".join(labels.get(name, name) for name in saved.verified)
        said += " " + _("Read back: %(names)s.") % {"names": names}
    if saved.accepted:
        names = ", ".join(labels.get(name, name) for name in saved.accepted)
        said += " " + _("Accepted by Caigunn, which does not report it: %(names)s.") % {
            "names": names
        }
    return Part("settings", is_saved=True, said=said)


def _save_webhook(
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    wanted: str | None,
    state: form_state.FormState,
) -> Part:
    try:
        webhooks.save(
            access,
            chatbot_id,
            wanted,
            started_from=state.started_from.get("webhook_url"),
            form_key=f"{state.key}.webhook",
        )
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _part("webhook", form, error)
    said = _("Webhook saved and read back.") if wanted else _("Webhook cleared and read back.")
    return Part("webhook", is_saved=True, said=said)


def _part(name: str, form: SettingsForm, error: Exception) -> Part:
    if isinstance(error, Rejected):
        form.refused(error)
    problem = error.problem if isinstance(error, NotSavedError) else ""
    return Part(name, is_saved=False, problem=problem, error=error)


def _not_saved(
    request: MemberRequest,
    access: Access,
    chatbot_id: str,
    form: SettingsForm,
    parts: list[Part],
) -> HttpResponse:
    """The form with its input, and what became of each half."""
    failed = next(part for part in parts if not part.is_saved)
    error = failed.error
    context: dict[str, Any] = {"parts": parts, "failed": failed, "problem": failed.problem}
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
    if isinstance(error, UnsettledError):
        screen = ErrorScreen(
            504,
            _("Caigunn may have saved this"),
            _("Its answer did not arrive, or could not be checked. Your input is still here."),
            error.change.detail,
        )
        context |= {"error": screen, "change": error.change}
    elif isinstance(error, CaigunnError) and not isinstance(error, Rejected):
        context["error"] = faults.screen(error, page=reverse("chatbot_edit", args=[chatbot_id]))
    if isinstance(error, ClashError) and isinstance(error.current, dict):
        context["clashes"] = [
            (form.fields[name].label, form[name].value(), theirs, form.initial.get(name))
            for name, theirs in error.current.items()
        ]
    try:
        info = access.client.get_chatbot(chatbot_id)
        start = service.started_from(info) | {"webhook_url": info.webhook_url or None}
    except CaigunnError:
        start = dict(form.initial)
    keep_state = isinstance(error, UnsettledError)
    status = context["error"].status if "error" in context else 422
    return _draw(request, chatbot_id, form, start, status=status, keep_state=keep_state, **context)


def _draw(
    request: MemberRequest,
    chatbot_id: str,
    form: SettingsForm,
    start: dict[str, Any],
    *,
    status: int = 200,
    keep_state: bool = False,
    **context: Any,
) -> HttpResponse:
    if keep_state:
        context["state"] = request.POST.get("state", "")
    drawn = {
        "chatbot_id": chatbot_id,
        "form": form,
        "title": start.get("title"),
        "last_sent": service.last_sent(chatbot_id),
        "accepted_images": ACCEPTED,
        "state": form_state.issue(request.user, f"edit {chatbot_id}", start),
        "request_id": request.request_id,
    } | context
    headers = context["error"].headers if "error" in context else None
    return draw(request, TEMPLATE, drawn, status=status, headers=headers)
