"""A sandbox, and members in front of it who are signed in and connected to its first user."""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.caigunn import TransportSettings
from chatbots.sandbox import Chatbot, Sandbox
from chatbots.services import access
from tests.conftest import Browsing


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read that fails is tried again at once: what is tested is what the member sees then."""
    monkeypatch.setattr(access, "TransportSettings", partial(TransportSettings, backoff=0.001))


@pytest.fixture
def sandbox(settings: LazySettings) -> Iterator[Sandbox]:
    """A Caigunn of 2024-11 with 30 chatbots. Nothing undocumented may have reached it."""
    with Sandbox() as running:
        settings.CAIGUNN_API_BASE_URL = running.url
        yield running
        with suppress(RuntimeError):  # A test that closed it cannot ask it any more.
            assert running.refusals == []


@pytest.fixture
def viewer(browse: Browsing, sandbox: Sandbox) -> Client:
    return _connected(browse, sandbox, "viewer")


@pytest.fixture
def editor(browse: Browsing, sandbox: Sandbox) -> Client:
    return _connected(browse, sandbox, "editor")


@pytest.fixture
def admin(browse: Browsing, sandbox: Sandbox) -> Client:
    return _connected(browse, sandbox, "admin")


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """The first chatbot; it has a webhook."""
    return sandbox.users[0].chatbots[0]


def _connected(browse: Browsing, sandbox: Sandbox, role: str) -> Client:
    client = browse(role, sandbox.users[0].token)
    sandbox.clear_requests()
    return client
