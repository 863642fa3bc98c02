"""What a member has chosen for themselves, in force for each of their requests."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from caigunn_admin.team.models import Member


class PreferencesMiddleware:
    """Draws pages in the member's language and time zone; without a choice, in the browser's
    language and in UTC."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if isinstance(request.user, Member):
            use(request, request.user)
        else:
            timezone.deactivate()
        return self.get_response(request)


def use(request: HttpRequest, member: Member) -> None:
    """Put a member's language and time zone in force. One that there is no more counts as none."""
    if member.language in dict(settings.LANGUAGES):
        translation.activate(member.language)
        request.LANGUAGE_CODE = member.language
    try:
        timezone.activate(member.time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        timezone.deactivate()
