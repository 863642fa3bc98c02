"""How often a call is sent, over real sockets: reads up to three times, everything else once."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    OutcomeUnknown,
    RateLimited,
    SettingsUpdate,
    Unavailable,
)

from .conftest import ClientFor
from .servers import Exchange, RawServer, answer, refused_port

EMPTY = '{"chatbots": [], "plans": [], "models": []}'
KEY = SecretStr("key")
WRITES: dict[str, Callable[[CaigunnClient], object]] = {
    "create": lambda c: c.create_chatbot(title="t", plan_id="p"),
    "refresh": lambda c: c.refresh_token(),
    "settings": lambda c: c.update_settings("c-1", SettingsUpdate(title="t")),
    "webhook A": lambda c: c.subscribe_webhook(KEY, "u"),
    "webhook B": lambda c: c.update_webhook("c-1", "u"),
    "webhook C": lambda c: c.unsubscribe_webhook(KEY),
    "delete": lambda c: c.delete_chatbot("c-1"),
}


def hang_up(exchange: Exchange) -> None:
    """A dropped answer."""


def reset(exchange: Exchange) -> None:
    exchange.reset()


def cut(exchange: Exchange) -> None:
    exchange.socket.sendall(answer("{}", length=100))


def babble(exchange: Exchange) -> None:
    exchange.socket.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")


BROKEN = [hang_up, reset, cut, babble]


def unavailable(status: int) -> Callable[[Exchange], bytes]:
    return lambda _: answer("<html>", status)


FAULTS = [*BROKEN, *(unavailable(status) for status in (500, 502, 503, 504))]
NAMES = ["hang up", "reset", "cut", "babble", "500", "502", "503", "504"]


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_read_is_sent_three_times_and_no_more(
    client_for: ClientFor, fault: Callable[[Exchange], bytes | None]
) -> None:
    with RawServer(fault) as server:
        client = client_for(server.url)
        with pytest.raises(Unavailable):
            client.list_chatbots()
        assert len(server.seen) == 3
        assert len({(seen.method, seen.target, seen.body) for seen in server.seen}) == 1


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_is_sent_once_and_its_outcome_is_unknown(
    client_for: ClientFor, name: str, fault: Callable[[Exchange], bytes | None]
) -> None:
    with RawServer(fault) as server:
        with pytest.raises(OutcomeUnknown):
            WRITES[name](client_for(server.url))
        assert len(server.seen) == 1


@pytest.mark.parametrize("fault", FAULTS, ids=NAMES)
def test_a_read_recovers(client_for: ClientFor, fault: Callable[[Exchange], bytes | None]) -> None:
    def twice(exchange: Exchange) -> bytes | None:
        return fault(exchange) if exchange.number < 3 else answer(EMPTY)

    with RawServer(twice) as server:
        assert client_for(server.url).list_chatbots().received == 0
        assert len(server.seen) == 3


@pytest.mark.parametrize("name", WRITES)
def test_what_never_left_was_certainly_not_written(client_for: ClientFor, name: str) -> None:
    with pytest.raises(Unavailable) as caught:
        WRITES[name](client_for(f"http://127.0.0.1:{refused_port()}"))
    assert not caught.value.timed_out


def test_a_name_that_does_not_exist_is_unavailable(client_for: ClientFor) -> None:
    with pytest.raises(Unavailable):
        client_for("http://caigunn.invalid").create_chatbot(title="t", plan_id="p")


def test_the_database_is_let_go_before_each_attempt(client_for: ClientFor) -> None:
    released: list[int] = []
    with RawServer(unavailable(503)) as server:
        client = client_for(server.url, before_send=lambda: released.append(len(server.seen)))
        with pytest.raises(Unavailable):
            client.list_plans()
    assert released == [0, 1, 2]


@pytest.mark.parametrize("status", [429, 503])
def test_a_short_wait_is_kept(client_for: ClientFor, status: int) -> None:
    def reply(exchange: Exchange) -> bytes:
        return answer("", status, ("Retry-After", "0")) if exchange.number == 1 else answer(EMPTY)

    with RawServer(reply) as server:
        client_for(server.url).list_chatbots()
        assert len(server.seen) == 2


@pytest.mark.parametrize(("status", "expected"), [(429, RateLimited), (503, Unavailable)])
@pytest.mark.parametrize("wait", ["3600", "6"])
def test_a_long_wait_is_reported_and_not_waited_for(
    client_for: ClientFor, status: int, expected: type[CaigunnError], wait: str
) -> None:
    with RawServer(lambda _: answer("", status, ("Retry-After", wait))) as server:
        with pytest.raises(expected) as caught:
            client_for(server.url).list_chatbots()
        assert len(server.seen) == 1
    if isinstance(caught.value, RateLimited):
        assert caught.value.retry_after == float(wait)


def test_a_wait_beyond_the_deadline_is_not_waited_for(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer("", 429, ("Retry-After", "4"))) as server:
        with pytest.raises(RateLimited):
            client_for(server.url, seconds=2).list_chatbots()
        assert len(server.seen) == 1


def test_429_without_a_time_is_not_tried_again(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer("", 429)) as server:
        with pytest.raises(RateLimited) as caught:
            client_for(server.url).list_chatbots()
        assert len(server.seen) == 1
    assert caught.value.retry_after is None


@pytest.mark.parametrize("name", WRITES)
def test_a_limited_write_was_not_made_and_is_not_repeated(client_for: ClientFor, name: str) -> None:
    with RawServer(lambda _: answer("", 429, ("Retry-After", "0"))) as server:
        with pytest.raises(RateLimited):
            WRITES[name](client_for(server.url))
        assert len(server.seen) == 1


def test_a_refusal_with_a_broken_body_is_still_a_refusal(client_for: ClientFor) -> None:
    def reply(exchange: Exchange) -> None:
        exchange.socket.sendall(answer('{"detail": "bad', 422, length=100))

    with RawServer(reply) as server, pytest.raises(CaigunnError) as caught:
        client_for(server.url).delete_chatbot("c-1")
    assert (type(caught.value).__name__, caught.value.status) == ("Rejected", 422)


def test_without_time_left_nothing_is_sent(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer(EMPTY)) as server:
        client = client_for(server.url, seconds=0)
        for call in (lambda c: c.list_plans(), *WRITES.values()):
            with pytest.raises(Unavailable) as caught:
                call(client)
            assert caught.value.timed_out
        assert server.connections == 0
