"""Page or fragment: chosen here, and nowhere else."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from caigunn_admin.http import MemberRequest, htmx_page, page_before


def draw(
    request: MemberRequest,
    template: str,
    context: dict[str, Any],
    *,
    fragments: tuple[str, ...] = (),
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> HttpResponse:
    """The page; or, where htmx asks for one of its `fragments`, that partial with the same context.

    A fragment is asked for by the id it replaces: `rows`, or `webhook-<id of a row>`.
    """
    wanted = fragment_of(request)
    name = f"{template}#{wanted}" if wanted in fragments else template
    response = render(request, name, context, status=status)
    for header, value in (headers or {}).items():
        response.headers[header] = value
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def fragment_of(request: MemberRequest) -> str:
    """The noun that htmx asks for, empty where a whole page is wanted."""
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return (request.htmx.target or "").partition("-")[0]


def page_of(request: MemberRequest) -> str:
    """The page that the member looks at: under htmx the one in the address bar, after a form the
    one that it stood on, since some URLs take nothing but POST."""
    if request.htmx:
        return htmx_page(request.htmx)
    return request.get_full_path() if request.method in {"GET", "HEAD"} else page_before(request)


def safe_next(request: MemberRequest, fallback: str) -> str:
    """Where `next` leads, if that is a page of this site; else `fallback`."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    # A bare word would be taken for the name of a view.
    if wanted.startswith("/") and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    ):
        return wanted
    return fallback
