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
from chatbots.services import webhooks
from chatbots.services.access import Access
from chatbots.services.outcomes import BusyError
from chatbots.views.guards import with_access


@require_POST
@allowed_to(Action.EDIT_WEBHOOK)
@with_access
def check(request: MemberRequest, access: Access, change_id: UUID) -> HttpResponse:
    """*Check now*: settle an unknown outcome by reading Caigunn."""
    change = Change.objects.filter(
        pk=change_id, kind=Kind.WEBHOOK, access_token_id=access.record.pk
    ).first()
    if change is None:
        raise Http404
    try:
        change = webhooks.settle(access, change)
    except BusyError:
        messages.warning(request, _("It is still being written. Check again in a moment."))
    else:
        _report(request, change)
    return redirect(safe_next(request, reverse("chatbot", args=[change.chatbot_id])))


def _report(request: MemberRequest, change: Change) -> None:
    if change.outcome == Outcome.DONE:
        messages.success(request, _("Checked: it was saved. Caigunn reports the new webhook."))
    else:
        said = change.after.get(webhooks.FIELD) or _("no webhook")
        messages.warning(
            request, _("Checked: it was not saved. Caigunn reports %(value)s.") % {"value": said}
        )
