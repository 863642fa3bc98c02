"""The keys: checked at the start, and against the database when readiness is asked for."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import CheckMessage, Error, register
from django.db.models.signals import post_migrate

from caigunn_admin import health
from chatbots import vault

CONTEXT = "canary"


@register
def keys_are_readable(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **kwargs: Any,  # noqa: ARG001
) -> list[CheckMessage]:
    """TOKEN_KEYS can be parsed."""
    try:
        vault.ring()
    except vault.SealError as error:
        return [Error(str(error), id="caigunn.E003")]
    return []


def keys_fit_database() -> str | None:
    """None if TOKEN_KEYS opens what this database holds, else the cause. The probe of /readyz."""
    from chatbots.models import Canary  # noqa: PLC0415 - this module is loaded before the models

    canary = Canary.objects.first()
    try:
        if canary is None:
            vault.ring()
        else:
            vault.ring().open(canary.sealed, CONTEXT)
    except vault.SealError as error:
        return f"keys: {error}"
    return None


def make_canary(sender: AppConfig, **kwargs: Any) -> None:  # noqa: ARG001 - Django's signature
    """Seal the canary row once, when the tables are made."""
    canary = apps.get_model("chatbots", "Canary")
    if not canary.objects.exists():
        canary.objects.create(sealed=vault.ring().seal("canary", CONTEXT))


health.probes["keys"] = keys_fit_database
post_migrate.connect(make_canary, sender=apps.get_app_config("chatbots"))
