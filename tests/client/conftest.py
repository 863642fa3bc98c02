"""A transport for each test, closed at its end, with short pauses between attempts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import responses
from pydantic import SecretStr

from chatbots.caigunn import CaigunnClient, Deadline, Transport, TransportSettings

TOKEN = "token-of-the-member"
STUB = "https://caigunn.example"
USER = f"{STUB}/api/external/user"
SHARED = f"{STUB}/api/external/chatbot"
KEY = SecretStr("key-of-the-chatbot")

ClientFor = Callable[..., CaigunnClient]
TransportFor = Callable[..., Transport]


@pytest.fixture
def transport_for() -> Iterator[TransportFor]:
    made: list[Transport] = []

    def make(url: str, **settings: Any) -> Transport:
        before_send = settings.pop("before_send", None)
        settings = {"backoff": 0.01, **settings}
        made.append(Transport(TransportSettings(url, **settings), before_send))
        return made[-1]

    yield make
    for transport in made:
        transport.close()


@pytest.fixture
def client_for(transport_for: TransportFor) -> ClientFor:
    def make(
        url: str, *, token: str = TOKEN, seconds: float = 20.0, **settings: Any
    ) -> CaigunnClient:
        transport = transport_for(url, **settings)
        return CaigunnClient(token, transport, Deadline.after(seconds), "req-1")

    return make


@pytest.fixture
def client(client_for: ClientFor) -> CaigunnClient:
    """A client of a host that `responses` stubs."""
    return client_for(STUB)


@pytest.fixture
def stub() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock
