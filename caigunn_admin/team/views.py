"""A person's own account, as far as django-allauth does not draw it: joining, and sessions."""

from allauth.account.utils import perform_login
from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from caigunn_admin.activity.events import note
from caigunn_admin.activity.models import EventKind
from caigunn_admin.http import MemberRequest
from caigunn_admin.team import invitations
from caigunn_admin.team.forms import JoinForm, PreferencesForm
from caigunn_admin.team.preferences import use


@login_not_required
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, key: str) -> HttpResponse:
    """What an invited person follows: a password of their own, and they are in."""
    found = invitations.find(key)
    if found is None:
        return render(request, "team/no_invitation.html", status=404)
    if request.user.is_authenticated:
        return render(request, "team/signed_in_already.html", {"invitation": found}, status=409)
    form = JoinForm(request.POST or None, email=found.email)
    if request.method == "POST" and form.is_valid():
        member = invitations.accept(
            request,
            key,
            form.cleaned_data["name"].strip(),
            form.cleaned_data["password"],
            form.cleaned_data["time_zone"],
        )
        if member is None:
            return render(request, "team/no_invitation.html", status=404)
        messages.success(request, _("Welcome. Connect your access token to begin."))
        response: HttpResponse = perform_login(
            request, member, email_verification="none", redirect_url="/token/"
        )
        return response
    status = 422 if form.errors else 200
    return render(request, "team/join.html", {"form": form, "invitation": found}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def preferences(request: MemberRequest) -> HttpResponse:
    """How the pages are drawn for the member: language, time zone, colours, keyboard."""
    form = PreferencesForm(request.POST or None, instance=request.user)
    if request.method == "POST" and form.is_valid():
        member = form.save(commit=False)
        # Not the whole row: the role, and whether they are in, may have changed meanwhile.
        member.save(update_fields=form.Meta.fields)
        # From this answer on: its message is in the language that was chosen.
        translation.activate(translation.get_language_from_request(request))
        use(request, member)
        messages.success(request, _("Saved."))
        return redirect("preferences")
    status = 422 if form.errors else 200
    return render(request, "team/preferences.html", {"form": form}, status=status)


@require_safe
def keyboard(request: MemberRequest) -> HttpResponse:
    """The palette and the list of shortcuts, for the script that asks for them."""
    return render(request, "team/_keyboard.html")


@require_http_methods(["GET", "HEAD", "POST"])
def sessions(request: MemberRequest) -> HttpResponse:
    """Where the member is signed in; POST ends one of these sessions (`session`), or all others."""
    if request.method == "POST":
        _end(request)
        return redirect("sessions")
    found = sorted(
        UserSession.objects.purge_and_list(request.user),
        key=lambda session: (not session.is_current(), -session.last_seen_at.timestamp()),
    )
    return render(request, "team/sessions.html", {"sessions": found})


def _end(request: MemberRequest) -> None:
    mine = UserSession.objects.filter(user=request.user).exclude(
        session_key=request.session.session_key
    )
    wanted = request.POST.get("session", "")
    ended = 0
    for session in mine:
        if wanted in {"", str(session.pk)}:
            session.end()
            ended += 1
    if ended:
        note(request, EventKind.SESSIONS_ENDED, request.user, detail=str(ended))
        messages.success(request, _("Ended. Whoever used it is signed out."))
