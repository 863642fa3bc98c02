"""What every page's frame shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def shell(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - Django's signature
    """Whether this talks to Caigunn or to a sandbox, and whether mail is sent."""
    return {
        "is_sandbox": settings.CAIGUNN_API_BASE_URL != settings.CAIGUNN_ADDRESS,
        "mail_is_sent": settings.MAIL_IS_SENT,
    }
