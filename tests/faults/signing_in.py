"""What the children of `processes` can do about signing in: each a browser of its own."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.utils import timezone

from caigunn_admin.activity.models import Event
from caigunn_admin.team import invitations
from caigunn_admin.team.models import Invitation, Member, Role

Act = Callable[[], Any]
LOGIN = "/account/login/"


def join_team(people: str) -> Act:
    """New members with verified addresses and one password, given as a JSON object of address to
    role; their ids, by address."""

    def add(email: str, role: str) -> int:
        member = Member.objects.create_user(email, "a-password-for-tests", role=Role(role))
        EmailAddress.objects.create(user=member, email=email, verified=True, primary=True)
        return member.pk

    return lambda: {email: add(email, role) for email, role in json.loads(people).items()}


def give_totp(email: str, secret: str) -> Act:
    """Give a member an authenticator app with this secret."""

    def act() -> None:
        TOTP.activate(Member.objects.get(email=email), secret)

    return act


def try_passwords(email: str, passwords: str, later: str = "0") -> Act:
    """Try passwords, a JSON list of a browser's address and what is typed there, one after another
    and so many seconds from now; what was said to each: `in`, `wrong`, `refused`."""

    def attempt(address: str, password: str) -> str:
        values = {"login": email, "password": password}
        response = _browser(address).post(LOGIN, values)
        text = response.content.decode()
        if response.status_code == 302:
            return "in"
        return "wrong" if "not correct" in text else "refused" if "Too many" in text else text

    def act() -> list[str]:
        with time_machine.travel(timezone.now() + timedelta(seconds=float(later)), tick=True):
            return [attempt(*one) for one in json.loads(passwords)]

    return act


def send_code(email: str, code: str, at: str) -> Act:
    """Go half the way in with the password, and on with the code once let go, at this time; whether
    that led in."""
    browser = _browser()
    browser.post(LOGIN, {"login": email, "password": "a-password-for-tests"})

    def act() -> bool:
        with time_machine.travel(float(at), tick=True):
            browser.post("/account/2fa/authenticate/", {"code": code})
            return "_auth_user_id" in browser.session

    return act


def change_role(by: str, member: str, role: str) -> Act:
    """Sign in as an Admin, and give a member another role once let go; the status."""
    browser = _browser()
    browser.force_login(Member.objects.get(email=by))
    page = f"/team/{Member.objects.get(email=member).pk}/"
    return lambda: browser.post(f"{page}role/", {"role": role}).status_code


def deactivate(by: str, member: str) -> Act:
    """Sign in as an Admin, and throw a member out once let go; the status."""
    browser = _browser()
    browser.force_login(Member.objects.get(email=by))
    page = f"/team/{Member.objects.get(email=member).pk}/"
    return lambda: browser.post(f"{page}deactivate/").status_code


def invite(email: str, role: str) -> Act:
    """Invite an address; the path of the link."""

    def act() -> str:
        request = RequestFactory().get("/", SERVER_NAME="localhost")
        request.user = AnonymousUser()
        return invitations.invite(_typed(request), email, Role(role)).partition("localhost")[2]

    return act


def accept(link: str, password: str) -> Act:
    """Open the link of an invitation, and send its form once let go; the status."""
    browser = _browser()
    assert browser.get(link).status_code == 200
    values = {"password": password, "password_again": password}
    return lambda: browser.post(link, values).status_code


def team() -> Act:
    """Who is in: role by address, `out` for whoever is not; with it the number of invitations, of
    sessions, and how often each kind of event is in the record."""

    def act() -> dict[str, Any]:
        kinds = list(Event.objects.values_list("kind", flat=True))
        return {
            "members": {
                one.email: one.role if one.is_active else "out" for one in Member.objects.all()
            },
            "invitations": Invitation.objects.count(),
            "sessions": UserSession.objects.count(),
            "events": {kind: kinds.count(kind) for kind in set(kinds)},
        }

    return act


def _browser(address: str = "127.0.0.1") -> Client:
    return Client(SERVER_NAME="localhost", REMOTE_ADDR=address, raise_request_exception=False)


def _typed(request: Any) -> HttpRequest:
    found: HttpRequest = request
    return found


SIGNING_IN: tuple[Callable[..., Act], ...] = (
    *(join_team, give_totp, try_passwords, send_code),
    *(change_role, deactivate, invite, accept, team),
)
