"""The keys: checked at the start, and against the database before anything is served."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.db import DatabaseError, connection
from django.db.models.signals import post_migrate
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from caigunn_admin import health
from caigunn_admin.errors import ErrorScreen
from chatbots import vault

logger = logging.getLogger(__name__)

CONTEXT = "canary"
CANARY = "canary"

# The ring that is known to fit, by database: a page asks the database once in a process.
_known_to_fit: dict[str, vault.KeyRing] = {}


@register
def keys_are_readable(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """TOKEN_KEYS can be parsed, and is not what everybody knows."""
    problem = vault.why_unusable(settings.TOKEN_KEYS, is_development=settings.DEBUG)
    return [Error(problem, id="caigunn.E003")] if problem else []


def keys_fit_database() -> str | None:
    """None if TOKEN_KEYS opens what this database holds, else the cause. The probe of /readyz."""
    from chatbots.models import Canary  # noqa: PLC0415 - this module is loaded before the models

    sealed = list(Canary.objects.values_list("sealed", flat=True))
    if not sealed:
        return "keys: nothing tells whether TOKEN_KEYS belongs to this database; run migrate"
    try:
        ring = vault.ring()
        for one in sealed:
            ring.open(one, CONTEXT)
    except vault.SealError as error:
        return f"keys: {error}"
    return None


class KeysMiddleware:
    """Draws no page while TOKEN_KEYS does not belong to the database: nothing is sent to Caigunn,
    and nothing is sealed that would be lost once the right keys are back. It stands before the
    middleware of sessions, so that nobody is signed out meanwhile."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # The probes say it themselves, and the one of life asks no database.
        if _is_known_to_fit() or request.path in {reverse("healthz"), reverse("readyz")}:
            return self.get_response(request)
        cause = _misfit()
        if cause is None:
            return self.get_response(request)
        request_id = getattr(request, "request_id", "")
        logger.error("%s (%s)", cause, request_id)
        screen = ErrorScreen(
            503,
            _("The keys of this dashboard do not fit"),
            _(
                "What it stored cannot be opened with the keys that it was started with. Nothing "
                "was changed, and nothing was sent to Caigunn. Tell whoever looks after it."
            ),
        )
        # Without the request's context: nobody is signed in here.
        context = {"error": screen, "request_id": request_id, "plain": True}
        return HttpResponse(render_to_string("error.html", context), status=screen.status)


def _is_known_to_fit() -> bool:
    try:
        return _known_to_fit.get(_database()) is vault.ring()
    except vault.SealError:
        return False


def _misfit() -> str | None:
    try:
        cause = keys_fit_database()
    except DatabaseError:
        # No tables, or no answer: that is not about keys, and said by others.
        return None
    if cause is None:
        _known_to_fit[_database()] = vault.ring()
    return cause


def _database() -> str:
    return str(connection.settings_dict["NAME"])


def make_canary(sender: AppConfig, **kwargs: Any) -> None:  # noqa: ARG001 - Django's signature
    """Seal the canary row once, when the tables are made."""
    canary = apps.get_model("chatbots", "Canary")
    if not canary.objects.exists():
        canary.objects.create(sealed=vault.ring().seal(CANARY, CONTEXT))


health.probes["keys"] = keys_fit_database
post_migrate.connect(make_canary, sender=apps.get_app_config("chatbots"))
