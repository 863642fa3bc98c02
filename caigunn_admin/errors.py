"""The one page every error ends on. htmx lifts its `#error-message` into the page's alerts."""

import re
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django_htmx.http import reselect, reswap, retarget

# What a form may carry and no page may show: a form that has one of them is not drawn again.
_SECRET_INPUT = re.compile(r"password|token|key|code", re.IGNORECASE)
_FRESH = "csrfmiddlewaretoken"


@dataclass(frozen=True)
class ErrorScreen:
    """What a member reads when something went wrong.

    `detail` is somebody else's text, shown as a quotation; `remark` is what was written down, by
    whomever; `links` are (label, URL).
    """

    status: int
    title: str
    message: str
    detail: str = ""
    links: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)
    remark: str = ""


@dataclass(frozen=True)
class Unsent:
    """A form that was not accepted: where it goes, and what was typed into it."""

    action: str
    fields: tuple[tuple[str, str], ...]


def error_page(
    request: HttpRequest, screen: ErrorScreen, *, unsent: Unsent | None = None, change: Any = None
) -> HttpResponse:
    """The page for `screen`, with its status and headers; an `unsent` form can be sent again, a
    `change` with an unknown outcome checked."""
    request_id = getattr(request, "request_id", "")
    context = {"error": screen, "request_id": request_id, "unsent": unsent, "change": change}
    response = render(request, "error.html", context, status=screen.status)
    for header, value in screen.headers.items():
        response.headers[header] = value
    if screen.status == 422 and getattr(request, "htmx", False):
        # htmx swaps a 422 in place, for that is a form with its input; this is a page.
        reselect(retarget(reswap(response, "innerHTML"), "#alerts"), "#error-message")
    return response


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """400: what was sent cannot be read."""
    return error_page(
        request,
        ErrorScreen(400, _("Bad request"), _("The browser sent something that cannot be read.")),
    )


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403: the member's role does not allow it."""
    message = str(exception or "") or _("You may not do this.")
    return error_page(request, ErrorScreen(403, _("Not allowed"), message))


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """404: no such page."""
    return error_page(
        request, ErrorScreen(404, _("No such page"), _("There is nothing at this address."))
    )


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001
    """429: the rate limits of sign-in."""
    return error_page(
        request,
        ErrorScreen(429, _("Too many attempts"), _("Wait a few minutes, then try again.")),
    )


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """405: an address that only takes a form, opened as a page, or the other way round."""
    return error_page(
        request,
        ErrorScreen(
            405,
            _("This address cannot be opened like that"),
            _("Nothing was changed. Go back to the page it belongs to."),
            headers={"Allow": allowed},
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """500: our own fault. Drawn without the request's context, which may be what is broken."""
    context: dict[str, Any] = {
        "error": ErrorScreen(
            500,
            _("Something went wrong here"),
            _("This is a fault of the dashboard. It has been logged under the number below."),
        ),
        "request_id": getattr(request, "request_id", ""),
        "plain": True,
    }
    return HttpResponse(render_to_string("error.html", context), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:  # noqa: ARG001
    """403: the form was opened before somebody signed in or out. Its input is kept."""
    kept = unsent(request)
    message = (
        _("It was opened before you signed in or out, so nothing was changed. Your input is kept.")
        if kept
        else _(
            "It was opened before you signed in or out, so it was not accepted and nothing "
            "was changed. Go back, reload the page and send it again."
        )
    )
    return error_page(
        request, ErrorScreen(403, _("This form is out of date"), message), unsent=kept
    )


def unsent(request: HttpRequest) -> Unsent | None:
    """The form, where it is certainly one of this site's own and carries no secret.

    The browser names the origin of a form, and no other site can make it name this one.
    """
    own = f"{request.scheme}://{request.get_host()}"
    if request.headers.get("Origin") != own or request.FILES:
        return None
    fields = [
        (name, str(value))
        for name, values in request.POST.lists()
        for value in values
        if name != _FRESH
    ]
    if any(_SECRET_INPUT.search(name) for name, _value in fields):
        return None
    return Unsent(request.get_full_path(), tuple(fields))
