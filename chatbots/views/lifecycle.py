"""Creating chatbots."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.errors import ErrorScreen
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots import form_state, kept_input
from chatbots.caigunn import CaigunnError, Rejected, is_chatbot_id
from chatbots.form_data import Input
from chatbots.images import ACCEPTED
from chatbots.rendering import draw
from chatbots.services import catalogue, details, lifecycle, search, settling
from chatbots.services import settings as settings_service
from chatbots.services.access import Access
from chatbots.services.outcomes import BusyError, NotSavedError, TwiceError
from chatbots.settings_form import NewChatbotForm
from chatbots.views.guards import with_access
from chatbots.views.problems import form_screen

NEW = "chatbots/new.html"
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


@require_POST
@allowed_to(Action.CREATE_CHATBOT)
@with_access
def adopt(request: MemberRequest, access: Access, change_id: UUID) -> HttpResponse:
    """*This is the one*: a lost creation has made this chatbot."""
    change = get_object_or_404(Change, pk=change_id, member=request.user, kind=Kind.CREATE)
    chatbot_id = request.POST.get("chatbot_id", "")
    try:
        _adopt(access, change, chatbot_id)
    except lifecycle.NotTheOneError:
        messages.warning(request, _("This is not one that the lost creation may have made."))
        return redirect("chatbots")
    except BusyError:
        messages.warning(request, _("It is still being written. Try again in a moment."))
        return redirect("chatbots")
    return to_created(change)


def _adopt(access: Access, change: Change, chatbot_id: str) -> None:
    try:
        lifecycle.adopt(access, change, chatbot_id)
    except lifecycle.NotTheOneError:
        if not chatbot_id or change.chatbot_id != chatbot_id:
            raise
        # It was said before: by the first of two clicks, or when it could not be read.
        settling.settle(access, change)


def to_created(change: Change) -> HttpResponse:
    """Redirect to the page of a new chatbot, with what became of each step of its creation."""
    return redirect(f"{reverse('chatbot', args=[change.chatbot_id])}?created={change.pk}")


def _new_form(request: MemberRequest, access: Access) -> HttpResponse:
    if kept := kept_input.find(request, request.user):
        return _brought_back(request, access, kept)
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


def _brought_back(request: MemberRequest, access: Access, kept: Input) -> HttpResponse:
    """The form that could not be taken, with its input, as it stood."""
    form = NewChatbotForm(kept.data)
    form.is_valid()
    context: dict[str, Any] = {"was_kept": True, "files_lost": kept.files}
    text = kept.data.get("state", "")
    if form_state.read(text, request.user, SUBJECT):
        context["state"] = text
    context |= _like(access, kept.data.get("from", ""))
    return _draw_new(request, access, form, 200, **context)


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
        return _new_failed(request, access, form, _lost(lost.change), **told)
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
        return _new_failed(request, access, form, form_screen(request, error))
    kept_input.drop(request)
    return to_created(created.change)


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
    return _new_failed(request, access, form, _lost(change), change=change, found=found)


def _lost(change: Change) -> ErrorScreen:
    if change.chatbot_id:
        said = _(
            "It named the new chatbot, which could not be read yet. It is not asked twice. Your "
            "input is still here."
        )
    else:
        said = _("Its answer did not arrive, and it is not asked twice. Your input is still here.")
    return ErrorScreen(504, _("Caigunn may have created this chatbot"), said, remark=change.said)


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
    return _draw_new(
        request, access, form, status, **context | _like(access, request.POST.get("from", ""))
    )


def _like(access: Access, like_id: str) -> dict[str, Any]:
    """What the form was begun from, for its notice; nothing where that cannot be read now."""
    if not is_chatbot_id(like_id):
        return {}
    try:
        return {"like": details.chatbot(access, like_id), "like_id": like_id}
    except CaigunnError:
        return {}


def _new_failed(
    request: MemberRequest,
    access: Access,
    form: NewChatbotForm,
    screen: ErrorScreen,
    **context: Any,
) -> HttpResponse:
    context |= {"error": screen, "state": request.POST.get("state", "")}
    context |= _like(access, request.POST.get("from", ""))
    return _draw_new(request, access, form, screen.status, **context)


def _draw_new(
    request: MemberRequest, access: Access, form: NewChatbotForm, status: int, **context: Any
) -> HttpResponse:
    plans: tuple[catalogue.PlanRow, ...] | None
    read_at = None
    try:
        listing = catalogue.plans(access)
        plans = listing.rows
        read_at = listing.read_at if listing.is_stale else None
    except CaigunnError:
        # The plan can still be typed; the form with its input is worth more than the choice.
        if not form.is_bound:
            raise
        plans = None
    chosen = form["plan_id"].value() or ""
    drawn = {
        "form": form,
        "plans": plans,
        "plans_read_at": read_at,
        # One of a later page of the plans, or none at all: what was chosen is kept.
        "other_plan": "" if chosen in {plan.id for plan in plans or ()} else chosen,
        "accepted_images": ACCEPTED,
        "state": form_state.issue(request.user, SUBJECT, None),
        "request_id": request.request_id,
    } | context
    error = context.get("error")
    headers = error.headers if isinstance(error, ErrorScreen) else None
    return draw(request, NEW, drawn, status=status, headers=headers)
