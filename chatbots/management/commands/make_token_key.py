"""`manage.py make_token_key`"""

from typing import Any

from django.core.management.base import BaseCommand

from chatbots import vault


class Command(BaseCommand):
    """Print a new key for TOKEN_KEYS."""

    help = "Print a new key for TOKEN_KEYS (put an id and a colon in front of it)."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        self.stdout.write(vault.make_key())
