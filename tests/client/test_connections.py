"""Which connection a call takes: kept ones for reads, a fresh one for what is never repeated."""

import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from chatbots.caigunn import CaigunnClient, Deadline, OutcomeUnknown, Unavailable
from chatbots.caigunn import connections as connections_module

from .conftest import ClientFor, TransportFor
from .servers import Exchange, RawServer, answer

ROOT = Path(__file__).parents[2]
ALL = '{"plans": [], "chatbots": [], "token": "t", "api_key": "k", "detail": "ok"}'


def test_reads_and_writes_share_a_connection(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer(ALL)) as server:
        client = client_for(server.url)
        client.list_plans()
        client.delete_chatbot("a")
        client.list_chatbots()
        assert [seen.connection for seen in server.seen] == [1, 1, 1]


def test_what_is_never_repeated_takes_a_fresh_connection(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer(ALL)) as server:
        client = client_for(server.url)
        client.list_plans()
        client.create_chatbot(title="t", plan_id="p")
        client.refresh_token()
        client.list_plans()
        assert [seen.connection for seen in server.seen] == [1, 2, 3, 3]


def test_a_write_leaves_a_connection_that_has_been_idle(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connections_module.MAX_IDLE_SECONDS, "write", 0.0)
    with RawServer(lambda _: answer(ALL)) as server:
        client = client_for(server.url)
        client.list_plans()
        client.delete_chatbot("a")
        assert [seen.connection for seen in server.seen] == [1, 2]


def test_a_kept_connection_that_the_server_closed_is_replaced(client_for: ClientFor) -> None:
    def once(exchange: Exchange) -> None:
        exchange.socket.sendall(answer(ALL))

    with RawServer(once) as server:
        client = client_for(server.url)
        for _ in range(5):
            client.list_plans()
            assert server.ended.acquire(timeout=10)
            client.delete_chatbot("a")
            assert server.ended.acquire(timeout=10)
        assert server.connections == len(server.seen)


def test_an_answer_without_a_body_keeps_the_connection(client_for: ClientFor) -> None:
    with RawServer(lambda _: b"HTTP/1.1 204 No Content\r\n\r\n") as server:
        client = client_for(server.url)
        client.delete_chatbot("a")
        client.delete_chatbot("b")
        assert server.connections == 1


def test_the_pool_opens_more_connections_than_it_keeps(
    client_for: ClientFor,
) -> None:
    together = threading.Barrier(4, timeout=10)

    def wait(_: Exchange) -> bytes:
        together.wait()
        return answer(ALL)

    with RawServer(wait) as server:
        client = client_for(server.url, pool_size=2)
        threads = [threading.Thread(target=client.list_plans) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        assert server.connections == 4


def test_a_closed_transport_opens_again(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer(ALL)) as server:
        client = client_for(server.url)
        client.list_plans()
        client._calls._transport.close()
        client.list_plans()
        assert server.connections == 2


def test_a_call_that_is_cut_does_not_take_the_next_one_with_it(transport_for: TransportFor) -> None:
    def reply(exchange: Exchange) -> bytes | None:
        if exchange.seen.method != "DELETE":
            return answer(ALL)
        exchange.wait_for_hang_up()
        return None

    with RawServer(reply) as server:
        transport = transport_for(server.url)
        for _ in range(5):
            with pytest.raises(OutcomeUnknown):
                CaigunnClient("t", transport, Deadline.after(0.05)).delete_chatbot("a")
            CaigunnClient("t", transport, Deadline.after(10)).list_plans()


def test_a_fork_has_its_own_connections_and_its_own_watchdog() -> None:
    program = textwrap.dedent(
        """
        import os, sys, warnings
        from chatbots.caigunn import *

        warnings.simplefilter("ignore", DeprecationWarning)
        transport = Transport(TransportSettings(sys.argv[1]))
        CaigunnClient("parent", transport, Deadline.after(10)).list_plans()
        child = os.fork()
        name = "child" if child == 0 else "parent"
        CaigunnClient(name, transport, Deadline.after(10)).list_plans()
        try:
            CaigunnClient(name, transport, Deadline.after(0.3)).list_chatbots()
        except Unavailable as error:
            assert error.timed_out
        else:
            os._exit(3)
        if child == 0:
            os._exit(0)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        """
    )

    def reply(exchange: Exchange) -> bytes | None:
        if "plan" in exchange.seen.path:
            return answer(ALL)
        exchange.socket.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        exchange.drip(b" ")
        return None

    with RawServer(reply) as server:
        subprocess.run(
            [sys.executable, "-c", program, server.url], cwd=ROOT, check=True, timeout=60
        )
        users = {(seen.connection, seen.token) for seen in server.seen}
    assert len(users) == len({connection for connection, _ in users}) == 2


def test_nobody_there_is_unavailable(client_for: ClientFor) -> None:
    server = RawServer(lambda _: answer(ALL))
    with server:
        client = client_for(server.url)
        client.list_plans()
    with pytest.raises(Unavailable):
        client.list_plans()
