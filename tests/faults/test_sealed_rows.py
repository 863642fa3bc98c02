"""Sealed values in other rows or fields than their own (reliability §8.3): none opens, and the page
says so instead of sending anything."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from allauth.mfa.utils import decrypt
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from caigunn_admin.team.models import Member
from chatbots import checks, vault
from chatbots.models import AccessToken, Canary, KeptInput
from chatbots.sandbox import Sandbox
from chatbots.vault import SealError
from tests.conftest import PASSWORD, Browsing, Joining

pytestmark = pytest.mark.django_db

TOTP_SECRET = "JBSWY3DPEHPK3PXP"


@dataclass
class Slot:
    """A place where a sealed value stands, and how the product opens what stands there."""

    name: str
    model: type[Model]
    pk: Any
    field: str
    opens: Callable[[Any], object]
    part: str = ""
    """The name of it within a JSON field."""

    def row(self) -> Any:
        return self.model._default_manager.get(pk=self.pk)

    def read(self) -> str:
        found = getattr(self.row(), self.field)
        return str(found[self.part] if self.part else found)

    def write(self, sealed: str) -> None:
        """As somebody does who has got into the database."""
        stored: Any = sealed
        if self.part:
            stored = dict(getattr(self.row(), self.field)) | {self.part: sealed}
        self.model._default_manager.filter(pk=self.pk).update(**{self.field: stored})

    def is_refused(self) -> bool:
        """Whether the product finds nothing here that it goes by."""
        try:
            return not self.opens(self.row())
        except SealError:
            return True


def access_token_slots(record: AccessToken) -> list[Slot]:
    sealed_previous = vault.ring().seal("the-one-before", record.context("sealed_previous"))
    AccessToken.objects.filter(pk=record.pk).update(sealed_previous=sealed_previous)
    return [
        Slot("a token", AccessToken, record.pk, "sealed", AccessToken.open),
        Slot(
            "the one before", AccessToken, record.pk, "sealed_previous", AccessToken.open_previous
        ),
    ]


def member_slots(member: Member) -> list[Slot]:
    kept = KeptInput(member=member, path="/")
    kept.sealed = vault.ring().seal("what was typed", kept.context)
    kept.save()
    totp = TOTP.activate(member, TOTP_SECRET).instance
    codes = RecoveryCodes.activate(member).instance
    client = Client(SERVER_NAME="localhost")
    client.force_login(member)
    session = client.cookies[settings.SESSION_COOKIE_NAME].value
    return [
        Slot("kept input", KeptInput, kept.pk, "sealed", open_kept),
        Slot(
            "TOTP",
            Authenticator,
            totp.pk,
            "data",
            lambda row: decrypt(row.data["secret"]),
            "secret",
        ),
        Slot(
            "codes", Authenticator, codes.pk, "data", lambda row: decrypt(row.data["seed"]), "seed"
        ),
        Slot("a session", Session, session, "session_data", open_session),
    ]


def open_kept(row: KeptInput) -> str:
    return vault.ring().open(row.sealed, row.context)


def open_session(row: Session) -> object:
    """Whom it signs in."""
    store = import_string(f"{settings.SESSION_ENGINE}.SessionStore")
    return store(row.session_key).get(SESSION_KEY)


def open_canary(row: Canary) -> bool:
    return checks.keys_fit_database() is None


def test_a_value_opens_in_its_own_place_alone(
    browse: Browsing, join: Joining, sandbox: Sandbox
) -> None:
    """Every value in the place of every other, of all kinds and of two members."""
    members = [join("editor"), join("viewer")]
    slots: list[Slot] = []
    for member, user in zip(members, sandbox.users, strict=False):
        browse(member, user.token)
        record = AccessToken.objects.get(connections__member=member)
        slots += access_token_slots(record) + member_slots(member)
    canary = Canary.objects.get()
    slots.append(Slot("the canary", Canary, canary.pk, "sealed", open_canary))
    values = [slot.read() for slot in slots]
    assert len(set(values)) == len(slots) == 13
    assert not any(slot.is_refused() for slot in slots)
    opened = []
    for (here, slot), (there, _other) in permutations(enumerate(slots), 2):
        slot.write(values[there])
        if not slot.is_refused():
            opened.append((slot.name, slots[there].name))
        slot.write(values[here])
    assert opened == []
    assert not any(slot.is_refused() for slot in slots)


def test_no_page_sends_a_token_of_another_row(
    browse: Browsing, join: Joining, sandbox: Sandbox
) -> None:
    """Two members whose tokens were swapped: every page that needs one says so, 503."""
    members = [join("editor"), join("editor", "second@example.com")]
    clients = [
        browse(member, user.token) for member, user in zip(members, sandbox.users, strict=False)
    ]
    one, two = AccessToken.objects.all()
    for record, other in ((one, two), (two, one)):
        AccessToken.objects.filter(pk=record.pk).update(sealed=other.sealed)
    bot = sandbox.users[0].chatbots[0].id
    sandbox.clear_requests()
    for client in clients:
        for path in ("/chatbots/", "/plans/", f"/chatbots/{bot}/", f"/chatbots/{bot}/edit/"):
            assert_says_so(client.get(path))
        assert_says_so(client.post("/token/refresh/", {"expired_date": ""}))
        assert_says_so(
            client.post(f"/chatbots/{bot}/webhook/", {"webhook_url": "https://a.example"})
        )
        # What mends it is open.
        assert client.get("/token/").status_code == 200
    assert sandbox.requests == []


def test_a_token_before_of_another_row_is_not_tried(browse: Browsing, sandbox: Sandbox) -> None:
    """After a refresh whose outcome is unknown, *Check now* tries the kept tokens."""
    client = browse("editor", sandbox.users[0].token)
    browse("viewer", sandbox.users[1].token)
    mine = AccessToken.objects.get(connections__member__role="editor")
    other = AccessToken.objects.get(connections__member__role="viewer")
    AccessToken.objects.filter(pk=mine.pk).update(
        sealed_previous=other.sealed, refresh_holder=other.pk, refresh_until=mine.connected_at
    )
    # The token itself has ended, so that the one before is next.
    sandbox.users[0].token = "another-token-of-this-user"
    sandbox.clear_requests()
    assert_says_so(client.post("/token/refresh/", {"expired_date": ""}))
    assert [one.status for one in sandbox.requests] == [401]


def test_the_two_factor_secret_of_another_member_signs_nobody_in(join: Joining) -> None:
    """Whoever knows a password, and puts their own secret in the place of the other's, gets no
    further; nor with a seal that has no row, or with a secret in clear."""
    victim, thief = join("editor"), join("viewer")
    own = str(TOTP.activate(victim, "KRSXG5CTMVRXEZLU").instance.data["secret"])
    theirs = TOTP.activate(thief, TOTP_SECRET).instance.data["secret"]
    without_row = import_string(settings.MFA_ADAPTER)().encrypt(TOTP_SECRET)
    for planted in (theirs, without_row, TOTP_SECRET):
        Authenticator.objects.filter(user=victim).update(data={"secret": planted})
        client, answer = sign_in(victim, TOTP_SECRET)
        assert_says_so(answer)
        assert SESSION_KEY not in client.session
    Authenticator.objects.filter(user=victim).update(data={"secret": own})
    client, _answer = sign_in(victim, "KRSXG5CTMVRXEZLU")
    assert client.session[SESSION_KEY] == str(victim.pk)


def sign_in(member: Member, secret: str) -> tuple[Client, Any]:
    """A browser that has given the right password, then the code that a secret makes now; and the
    answer to that."""
    client = Client(SERVER_NAME="localhost")
    client.post(reverse("account_login"), {"login": member.email, "password": PASSWORD})
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    return client, client.post(reverse("mfa_authenticate"), {"code": code})


def assert_says_so(answer: Any) -> None:
    assert answer.status_code == 503
    assert "cannot be opened" in answer.content.decode()
