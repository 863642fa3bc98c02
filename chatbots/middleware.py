"""Where an error that no view acted on becomes a page."""

import logging
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django_htmx.http import HttpResponseClientRedirect

from caigunn_admin.errors import error_page
from caigunn_admin.http import MemberRequest
from caigunn_admin.team.recent import ProofNeeded, proof_page
from chatbots import faults, kept_input, refusals
from chatbots.caigunn import CaigunnError
from chatbots.rendering import page_of
from chatbots.services.access import NotConnected
from chatbots.services.outcomes import NotSavedError, UnsettledError
from chatbots.vault import SealError

logger = logging.getLogger(__name__)


class KeepInputMiddleware:
    """Keeps the input of a form whose sender is no longer signed in, and asks them to sign in."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, _kwargs: object
    ) -> HttpResponse | None:
        if request.method != "POST" or request.user.is_authenticated:
            return None
        return refusals.signed_out(request)


class CaigunnErrorMiddleware:
    """One road for every fault: the service raises, this draws (design §10)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(
        self, request: MemberRequest, exception: Exception
    ) -> HttpResponse | None:
        if isinstance(exception, NotConnected | ProofNeeded):
            is_proof = isinstance(exception, ProofNeeded)
            page = proof_page(request) if is_proof else reverse("token")
            back = getattr(exception, "back", "") or kept_input.way_back(request, page_of(request))
            url = f"{page}?{urlencode({'next': back})}"
            return HttpResponseClientRedirect(url) if request.htmx else redirect(url)
        if isinstance(exception, SealError):
            logger.error("%s (%s)", exception, request.request_id)
            return error_page(request, faults.sealed_shut())
        if isinstance(exception, UnsettledError):
            screen = faults.unsettled(exception)
            return error_page(request, screen, change=exception.change)
        if isinstance(exception, NotSavedError):
            return error_page(request, faults.not_saved(exception))
        if isinstance(exception, CaigunnError):
            logger.warning("%s (%s)", exception, request.request_id)
            return error_page(request, faults.screen(exception, page=page_of(request)))
        return None
