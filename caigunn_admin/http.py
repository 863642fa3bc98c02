"""The request as this project's views see it."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django_htmx.middleware import HtmxDetails

from caigunn_admin.team.models import Member


class MemberRequest(HttpRequest):
    """A request of a signed-in member, as the middleware leaves it."""

    user: Member
    htmx: HtmxDetails
    request_id: str


def page_before(request: HttpRequest) -> str:
    """The page of this site that the request came from, as far as the browser says; else `/`."""
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if referer.netloc != request.get_host():
        return "/"
    return referer.path + (f"?{referer.query}" if referer.query else "")
