"""What every page's frame shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from caigunn_admin.team.models import Member
from caigunn_admin.team.two_factor import required_of
from chatbots.services.connections import Banner, banner_of


def shell(request: HttpRequest) -> dict[str, Any]:
    """Whether this talks to Caigunn or to a sandbox, whether mail is sent, what the member is to be
    told of their access token, and whether they have to sign in with two factors."""

    def connection_banner() -> Banner | None:
        member = getattr(request, "user", None)
        return banner_of(member) if isinstance(member, Member) else None

    def needs_two_factors() -> bool:
        member = getattr(request, "user", None)
        return isinstance(member, Member) and required_of(member)

    return {
        "is_sandbox": settings.CAIGUNN_API_BASE_URL != settings.CAIGUNN_ADDRESS,
        "mail_is_sent": settings.MAIL_IS_SENT,
        # Asked for by the frame alone: a fragment costs nothing.
        "connection_banner": connection_banner,
        "needs_two_factors": needs_two_factors,
    }
