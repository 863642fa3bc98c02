"""Who is a member is told to nobody: the sign-in and the reset answer alike, whoever is asked
about, in text, status, headers and mails."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.core import mail
from django.core.mail import EmailMessage
from django.db import connection
from django.test.utils import CaptureQueriesContext

from caigunn_admin.activity.models import Event
from caigunn_admin.team.models import Invitation, Member
from tests.conftest import Joining
from tests.pages.drawn import drawn
from tests.pages.people import LOGIN, set_up_totp, sign_in, signed_in, visitor

RESET = "/account/password/reset/"
NOBODY = "nobody@example.com"
WRONG = "not-the-password"
KINDS = {
    "a member": "viewer@example.com",
    "an Admin with two factors": "admin@example.com",
    "thrown out": "gone@example.com",
    "without a password": "link@example.com",
    "invited": "invited@example.com",
}


@pytest.fixture(autouse=True)
def _people(join: Joining) -> None:
    """One member of each kind."""
    lead = signed_in(join("admin"))
    set_up_totp(lead)
    join("viewer")
    lead.post("/team/", {"email": KINDS["invited"], "role": "viewer"})
    Member.objects.filter(pk=join("editor", KINDS["thrown out"]).pk).update(is_active=False)
    without = join("viewer", KINDS["without a password"])
    without.set_unusable_password()
    without.save()
    assert Invitation.objects.exists()


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def email(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["no mail", "mail"])
def mails(
    request: pytest.FixtureRequest, settings: LazySettings, mailoutbox: list[EmailMessage]
) -> list[EmailMessage]:
    """Without mail, and with it."""
    settings.MAIL_IS_SENT = request.param
    return mailoutbox


def outside(response: Any, email: str) -> tuple[Any, ...]:
    """All that a browser gets, except what is new in every answer."""
    changes = {"X-Request-ID", "Content-Length", "Expires", "Last-Modified", "Date"}
    headers = {name: value for name, value in response.items() if name not in changes}
    html = response.content.decode().replace(email, "<the address>")
    html = re.sub(r'(name="csrfmiddlewaretoken" value=")[^"]+', r"\1", html)
    html = html.replace(response["X-Request-ID"], "")
    cookies = {
        name: {key: value for key, value in one.items() if key != "expires"}
        for name, one in response.cookies.items()
    }
    return response.status_code, headers, cookies, html


def alike(ask: Callable[[str], Any], email: str) -> Any:
    """The answer about `email`, which is the one about nobody."""
    known, unknown = ask(email), ask(NOBODY)
    assert outside(known, email) == outside(unknown, NOBODY)
    return known


def test_a_wrong_password(email: str, mails: list[EmailMessage]) -> None:
    response = alike(lambda asked: sign_in(visitor(), asked, WRONG), email)
    assert "not correct" in drawn(response).text
    assert mails == []


def test_too_many_wrong_passwords(email: str) -> None:
    for _ in range(5):
        alike(lambda asked: sign_in(visitor(), asked, WRONG), email)
    response = alike(lambda asked: sign_in(visitor(), asked, WRONG), email)
    assert "Too many" in drawn(response).text


def test_a_wrong_password_costs_one_hash(email: str) -> None:
    """Counted, since the time that it takes cannot be measured here."""
    counted = []
    for asked in (email, NOBODY):
        with pytest.MonkeyPatch.context() as patch:
            made = Hashes()
            patch.setattr("hashlib.md5", made)
            sign_in(visitor(), asked, WRONG)
        counted.append(made.count)
    assert counted[0] == counted[1] == 1


class Hashes:
    """Counts how often a password is hashed (with MD5, which in tests nothing else is)."""

    def __init__(self) -> None:
        self.count = 0
        self._make = hashlib.md5

    def __call__(self, data: bytes = b"", **more: Any) -> Any:
        self.count += 1
        return self._make(data, **more)


def test_a_reset(email: str, mails: list[EmailMessage], settings: LazySettings) -> None:
    response = alike(lambda asked: visitor().post(RESET, {"email": asked}), email)
    assert response["Location"] == f"{RESET}done/"
    asked = [one.to for one in mails]
    assert asked == ([[email], [NOBODY]] if settings.MAIL_IS_SENT else [])


def test_many_resets(email: str, mails: list[EmailMessage]) -> None:
    for _ in range(6):
        response = alike(lambda asked: visitor().post(RESET, {"email": asked}), email)
    assert response.status_code == 429


def test_only_a_member_who_may_sign_in_gets_a_link(settings: LazySettings) -> None:
    settings.MAIL_IS_SENT = True
    for asked in (*KINDS.values(), NOBODY):
        visitor().post(RESET, {"email": asked})
    got = {one.to[0] for one in mail.outbox if "/password/reset/key/" in one.body}
    assert got == {"viewer@example.com", "admin@example.com", "link@example.com"}
    # Nobody signs up here, so no mail says that they could.
    assert not any("signup" in one.body for one in mail.outbox)


@pytest.mark.parametrize("asked", ["", "x", "x@", "a" * 400 + "@example.com", "x@y.zz\x00"])
def test_what_is_no_address_is_said(asked: str) -> None:
    assert visitor().post(RESET, {"email": asked}).status_code == 200
    assert sign_in(visitor(), asked, WRONG).status_code == 200


def test_both_write_as_much(email: str) -> None:
    """A difference in what is written would be one in time."""

    def written(asked: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            sign_in(visitor(), asked, WRONG)
        return sum(one["sql"].startswith(("INSERT", "UPDATE")) for one in seen.captured_queries)

    assert written(email) == written(NOBODY)
    assert Event.objects.filter(kind="sign_in_failed").count() == 2


def test_the_page_of_signing_up_knows_nobody(email: str) -> None:
    values = {"password1": "correct-horse-battery", "password2": "correct-horse-battery"}
    alike(lambda asked: visitor().post("/account/signup/", {"email": asked, **values}), email)
    alike(lambda asked: visitor().get("/account/signup/", {"email": asked}), email)


def test_a_passkey_is_asked_for_without_an_address() -> None:
    """Who has one is not told either: the browser finds out by itself."""
    answer = visitor().get("/account/2fa/webauthn/login/")
    assert answer.status_code in {200, 302}
    assert b"allowCredentials" not in answer.content or b'"allowCredentials": []' in answer.content
    assert visitor().get(LOGIN).status_code == 200
