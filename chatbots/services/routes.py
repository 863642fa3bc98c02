"""The three requests that may change a webhook, and which of them held here before (notes §1)."""

from enum import StrEnum

from django.conf import settings
from django.core.cache import caches

_REMEMBERED_SECONDS = 7 * 24 * 3600


class Route(StrEnum):
    """The letters are those of notes §1."""

    SUBSCRIBE = "A"
    UPDATE = "B"
    UNSUBSCRIBE = "C"


SETTING = (Route.SUBSCRIBE, Route.UPDATE)
CLEARING = (Route.UNSUBSCRIBE, Route.UPDATE, Route.SUBSCRIBE)


def order(wanted: str | None, *, has_key: bool) -> list[Route]:
    """The routes to try for this value, the one that held last time first.

    Without the chatbot's API key only B can be sent.
    """
    routes = list(CLEARING if wanted is None else SETTING)
    known = caches["reads"].get(_key(wanted))
    if known in routes:
        routes.sort(key=lambda route: route != known)
    return [route for route in routes if has_key or route is Route.UPDATE]


def remember(wanted: str | None, route: Route) -> None:
    """Note that the route held."""
    caches["reads"].set(_key(wanted), route.value, _REMEMBERED_SECONDS)


def _key(wanted: str | None) -> str:
    return f"route:{'clear' if wanted is None else 'set'}:{settings.CAIGUNN_API_BASE_URL}"
