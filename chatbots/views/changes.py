"""What a member asked for, and what became of it."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots.rendering import safe_next
from chatbots.services import settling, webhooks
from chatbots.services.access import Access
from chatbots.services.outcomes import BusyError
from chatbots.views.guards import with_access

# What *Check now* can settle. Reading comes first, so a member learns only of what they may read.
_OF_CHATBOTS = (Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.DELETE)


@require_POST
@allowed_to(Action.EDIT_WEBHOOK)
@with_access
def check(request: MemberRequest, access: Access, change_id: UUID) -> HttpResponse:
    """*Check now*: settle an unknown outcome by reading Caigunn."""
    change = Change.objects.filter(pk=change_id, kind__in=_OF_CHATBOTS).first()
    if change is None or not change.chatbot_id:
        raise Http404
    if change.access_token_id != access.record.pk:
        # Through another access token "not found" does not mean gone, and a settled Change tells
        # what was found: whoever cannot read the chatbot learns nothing of it.
        access.client.get_chatbot(change.chatbot_id)
    try:
        change = settling.settle(access, change)
    except BusyError:
        messages.warning(request, _("It is still being written. Check again in a moment."))
    else:
        _report(request, change)
    return redirect(safe_next(request, reverse("chatbot", args=[change.chatbot_id])))


def _report(request: MemberRequest, change: Change) -> None:
    if change.outcome == Outcome.DONE:
        messages.success(request, _("Checked: Caigunn has what was asked for."))
    elif change.outcome == Outcome.FAILED:
        messages.warning(request, _("Checked: it was not saved. %(now)s") % {"now": _now(change)})
    else:
        messages.warning(
            request, _("Checked, and still not known: %(why)s") % {"why": change.detail}
        )


def _now(change: Change) -> str:
    if change.kind != Kind.WEBHOOK:
        return change.detail
    value = change.after.get(webhooks.FIELD) or _("no webhook")
    return _("Caigunn reports %(value)s.") % {"value": value}
