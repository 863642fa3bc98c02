"""`manage.py rotate_token_keys` (reliability §1): what it writes, tells, deletes, leaves alone."""

import io
import logging
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.utils import decrypt
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.utils import timezone

from caigunn_admin.team.models import Member
from chatbots import checks, vault
from chatbots.models import AccessToken, Canary, Connection, KeptInput
from chatbots.sandbox import Sandbox
from chatbots.services import refresh, token_records
from chatbots.vault import make_key
from tests.conftest import Joining, connect

from .conftest import Desk, just_before

pytestmark = pytest.mark.django_db

SECRET = "JBSWY3DPEHPK3PXP"
TYPED = "what was typed"
UPDATE_TOKEN = 'UPDATE "chatbots_accesstoken" SET "sealed" = '


class Keys:
    """TOKEN_KEYS of now, with a hand on it."""

    def __init__(self, settings: LazySettings) -> None:
        self.settings = settings
        self.old = settings.TOKEN_KEYS
        self.new = f"new:{make_key()}"

    def use(self, *keys: str) -> None:
        """From here on the ring is this."""
        self.settings.TOKEN_KEYS = ",".join(keys)


@pytest.fixture
def keys(settings: LazySettings) -> Keys:
    return Keys(settings)


@pytest.fixture
def member(desk: Desk) -> Member:
    """A member with one of everything that is sealed."""
    TOTP.activate(desk.member, SECRET)
    RecoveryCodes.activate(desk.member)
    keep(desk.member)
    return desk.member


def keep(member: Member) -> KeptInput:
    kept = KeptInput(member=member, path="/")
    kept.sealed = vault.ring().seal(TYPED, kept.context)
    kept.save()
    return kept


def run(*options: str) -> tuple[int, str]:
    """Exit code and all that is said."""
    said = io.StringIO()
    try:
        call_command("rotate_token_keys", *options, stdout=said)
    except CommandError as error:
        return error.returncode, said.getvalue() + str(error)
    return 0, said.getvalue()


def factor(member: Member, kind: str) -> Authenticator:
    return Authenticator.objects.get(user=member, type=kind)


def sealed_by() -> set[str]:
    """The ids of the keys that have sealed anything."""
    factors = Authenticator.objects.filter(type__in=("totp", "recovery_codes"))
    found = [
        *AccessToken.objects.values_list("sealed", flat=True),
        *AccessToken.objects.exclude(sealed_previous="").values_list("sealed_previous", flat=True),
        *KeptInput.objects.values_list("sealed", flat=True),
        *(one.data.get("secret") or one.data["seed"] for one in factors),
        *Canary.objects.values_list("sealed", flat=True),
    ]
    return {vault.key_id_of(one) for one in found}


def test_everything_is_sealed_anew_and_opens_with_the_new_key_alone(
    desk: Desk, member: Member, keys: Keys
) -> None:
    token, codes = desk.record.open(), RecoveryCodes.activate(member).generate_codes()
    desk.record.sealed_previous = vault.ring().seal(
        "the one before", desk.record.context("sealed_previous")
    )
    desk.record.save()
    keys.use(keys.new, keys.old)
    code, said = run()
    assert code == 0
    assert said.splitlines() == [
        "Sealed anew: 1 access tokens, 2 two-factor secrets, 1 kept input, 1 canary.",
        "access tokens: 2 with new",
        "two-factor secrets: 2 with new",
        "kept input: 1 with new",
        "canary: 1 with new",
        "All of it is sealed with new, the first key.",
    ]
    keys.use(keys.new)
    assert sealed_by() == {"new"}
    assert checks.keys_fit_database() is None
    record = token_records.record_of(token)
    assert record is not None
    assert (record.open(), record.open_previous()) == (token, "the one before")
    assert decrypt(factor(member, "totp").data["secret"]) == SECRET
    assert RecoveryCodes.activate(member).generate_codes() == codes
    kept = KeptInput.objects.get()
    assert vault.ring().open(kept.sealed, kept.context) == TYPED
    assert run()[1].startswith("Sealed anew: nothing.\n")


def test_the_check_writes_nothing_and_says_when_the_old_key_may_go(
    desk: Desk, member: Member, keys: Keys
) -> None:
    keys.use(keys.new, keys.old)
    keep(member)
    code, said = run("--check")
    assert code == 1
    assert "kept input: 1 with new, 1 with tests\n" in said
    assert "rotate_token_keys seals it anew" in said
    assert sealed_by() == {"tests", "new"}
    run()
    assert run("--check")[0] == 0


def test_a_token_that_is_refreshed_meanwhile_is_looked_at_again(desk: Desk, keys: Keys) -> None:
    old = desk.record.open()
    keys.use(keys.new, keys.old)

    def meanwhile() -> None:
        keys.use(keys.old, keys.new)
        refresh.refresh(desk.asks(), AccessToken.objects.get())
        keys.use(keys.new, keys.old)

    # Between the row that was read and the transaction that writes it.
    with just_before(lambda sql: sql.startswith("SAVEPOINT"), meanwhile):
        code, _said = run()
    assert code == 0
    assert desk.sandbox.users[0].token != old
    keys.use(keys.new)
    assert AccessToken.objects.get().open() == desk.sandbox.users[0].token


def test_a_token_before_that_is_dropped_meanwhile_does_not_come_back(
    desk: Desk, keys: Keys
) -> None:
    seal = vault.ring().seal("the one before", desk.record.context("sealed_previous"))
    AccessToken.objects.update(sealed_previous=seal)
    keys.use(keys.new, keys.old)
    with just_before(
        lambda sql: sql.startswith(UPDATE_TOKEN),
        lambda: AccessToken.objects.update(sealed_previous=""),
    ):
        assert run()[0] == 0
    assert AccessToken.objects.get().sealed_previous == ""


def test_a_row_that_is_deleted_meanwhile_stays_deleted(desk: Desk, keys: Keys) -> None:
    keys.use(keys.new, keys.old)
    with just_before(
        lambda sql: sql.startswith(UPDATE_TOKEN), lambda: AccessToken.objects.all().delete()
    ):
        assert run()[0] == 0
    assert not AccessToken.objects.exists()


def test_a_recovery_code_that_is_used_meanwhile_stays_used(member: Member, keys: Keys) -> None:
    code = RecoveryCodes.activate(member).generate_codes()[0]
    keys.use(keys.new, keys.old)
    with just_before(
        lambda sql: '"mfa_authenticator"."id" = ' in sql,
        lambda: RecoveryCodes.activate(member).validate_code(code),
    ):
        assert run()[0] == 0
    assert not RecoveryCodes.activate(member).validate_code(code)


def test_a_token_that_was_connected_twice_becomes_one_record(
    desk: Desk, join: Joining, keys: Keys
) -> None:
    """A process that has only the new key does not find the record of the old one."""
    keys.use(keys.new)
    other = join("viewer", "other@example.com")
    connect(other, desk.sandbox.users[0].token)
    assert AccessToken.objects.count() == 2
    keys.use(keys.new, keys.old)
    assert run()[0] == 0
    record = AccessToken.objects.get()
    assert record.open() == desk.sandbox.users[0].token
    assert {one.member for one in record.connections.all()} == {desk.member, other}


def test_input_that_has_ended_is_deleted(
    member: Member, keys: Keys, settings: LazySettings
) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.KEPT_INPUT_SECONDS + 1)
    KeptInput.objects.update(created_at=long_ago, sealed="v1.gone.AAAA")
    keys.use(keys.new, keys.old)
    code, said = run()
    assert code == 0
    assert "Deleted, since it had ended: 1 kept input." in said
    assert not KeptInput.objects.exists()


def test_keys_of_another_database_change_nothing(
    desk: Desk, member: Member, keys: Keys, settings: LazySettings
) -> None:
    long_ago = timezone.now() - timedelta(seconds=settings.KEPT_INPUT_SECONDS + 1)
    KeptInput.objects.update(created_at=long_ago)
    keys.use(keys.new)
    for options in ((), ("--check",)):
        code, said = run(*options)
        assert code == 1
        assert ("Nothing was changed." in said) == (not options)
        assert "TOKEN_KEYS has no key tests" in said
        assert "--forget-unreadable" in said
    assert sealed_by() == {"tests"}
    assert KeptInput.objects.count() == 1


def test_what_does_not_open_is_told_and_left_alone(desk: Desk, member: Member, keys: Keys) -> None:
    AccessToken.objects.update(sealed="v1.gone.AAAA")
    keys.use(keys.new, keys.old)
    code, said = run()
    assert code == 1
    assert "access tokens: 1 with gone that no key opens\n" in said
    assert "1 sealed values open with no key" in said
    assert sealed_by() == {"gone", "new"}
    AccessToken.objects.update(sealed="in clear")
    assert "access tokens: 1 with no key that no key opens\n" in run("--check")[1]


# A key that is lost


def test_a_lost_key_is_forgotten_with_all_that_it_sealed(
    desk: Desk, member: Member, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, "chatbots")
    Authenticator.objects.create(user=member, type="webauthn", data={"name": "a key"})
    keys.use(keys.new)
    code, said = run("--forget-unreadable", "--yes")
    assert code == 0
    deleted = "1 access tokens, 1 connections, 2 two-factor secrets, 1 kept input, 1 canary"
    assert f"Deleted: {deleted}.\n" in said
    assert deleted in caplog.text
    assert not AccessToken.objects.exists()
    assert not Connection.objects.exists()
    assert not KeptInput.objects.exists()
    assert [one.type for one in Authenticator.objects.all()] == ["webauthn"]
    assert checks.keys_fit_database() is None
    assert connect(member, desk.sandbox.users[0].token).open() == desk.sandbox.users[0].token
    assert run("--check")[0] == 0


def test_what_opens_is_not_forgotten(
    desk: Desk, member: Member, join: Joining, keys: Keys, sandbox: Sandbox
) -> None:
    other = join("viewer", "other@example.com")
    TOTP.activate(other, "another secret")
    RecoveryCodes.activate(other)
    totp = factor(other, "totp")
    totp.data["secret"] = "v1.gone.AAAA"
    totp.save()
    keys.use(keys.new, keys.old)
    code, said = run("--forget-unreadable", "--yes")
    assert code == 0
    # Its recovery codes go with it: without a secret nobody is asked for one.
    assert "Deleted: 2 two-factor secrets.\n" in said
    assert {one.user for one in Authenticator.objects.all()} == {member}
    assert AccessToken.objects.get().open() == desk.record.open()
    assert KeptInput.objects.count() == 1


def test_of_a_token_before_nothing_else_is_forgotten(desk: Desk, keys: Keys) -> None:
    AccessToken.objects.update(sealed_previous="v1.gone.AAAA")
    assert "Deleted: 1 earlier access tokens.\n" in run("--forget-unreadable", "--yes")[1]
    record = AccessToken.objects.get()
    assert (record.open(), record.sealed_previous) == (desk.record.open(), "")


@pytest.mark.parametrize("answer", ["", "no", "y"])
def test_nothing_is_deleted_without_a_yes(
    member: Member, keys: Keys, monkeypatch: pytest.MonkeyPatch, answer: str
) -> None:
    keys.use(keys.new)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    code, said = run("--forget-unreadable")
    assert code == 1
    assert "No key in TOKEN_KEYS opens: 1 access tokens, 2 two-factor" in said
    assert said.endswith("Nothing was deleted.")
    assert AccessToken.objects.count() == 1
    monkeypatch.setattr("sys.stdin", io.StringIO("yes\n"))
    assert run("--forget-unreadable")[0] == 0


def test_where_everything_opens_nothing_is_asked(member: Member) -> None:
    assert run("--forget-unreadable")[1].startswith("Everything opens: nothing is deleted.\n")


# Never a secret


def test_no_secret_is_said(
    desk: Desk, member: Member, keys: Keys, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "chatbots")
    said = ""
    for ring, options in (
        ((keys.new, keys.old), ("--check",)),
        ((keys.new, keys.old), ()),
        ((keys.old,), ()),
        ((keys.old,), ("--forget-unreadable", "--yes")),
    ):
        keys.use(*ring)
        said += run(*options)[1]
    said += caplog.text
    ours = [key.partition(":")[2] for key in (keys.old, keys.new)]
    for secret in (desk.sandbox.users[0].token, SECRET, TYPED, *ours):
        assert secret not in said
