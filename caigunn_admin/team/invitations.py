"""Inviting people: an address, a role, and a link that is good once."""

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from caigunn_admin.activity.events import note
from caigunn_admin.activity.models import EventKind
from caigunn_admin.team.models import Invitation, Member, Role, in_english


class IsMemberError(Exception):
    """The address belongs to a member already."""


class IsInvitedError(Exception):
    """An invitation of this address is pending."""


class NotMailedError(Exception):
    """The mail server did not take the mail; the invitation stands."""


def invite(request: HttpRequest, email: str, role: Role) -> str:
    """Invite an address. Gives the link to hand over, empty where it was mailed. Raises
    IsMemberError, IsInvitedError and NotMailedError."""
    email = email.strip().lower()
    # A further address of a member, too: whoever signs in with it is there already.
    if (
        Member.objects.filter(email=email).exists()
        or EmailAddress.objects.filter(email=email, verified=True).exists()
    ):
        raise IsMemberError
    key = secrets.token_urlsafe(32)
    with transaction.atomic():
        # What has ended leaves its place to a new one.
        Invitation.objects.filter(email=email, expires_at__lte=timezone.now()).delete()
        try:
            with transaction.atomic():
                invitation = Invitation.objects.create(
                    email=email,
                    role=role,
                    invited_by=_member(request),
                    key_hash=_hash(key),
                    expires_at=_end(),
                )
        except IntegrityError:
            raise IsInvitedError from None
        note(request, EventKind.INVITED, None, member_email=email, detail=in_english(role))
    return _deliver(request, invitation, key)


def resend(request: HttpRequest, invitation: Invitation) -> str:
    """A new link in place of the one before, good for as long as a new one; as `invite` gives it.
    Raises NotMailedError, and Invitation.DoesNotExist where it was used or taken back meanwhile."""
    key = secrets.token_urlsafe(32)
    same = Invitation.objects.filter(pk=invitation.pk)
    if not same.update(key_hash=_hash(key), expires_at=_end()):
        raise Invitation.DoesNotExist
    invitation.refresh_from_db()
    note(
        request,
        EventKind.INVITED,
        None,
        member_email=invitation.email,
        detail=in_english(invitation.role),
    )
    return _deliver(request, invitation, key)


def cancel(request: HttpRequest, invitation: Invitation) -> None:
    """Take an invitation back: its link opens nothing any more."""
    if Invitation.objects.filter(pk=invitation.pk).delete()[0]:
        note(request, EventKind.INVITATION_CANCELLED, None, member_email=invitation.email)


def find(key: str) -> Invitation | None:
    """The invitation that a link belongs to, while it is good."""
    return Invitation.objects.filter(key_hash=_hash(key), expires_at__gt=timezone.now()).first()


def accept(
    request: HttpRequest, key: str, name: str, password: str, time_zone: str = ""
) -> Member | None:
    """Make the invited person a member; None where the link is no longer good. Of several who use
    it at the same moment, one gets in. `time_zone` is their browser's, where it is known."""
    invitation = find(key)
    if invitation is None:
        return None
    member = Member(email=invitation.email, name=name, role=invitation.role)
    member.time_zone = time_zone or member.time_zone
    member.set_password(password)
    try:
        with transaction.atomic():
            gone = Invitation.objects.filter(
                pk=invitation.pk, key_hash=invitation.key_hash, expires_at__gt=timezone.now()
            ).delete()[0]
            if not gone:
                return None
            member.save()
            EmailAddress.objects.create(
                user=member, email=member.email, verified=True, primary=True
            )
            note(request, EventKind.JOINED, member, detail=in_english(invitation.role))
    except IntegrityError:
        # The address has become a member in another way meanwhile.
        return None
    return member


def _deliver(request: HttpRequest, invitation: Invitation, key: str) -> str:
    link = request.build_absolute_uri(reverse("invitation", args=[key]))
    if not settings.MAIL_IS_SENT:
        return link
    inviter = _member(request)
    text = render_to_string(
        "team/invitation.txt", {"link": link, "invitation": invitation, "inviter": inviter}
    )
    try:
        send_mail(_("Your invitation to Caigunn Admin"), text, None, [invitation.email])
    except OSError as error:
        raise NotMailedError from error
    return ""


def _end() -> datetime:
    return timezone.now() + timedelta(seconds=settings.INVITATION_SECONDS)


def _hash(key: str) -> str:
    # 256 random bits: nothing to guess, so nothing to slow down.
    return hashlib.sha256(key.encode()).hexdigest()


def _member(request: HttpRequest) -> Member | None:
    return request.user if isinstance(request.user, Member) else None
