"""Members as they come: signed in by the form, with codes of their own, from a named device."""

import base64
import hmac
import re
import struct
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from caigunn_admin.activity.models import Event
from caigunn_admin.team.models import Member
from tests.conftest import PASSWORD
from tests.pages.drawn import Drawn, assert_page, drawn

LOGIN = "/account/login/"
CODE_PAGE = "/account/2fa/authenticate/"
TOTP_PAGE = "/account/2fa/totp/activate/"
PROOF_PAGE = "/account/reauthenticate/"


def visitor(**headers: str) -> Client:
    """A browser that nobody has signed in with; `User_Agent="…"` names it."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Client(SERVER_NAME="localhost", headers=named)


def sign_in(browser: Client, who: Member | str, password: str = PASSWORD) -> Any:
    """The answer to the form of the sign-in page."""
    email = who if isinstance(who, str) else who.email
    return browser.post(LOGIN, {"login": email, "password": password})


def signed_in(who: Member | str, password: str = PASSWORD, **headers: str) -> Client:
    """A browser of a member who has signed in by the form, without a second factor."""
    browser = visitor(**headers)
    response = sign_in(browser, who, password)
    assert (response.status_code, response["Location"]) == (302, "/"), drawn(response).text
    return browser


def is_in(browser: Client) -> bool:
    """Whether the browser is let in, by a page that asks Caigunn nothing."""
    response = browser.get("/account/sessions/")
    assert response.status_code in {200, 302}
    return response.status_code == 200


def later(**how_much: float) -> time_machine.travel:
    """So much later, and a few seconds into the next half minute, so that a code stays good while
    it is sent; the clock goes on from there."""
    at = int((timezone.now() + timedelta(**how_much)).timestamp())
    return time_machine.travel((at // 30 + 1) * 30 + 5, tick=True)


def link_in(page: Drawn) -> str:
    """The path of the link that the page shows once."""
    (link,) = page.attribute("data-copy")
    return urlsplit(link).path


def code_of(secret: str, period: int | None = None) -> str:
    """The code that an authenticator app shows now (RFC 6238)."""
    counter = int(time.time()) // 30 if period is None else period
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", counter), "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def shown_secret(page: Drawn) -> str:
    """The secret that the page of the set-up shows."""
    found: set[str] = set(re.findall(r"\b[A-Z2-7]{32}\b", page.html))
    (secret,) = found
    return secret


def set_up_totp(browser: Client) -> str:
    """Add an authenticator app as the page asks to; its secret."""
    with later():
        page = assert_page(browser.get(TOTP_PAGE))
        secret = shown_secret(page)
        response = page.form(TOTP_PAGE).submit(browser, code=code_of(secret))
    assert response.status_code == 302, drawn(response).text
    return secret


def with_code(browser: Client, code: str) -> Any:
    """The answer to the second half of the sign-in."""
    assert_page(browser.get(CODE_PAGE))
    return browser.post(CODE_PAGE, {"code": code})


def kinds(member: Member | None = None) -> list[str]:
    """What the record holds, from the first to the last; about one member, if one is named."""
    events = Event.objects.order_by("pk")
    if member is not None:
        events = events.filter(member=member)
    return list(events.values_list("kind", flat=True))


def every_row() -> str:
    """All that stands in the database, in every table."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found += [repr(row) for row in cursor.fetchall()]
    return "\n".join(found)
