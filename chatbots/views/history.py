"""Who changed what: the history of one chatbot, and the activity of all."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from caigunn_admin.activity.listing import ActivityForm, page_of, visible_to
from caigunn_admin.activity.models import Change
from caigunn_admin.activity.record import give_up_pending
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action, may
from chatbots import activity_csv, faults
from chatbots.caigunn import CaigunnError, Forbidden, NotFound, TokenRejected
from chatbots.rendering import draw
from chatbots.services import details
from chatbots.services.access import Access
from chatbots.services.details import ChatbotReading
from chatbots.story import story
from chatbots.views.addresses import page_number
from chatbots.views.guards import with_access


@require_safe
@allowed_to(Action.READ)
@with_access
def history(request: MemberRequest, access: Access, chatbot_id: str) -> HttpResponse:
    """All Changes of a chatbot, for whoever may read it; where it cannot be read now, those that
    the member made, or that were made through their access token."""
    give_up_pending()
    changes = Change.objects.select_related("member").filter(chatbot_id=chatbot_id)
    reading, trouble = None, None
    try:
        reading = details.chatbot(access, chatbot_id)
    except TokenRejected:
        raise
    except CaigunnError as error:
        # What was written down here is known, whatever Caigunn says.
        changes = _known_to(access, changes)
        if not changes.exists():
            raise
        trouble = error
    why_closed = _why_closed(reading, trouble)
    page = page_of(changes, page_number(request))
    title = reading.info.title if reading else page.changes[0].chatbot_title if page.changes else ""
    context = {
        "chatbot_id": chatbot_id,
        "title": title,
        "trouble": faults.screen(trouble, page=request.path).title if trouble else "",
        "sees_all": may(request.user, Action.SEE_ALL_ACTIVITY),
        "page": page,
        "stories": [story(change, why_closed=why_closed) for change in page.changes],
        "here": request.get_full_path(),
    }
    return draw(request, "chatbots/history.html", context)


def _why_closed(reading: ChatbotReading | None, trouble: CaigunnError | None) -> str:
    """Why nothing of the chatbot can be written, where that is certain."""
    if isinstance(trouble, NotFound | Forbidden):
        return _("Caigunn does not show this chatbot to your access token now.")
    return _("This chatbot was deleted.") if reading and reading.info.is_deleted else ""


def _known_to(access: Access, changes: QuerySet[Change]) -> QuerySet[Change]:
    if may(access.member, Action.SEE_ALL_ACTIVITY):
        return changes
    return changes.filter(Q(member=access.member) | Q(access_token_id=access.record.pk))


@require_safe
@allowed_to(Action.READ)
def activity(request: MemberRequest) -> HttpResponse | StreamingHttpResponse:
    """The Changes of a member, an Admin those of all; filtered, in pages or as CSV."""
    give_up_pending()
    form = ActivityForm(request.GET)
    sees_all = may(request.user, Action.SEE_ALL_ACTIVITY)
    changes = form.matching(visible_to(request.user))
    if request.GET.get("format") == "csv" and form.is_valid():
        # A filter that makes no sense is said on the page: the file would hold more than meant.
        return _csv(changes)
    page = page_of(changes, page_number(request))
    query = {name: value for name, value in form.cleaned_data.items() if value}
    if not sees_all:
        del form.fields["member"]
    context: dict[str, Any] = {
        "form": form,
        "page": page,
        "sees_all": sees_all,
        "is_filtered": bool(query),
        "query": urlencode(query),
        "stories": [replace(story(change), shows_chatbot=True) for change in page.changes],
        "here": request.get_full_path(),
    }
    return draw(request, "activity.html", context)


def _csv(changes: QuerySet[Change]) -> StreamingHttpResponse:
    response = StreamingHttpResponse(
        activity_csv.rows(changes), content_type="text/csv; charset=utf-8"
    )
    response.headers["Content-Disposition"] = 'attachment; filename="caigunn-activity.csv"'
    return response
