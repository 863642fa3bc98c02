"""Creating and deleting chatbots."""

from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from caigunn_admin.activity.models import Change, Outcome
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import faults, form_state
from chatbots.caigunn import CaigunnError, NotFound, Rejected, TokenRejected, is_chatbot_id
from chatbots.images import ACCEPTED
from chatbots.rendering import draw
from chatbots.services import catalogue, deletion, details, lifecycle, search
from chatbots.services import settings as settings_service
from chatbots.services.access import Access, note_rejected
from chatbots.services.outcomes import BusyError, NotSavedError, TwiceError, UnsettledError
from chatbots.settings_form import DeleteForm, NewChatbotForm
from chatbots.views.guards import with_access

NEW = "chatbots/new.html"
DELETE = "chatbots/delete.html"
SUBJECT = "new chatbot"


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.CREATE_CHATBOT)
@with_access
def new(request: MemberRequest, access: Access) -> HttpResponse:
    """The form of a new chatbot; for a plan with `?plan_id=`, like another with `?from=<id>`."""
    if request.method != "POST":
        return _new_form(request, access)
    form = NewChatbotForm(request.POST, request.FILES)
    state = form_state.read(request.POST.get("state", ""), request.user, SUBJECT)
    if "add_row" in request.POST:
        form.errors.clear()
        return _new_again(request, access, form, status=200)
    if not form.is_valid():
        return _new_again(request, access, form)
    if state is None:
        return _new_again(request, access, form, keep_state=False, problem="stale")
    return _create(request, access, form, state.key)


def _new_form(request: MemberRequest, access: Access) -> HttpResponse:
    initial: dict[str, Any] = {"plan_id": request.GET.get("plan_id", "")}
    like = request.GET.get("from", "")
    context: dict[str, Any] = {}
    if is_chatbot_id(like):
        # As Caigunn has it: what is kept for display has secrets cut out of its texts.
        info, reading = details.read(access, like)
        taken = settings_service.readable(info)
        initial = {
            "title": _("Copy of %(title)s") % {"title": taken["title"] or like},
            "plan_id": reading.info.plan_id or "",
            "prompt": taken["prompt"],
            "is_shared": "" if taken["is_shared"] is None else str(taken["is_shared"]).lower(),
            "model_id": taken["model_id"],
        }
        if "webhook" in request.GET:
            initial["webhook_url"] = info.webhook_url
        context = {"like": reading, "like_id": like}
    return _draw_new(request, access, NewChatbotForm(initial=initial), 200, **context)


def _create(
    request: MemberRequest, access: Access, form: NewChatbotForm, form_key: str
) -> HttpResponse:
    values = form.cleaned_data
    wanted = lifecycle.NewChatbot(
        values["title"], values["plan_id"], values["webhook_url"], form.asked()
    )
    try:
        is_another = "another" in request.POST
        created = lifecycle.create(access, wanted, form_key=form_key, is_another=is_another)
    except lifecycle.LostAnswerError as lost:
        told: dict[str, Any] = {"change": lost.change, "found": lost.found}
        told["may_create_another"] = lost.is_of_another_form
        return _new_failed(request, access, form, _lost(), **told)
    except NotSavedError as error:
        if error.change and error.change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}:
            return _still_lost(request, access, form, error.change)
        was_not_sent = isinstance(error, BusyError | TwiceError)
        context: dict[str, Any] = {"problem": error.problem, "change": error.change}
        context["may_create_another"] = isinstance(error, TwiceError)
        return _new_again(request, access, form, keep_state=was_not_sent, **context)
    except Rejected as error:
        form.refused(error)
        return _new_again(request, access, form)
    except CaigunnError as error:
        if isinstance(error, TokenRejected):
            note_rejected(request.user)
        return _new_failed(request, access, form, _screen(error, reverse("chatbot_new")))
    return redirect(f"{reverse('chatbot', args=[created.chatbot_id])}?created={created.change.pk}")


def _still_lost(
    request: MemberRequest, access: Access, form: NewChatbotForm, change: Change
) -> HttpResponse:
    """A lost creation's form came again with other values: look, and send nothing."""
    there_before = change.before.get(lifecycle.THERE_BEFORE, [])
    try:
        of_title = search.of_title(access, change.chatbot_title)
        found = [one for one in of_title if one.id not in there_before]
    except CaigunnError:
        found = None
    return _new_failed(request, access, form, _lost(), change=change, found=found)


def _lost() -> ErrorScreen:
    return ErrorScreen(
        504,
        _("Caigunn may have created this chatbot"),
        _("Its answer did not arrive, and it is not asked twice. Your input is still here."),
    )


def _new_again(
    request: MemberRequest,
    access: Access,
    form: NewChatbotForm,
    *,
    status: int = 422,
    keep_state: bool = True,
    **context: Any,
) -> HttpResponse:
    if keep_state:
        context["state"] = request.POST.get("state", "")
    return _draw_new(request, access, form, status, **context)


def _new_failed(
    request: MemberRequest,
    access: Access,
    form: NewChatbotForm,
    screen: ErrorScreen,
    **context: Any,
) -> HttpResponse:
    context |= {"error": screen, "state": request.POST.get("state", "")}
    return _draw_new(request, access, form, screen.status, **context)


def _draw_new(
    request: MemberRequest, access: Access, form: NewChatbotForm, status: int, **context: Any
) -> HttpResponse:
    try:
        plans = catalogue.plans(access).rows
    except CaigunnError:
        # The plan can still be typed; the form with its input is worth more than the choice.
        if request.method != "POST":
            raise
        plans = ()
    chosen = form["plan_id"].value() or ""
    drawn = {
        "form": form,
        "plans": plans,
        # One of a later page of the plans, or none at all: what was chosen is kept.
        "other_plan": "" if chosen in {plan.id for plan in plans} else chosen,
        "accepted_images": ACCEPTED,
        "state": form_state.issue(request.user, SUBJECT, None),
        "request_id": request.request_id,
    } | context
    error = context.get("error")
    headers = error.headers if isinstance(error, ErrorScreen) else None
    return draw(request, NEW, drawn, status=status, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.DELETE_CHATBOT)
@with_access
def delete(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """What is lost, and the title typed once more."""
    if request.method == "POST":
        return _delete_submitted(request, access, chatbot_id)
    reading = details.chatbot(access, chatbot_id, fresh_is_enough=False)
    if reading.info.is_deleted:
        return redirect("chatbot", chatbot_id)
    return _delete_form(request, chatbot_id, reading, DeleteForm(expected=""))


def _delete_submitted(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    state = form_state.read(request.POST.get("state", ""), request.user, f"delete {chatbot_id}")
    try:
        reading = details.keep(access, chatbot_id, access.client.get_chatbot(chatbot_id))
    except NotFound:
        messages.info(
            request,
            _("Your access token reaches no such chatbot: it is gone, or of another account."),
        )
        return redirect("chatbots")
    except CaigunnError as error:
        expected = (state.started_from or chatbot_id) if state else chatbot_id
        form = DeleteForm(request.POST, expected=expected)
        return _not_deleted(request, chatbot_id, None, form, error)
    form = DeleteForm(request.POST, expected=reading.info.title or chatbot_id)
    if not form.is_valid() or state is None:
        return _delete_form(request, chatbot_id, reading, form, 422, stale=state is None)
    try:
        change = deletion.delete(access, chatbot_id, form_key=state.key)
    except (NotSavedError, UnsettledError, CaigunnError) as error:
        return _not_deleted(request, chatbot_id, reading, form, error)
    title = reading.info.title or chatbot_id
    if change is None:
        messages.info(request, _("%(title)s was gone already.") % {"title": title})
    else:
        said = _("%(title)s is deleted. Caigunn confirms it.")
        messages.success(request, said % {"title": title})
    return redirect("chatbots")


def _not_deleted(
    request: MemberRequest,
    chatbot_id: str,
    reading: details.ChatbotReading | None,
    form: DeleteForm,
    error: NotSavedError | UnsettledError | CaigunnError,
) -> HttpResponse:
    context: dict[str, Any]
    if isinstance(error, NotSavedError):
        context = {"problem": error.problem, "change": error.change}
        return _delete_form(request, chatbot_id, reading, form, 422, **context)
    if isinstance(error, UnsettledError):
        screen = ErrorScreen(
            504,
            _("Caigunn may have deleted this chatbot"),
            _("Its answer did not arrive, or could not be checked."),
            remark=error.change.detail,
        )
        # With the same key, sending it again deletes nothing that was not seen to be there.
        kept = request.POST.get("state", "")
        context = {"error": screen, "change": error.change, "state": kept}
        return _delete_form(request, chatbot_id, reading, form, 504, **context)
    if isinstance(error, TokenRejected):
        note_rejected(request.user)
    screen = _screen(error, reverse("chatbot_delete", args=[chatbot_id]))
    return _delete_form(request, chatbot_id, reading, form, screen.status, error=screen)


def _delete_form(
    request: MemberRequest,
    chatbot_id: str,
    reading: details.ChatbotReading | None,
    form: DeleteForm,
    status: int = 200,
    **context: Any,
) -> HttpResponse:
    expected = (reading.info.title or chatbot_id) if reading else form.expected
    drawn = {
        "chatbot_id": chatbot_id,
        "reading": reading,
        "form": form,
        "expected": expected,
        "state": form_state.issue(request.user, f"delete {chatbot_id}", expected),
        "request_id": request.request_id,
    } | context
    error = context.get("error")
    headers = error.headers if isinstance(error, ErrorScreen) else None
    return draw(request, DELETE, drawn, status=status, headers=headers)


def _screen(error: CaigunnError, page: str) -> ErrorScreen:
    """The screen beside a form that keeps its input: no *Try again* that would lose it."""
    screen = faults.screen(error, page=page)
    return screen if isinstance(error, TokenRejected) else replace(screen, links=())
