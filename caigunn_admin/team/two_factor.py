"""Two-factor sign-in: who has it, and who has to."""

from collections.abc import Callable, Iterable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib import messages
from django.contrib.messages.storage.base import BaseStorage
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from caigunn_admin.team.models import Member, Role

SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Where a member who has to set it up may go: the pages to do so, and out.
_WAYS = ("/account/",)


def required_of(member: Member) -> bool:
    """Whether the member has to sign in with two factors (TWO_FACTOR_REQUIRED)."""
    wanted = settings.TWO_FACTOR_REQUIRED
    return wanted == "everybody" or (wanted == "admins" and member.role == Role.ADMIN)


def factors_of(members: Iterable[Member]) -> dict[int, list[str]]:
    """The kinds of second factors of each member who has any, by member id: `totp`, `webauthn`."""
    found: dict[int, list[str]] = {}
    rows = Authenticator.objects.filter(
        user__in=[member.pk for member in members], type__in=SECOND_FACTORS
    )
    for user_id, kind in rows.order_by("type").values_list("user_id", "type").distinct():
        found.setdefault(user_id, []).append(kind)
    return found


def has_one(member: Member) -> bool:
    """Whether the member signs in with a second factor."""
    return bool(Authenticator.objects.filter(user_id=member.pk, type__in=SECOND_FACTORS).exists())


class TwoFactorMiddleware:
    """Leads members who have to sign in with two factors, and cannot yet, to where they set it up:
    nothing else opens before that."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: object, _kwargs: object
    ) -> HttpResponse | None:
        member = request.user
        if not isinstance(member, Member) or not getattr(view, "login_required", True):
            return None
        if request.path.startswith(_WAYS) or not required_of(member) or has_one(member):
            return None
        said = _("Your role needs two-factor sign-in. Set it up here before you go on.")
        # Once, however many pages were asked for before it was read.
        waiting = messages.get_messages(request)
        is_said = any(str(one) == said for one in waiting)
        if isinstance(waiting, BaseStorage):
            waiting.used = False
        if not is_said:
            messages.warning(request, said)
        if getattr(request, "htmx", False):
            return HttpResponseClientRedirect("/account/2fa/")
        return redirect("mfa_index")
