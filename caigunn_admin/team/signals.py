"""What the sign-in says of itself: noted in the session and in the record."""

import time
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.contrib.auth import signals as auth_signals
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils.translation import gettext_noop

from caigunn_admin.activity.events import note
from caigunn_admin.activity.models import EventKind
from caigunn_admin.team.models import Member
from caigunn_admin.team.recent import note_proof
from caigunn_admin.team.sessions import SIGNED_IN_AT

# As the record keeps them; who reads it has them in their language.
_WAYS = {
    "password": gettext_noop("password"),
    "mfa": gettext_noop("second factor"),
    "totp": gettext_noop("authenticator app"),
    "webauthn": gettext_noop("passkey"),
}


@receiver(auth_signals.user_logged_in)
def signed_in(request: HttpRequest, user: Member, **_rest: Any) -> None:
    request.session[SIGNED_IN_AT] = time.time()
    note_proof(request)
    note(request, EventKind.SIGNED_IN, user)


@receiver(auth_signals.user_logged_out)
def signed_out(request: HttpRequest, user: Member | None, **_rest: Any) -> None:
    if user is not None:
        note(request, EventKind.SIGNED_OUT, user)


@receiver(auth_signals.user_login_failed)
def sign_in_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_rest: Any
) -> None:
    # Of an address that is nobody's nothing is kept: it may be a password in the wrong field.
    email = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
    member = Member.objects.filter(email=email).first()
    if member is not None or request is not None:
        note(request, EventKind.SIGN_IN_FAILED, member)


@receiver(account_signals.authentication_step_completed)
def proved(request: HttpRequest, user: Member, **details: Any) -> None:
    if details.get("reauthenticated"):
        note_proof(request)
        note(request, EventKind.PROVED, user, detail=_WAYS.get(str(details.get("method")), ""))


@receiver(account_signals.password_changed)
@receiver(account_signals.password_set)
@receiver(account_signals.password_reset)
def password_changed(request: HttpRequest, user: Member, **_rest: Any) -> None:
    note(request, EventKind.PASSWORD_CHANGED, user)


@receiver(account_signals.email_changed)
def email_changed(
    request: HttpRequest,
    user: Member,
    from_email_address: EmailAddress,
    to_email_address: EmailAddress,
    **_rest: Any,
) -> None:
    before = from_email_address.email if from_email_address else ""
    note(request, EventKind.EMAIL_CHANGED, user, detail=f"{before} → {to_email_address.email}")


@receiver(mfa_signals.authenticator_added)
def two_factor_added(
    request: HttpRequest, user: Member, authenticator: Authenticator, **_rest: Any
) -> None:
    _note_factor(request, EventKind.TWO_FACTOR_ADDED, user, authenticator)


@receiver(mfa_signals.authenticator_removed)
def two_factor_removed(
    request: HttpRequest, user: Member, authenticator: Authenticator, **_rest: Any
) -> None:
    _note_factor(request, EventKind.TWO_FACTOR_REMOVED, user, authenticator)


@receiver(mfa_signals.authenticator_reset)
def codes_made(request: HttpRequest, user: Member, **_rest: Any) -> None:
    note(request, EventKind.CODES_MADE, user)


@receiver(mfa_signals.authentication_failed)
def code_refused(request: HttpRequest, user: Member, **_rest: Any) -> None:
    note(request, EventKind.SIGN_IN_FAILED, user, detail=_WAYS["mfa"])


def _note_factor(
    request: HttpRequest, kind: EventKind, user: Member, authenticator: Authenticator
) -> None:
    if authenticator.type == Authenticator.Type.RECOVERY_CODES:
        kind = EventKind.CODES_MADE
    note(request, kind, user, detail=_WAYS.get(authenticator.type, ""))
