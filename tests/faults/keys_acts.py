"""What a child of `processes` can do with keys."""

import io
import json
from collections.abc import Callable
from http.cookies import SimpleCookie
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member
from chatbots import vault
from chatbots.models import AccessToken, Connection, KeptInput
from chatbots.services import refresh as refreshing

Act = Callable[[], Any]
API = "https://caigunn.example"


def fill(count: str) -> Act:
    """So many access tokens, and a tenth as much kept input; TOTP and recovery codes for every
    member who is there."""

    def act() -> None:
        ring, member = vault.ring(), Member.objects.earliest("pk")
        rows = [
            AccessToken(api_base_url=API, label=f"row {number}") for number in range(int(count))
        ]
        for row in rows:
            row.sealed = ring.seal(f"the-token-of-{row.label}", row.context("sealed"))
            row.fingerprint = ring.fingerprint(f"the-token-of-{row.label}")
        rows[0].sealed_previous = ring.seal("the-one-before", rows[0].context("sealed_previous"))
        AccessToken.objects.bulk_create(rows)
        typed = [KeptInput(member=member, path="/") for _ in range(int(count) // 10)]
        for one in typed:
            one.sealed = ring.seal("what was typed", one.context)
        KeptInput.objects.bulk_create(typed)
        for one_member in Member.objects.all():
            TOTP.activate(one_member, f"SECRET-OF-{one_member.pk}")
            RecoveryCodes.activate(one_member)

    return act


def rotate(*options: str) -> Act:
    """The command, as its exit code and what it said."""

    def act() -> list[Any]:
        said = io.StringIO()
        try:
            call_command("rotate_token_keys", *options, stdout=said)
        except CommandError as error:
            return [error.returncode, f"{said.getvalue()}{error}"]
        return [0, said.getvalue()]

    return act


def open_all() -> Act:
    """Everything that is sealed, opened: tokens by the label of their row or the address of a
    member, two-factor secrets and recovery codes by address, the texts of kept input."""

    def act() -> dict[str, Any]:
        connections = Connection.objects.select_related("access_token", "member")
        factors = {
            member.email: [
                _totp_secret(member),
                len(set(RecoveryCodes.activate(member).generate_codes())),
            ]
            for member in Member.objects.filter(authenticator__type="totp")
        }
        first = AccessToken.objects.filter(label="row 0").first()
        return {
            "rows": {row.label: row.open() for row in AccessToken.objects.filter(api_base_url=API)},
            "before": first.open_previous() if first else "",
            "members": {one.member.email: one.access_token.open() for one in connections},
            "records": AccessToken.objects.count(),
            "not found": [
                str(row.pk)
                for row in AccessToken.objects.all()
                if row.fingerprint not in vault.ring().fingerprints(row.open())
            ],
            "factors": factors,
            "typed": [
                vault.ring().open(one.sealed, one.context) for one in KeptInput.objects.all()
            ],
        }

    return act


def _totp_secret(member: Member) -> str:
    """What django-allauth gets to see of it."""
    return str(decrypt(Authenticator.objects.get(user=member, type="totp").data["secret"]))


def refresh_each(emails: str) -> Act:
    """Refresh the token of each of these members, as a member does who presses once more where it
    was in use just then; how often that was."""

    def refresh(email: str) -> int:
        member = Member.objects.get(email=email)
        pressed = 0
        while True:
            pressed += 1
            found = Connection.objects.select_related("access_token").get(member=member)
            try:
                refreshing.refresh(Request(member, "keys"), found.access_token)
            except refreshing.RefreshRunningError:
                continue
            return pressed - 1

    return lambda: sum(refresh(email) for email in json.loads(emails))


def browse(session: str, asked: str) -> Act:
    """Ask for pages, given as a JSON list of method, address and fields; the status of each, and
    its text."""

    def ask(one: list[Any]) -> tuple[int, str]:
        method, address, fields = one
        client = Client(SERVER_NAME="localhost", raise_request_exception=False)
        if session:
            client.cookies = SimpleCookie({settings.SESSION_COOKIE_NAME: session})
        answer = getattr(client, method)(address, fields)
        return answer.status_code, answer.content.decode()

    return lambda: [ask(one) for one in json.loads(asked)]


def dump() -> Act:
    """Every row of every table that holds something sealed, and of the sessions."""

    def act() -> list[str]:
        tables = (
            *("chatbots_accesstoken", "chatbots_connection", "chatbots_keptinput"),
            *("chatbots_canary", "mfa_authenticator", "django_session", "activity_change"),
        )
        found = []
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
                found += [repr(row) for row in cursor.fetchall()]
        return found

    return act


KEYS_ACTS: dict[str, Callable[..., Act]] = {
    act.__name__: act for act in (fill, rotate, open_all, refresh_each, browse, dump)
}
