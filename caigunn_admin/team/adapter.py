"""How django-allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from caigunn_admin.team.recent import is_proved
from caigunn_admin.team.two_factor import SECOND_FACTORS, required_of


class ClosedAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth is untyped
    """Nobody signs up by themselves: members are invited."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        return False

    def is_reauthentication_required(self, **_app: Any) -> bool:
        """A sign-in proves as much as a password that is given once more."""
        return not is_proved(self.request)

    def is_safe_url(self, url: str | None) -> bool:
        """Whether `url` leads to this site as it was asked for: not to another of its names."""
        return url_has_allowed_host_and_scheme(
            url, {self.request.get_host()}, require_https=self.request.is_secure()
        )

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        # Whoever was thrown out between the password and the code.
        if not user.is_active:
            raise ImmediateHttpResponse(redirect("account_inactive"))
        super().login(request, user)

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        # allauth writes the whole row: whoever was thrown out meanwhile would be back in.
        user.set_password(password)
        user.save(update_fields=["password"])

    def _get_login_attempts_cache_key(
        self,
        request: HttpRequest,  # noqa: ARG002 - allauth's signature
        **credentials: Any,
    ) -> str:
        # allauth counts by host and port as well, and the sender of a request chooses these.
        return str(credentials.get("email", "")).strip().lower()

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
