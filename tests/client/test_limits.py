"""Bounds of time and size, against servers that never come to an end."""

import gzip
import socket
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import brotli  # type: ignore[import-untyped]
import pytest

from chatbots.caigunn import CaigunnClient, OutcomeUnknown, Unavailable, UnexpectedAnswer

from .conftest import ClientFor
from .servers import Exchange, RawServer, answer

HEAD = b"HTTP/1.1 200 OK\r\n"
MEGABYTE = 1_000_000
EMPTY = b'{"chatbots": []}'


def silent(exchange: Exchange) -> None:
    exchange.wait_for_hang_up()


def drip_status(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD[:5])
    exchange.drip(b"1")


def drip_headers(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD + b"X-Slow: ")
    exchange.drip(b"a")


def drip_continues(exchange: Exchange) -> None:
    exchange.drip(b"HTTP/1.1 100 Continue\r\n\r\n")


def drip_body(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD + b"Content-Length: 1000000\r\n\r\n")
    exchange.drip(b" ")


def drip_chunks(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"1\r\n \r\n")


def drip_without_end(exchange: Exchange) -> None:
    # Cut short, this body would look whole: its only end is the end of the connection.
    exchange.socket.sendall(HEAD + b'Connection: close\r\n\r\n{"chatbots": [], "plans": []}')
    exchange.drip(b" ")


SLOW = [
    silent, drip_status, drip_headers, drip_continues, drip_body, drip_chunks, drip_without_end,
]  # fmt: skip


@pytest.mark.parametrize("slow", SLOW)
def test_a_read_ends_at_the_deadline(
    client_for: ClientFor, slow: Callable[[Exchange], None]
) -> None:
    with RawServer(slow) as server:
        with pytest.raises(Unavailable) as caught:
            client_for(server.url, seconds=0.3).list_chatbots()
        assert caught.value.timed_out
        assert len(server.seen) == 1


@pytest.mark.parametrize("slow", SLOW)
def test_a_write_ends_at_the_deadline_as_unknown(
    client_for: ClientFor, slow: Callable[[Exchange], None]
) -> None:
    with RawServer(slow) as server:
        with pytest.raises(OutcomeUnknown) as caught:
            client_for(server.url, seconds=0.3).delete_chatbot("c-1")
        assert caught.value.timed_out
        assert len(server.seen) == 1


def test_silence_ends_at_the_read_timeout_and_is_not_tried_again(client_for: ClientFor) -> None:
    with RawServer(silent) as server:
        with pytest.raises(Unavailable) as caught:
            client_for(server.url, read_timeout=0.2).list_chatbots()
        assert caught.value.timed_out
        assert len(server.seen) == 1


def test_a_server_that_does_not_accept_is_given_up(client_for: ClientFor) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        waiting = [socket.socket() for _ in range(8)]
        for sock in waiting:
            sock.settimeout(0)
            sock.connect_ex(listener.getsockname())
        client = client_for(f"http://127.0.0.1:{listener.getsockname()[1]}", connect_timeout=0.2)
        with pytest.raises(Unavailable) as caught:
            client.create_chatbot(title="t", plan_id="p")
        assert caught.value.timed_out
        for sock in waiting:
            sock.close()


def test_a_name_server_that_does_not_answer_is_given_up(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = threading.Event()

    def hang(*_: object, **__: object) -> list[object]:
        answered.wait(60)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    with pytest.raises(Unavailable) as caught:
        client_for("http://caigunn.example", connect_timeout=0.1).delete_chatbot("c-1")
    answered.set()
    assert caught.value.timed_out


def test_the_next_address_is_tried(client_for: ClientFor, monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(lambda _: answer('{"plans": []}')) as server:
        stream = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        found = [
            (9_999, *stream[1:], ("a family that this machine does not have", 1)),
            (*stream, ("127.0.0.1", 1)),
            (*stream, ("127.0.0.1", server.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        client_for(f"http://caigunn.example:{server.port}").list_plans()
        assert server.seen[0].headers["host"] == f"caigunn.example:{server.port}"


def test_others_are_served_while_one_waits(client_for: ClientFor) -> None:
    def reply(exchange: Exchange) -> bytes | None:
        if "plan" in exchange.seen.path:
            return answer('{"plans": []}')
        exchange.wait_for_hang_up()
        return None

    with RawServer(reply) as server:
        slow = client_for(server.url)
        outcome: list[Exception] = []

        def wait() -> None:
            try:
                slow.delete_chatbot("c-1")
            except OutcomeUnknown as error:
                outcome.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        quick = client_for(server.url)
        for _ in range(20):
            quick.list_plans()
        assert thread.is_alive()
        server.hang_up()
        thread.join(10)
        assert len(outcome) == 1


def plain(size: int) -> Callable[[Exchange], None]:
    def send(exchange: Exchange) -> None:
        exchange.socket.sendall(HEAD + f"Content-Length: {size}\r\n\r\n".encode())
        piece = b" " * MEGABYTE
        for _ in range(size // MEGABYTE):
            exchange.socket.sendall(piece)

    return send


def chunked(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    exchange.drip(b"10000\r\n" + b" " * 65_536 + b"\r\n")


def one_huge_chunk(exchange: Exchange) -> None:
    exchange.socket.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n11e1a300\r\n")
    exchange.drip(b" " * 65_536)


def bombs() -> Iterator[tuple[str, bytes]]:
    zeros = bytes(MEGABYTE)
    for name, bits in (("gzip", 31), ("deflate", 15)):
        packer = zlib.compressobj(9, zlib.DEFLATED, bits)
        packed = b"".join(packer.compress(zeros) for _ in range(300)) + packer.flush()
        yield name, answer(packed, 200, ("Content-Encoding", name))
    member = gzip.compress(zeros)
    yield "members", answer(member * 300, 200, ("Content-Encoding", "gzip"))


BOMBS = dict(bombs())


def memory_of(client: CaigunnClient, call: Callable[[CaigunnClient], object]) -> int:
    tracemalloc.start()
    try:
        with pytest.raises((UnexpectedAnswer, OutcomeUnknown)):
            call(client)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("send", [plain(300 * MEGABYTE), chunked, one_huge_chunk])
def test_a_huge_body_takes_little_memory(
    client_for: ClientFor, send: Callable[[Exchange], None]
) -> None:
    with RawServer(send) as server:
        client = client_for(server.url)
        assert memory_of(client, lambda c: c.list_chatbots()) < 20 * MEGABYTE
        assert len(server.seen) == 1


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_takes_little_memory(client_for: ClientFor, name: str) -> None:
    with RawServer(lambda _: BOMBS[name]) as server:
        client = client_for(server.url)
        assert memory_of(client, lambda c: c.list_chatbots()) < 20 * MEGABYTE
        assert memory_of(client, lambda c: c.delete_chatbot("c-1")) < 20 * MEGABYTE


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("br", brotli.compress(EMPTY)),
        ("gzip, gzip", gzip.compress(gzip.compress(EMPTY))),
        ("unheard-of", EMPTY),
    ],
    # gzip's content holds the time, which no name of a test may.
    ids=["br", "gzip twice", "unheard-of"],
)
def test_an_encoding_that_was_not_asked_for_is_not_undone(
    client_for: ClientFor, encoding: str, content: bytes
) -> None:
    reply = answer(content, 200, ("Content-Encoding", encoding))
    with RawServer(lambda _: reply) as server, pytest.raises(UnexpectedAnswer):
        client_for(server.url).list_chatbots()


def test_a_broken_encoding_is_an_unexpected_answer(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer("not gzip", 200, ("Content-Encoding", "gzip"))) as server:
        client = client_for(server.url)
        with pytest.raises(UnexpectedAnswer):
            client.list_chatbots()
        with pytest.raises(OutcomeUnknown):
            client.delete_chatbot("c-1")


def test_gzip_is_read(client_for: ClientFor) -> None:
    packed = gzip.compress(b'{"chatbots": [{"id": "a"}]}')
    with RawServer(lambda _: answer(packed, 200, ("Content-Encoding", "gzip"))) as server:
        assert client_for(server.url).list_chatbots().received == 1


def test_endless_headers_are_given_up(client_for: ClientFor) -> None:
    reply = HEAD + b"X-A: b\r\n" * 500 + b"\r\n"
    with RawServer(lambda _: reply) as server, pytest.raises(Unavailable):
        client_for(server.url).list_chatbots()
