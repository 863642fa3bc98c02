"""The sandbox as a server: connections, threads, clients that vanish, and the command."""

import http.client
import signal
import socket
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chatbots.sandbox import Fault, Sandbox

from .calls import USER, Caller, text_part

PLAN = f"{USER}/plan"
ROOT = Path(__file__).resolve().parents[2]
COMMAND = """
import django.conf
django.conf.settings.configure()
from chatbots.management.commands.sandbox import Command
Command().run_from_argv(["manage.py", "sandbox", *{arguments!r}])
"""


def test_a_connection_serves_many_requests(sandbox: Sandbox, caller: Caller) -> None:
    caller.get(PLAN)
    first = caller.connection.sock
    for _ in range(20):
        assert caller.get(PLAN).status == 200
    assert caller.connection.sock is first


def test_latency_comes_before_every_answer() -> None:
    with Sandbox(latency_ms=40) as sandbox, Caller(sandbox) as caller:
        caller.get(PLAN)
        caller.get(PLAN)
        first, second = sandbox.requests
        assert second.at - first.at >= 0.04


def test_requests_are_recorded(sandbox: Sandbox, caller: Caller) -> None:
    caller.get(f"{PLAN}?offset=1&limit=2")
    entry = sandbox.requests[0]
    assert (entry.method, entry.path, entry.status) == ("GET", PLAN, 200)
    assert entry.query == [("offset", "1"), ("limit", "2")]
    assert entry.headers["caigunn-access-token"] == caller.user.token
    assert entry.user == caller.user.name
    assert caller.user.token not in repr(entry)
    sandbox.clear_requests()
    assert sandbox.requests == []


def test_many_threads(sandbox: Sandbox) -> None:
    def ask(number: int) -> set[int]:
        with Caller(sandbox) as caller:
            path = caller.path(number)
            caller.put_form(path, text_part("title", f"title {number}"))
            return {caller.get(path).status for _ in range(25)}

    with ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(16))) == [{200}] * 16
    titles = [bot.title for bot in sandbox.users[0].chatbots[:16]]
    assert titles == [f"title {number}" for number in range(16)]
    assert len(sandbox.requests) == 16 * 26


def test_only_one_of_many_refreshes_succeeds(sandbox: Sandbox) -> None:
    token = sandbox.users[0].token
    ready = threading.Barrier(8)

    def refresh(_: int) -> int:
        with Caller(sandbox) as caller:
            ready.wait()
            return caller.get(f"{USER}/token/refresh", token=token).status

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(refresh, range(8))) == [200] + [401] * 7


@pytest.mark.parametrize(
    "sent", [b"", b"GET /api", b"PUT /x HTTP/1.1\r\nContent-Length: 99\r\n\r\nabc", b"\x16\x03"]
)
def test_clients_that_vanish(sandbox: Sandbox, caller: Caller, sent: bytes) -> None:
    place = urlsplit(sandbox.url)
    with socket.create_connection((str(place.hostname), place.port or 0)) as connection:
        connection.sendall(sent)
    assert caller.get(PLAN).status == 200


def test_a_client_that_leaves_within_a_huge_answer(sandbox: Sandbox) -> None:
    sandbox.order(Fault("huge", size=50_000_000))
    with Caller(sandbox) as caller:
        caller.connection.request("GET", PLAN)
        caller.connection.getresponse().read(10)
    with Caller(sandbox) as caller:
        assert caller.get(PLAN).status == 200


def test_idle_connections_can_be_dropped(sandbox: Sandbox, caller: Caller) -> None:
    caller.get(PLAN)
    sandbox.drop_connections()
    assert caller.connection.sock is not None
    assert caller.connection.sock.recv(1) == b""
    caller.connection.close()
    assert caller.get(PLAN).status == 200


def test_closing_frees_the_port_and_ends_the_threads() -> None:
    before = threading.active_count()
    with Sandbox() as sandbox, Caller(sandbox) as caller:
        caller.get(PLAN)
        port = urlsplit(sandbox.url).port or 0
        sandbox.close()
        assert threading.active_count() == before
        caller.connection.close()
        with pytest.raises(ConnectionRefusedError):
            caller.connection.connect()
    with Sandbox(port=port) as again:
        assert urlsplit(again.url).port == port


def test_closed_twice() -> None:
    sandbox = Sandbox()
    sandbox.start()
    sandbox.close()
    sandbox.close()
    with pytest.raises(RuntimeError, match="not running"):
        _ = sandbox.url


@pytest.mark.parametrize("arguments", [{"as_of": "2023-01"}, {"webhook_route": "all"}])
def test_unknown_dialects(arguments: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="unknown"):
        Sandbox(**arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_command_serves_until_it_is_told_to_stop(number: signal.Signals) -> None:
    arguments = ["--as-of", "2024-07", "--webhook-route", "samples", "--chatbots", "5"]
    code = COMMAND.format(arguments=arguments)
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        token = process.stdout.readline().split()[-1]
        assert fetch(url, f"{USER}/chatbot?limit=2", token).startswith(b'{"chatbots":[{"id":')
        assert b'"chatbots":[' in fetch(url, "/__sandbox__/state", token)
        process.send_signal(number)
        assert process.wait(20) == 0


def fetch(url: str, path: str, token: str) -> bytes:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    with closing(connection):
        connection.request("GET", path, headers={"caigunn-access-token": token})
        return connection.getresponse().read()


def test_the_command_names_a_port_that_is_taken(sandbox: Sandbox) -> None:
    port = str(urlsplit(sandbox.url).port)
    code = COMMAND.format(arguments=["--port", port])
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert port in ended.stderr
    assert "Traceback" not in ended.stderr
