"""What happens around every request."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.urls import reverse
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from caigunn_admin.errors import wrong_method
from caigunn_admin.http import htmx_page, page_before

GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives each request an id that stands on error pages, in Changes and in the log."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request_id = uuid.uuid4().hex[:12]
        request.request_id = request_id  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers["X-Request-ID"] = request_id
        return response


class CompressionMiddleware(GZipMiddleware):
    """Compresses pages, except those that show a secret, such as a key or recovery codes: their
    length must not depend on their text."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_secret = getattr(response, "shows_secret", False)
        if is_secret or request.path.startswith(reverse("mfa_index")):
            return response
        return super().process_response(request, response)


class NoStoreMiddleware:
    """Keeps pages out of every cache, and empties the browser's when a member signs out."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        add_never_cache_headers(response)
        if request.method == "POST" and request.path == reverse("account_logout"):
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response


class WrongMethodMiddleware:
    """Gives Django's empty 405 a page."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code == 405 and not response.content:
            return wrong_method(request, response.headers.get("Allow", ""))
        return response


class MemberRequiredMiddleware(LoginRequiredMiddleware):
    """Sends whoever is not signed in to the sign-in page, and from there back to the *page*."""

    def handle_no_permission(  # type: ignore[override]  # htmx follows a header, not a status
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        htmx = request.htmx  # type: ignore[attr-defined]
        if htmx:
            back = htmx_page(htmx)
        elif request.method in {"GET", "HEAD"}:
            back = request.get_full_path()
        else:
            back = page_before(request)
        answer = redirect_to_login(back, self.get_login_url(view_func))
        return HttpResponseClientRedirect(answer.url) if htmx else answer
