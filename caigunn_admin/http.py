"""The request as this project's views see it."""

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from caigunn_admin.team.models import Member


class MemberRequest(HttpRequest):
    """A request of a signed-in member, as the middleware leaves it."""

    user: Member
    htmx: HtmxDetails
    request_id: str
