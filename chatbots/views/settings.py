"""The edit page: the webhook and the thirteen settings, each with an outcome of its own."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caigunn_admin.activity.models import Change
from caigunn_admin.activity.record import of_chatbot
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import form_data, form_state, kept_input
from chatbots.caigunn import CaigunnError, ChatbotInfo, Model, Rejected
from chatbots.form_data import Input
from chatbots.images import ACCEPTED
from chatbots.rendering import draw
from chatbots.services import creation_report, details
from chatbots.services import settings as service
from chatbots.services.access import Access
from chatbots.services.last_sent import last_sent
from chatbots.services.outcomes import (
    ClashError,
    DeletedError,
    NotHeldError,
    NotSavedError,
    UnsettledError,
)
from chatbots.services.webhook_attempt import has_usable_key
from chatbots.settings_form import SettingsForm
from chatbots.views.edit_saving import Part, save
from chatbots.views.guards import with_access
from chatbots.views.problems import Clash, clashes_of, failed_with

TEMPLATE = "chatbots/edit.html"


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
    models = _models(access, info)
    if kept := kept_input.find(request, request.user):
        return _brought_back(request, chatbot_id, kept, start, models)
    if before := of_chatbot(request.GET.get("again", ""), chatbot_id):
        return _asked_again(request, info, before, start, models)
    form = SettingsForm(initial=_initial(start), models=models)
    return _draw(request, chatbot_id, form, start)


def _brought_back(
    request: MemberRequest,
    chatbot_id: str,
    kept: Input,
    start: dict[str, Any],
    models: tuple[Model, ...],
) -> HttpResponse:
    """The form that could not be taken, with its input, as it stood."""
    text = kept.data.get("state", "")
    state = form_state.read(text, request.user, f"edit {chatbot_id}")
    shown = state.started_from if state else start
    form = SettingsForm(_chosen(kept.data, shown), initial=_initial(shown), models=models)
    is_valid = form.is_valid()
    context: dict[str, Any] = {"was_kept": True, "files_lost": kept.files}
    if state:
        return _draw(request, chatbot_id, form, shown, state=text, **context)
    # What is wrong in itself cannot be compared: it is compared when it is sent.
    context["clashes"] = _differing(form, start) if is_valid else ()
    return _draw(request, chatbot_id, form, start, problem="stale", **context)


def _asked_again(
    request: MemberRequest,
    info: ChatbotInfo,
    before: Change,
    start: dict[str, Any],
    models: tuple[Model, ...],
) -> HttpResponse:
    """The form with what a step that failed had asked for, and what Caigunn said of it."""
    missing = creation_report.missing(before, info)
    asked = {name: value for name, value in before.asked.items() if name in missing}
    wanted = form_data.of_settings(start, asked)
    form = SettingsForm(wanted.data, initial=_initial(start), models=models)
    form.is_valid()
    if before.refused:
        form.refused_because(before.refused, before.said)
    return _draw(request, before.chatbot_id, form, start, files_lost=wanted.files)


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
    data = _chosen(request.POST, shown)
    form = SettingsForm(data, request.FILES, initial=_initial(shown), models=models)
    if failure is not None:
        error_context = failed_with(request, failure)
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


def _chosen(post: QueryDict, shown: dict[str, Any]) -> QueryDict:
    """The input, with Caigunn's value where the member has chosen to take theirs after a clash."""
    data = post.copy()
    for name, value in _initial(shown).items():
        if post.get(f"use_{name}") == "theirs":
            data[name] = value or ""
    return data


def _differing(form: SettingsForm, now: dict[str, Any]) -> list[Clash]:
    """What sending the form would replace, where it cannot be told who has changed it."""
    names = form.changed_from(now)
    return clashes_of(form, {name: value for name, value in now.items() if name in names}, {})


def _start(info: ChatbotInfo) -> dict[str, Any]:
    return service.started_from(info) | {"webhook_url": info.webhook_url or None}


def _initial(start: dict[str, Any]) -> dict[str, Any]:
    shared = start.get("is_shared")
    return start | {"is_shared": "" if shared is None else str(shared).lower()}


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
    parts = save(request, access, chatbot_id, form, state)
    if not parts:
        messages.info(request, _("Nothing was changed, so nothing was sent."))
    if all(part.is_saved for part in parts):
        kept_input.drop(request)
        for part in parts:
            messages.success(request, part.said)
        return redirect("chatbot", chatbot_id)
    return _not_saved(request, access, chatbot_id, form, parts, state)


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
        context |= failed_with(request, error)
    told = _told(failed)
    if isinstance(error, ClashError):
        context["clashes"] = clashes_of(form, told, form.initial)
    # Whoever is told what Caigunn reports now starts from that the next time.
    is_told = isinstance(error, NotSavedError) and error.problem not in {"busy", "deleted"}
    # With the same key nothing is written twice.
    keeps_key = not is_told and not isinstance(error, Rejected)
    saves_settings = parts[0].is_saved
    shown = dict(state.started_from)
    start = shown
    if saves_settings or is_told:
        start = _start_again(access, chatbot_id, shown, form, settings_saved=saves_settings)
        if failed.problem != "used":
            saved = form.asked().values if saves_settings else {}
            start |= _seen(form, shown, saved) | told
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


def _told(failed: Part) -> dict[str, Any]:
    """What the page says that Caigunn reports now, of the fields that were not saved."""
    if not isinstance(failed.error, ClashError | NotHeldError):
        return {}
    current: Any = failed.error.current
    return dict(current) if failed.name == "settings" else {"webhook_url": current}


def _seen(form: SettingsForm, shown: dict[str, Any], saved: dict[str, Any]) -> dict[str, Any]:
    """Of the fields that were typed into, the values that the member knows of: what the form
    showed, or what was saved a moment ago. What somebody else has written since and no page has
    told of clashes when the form is sent again."""
    return {name: saved.get(name, shown[name]) for name in form.changed_from(shown) & shown.keys()}


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
