"""What a transport tells its gate, and what it sends through one that is shut."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    Deadline,
    SettingsUpdate,
    Transport,
    TransportSettings,
    Unavailable,
)

from .certificates import Authority
from .conftest import KEY, TOKEN
from .servers import Exchange, RawServer, answer, refused_port

PLANS = '{"plans": []}'
WRITES: dict[str, Callable[[CaigunnClient], object]] = {
    "create": lambda c: c.create_chatbot(title="t", plan_id="p"),
    "refresh": lambda c: c.refresh_token(),
    "settings": lambda c: c.update_settings("c-1", SettingsUpdate(title="t")),
    "webhook A": lambda c: c.subscribe_webhook(KEY, "u"),
    "webhook B": lambda c: c.update_webhook("c-1", "u"),
    "webhook C": lambda c: c.unsubscribe_webhook(KEY),
    "delete": lambda c: c.delete_chatbot("c-1"),
}
READS: dict[str, Callable[[CaigunnClient], object]] = {
    "plans": lambda c: c.list_plans(),
    "chatbots": lambda c: c.list_chatbots(),
    "chatbot": lambda c: c.get_chatbot("c-1"),
    "models": lambda c: c.list_models(KEY),
}


class Notebook:
    """A gate that writes down what it is told, and shuts after so many failures."""

    def __init__(self, shuts_after: float = float("inf")) -> None:
        self.told: list[str] = []
        self.tokens: set[str] = set()
        self.began: list[float] = []
        self._shuts_after = shuts_after

    def admits(self, token: SecretStr) -> bool:
        self.tokens.add(token.get_secret_value())
        return self.told.count("failed") < self._shuts_after

    def failed(self, token: SecretStr, began: float) -> None:
        self.tokens.add(token.get_secret_value())
        self.told.append("failed")
        self.began.append(began)

    def answered(self) -> None:
        self.told.append("answered")


@contextmanager
def through(
    gate: Notebook, url: str, *, seconds: float = 20.0, **settings: Any
) -> Iterator[CaigunnClient]:
    """A client behind the gate."""
    before_send = settings.pop("before_send", None)
    wanted = TransportSettings(url, **{"backoff": 0.001, **settings})
    with closing(Transport(wanted, before_send, gate)) as transport:
        yield CaigunnClient(TOKEN, transport, Deadline.after(seconds), "req-1")


def hang_up(exchange: Exchange) -> None:
    """A dropped answer."""


def reset(exchange: Exchange) -> None:
    exchange.reset()


def cut(exchange: Exchange) -> None:
    exchange.socket.sendall(answer("{}", length=100))


def babble(exchange: Exchange) -> None:
    exchange.socket.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")


def silent(exchange: Exchange) -> None:
    exchange.wait_for_hang_up()


def drip(exchange: Exchange) -> None:
    exchange.drip(b" ")


AWAY: dict[str, tuple[Callable[[Exchange], bytes | None], int]] = {
    "hang up": (hang_up, 3),
    "reset": (reset, 3),
    "cut": (cut, 3),
    "babble": (babble, 3),
    "silent": (silent, 1),
    "drip": (drip, 1),
    "502": (lambda _: answer("<html>", 502), 3),
    "503": (lambda _: answer("<html>", 503), 3),
    "504": (lambda _: answer("<html>", 504), 3),
    "503 for an hour": (lambda _: answer("", 503, ("Retry-After", "3600")), 1),
    "502 cut short": (lambda e: e.socket.sendall(answer("<h", 502, length=9)), 3),
}


@pytest.mark.parametrize("name", AWAY)
def test_each_attempt_without_an_answer_is_a_failure(name: str) -> None:
    handler, attempts = AWAY[name]
    gate, started = Notebook(), time.monotonic()
    with (
        RawServer(handler) as server,
        through(gate, server.url, seconds=2.0, read_timeout=0.2) as client,
    ):
        with pytest.raises(Unavailable):
            client.list_chatbots()
        assert (len(server.seen), gate.told) == (attempts, ["failed"] * attempts)
    assert gate.tokens == {TOKEN}
    assert started < gate.began[0] < time.monotonic()
    assert gate.began == sorted(gate.began)


@pytest.mark.parametrize("name", ["hang up", "silent", "503"])
def test_a_write_without_an_answer_is_one_failure(name: str) -> None:
    gate = Notebook()
    with (
        RawServer(AWAY[name][0]) as server,
        through(gate, server.url, read_timeout=0.2) as client,
        pytest.raises(CaigunnError),
    ):
        client.delete_chatbot("c-1")
    assert gate.told == ["failed"]


@pytest.mark.parametrize("host", ["127.0.0.1", "caigunn.invalid"])
def test_no_connection_is_a_failure(host: str) -> None:
    gate = Notebook()
    with through(gate, f"http://{host}:{refused_port()}") as client, pytest.raises(Unavailable):
        client.create_chatbot(title="t", plan_id="p")
    assert gate.told == ["failed"]


def test_a_certificate_that_does_not_hold_is_a_failure(tmp_path: Path) -> None:
    gate, context = Notebook(), Authority(tmp_path).server_context()
    with (
        RawServer(lambda _: answer(PLANS), context) as server,
        through(gate, server.url) as client,
        pytest.raises(Unavailable),
    ):
        client.list_plans()
    assert gate.told == ["failed"]


def test_no_time_left_says_nothing_about_caigunn() -> None:
    gate = Notebook()
    with through(gate, f"http://127.0.0.1:{refused_port()}", seconds=0) as client:
        with pytest.raises(Unavailable) as caught:
            client.list_plans()
        assert caught.value.timed_out
    assert gate.told == []


ANSWERED: dict[str, Callable[[Exchange], bytes | None]] = {
    "204": lambda _: answer("", 204),
    **{
        str(status): lambda _, status=status: answer('{"detail": "no"}', status)  # type: ignore[misc]
        for status in (400, 401, 403, 404, 405, 408, 422, 429, 501)
    },
    "redirect": lambda _: answer("", 307, ("Location", "http://127.0.0.1:9/")),
    "not JSON": lambda _: answer("<html>"),
    "too large": lambda _: answer(b" " * 5_000),
    "422 cut short": lambda e: e.socket.sendall(answer('{"det', 422, length=99)),
}


@pytest.mark.parametrize("name", ANSWERED)
def test_any_other_answer_is_one(name: str) -> None:
    gate = Notebook()
    with (
        RawServer(ANSWERED[name]) as server,
        through(gate, server.url, max_body_bytes=1_000) as client,
    ):
        with pytest.raises(CaigunnError):
            client.list_plans()
        assert gate.told == ["answered"] * len(server.seen)


def test_500_is_the_trouble_of_one_chatbot() -> None:
    gate = Notebook()
    with RawServer(lambda _: answer("", 500)) as server, through(gate, server.url) as client:
        with pytest.raises(Unavailable):
            client.get_chatbot("c-1")
        assert (len(server.seen), gate.told) == (3, ["answered"] * 3)


@pytest.mark.parametrize("name", [*READS, *WRITES])
def test_through_a_shut_gate_nothing_is_sent(name: str) -> None:
    gate, released = Notebook(shuts_after=0), list[str]()
    with (
        RawServer(lambda _: answer(PLANS)) as server,
        through(gate, server.url, before_send=lambda: released.append("one")) as client,
    ):
        with pytest.raises(Unavailable) as caught:
            (READS | WRITES)[name](client)
        assert server.connections == 0
    assert (gate.told, gate.tokens, released) == ([], {TOKEN}, [])
    assert (caught.value.timed_out, caught.value.status) == (False, None)
    assert caught.value.request_id == "req-1"


@pytest.mark.parametrize("shuts_after", [1, 2])
def test_a_gate_that_shuts_ends_the_call_under_way(shuts_after: int) -> None:
    gate = Notebook(shuts_after)
    body = '{"detail": "Down for repairs"}'
    with (
        RawServer(lambda _: answer(body, 503)) as server,
        through(gate, server.url) as client,
    ):
        with pytest.raises(Unavailable) as caught:
            client.list_chatbots()
        assert len(server.seen) == shuts_after
    # What was answered before it shut is still what the member reads.
    assert (caught.value.status, caught.value.detail) == (503, "Down for repairs")


def test_a_gate_that_shuts_between_two_attempts_ends_the_call() -> None:
    class Closing(Notebook):
        def admits(self, token: SecretStr) -> bool:
            asked.append(token)
            return len(asked) < 3

    asked: list[SecretStr] = []
    with (
        RawServer(lambda _: answer("", 503)) as server,
        through(Closing(), server.url) as client,
    ):
        with pytest.raises(Unavailable) as caught:
            client.list_chatbots()
        assert len(server.seen) == 1
    assert caught.value.status == 503
