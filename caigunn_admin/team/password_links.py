"""What makes a link for a new password good."""

from allauth.account.forms import EmailAwarePasswordResetTokenGenerator

from caigunn_admin.team.models import Member


class PasswordLinks(EmailAwarePasswordResetTokenGenerator):  # type: ignore[misc]  # allauth is untyped
    """Good once, within PASSWORD_RESET_TIMEOUT, for a member who may sign in."""

    def check_token(self, user: Member | None, token: str | None) -> bool:
        return user is not None and user.is_active and bool(super().check_token(user, token))
