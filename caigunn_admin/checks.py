"""What must be right before anybody is served."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error, register


@register
def shared_cache(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """Rate limits are shared by all workers: a cache in one process lets guesses through."""
    private = ("locmem", "dummy", "filebased")
    return [
        Error(
            f"The cache {alias!r} is private to one process.",
            hint="Set CACHE_URL to dbcache://caigunn_cache or a redis:// address.",
            id="caigunn.E001",
        )
        for alias, config in settings.CACHES.items()
        if any(word in str(config["BACKEND"]).lower() for word in private)
    ]


@register
def lease_outlives_request(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """A lease that ends while its request still writes would let two writers in."""
    if settings.LEASE_SECONDS > settings.CAIGUNN_TOTAL_TIMEOUT + 5:
        return []
    return [
        Error(
            "CAIGUNN_TOTAL_TIMEOUT is too close to the time a write is reserved for.",
            hint=f"Keep it below {settings.LEASE_SECONDS - 5:.0f} seconds.",
            id="caigunn.E002",
        )
    ]


@register(deploy=True)
def proxies_are_named(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """Behind a proxy that is not named, https is never seen and every request is redirected."""
    if settings.SITE_SCHEME == "https" and settings.TRUSTED_PROXY_COUNT < 1:
        return [
            checks.Warning(
                "SITE_SCHEME is https, and TRUSTED_PROXY_COUNT is 0.",
                hint="gunicorn does not speak TLS here: name the proxy in front of it.",
                id="caigunn.W001",
            )
        ]
    return []
