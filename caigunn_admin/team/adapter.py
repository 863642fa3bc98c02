"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from caigunn_admin.team.recent import is_proved
from caigunn_admin.team.two_factor import SECOND_FACTORS, required_of


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up by themselves: members are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def is_reauthentication_required(self, **_app: Any) -> bool:
        """A sign-in proves as much as a password that is given once more."""
        return not is_proved(self.request)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        if settings.MAIL_IS_SENT:
            super().send_mail(template_prefix, email, context)


class TeamMFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Whoever has to sign in with two factors keeps one."""

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        if authenticator.type not in SECOND_FACTORS or not required_of(authenticator.user):
            return True
        left: bool = (
            Authenticator.objects.filter(user=authenticator.user, type__in=SECOND_FACTORS)
            .exclude(pk=authenticator.pk)
            .exists()
        )
        return left

    def get_totp_issuer(self) -> str:
        return "Caigunn Admin"
