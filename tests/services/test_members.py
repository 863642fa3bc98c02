"""Members: one record for one address, the roles of design §5, and `add_member`."""

import io
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import RequestFactory

from caigunn_admin.team.models import Member, Role
from caigunn_admin.team.roles import LEAST_ROLE, Action, may
from tests.conftest import PASSWORD, Joining

pytestmark = pytest.mark.django_db

# Design §5: each role may do what the one before it may.
TABLE = {
    Role.VIEWER: {Action.READ},
    Role.EDITOR: {Action.EDIT_WEBHOOK, Action.EDIT_SETTINGS, Action.REVEAL_SECRET},
    Role.ADMIN: {
        Action.CREATE_CHATBOT,
        Action.DELETE_CHATBOT,
        Action.REFRESH_ANY_TOKEN,
        Action.SEE_ALL_ACTIVITY,
        Action.MANAGE_TEAM,
    },
}


def test_the_roles_are_those_of_the_table() -> None:
    assert list(TABLE) == list(Role)
    allowed: set[Action] = set()
    for role, more in TABLE.items():
        allowed |= more
        member = Member(email="one@example.com", role=role)
        assert {action for action in Action if may(member, action)} == allowed
    assert allowed == set(Action) == set(LEAST_ROLE)


@pytest.mark.parametrize("role", ["", "owner", "ADMIN", "admin "])
def test_an_unknown_role_may_do_nothing(role: str) -> None:
    member = Member(email="one@example.com", role=role)
    assert not any(may(member, action) for action in Action)


def test_a_new_member_is_a_viewer() -> None:
    assert Member.objects.create_user("one@example.com").role == Role.VIEWER


def test_an_address_has_one_record_however_it_is_written(join: Joining) -> None:
    member = join("viewer", "One@Example.COM")
    assert member.email == "one@example.com"
    assert Member.objects.get_by_natural_key(" ONE@example.com ") == member
    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.create_user("ONE@EXAMPLE.COM")
    with pytest.raises(IntegrityError), transaction.atomic():
        Member(email="one@EXAMPLE.com ").save()


def test_a_member_without_a_password_cannot_sign_in() -> None:
    assert not Member.objects.create_user("one@example.com").has_usable_password()


def test_a_member_is_called_by_name_else_by_address() -> None:
    assert str(Member(email="one@example.com")) == "one@example.com"
    assert str(Member(email="one@example.com", name="Mei-Ling")) == "Mei-Ling"


def add(monkeypatch: pytest.MonkeyPatch, *arguments: str, password: str = PASSWORD) -> str:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    said = io.StringIO()
    call_command("add_member", *arguments, "--password-stdin", stdout=said)
    return said.getvalue()


@pytest.mark.parametrize("role", Role.values)
def test_add_member_adds_one_who_can_sign_in(monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    said = add(monkeypatch, "New@Example.com", "--role", role, "--name", "New One")
    member = Member.objects.get()
    assert (member.email, member.role, member.name) == ("new@example.com", role, "New One")
    address = EmailAddress.objects.get()
    assert (address.user, address.email) == (member, "new@example.com")
    assert address.verified
    assert address.primary
    assert "new@example.com" in said
    assert PASSWORD not in said
    request = RequestFactory().post("/account/login/")
    assert authenticate(request, email="NEW@example.com", password=PASSWORD) == member
    assert authenticate(request, email="new@example.com", password="wrong-password") is None


@pytest.mark.parametrize(
    ("email", "password", "said"),
    [
        ("no address", PASSWORD, "no address"),
        ("taken@example.com", PASSWORD, "already"),
        ("TAKEN@example.com", PASSWORD, "already"),
        ("new@example.com", "", "short"),
        ("new@example.com", "short", "short"),
        ("new@example.com", "1234567890123", "numeric"),
        ("new@example.com", "password123", "common"),
        ("somebody@example.com", "somebody@example.com", "similar"),
    ],
)
def test_add_member_says_what_is_wrong_and_adds_nobody(
    monkeypatch: pytest.MonkeyPatch, join: Joining, email: str, password: str, said: str
) -> None:
    join("viewer", "taken@example.com")
    with pytest.raises(CommandError, match=said):
        add(monkeypatch, email, "--role", "viewer", password=password)
    assert Member.objects.count() == EmailAddress.objects.count() == 1


@pytest.mark.parametrize("arguments", [["a@example.com"], ["a@example.com", "--role", "owner"], []])
def test_add_member_needs_an_address_and_a_role(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    with pytest.raises(CommandError):
        add(monkeypatch, *arguments)


@pytest.mark.parametrize("again", [PASSWORD, "something-else"])
def test_add_member_asks_twice_at_a_terminal(monkeypatch: pytest.MonkeyPatch, again: str) -> None:
    typed = iter([PASSWORD, again])
    monkeypatch.setattr("getpass.getpass", lambda _prompt: next(typed))
    arguments: list[Any] = ["add_member", "a@example.com", "--role", "editor"]
    if again == PASSWORD:
        call_command(*arguments, stdout=io.StringIO())
        assert Member.objects.get().check_password(PASSWORD)
    else:
        with pytest.raises(CommandError, match="differ"):
            call_command(*arguments)
        assert not Member.objects.exists()
