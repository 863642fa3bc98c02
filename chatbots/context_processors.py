"""What every page's frame shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from caigunn_admin.team.models import Member
from chatbots.services.connections import Banner, banner_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Whether this talks to Caigunn or to a sandbox, whether mail is sent, and what the member is
    to be told of their access token."""

    def connection_banner() -> Banner | None:
        member = getattr(request, "user", None)
        return banner_of(member) if isinstance(member, Member) else None

    return {
        "is_sandbox": settings.CAIGUNN_API_BASE_URL != settings.CAIGUNN_ADDRESS,
        "mail_is_sent": settings.MAIL_IS_SENT,
        # Asked for by the frame alone: a fragment costs nothing.
        "connection_banner": connection_banner,
    }
