"""The record of sign-ins, the team and revealed secrets."""

from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.views.decorators.http import require_safe

from caigunn_admin.activity.events import PAGE_SIZE, EventForm, visible_to
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action, may
from chatbots.rendering import draw


@require_safe
@allowed_to(Action.READ)
def record(request: MemberRequest) -> HttpResponse:
    """What concerns the member, for an Admin what concerns anybody; the newest first."""
    form = EventForm(request.GET)
    sees_all = may(request.user, Action.SEE_ALL_ACTIVITY)
    events = form.matching(visible_to(request.user))
    query = {name: value for name, value in form.cleaned_data.items() if value}
    if not sees_all:
        del form.fields["member"]
    context = {
        "form": form,
        "page": Paginator(events, PAGE_SIZE).get_page(request.GET.get("page")),
        "sees_all": sees_all,
        "is_filtered": bool(query),
        "query": urlencode(query),
    }
    return draw(request, "record.html", context)
