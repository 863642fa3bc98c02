"""Keys that are missing, malformed, or of another installation (reliability §8.4): the start is
refused, or `/readyz` says why and no page does anything."""

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from chatbots.sandbox import Sandbox
from chatbots.vault import DEVELOPMENT_KEYS, make_key
from tests.environment import PINNED

from .conftest import OpenHouse
from .processes import ROOT, House, Nursery, wait_for

KEY = make_key()
OLD = PINNED["TOKEN_KEYS"]
GUNICORN = ("-m", "gunicorn", "caigunn_admin.wsgi", "--no-control-socket", "--log-level", "error")
MALFORMED = {
    "nothing": "",
    "no id": KEY,
    "too short": "main:too-short",
    "two without a comma": f"main:{KEY} next:{KEY}",
    "an id twice": f"main:{KEY},main:{make_key()}",
    "the second malformed": f"main:{KEY},next:",
    "of development": DEVELOPMENT_KEYS,
    "of development, as the second": f"main:{KEY},old:{DEVELOPMENT_KEYS.partition(':')[2]}",
}


def start(*program: str, **changes: str) -> "subprocess.CompletedProcess[str]":
    """Start a program that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, *program],
        env=os.environ | PINNED | changes,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_refused(done: "subprocess.CompletedProcess[str]", *, named: str = "TOKEN_KEYS") -> None:
    """Exit code 3, and one line that names what to set, and no key."""
    assert done.returncode == 3, done.stderr
    # gunicorn adds lines of its own, each with a time in front.
    (line,) = (one for one in done.stderr.splitlines() if not one.startswith("["))
    assert line.startswith("caigunn-admin cannot start: ")
    assert named in line
    assert KEY[:8] not in done.stderr
    assert "too-short" not in done.stderr


@pytest.mark.parametrize("keys", MALFORMED.values(), ids=MALFORMED)
def test_malformed_keys_refuse_the_start(keys: str) -> None:
    assert_refused(start("-c", "import caigunn_admin.wsgi", TOKEN_KEYS=keys))


@pytest.mark.parametrize("program", [GUNICORN, ("manage.py", "migrate")], ids=["web", "release"])
def test_so_does_every_program(program: tuple[str, ...]) -> None:
    options = ("--bind", "127.0.0.1:0") if program is GUNICORN else ()
    assert_refused(start(*program, *options, TOKEN_KEYS=f"main:{KEY},main:{KEY}"))


@pytest.mark.parametrize("content", [None, b"", b" \n", b"\xff\xfe\x00", b"main:too-short"])
def test_a_file_that_holds_no_key_refuses_the_start(content: bytes | None, tmp_path: Path) -> None:
    """Missing, empty, blank, no text, malformed; and it goes before a value that would do."""
    file = tmp_path / "token-keys"
    if content is not None:
        file.write_bytes(content)
    program = ("-c", "import caigunn_admin.wsgi")
    named = "TOKEN_KEYS" if content == b"main:too-short" else "TOKEN_KEYS_FILE"
    done = start(*program, TOKEN_KEYS_FILE=str(file), TOKEN_KEYS=f"main:{KEY}")
    assert_refused(done, named=named)


def test_a_file_is_stripped_and_goes_before_the_value(tmp_path: Path) -> None:
    file = tmp_path / "token-keys"
    file.write_text(f"\n  file:{KEY} \n\n")
    code = "import django; django.setup(); from chatbots.vault import ring; print(ring().first)"
    done = start("-c", code, TOKEN_KEYS_FILE=str(file), TOKEN_KEYS="main:too-short")
    assert done.stdout == "file\n", done.stderr


# A ring that is well formed, and of another installation

WRONG = {
    "another key of another name": f"other:{KEY}",
    "another key of the same name": f"tests:{KEY}",
}
RIGHT = f"added:{KEY},{OLD}"


def browse(house: House, keys: str, session: str, *asked: list[Any]) -> list[Any]:
    """The answers of a process with these keys."""
    settings = house._settings | {"TOKEN_KEYS": keys}
    with house._nursery.fork(settings, house._database) as child:
        child.command("browse", session, json.dumps(asked))
        child.go()
        return list(child.result())


@pytest.mark.parametrize("keys", WRONG.values(), ids=WRONG)
def test_with_wrong_keys_no_page_does_anything(
    caigunn: Sandbox, open_house: OpenHouse, keys: str
) -> None:
    """Whoever is signed in, whatever they send: 503, nothing sent, nothing written; and with the
    right keys they are signed in as before."""
    house = open_house()
    caigunn.users[1].token = "the-token-of-desk-1"
    ((_email, session),) = house.ask(
        "join_crowd", json.dumps({"desk@example.com": caigunn.users[1].token})
    ).items()
    house.ask("fill", "3")
    pages: list[list[Any]] = [
        *(["get", path, {}] for path in ("/chatbots/", "/plans/", "/token/", "/account/login/")),
        *(["get", path, {}] for path in ("/activity/", "/no-such-page/")),
        ["post", "/token/", {"access_token": caigunn.users[0].token, "label": ""}],
        ["post", "/token/refresh/", {"expired_date": ""}],
        ["post", "/token/disconnect/", {}],
        ["post", "/chatbots/some-id/edit/", {"title": "Mine"}],
        ["post", "/account/login/", {"login": "desk@example.com", "password": "wrong"}],
    ]
    before = house.ask("dump")
    caigunn.clear_requests()
    for who in (session, ""):
        for status, text in browse(house, keys, who, *pages):
            assert status == 503
            assert "The keys of this dashboard do not fit" in text
            assert "nothing was sent to Caigunn" in text
    (status, cause), alive = browse(
        house, keys, "", ["get", "/readyz", {}], ["get", "/healthz", {}]
    )
    assert status == 503
    assert cause.startswith("keys: ")
    assert KEY not in cause
    assert alive == [200, "ok\n"]
    assert caigunn.requests == []
    assert house.ask("dump") == before
    (status, text), ready = browse(
        house, RIGHT, session, ["get", "/plans/", {}], ["get", "/readyz", {}]
    )
    assert status == 200
    assert "desk@example.com" in text
    assert ready == [200, "ready\n"]


def test_readyz_of_a_server_with_wrong_keys(sqlite_nursery: Nursery) -> None:
    """gunicorn starts, so that it can say why it is not ready."""
    given = {"DATABASE_URL": f"sqlite:///{sqlite_nursery.databases.copy()}"}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, *GUNICORN, "--bind", f"fd://{listener.fileno()}"],
            env=os.environ | PINNED | given | {"TOKEN_KEYS": f"other:{KEY}"},
            cwd=ROOT,
            pass_fds=[listener.fileno()],
        )
        try:
            wait_for(lambda: answer(f"{url}/healthz") == (200, "ok\n"))
            assert answer(f"{url}/readyz") == (
                503,
                "keys: TOKEN_KEYS has no key tests, which sealed this value.\n",
            )
        finally:
            process.terminate()
            process.wait(30)


def answer(url: str) -> tuple[int, str]:
    """Status and text; the status is 0 where nobody answers."""
    try:
        with urllib.request.urlopen(url, timeout=20) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def test_a_lost_key_has_a_way_out(caigunn: Sandbox, open_house: OpenHouse) -> None:
    """What no key opens is deleted, and the members begin anew: with what they connect from then
    on, the dashboard works with the new keys alone."""
    house = open_house()
    house.ask("fill", "3")
    keys = f"new:{KEY}"
    settings = house._settings | {"TOKEN_KEYS": keys}
    with house._nursery.fork(settings, house._database) as child:
        for command, expected in (
            (("rotate", "--forget-unreadable", "--yes"), 0),
            (("rotate", "--check"), 0),
        ):
            child.command(*command)
            child.go()
            assert child.result()[0] == expected
        child.command("read_plans")
        child.go()
        assert child.result() == "NotConnected"
        assert caigunn.requests == []
        child.command("connect", caigunn.users[0].token)
        child.go()
        child.result()
        child.command("read_plans")
        child.go()
        assert child.result() > 0
    assert browse(house, keys, "", ["get", "/readyz", {}]) == [[200, "ready\n"]]
