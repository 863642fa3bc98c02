"""The team: who is in, with which role, and who is invited."""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from caigunn_admin.activity.events import visible_to
from caigunn_admin.http import MemberRequest
from caigunn_admin.team import invitations, members
from caigunn_admin.team.forms import InviteForm, RoleForm
from caigunn_admin.team.guards import allowed_to
from caigunn_admin.team.models import Invitation, Member, Role
from caigunn_admin.team.recent import ProofNeeded, is_proved, proof_required
from caigunn_admin.team.roles import Action
from caigunn_admin.team.two_factor import factors_of, required_of
from chatbots.rendering import draw
from chatbots.services.connections import connections_of

P = ParamSpec("P")
View = Callable[Concatenate[MemberRequest, P], HttpResponse]
_EVENTS_SHOWN = 10


def _for_admins(view: View[P]) -> View[P]:
    """Of Admins who have just proved who they are."""
    return allowed_to(Action.MANAGE_TEAM)(proof_required(view))


@require_http_methods(["GET", "HEAD", "POST"])
@allowed_to(Action.MANAGE_TEAM)
def team(request: MemberRequest) -> HttpResponse:
    """All members and invitations; POST invites (`email`, `role`)."""
    if not is_proved(request):
        typed = {name: request.POST[name] for name in ("email", "role") if name in request.POST}
        raise ProofNeeded(f"{request.path}?{urlencode(typed)}" if typed else "")
    if request.method != "POST":
        return _page(request, InviteForm(initial={"role": Role.VIEWER} | request.GET.dict()))
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    email = form.cleaned_data["email"]
    try:
        link = invitations.invite(request, email, Role(form.cleaned_data["role"]))
    except invitations.IsMemberError:
        form.add_error("email", _("This address is a member already."))
    except invitations.IsInvitedError:
        form.add_error("email", _("This address is invited already. Send that invitation again."))
    except invitations.NotMailedError:
        messages.error(request, _not_mailed())
        return redirect("team")
    else:
        return _invited(request, email, link)
    return _page(request, form, status=422)


def _invited(request: MemberRequest, email: str, link: str) -> HttpResponse:
    if link:
        # Not kept anywhere: it stands in this answer and nowhere else.
        return _page(request, InviteForm(), link=link, link_for=email)
    messages.success(request, _("Invited. The link was mailed to %(email)s.") % {"email": email})
    return redirect("team")


def _not_mailed() -> str:
    return _("The invitation stands, but the mail server did not take it. Send it again later.")


def _page(
    request: MemberRequest, form: InviteForm, *, status: int = 200, **context: Any
) -> HttpResponse:
    everybody = list(Member.objects.order_by("-is_active", "email"))
    connections, factors = connections_of(everybody), factors_of(everybody)
    drawn = {
        "form": form,
        "members": [
            {
                "member": member,
                "connection": connections.get(member.pk),
                "factors": factors.get(member.pk, []),
                "needs_factor": required_of(member) and member.pk not in factors,
            }
            for member in everybody
        ],
        "invitations": Invitation.objects.select_related("invited_by"),
    } | context
    return draw(request, "team/team.html", drawn, status=status)


@require_POST
@_for_admins
def resend(request: MemberRequest, invitation_id: int) -> HttpResponse:
    """Invite somebody once more: with a new link, the one before ends."""
    invitation = get_object_or_404(Invitation, pk=invitation_id)
    try:
        link = invitations.resend(request, invitation)
    except Invitation.DoesNotExist:
        messages.info(request, _("This invitation was used or taken back meanwhile."))
        return redirect("team")
    except invitations.NotMailedError:
        messages.error(request, _not_mailed())
        return redirect("team")
    return _invited(request, invitation.email, link)


@require_POST
@_for_admins
def cancel(request: MemberRequest, invitation_id: int) -> HttpResponse:
    """Take an invitation back."""
    invitations.cancel(request, get_object_or_404(Invitation, pk=invitation_id))
    messages.success(request, _("Taken back. Its link opens nothing any more."))
    return redirect("team")


@require_safe
@_for_admins
def member(request: MemberRequest, member_id: int) -> HttpResponse:
    """One member, and what an Admin can do with them."""
    return _member_page(request, get_object_or_404(Member, pk=member_id))


def _member_page(
    request: MemberRequest, member: Member, *, status: int = 200, **context: Any
) -> HttpResponse:
    drawn = {
        "member": member,
        "is_self": member == request.user,
        "form": RoleForm(initial={"role": member.role}),
        "connection": connections_of([member]).get(member.pk),
        "factors": factors_of([member]).get(member.pk, []),
        "needs_factor": required_of(member),
        "sessions": UserSession.objects.filter(user_id=member.pk).order_by("-last_seen_at"),
        "events": visible_to(request.user).filter(member=member)[:_EVENTS_SHOWN],
    } | context
    return draw(request, "team/member.html", drawn, status=status)


@require_POST
@_for_admins
def change_role(request: MemberRequest, member_id: int) -> HttpResponse:
    """Give a member another `role`."""
    found = get_object_or_404(Member, pk=member_id)
    form = RoleForm(request.POST)
    if not form.is_valid():
        return _member_page(request, found, status=422, form=form)
    try:
        members.change_role(request, found, Role(form.cleaned_data["role"]))
    except members.LastAdminError:
        form.add_error("role", _("This is the last Admin. Make somebody else an Admin first."))
        return _member_page(request, found, status=422, form=form)
    messages.success(request, _("Saved. It holds from their next click on."))
    if found == request.user and form.cleaned_data["role"] != Role.ADMIN:
        return redirect("home")
    return redirect("team_member", member_id=member_id)


@require_POST
@_for_admins
def deactivate(request: MemberRequest, member_id: int) -> HttpResponse:
    """Throw a member out: everywhere, at their next request."""
    found = get_object_or_404(Member, pk=member_id)
    if found == request.user:
        messages.error(request, _("You cannot throw yourself out. Ask another Admin."))
        return redirect("team_member", member_id=member_id)
    try:
        members.deactivate(request, found)
    except members.LastAdminError:
        messages.error(request, _("This is the last Admin. Make somebody else an Admin first."))
    else:
        messages.success(
            request, _("Out. %(member)s can do nothing here any more.") % {"member": found}
        )
    return redirect("team_member", member_id=member_id)


@require_POST
@_for_admins
def reactivate(request: MemberRequest, member_id: int) -> HttpResponse:
    """Let a member sign in again; they connect their token anew."""
    found = get_object_or_404(Member, pk=member_id)
    members.reactivate(request, found)
    messages.success(request, _("Back. They sign in, and connect their access token anew."))
    return redirect("team_member", member_id=member_id)


@require_POST
@_for_admins
def end_sessions(request: MemberRequest, member_id: int) -> HttpResponse:
    """Sign a member out everywhere."""
    found = get_object_or_404(Member, pk=member_id)
    ended = members.end_sessions(request, found)
    messages.success(
        request,
        ngettext("%(n)s session was ended.", "%(n)s sessions were ended.", ended) % {"n": ended},
    )
    return redirect("team_member", member_id=member_id)


@require_POST
@_for_admins
def remove_two_factor(request: MemberRequest, member_id: int) -> HttpResponse:
    """Take away second factors that a member has lost."""
    found = get_object_or_404(Member, pk=member_id)
    if members.remove_two_factor(request, found):
        messages.success(
            request, _("Removed. They sign in with their password, and set it up anew.")
        )
    else:
        messages.info(request, _("There was nothing to remove."))
    return redirect("team_member", member_id=member_id)


@require_POST
@_for_admins
def password_link(request: MemberRequest, member_id: int) -> HttpResponse:
    """A link with which the member sets a new password, to hand over: good once, for a day."""
    found = get_object_or_404(Member, pk=member_id, is_active=True)
    return _member_page(request, found, link=members.password_link(request, found))
