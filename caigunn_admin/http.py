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


def htmx_page(htmx: HtmxDetails) -> str:
    """The page of this site in the address bar, as far as the browser says; else `/`."""
    try:
        path = htmx.current_url_abs_path or "/"
    except ValueError:
        return "/"
    # `//host` would lead to another site.
    return "/" if path.startswith("//") else path


def page_before(request: HttpRequest) -> str:
    """The page of this site that the request came from, as far as the browser says; else `/`."""
    try:
        referer = urlsplit(request.headers.get("Referer", ""))
    except ValueError:
        return "/"
    if referer.netloc != request.get_host():
        return "/"
    return referer.path + (f"?{referer.query}" if referer.query else "")
