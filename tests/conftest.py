"""What every test can ask for: members, a sandbox, browsers that are signed in and connected."""

from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.test import Client
from django.test.utils import override_settings

from caigunn_admin import cache
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.caigunn import Transport, TransportSettings
from chatbots.models import AccessToken
from chatbots.sandbox import Sandbox
from chatbots.services import access, token

PASSWORD = "a-password-for-tests"
Joining = Callable[..., Member]
Browsing = Callable[..., Client]


@pytest.fixture(autouse=True, scope="session")
def light_settings() -> Iterator[None]:
    """Files without a manifest, and a hash that costs nothing."""
    storage = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    in_memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    with override_settings(
        STORAGES={"default": in_memory, "staticfiles": storage},
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        READ_BACK_WAIT_SECONDS=0.0,
        # A test may have any number of faults in a row; those of the breaker turn it on.
        BREAKER_FAILURES=0,
        WHITENOISE_AUTOREFRESH=True,
    ):
        yield


@pytest.fixture(autouse=True)
def _no_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache counts its rows now and then, by chance: one query more than a test has counted."""
    monkeypatch.setattr(cache, "_ONE_WRITE_IN", 10**9)


@pytest.fixture(autouse=True)
def _closed_connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each test has pools of its own, closed at its end."""
    made: list[Transport] = []
    make = access._transport.__wrapped__

    def noted(wanted: TransportSettings) -> Transport:
        made.append(make(wanted))
        return made[-1]

    access._transport.cache_clear()
    monkeypatch.setattr(access, "_transport", lru_cache(maxsize=4)(noted))
    yield
    for transport in made:
        transport.close()


@pytest.fixture
def sandbox(settings: LazySettings) -> Iterator[Sandbox]:
    """A Caigunn of 2024-11 with 30 chatbots, which this dashboard talks to."""
    with Sandbox() as running:
        settings.CAIGUNN_API_BASE_URL = running.url
        yield running


@pytest.fixture
def join(db: None) -> Joining:
    """Adds a member: `join("editor")`."""

    def add(role: str, email: str = "") -> Member:
        address = email or f"{role}@example.com"
        member = Member.objects.create_user(address, PASSWORD, role=Role(role))
        EmailAddress.objects.create(user=member, email=address, verified=True, primary=True)
        return member

    return add


@pytest.fixture
def browse(join: Joining) -> Browsing:
    """A browser: `browse("editor")` is signed in, `browse("editor", token)` connected as well."""

    def signed_in(who: str | Member, access_token: str = "") -> Client:
        member = join(who) if isinstance(who, str) else who
        client = Client(SERVER_NAME="localhost")
        client.force_login(member)
        if access_token:
            connect(member, access_token)
        return client

    return signed_in


def connect(member: Member, access_token: str) -> AccessToken:
    """Connect the member as the token page does."""
    return token.connect(Request(member, "test"), access_token)
