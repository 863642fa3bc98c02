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
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import form_state
from chatbots.caigunn import CaigunnError, ChatbotInfo, Model, Rejected
from chatbots.images import ACCEPTED
from chatbots.rendering import draw
from chatbots.services import details, webhooks
from chatbots.services import settings as service
from chatbots.services.access import Access
from chatbots.services.last_sent import last_sent
from chatbots.services.outcomes import ClashError, DeletedError, NotSavedError, UnsettledError
from chatbots.services.webhook_attempt import has_usable_key
from chatbots.settings_form import SettingsForm
from chatbots.views.edit_problems import clashes_of, failed_with
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
    if request.method == "POST":
        return _submitted(request, access, chatbot_id)
    info = access.client.get_chatbot(chatbot_id)
    details.keep(access, chatbot_id, info)
    if info.is_deleted:
        return redirect("chatbot", chatbot_id)
    start = _start(info)
    initial = _initial(start) | _asked_before(request, chatbot_id)
    form = SettingsForm(initial=initial, models=_models(access, info))
    return _draw(request, chatbot_id, form, start)


def _submitted(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """Whatever keeps it from being saved, the form comes back with its input."""
    state = form_state.read(request.POST.get("state", ""), request.user, f"edit {chatbot_id}")
    info: ChatbotInfo | None = None
    failure: CaigunnError | None = None
    try:
        info = access.client.get_chatbot(chatbot_id)
        details.keep(access, chatbot_id, info)
    except CaigunnError as error:
        failure = error
    start = _start(info) if info else {}
    shown = state.started_from if state else start
    models = _models(access, info) if info else ()
    form = SettingsForm(request.POST, request.FILES, initial=_initial(shown), models=models)
    if failure is not None:
        page = reverse("chatbot_edit", args=[chatbot_id])
        error_context = failed_with(request, failure, page)
        return _draw(request, chatbot_id, form, shown, keep_state=True, **error_context)
    if info and info.is_deleted:
        problem = DeletedError.problem
        return _draw(request, chatbot_id, form, shown, status=422, keep_state=True, problem=problem)
    if "add_row" in request.POST:
        form.errors.clear()
        return _draw(request, chatbot_id, form, shown, keep_state=True)
    if not form.is_valid():
        return _draw(request, chatbot_id, form, shown, status=422, keep_state=True)
    if state is None:
        clashes = _differing(form, start)
        return _draw(request, chatbot_id, form, start, status=422, problem="stale", clashes=clashes)
    return _save(request, access, chatbot_id, form, state)


def _differing(form: SettingsForm, now: dict[str, Any]) -> list[tuple[Any, Any, Any, Any]]:
    """What sending the form would replace, where it cannot be told who has changed it."""
    names = form.changed_from(now)
    return clashes_of(form, {name: value for name, value in now.items() if name in names}, {})


def _start(info: ChatbotInfo) -> dict[str, Any]:
    return service.started_from(info) | {"webhook_url": info.webhook_url or None}


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
    if info.api_key is None or not has_usable_key(info):
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
    if "webhook_url" in request.POST and not same_url(wanted, shown.get("webhook_url")):
        if all(part.is_saved for part in parts):
            parts.append(_save_webhook(access, chatbot_id, form, wanted, state))
        else:
            parts.append(Part("webhook", is_saved=False, problem="waits"))
    if not parts:
        messages.info(request, _("Nothing was changed, so nothing was sent."))
    if all(part.is_saved for part in parts):
        for part in parts:
            messages.success(request, part.said)
        return redirect("chatbot", chatbot_id)
    return _not_saved(request, access, chatbot_id, form, parts, state)


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
    state: form_state.FormState,
) -> HttpResponse:
    """The form with its input, and what became of each half."""
    failed = next(part for part in parts if not part.is_saved)
    error = failed.error
    context: dict[str, Any] = {"parts": parts, "failed": failed, "problem": failed.problem}
    context["status"] = 422
    if isinstance(error, UnsettledError | CaigunnError) and not isinstance(error, Rejected):
        page = reverse("chatbot_edit", args=[chatbot_id])
        context |= failed_with(request, error, page)
    if isinstance(error, ClashError) and isinstance(error.current, dict):
        context["clashes"] = clashes_of(form, error.current, form.initial)
    # Whoever is told what Caigunn reports now starts from that the next time.
    is_told = isinstance(error, NotSavedError) and error.problem not in {"busy", "deleted"}
    # With the same key nothing is written twice.
    keeps_key = not is_told and not isinstance(error, Rejected)
    saves_settings = parts[0].is_saved
    shown = dict(state.started_from)
    start = shown
    if saves_settings or is_told:
        start = _start_again(access, chatbot_id, shown, form, settings_saved=saves_settings)
    if not is_told:
        start["webhook_url"] = shown.get("webhook_url")
    if failed.problem == "used" and failed.name == "settings":
        context["clashes"] = _differing(form, start)
    form.follow(_initial(start), without_unreadable=saves_settings)
    context["current"] = start.get("webhook_url")
    if isinstance(error, NotSavedError) and failed.name == "webhook" and error.problem != "used":
        context["current"] = error.current
    context["state"] = form_state.issue(
        request.user, f"edit {chatbot_id}", start, key=state.key if keeps_key else ""
    )
    return _draw(request, chatbot_id, form, start, **context)


def _start_again(
    access: Access,
    chatbot_id: str,
    shown: dict[str, Any],
    form: SettingsForm,
    *,
    settings_saved: bool,
) -> dict[str, Any]:
    """What the form starts from the next time: what Caigunn reports now, where it can be read."""
    try:
        return _start(access.client.get_chatbot(chatbot_id))
    except CaigunnError:
        saved = form.asked().values if settings_saved else {}
        now = {name: value for name, value in saved.items() if name in service.READABLE}
        # When the settings were saved is not known: nothing to compare with.
        return shown | now | ({"updated_at": None} if settings_saved else {})


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
        "last_sent": last_sent(chatbot_id),
        "accepted_images": ACCEPTED,
        "state": form_state.issue(request.user, f"edit {chatbot_id}", start),
        "request_id": request.request_id,
    } | context
    headers = context["error"].headers if "error" in context else None
    return draw(request, TEMPLATE, drawn, status=status, headers=headers)
