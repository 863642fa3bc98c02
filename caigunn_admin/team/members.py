"""What an Admin does with members. Each of these is written into the record."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from django.dispatch import Signal
from django.http import HttpRequest
from django.urls import reverse

from caigunn_admin.activity.events import note
from caigunn_admin.activity.models import EventKind
from caigunn_admin.team.invitations import cancel
from caigunn_admin.team.models import Invitation, Member, Role, in_english

# Sent within the transaction that deactivates a member: `request`, `member`.
deactivated = Signal()


class LastAdminError(Exception):
    """Without this member nobody could look after the team any more."""


def change_role(request: HttpRequest, member: Member, role: Role) -> None:
    """Give a member another role; from their next request on. Raises LastAdminError."""
    with transaction.atomic():
        member = _locked(member)
        if member.role == role:
            return
        if role != Role.ADMIN:
            _keep_an_admin(member)
        if member.role == Role.ADMIN:
            _take_back_invitations(request, member)
        before, member.role = member.role, role
        member.save(update_fields=["role"])
        change = f"{in_english(before)} → {in_english(role)}"
        note(request, EventKind.ROLE_CHANGED, member, detail=change)


def deactivate(request: HttpRequest, member: Member) -> None:
    """Throw a member out, at their next request and everywhere. Raises LastAdminError."""
    with transaction.atomic():
        member = _locked(member)
        if not member.is_active:
            return
        _keep_an_admin(member)
        member.is_active = False
        member.save(update_fields=["is_active"])
        _end_sessions(member)
        _take_back_invitations(request, member)
        note(request, EventKind.DEACTIVATED, member)
        deactivated.send(sender=Member, request=request, member=member)


def reactivate(request: HttpRequest, member: Member) -> None:
    """Let a member sign in again."""
    with transaction.atomic():
        if Member.objects.filter(pk=member.pk, is_active=False).update(is_active=True):
            note(request, EventKind.REACTIVATED, member)


def end_sessions(request: HttpRequest, member: Member) -> int:
    """Sign a member out everywhere, except where the request comes from; how many sessions that
    ended."""
    with transaction.atomic():
        ended = _end_sessions(member, but=request.session.session_key)
        note(request, EventKind.SESSIONS_ENDED, member, detail=str(ended))
    return ended


def remove_two_factor(request: HttpRequest, member: Member) -> bool:
    """Take away a member's second factors and recovery codes, when they have lost them: they sign
    in with their password, and set them up anew. False where there were none."""
    with transaction.atomic():
        removed, _each = Authenticator.objects.filter(user_id=member.pk).delete()
        if removed:
            note(request, EventKind.TWO_FACTOR_REMOVED, member)
    return bool(removed)


def password_link(request: HttpRequest, member: Member) -> str:
    """A link with which the member sets a new password: once, within PASSWORD_RESET_TIMEOUT."""
    key = f"{user_pk_to_url_str(member)}-{default_token_generator.make_token(member)}"
    uid, _, token = key.partition("-")
    path = reverse("account_reset_password_from_key", args=[uid, token])
    note(request, EventKind.RESET_LINK_MADE, member)
    return request.build_absolute_uri(path)


def _locked(member: Member) -> Member:
    """The member as stored, with all active Admins locked: of two who demote each other at the
    same moment, the second waits and sees what the first did."""
    admins = Member.objects.select_for_update().filter(role=Role.ADMIN, is_active=True)
    list(admins.order_by("pk").values_list("pk"))
    return Member.objects.select_for_update().get(pk=member.pk)


def _keep_an_admin(member: Member) -> None:
    if member.role != Role.ADMIN or not member.is_active:
        return
    others = Member.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=member.pk)
    if not others.exists():
        raise LastAdminError


def _take_back_invitations(request: HttpRequest, member: Member) -> None:
    # Else whoever is no Admin any more comes back as one, with a link made in good time.
    for invitation in Invitation.objects.filter(invited_by=member):
        cancel(request, invitation)


def _end_sessions(member: Member, *, but: str | None = None) -> int:
    sessions = list(UserSession.objects.filter(user_id=member.pk).exclude(session_key=but or ""))
    for session in sessions:
        session.end()
    return len(sessions)
