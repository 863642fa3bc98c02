"""The plans."""

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from caigunn_admin.http import MemberRequest
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.roles import Action
from chatbots.rendering import draw
from chatbots.services import catalogue
from chatbots.services.access import Access
from chatbots.views.addresses import page_number
from chatbots.views.guards import with_access


@require_safe
@allowed_to(Action.READ)
@with_access
def plans(request: MemberRequest, access: Access) -> HttpResponse:
    """One page of plans with their limits and prices."""
    listing = catalogue.plans(access, page_number(request))
    return draw(request, "plans.html", {"listing": listing}, fragments=("plans",))
