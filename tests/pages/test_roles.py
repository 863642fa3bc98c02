"""Who may do what: every address of the URL conf, by method, for everyone who may come.

An address that has no entry here fails the test.
"""

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Invitation, Member
from caigunn_admin.team.roles import LEAST_ROLE
from chatbots.models import Connection
from chatbots.sandbox import Sandbox
from tests.conftest import PASSWORD, Browsing
from tests.pages.calls import writes
from tests.pages.drawn import drawn
from tests.pages.role_table import CHANGE, NOT_SET_UP, OWN, PUBLIC, TABLE, WHO

LOGIN = "/account/login/"


def patterns(
    found: list[URLPattern | URLResolver] | None = None, before: str = "/"
) -> Iterator[tuple[str, str]]:
    """Name and path of every address in the URL conf."""
    for pattern in get_resolver().url_patterns if found is None else found:
        path = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, path)
        else:
            yield str(pattern.name), path


NAMES = [name for name, _ in patterns()]
ACCOUNT_PATHS = {
    "account_confirm_email": "/account/confirm-email/x-y/",
    "account_reset_password_from_key": "/account/password/reset/key/1-x/",
    "mfa_remove_webauthn": "/account/2fa/webauthn/keys/1/remove/",
    "mfa_edit_webauthn": "/account/2fa/webauthn/keys/1/edit/",
    "invitation": "/account/invitation/nobody-has-this-key/",
}


def test_every_address_has_an_entry() -> None:
    assert set(NAMES) == TABLE.keys() | PUBLIC.keys() | OWN
    assert len(NAMES) == len(set(NAMES))


def test_every_guard_is_the_one_of_the_table() -> None:
    def views(found: list[URLPattern | URLResolver]) -> Iterator[URLPattern]:
        for pattern in found:
            if isinstance(pattern, URLResolver):
                yield from views(pattern.url_patterns)
            else:
                yield pattern

    for view in views(get_resolver().url_patterns):
        if view.name in TABLE:
            assert getattr(view.callback, "action", None) == TABLE[view.name].action, view.name
    assert {entry.action for entry in TABLE.values()} - {None} <= LEAST_ROLE.keys()


@pytest.fixture
def people(browse: Browsing, sandbox: Sandbox, db: None) -> dict[str, Client]:
    """A browser for each kind of visitor."""
    ours, theirs = sandbox.users[0].token, sandbox.users[1].token
    found = {role: browse(role, ours) for role in ("viewer", "editor", "admin")}
    return {
        "anonymous": Client(SERVER_NAME="localhost"),
        **found,
        "stranger": _stranger(browse, theirs),
    }


def _stranger(browse: Browsing, token: str) -> Client:
    return browse(Member.objects.create_user("stranger@example.com", PASSWORD, role="admin"), token)


def path_of(name: str, sandbox: Sandbox) -> str:
    """The address, about the first chatbot and a Change of it."""
    bot = sandbox.users[0].chatbots[0]
    connections = Connection.objects.select_related("member")
    if name in {"change_check", "change_undo"}:
        Change.objects.create(
            pk=CHANGE,
            kind=Kind.WEBHOOK,
            outcome=Outcome.UNKNOWN,
            access_token_id=connections.get(member__email="editor@example.com").access_token_id,
            chatbot_id=bot.id,
            asked={"webhook_url": "https://x.example/"},
        )
    if name == "change_adopt":
        own = connections.get(member__email="admin@example.com")
        Change.objects.create(
            pk=CHANGE,
            kind=Kind.CREATE,
            outcome=Outcome.UNKNOWN,
            member=own.member,
            access_token_id=own.access_token_id,
            asked={"title": "Lost"},
        )
    path = TABLE[name].path.replace("<id>", bot.id)
    if "<member>" in path:
        other, _ = Member.objects.get_or_create(email="other@example.com")
        path = path.replace("<member>", str(other.pk))
    if "<invitation>" in path:
        invited, _ = Invitation.objects.get_or_create(
            email="new@example.com",
            defaults={"role": "viewer", "key_hash": "x", "expires_at": timezone.now()},
        )
        path = path.replace("<invitation>", str(invited.pk))
    return path


@pytest.mark.parametrize("name", TABLE)
def test_get(name: str, people: dict[str, Client], sandbox: Sandbox) -> None:
    path = path_of(name, sandbox)
    for who, status in zip(WHO, TABLE[name].get, strict=True):
        for method in (people[who].get, people[who].head):
            response = method(path)
            assert response.status_code == status, who
            if who == "anonymous":
                assert response["Location"].startswith(LOGIN)
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", TABLE)
def test_post(name: str, people: dict[str, Client], sandbox: Sandbox) -> None:
    path = path_of(name, sandbox)
    values = {"webhook_url": "https://x.example/", "field": "api_key"}
    for who, status in zip(WHO, TABLE[name].post, strict=True):
        response = people[who].post(path, values)
        assert response.status_code == status, who
        if who == "anonymous":
            assert response["Location"].startswith(LOGIN)
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", TABLE)
def test_other_methods(name: str, people: dict[str, Client], sandbox: Sandbox) -> None:
    path = path_of(name, sandbox)
    for who in WHO:
        for method in (people[who].put, people[who].patch, people[who].delete):
            response = method(path)
            assert response.status_code == (302 if who == "anonymous" else TABLE[name].other), who
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() | OWN))
def test_account_pages(name: str, people: dict[str, Client]) -> None:
    path = dict(patterns())[name] if name not in ACCOUNT_PATHS else ACCOUNT_PATHS[name]
    response = people["anonymous"].get(path)
    is_sent_to_sign_in = response.status_code == 302 and response["Location"].startswith(LOGIN)
    if name in OWN:
        assert is_sent_to_sign_in
    else:
        is_unknown = name == "invitation" and response.status_code == 404
        assert is_sent_to_sign_in or is_unknown or response.status_code == 200
    statuses = {404, 302} if name in NOT_SET_UP | {"invitation"} else {200, 302}
    for who in WHO[1:]:
        assert people[who].get(path).status_code in statuses


@pytest.mark.parametrize("name", NAMES)
def test_csrf(name: str, people: dict[str, Client], sandbox: Sandbox) -> None:
    """Without the token of the form nothing unsafe is done, by nobody."""
    sandbox.clear_requests()
    path = path_of(name, sandbox) if name in TABLE else None
    path = path or ACCOUNT_PATHS.get(name) or dict(patterns())[name]
    for client in people.values():
        client.handler.enforce_csrf_checks = True
        response = client.post(path, {"webhook_url": "https://x.example/"})
        assert response.status_code == 403
        assert "error-message" in drawn(response).ids
    assert sandbox.requests == []
    assert Connection.objects.count() == 4


def test_a_viewer_with_the_form_of_an_editor_writes_nothing(
    people: dict[str, Client], sandbox: Sandbox
) -> None:
    path = path_of("webhook", sandbox)
    form = drawn(people["editor"].get(path)).form(path)
    response = form.submit(people["viewer"], webhook_url="https://x.example/")
    assert response.status_code == 403
    assert writes(sandbox) == []


def test_no_secret_in_any_byte_that_a_viewer_gets(
    people: dict[str, Client], sandbox: Sandbox
) -> None:
    user = sandbox.users[0]
    sandbox.edit(user.chatbots[0].id, opentalk_api_token="ot-0123456789abcdef0123456789abcdef")
    secrets = [user.token, *(bot.api_key for bot in user.chatbots), "ot-0123456789abcdef"]
    addresses = [path_of(name, sandbox) for name in TABLE if not name.startswith("change_")]
    addresses += ["/chatbots/?webhooks=1", "/chatbots/?q=a&search_webhooks=1&webhooks=1"]
    for address in addresses:
        for headers in ({}, {"HX-Request": "true", "HX-Target": "results"}):
            for method in (people["viewer"].get, people["viewer"].post):
                body = method(address, {"field": "api_key"}, headers=headers).content.decode()
                assert not any(secret in body for secret in secrets), address
            if address == "/token/disconnect/":
                break
