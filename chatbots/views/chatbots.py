"""The list of chatbots, one chatbot, and its secrets on request."""

from uuid import UUID

from django.core.exceptions import BadRequest
from django.http import HttpResponse
from django.views.decorators.http import require_POST, require_safe

from caigunn_admin.activity.events import note
from caigunn_admin.activity.models import EventKind
from caigunn_admin.activity.record import give_up_pending
from caigunn_admin.errors import error_page
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.models import Member
from caigunn_admin.team.roles import Action, may
from chatbots import faults, form_state
from chatbots.caigunn import CaigunnError, TokenRejected
from chatbots.presentation import groups, marks
from chatbots.rendering import draw, fragment_of, page_of
from chatbots.services import catalogue, creation_report, details, outside
from chatbots.services.access import Access
from chatbots.services.catalogue import Listing
from chatbots.services.masking import SECRET_FIELDS
from chatbots.services.search import SearchResult, search
from chatbots.story import label
from chatbots.views.addresses import ListAddress, list_address, to_chatbot
from chatbots.views.guards import with_access
from chatbots.views.webhooks import cell
from chatbots.webhook_summary import summary


@require_safe
@allowed_to(Action.READ)
@with_access
def chatbots(request: MemberRequest, access: Access) -> HttpResponse:
    """The list. Its webhook URLs come in a fragment of their own, or at once with `?webhooks=1`."""
    address = list_address(request)
    if address.size != request.user.page_size:
        Member.objects.filter(pk=request.user.pk).update(page_size=address.size)
    draws_webhooks = address.webhooks or fragment_of(request) == "webhooks"
    listing = _listing(access, address, fresh_is_enough=fragment_of(request) == "webhooks")
    webhooks = details.chatbots(access, [row.id for row in listing.rows]) if draws_webhooks else {}
    changed_outside = outside.webhooks_of(webhooks)
    context = {
        "address": address,
        "listing": listing,
        "sizes": catalogue.CHATBOT_SIZES,
        "webhooks": webhooks,
        "changed_outside": changed_outside,
        "summary": summary(webhooks, changed_outside),
        "webhooks_drawn": draws_webhooks,
        "is_read_only": listing.is_stale or "last_known" in request.GET,
        "next": page_of(request),
        "may_reveal": may(request.user, Action.REVEAL_SECRET) and not listing.is_stale,
    }
    return draw(request, "chatbots/list.html", context, fragments=("results", "webhooks"))


def _listing(
    access: Access, address: ListAddress, *, fresh_is_enough: bool
) -> Listing[catalogue.ChatbotRow] | SearchResult:
    if address.q:
        return search(
            access, address.q, address.page, address.size, in_webhooks=address.search_webhooks
        )
    return catalogue.chatbots(access, address.page, address.size, fresh_is_enough=fresh_is_enough)


@require_safe
@allowed_to(Action.READ)
@with_access
def chatbot(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """Everything Get Chatbot Info says. `?fresh=1` reads it anew. The title of a plan that is not
    known yet comes in a fragment of its own."""
    if fragment_of(request) == "plan":
        return _plan_title(request, access)
    if fragment_of(request) == "webhook":
        return cell(request, access, chatbot_id)
    if "created" in request.GET:
        return _just_created(request, access, chatbot_id)
    reading = details.chatbot(access, chatbot_id, fresh_is_enough="fresh" not in request.GET)
    return draw(request, "chatbots/detail.html", _detail(access, chatbot_id, reading))


def _plan_title(request: MemberRequest, access: Access) -> HttpResponse:
    """The title of the plan `?plan_id=`; no content where it cannot be found out: the id stays."""
    try:
        catalogue.plans(access)
    except TokenRejected:
        raise
    except CaigunnError:
        return HttpResponse(status=204)
    title = catalogue.plan_titles(access).get(request.GET.get("plan_id", ""))
    if title is None:
        return HttpResponse(status=204)
    return draw(request, "chatbots/detail.html", {"plan_title": title}, fragments=("plan",))


def _just_created(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """The page of a new chatbot, with what became of each step and its API key, read just now."""
    try:
        change_id = UUID(request.GET["created"])
    except ValueError:
        return to_chatbot(chatbot_id)
    try:
        info, reading = details.read(access, chatbot_id)
    except TokenRejected:
        raise
    except CaigunnError as error:
        if not creation_report.is_made_by(request.user, change_id, chatbot_id):
            raise
        return error_page(request, faults.created_and_unread(error, page=page_of(request)))
    context = _detail(access, chatbot_id, reading)
    created = creation_report.report(request.user, change_id, chatbot_id, info)
    if created is None:
        return to_chatbot(chatbot_id)
    shown = info.api_key if may(request.user, Action.REVEAL_SECRET) else None
    context |= {
        "created": created,
        "unfinished": (),
        "new_key": shown.get_secret_value() if shown else "",
    }
    return _with_secret(draw(request, "chatbots/detail.html", context))


def _detail(access: Access, chatbot_id: str, reading: details.ChatbotReading) -> dict[str, object]:
    give_up_pending()
    found = () if reading.is_stale else outside.of_chatbot(chatbot_id, reading)
    drawn = groups(reading, catalogue.plan_titles(access))
    return {
        "outside": [
            (
                one,
                label(one.field),
                form_state.issue(
                    access.member, f"outside {chatbot_id} {one.field}", [one.now, one.left]
                ),
            )
            for one in found
        ],
        "chatbot_id": chatbot_id,
        "reading": reading,
        "groups": drawn,
        "marks": marks(reading.info, drawn),
        "revealed": {},
        "unfinished": ()
        if reading.is_stale or reading.info.is_deleted
        else creation_report.unfinished(chatbot_id, reading.info),
    }


@require_POST
@allowed_to(Action.REVEAL_SECRET)
@with_access
def reveal(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """One secret (`field`), read at this moment and shown in this answer only."""
    field = request.POST.get("field", "")
    if field not in SECRET_FIELDS:
        raise BadRequest
    info, reading = details.read(access, chatbot_id)
    secret = getattr(info, field)
    note(
        request,
        EventKind.SECRET_REVEALED,
        request.user,
        detail=f"{field}: {reading.info.title or ''} {chatbot_id}",
    )
    context = _detail(access, chatbot_id, reading) | {
        "field": field,
        "revealed": {field: secret.get_secret_value() if secret else ""},
    }
    return _with_secret(draw(request, "chatbots/detail.html", context, fragments=("secret",)))


def _with_secret(response: HttpResponse) -> HttpResponse:
    # Read by CompressionMiddleware.
    response.shows_secret = True  # type: ignore[attr-defined]
    return response
