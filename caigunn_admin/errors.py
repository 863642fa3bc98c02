"""The one page every error ends on. htmx lifts its `#error-message` into the page's alerts."""

from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _


@dataclass(frozen=True)
class ErrorScreen:
    """What a member reads when something went wrong.

    `detail` is somebody else's text, shown as a quotation; `links` are (label, URL).
    """

    status: int
    title: str
    message: str
    detail: str = ""
    links: tuple[tuple[str, str], ...] = ()
    headers: dict[str, str] = field(default_factory=dict)


def error_page(request: HttpRequest, screen: ErrorScreen) -> HttpResponse:
    """The page for `screen`, with its status and headers."""
    context = {"error": screen, "request_id": getattr(request, "request_id", "")}
    response = render(request, "error.html", context, status=screen.status)
    for header, value in screen.headers.items():
        response.headers[header] = value
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
    """403: the form was opened before somebody signed in or out."""
    return error_page(
        request,
        ErrorScreen(
            403,
            _("This form is out of date"),
            _(
                "It was opened before you signed in or out, so it was not accepted and nothing "
                "was changed. Go back, reload the page and send it again."
            ),
        ),
    )
