"""Faults that a test orders: what the client gets, and whether the write was made."""

import gzip
import http.client
import json
from collections.abc import Callable
from contextlib import suppress

import pytest
from pydantic import ValidationError

from chatbots.sandbox import Fault, FaultKind, Sandbox

from .calls import USER, Caller, Reply, text_part

PLAN = f"{USER}/plan"


def rename(caller: Caller) -> Reply:
    return caller.put_form(caller.path(), text_part("title", "renamed"))


def test_status_with_body_and_headers(sandbox: Sandbox, caller: Caller) -> None:
    headers = {"Retry-After": "7", "content-type": "text/plain"}
    sandbox.order(Fault("status", status=429, body="slow down", headers=headers))
    reply = caller.get(PLAN)
    assert (reply.status, reply.body) == (429, b"slow down")
    assert (reply.headers["retry-after"], reply.headers["content-type"]) == ("7", "text/plain")
    assert caller.get(PLAN).status == 200
    assert [entry.status for entry in sandbox.requests] == [429, 200]


def test_faults_meet_the_requests_they_are_meant_for(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.order(Fault("status", status=503, method="GET", path="/chatbot/[^/]+$", times=2))
    sandbox.order(Fault("status", status=502, path="/plan$"))
    assert caller.get(f"{USER}/chatbot").status == 200
    assert rename(caller).status == 200
    statuses = [caller.get(path).status for path in (caller.path(), PLAN, caller.path())]
    assert statuses == [503, 502, 503]
    assert caller.get(caller.path()).status == 200
    assert sandbox.waiting_faults == []


def test_first_ordered_first_met(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.order(Fault("delay", seconds=0.001))
    sandbox.order(Fault("status", status=500))
    assert [caller.get(PLAN).status for _ in range(3)] == [200, 500, 200]


@pytest.mark.parametrize(
    ("kind", "applied"),
    [
        ("status", False),
        ("reset_before", False),
        ("redirect", False),
        ("delay", True),
        ("drip_body", True),
        ("drip_headers", True),
        ("reset_after", True),
        ("close", True),
        ("cut", True),
        ("not_json", True),
        ("empty", True),
        ("wrong_shape", True),
        ("huge", True),
        ("bomb", True),
        ("bad_utf8", True),
        ("deep", True),
        ("big_int", True),
    ],
)
@pytest.mark.parametrize("override", [None, True, False])
def test_whether_the_write_is_made(
    sandbox: Sandbox, kind: FaultKind, *, applied: bool, override: bool | None
) -> None:
    headers = {"Location": "http://127.0.0.1:1/"}
    sandbox.order(Fault(kind, headers=headers, seconds=0.0001, size=10, applied=override))
    with Caller(sandbox) as caller:
        try:
            rename(caller)
        except (OSError, http.client.HTTPException):
            caller.connection.close()
        expected = applied if override is None else override
        assert (caller.info()["title"] == "renamed") is expected


def test_what_was_not_let_through_is_not_answered_as_done(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.order(Fault("delay", seconds=0.001, applied=False))
    assert rename(caller).status == 503


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("reset_before", ConnectionResetError),
        ("reset_after", ConnectionResetError),
        ("close", http.client.RemoteDisconnected),
        ("cut", http.client.IncompleteRead),
    ],
)
def test_broken_connections(
    sandbox: Sandbox, caller: Caller, kind: FaultKind, error: type[Exception]
) -> None:
    sandbox.order(Fault(kind))
    with pytest.raises(error) as caught:
        caller.get(PLAN)
    assert type(caught.value) is error
    caller.connection.close()
    assert caller.get(PLAN).status == 200
    assert sandbox.requests[0].status == (200 if kind == "cut" else None)


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        ("not_json", lambda body: body.startswith(b"<!DOCTYPE html>")),
        ("empty", lambda body: body == b""),
        ("wrong_shape", lambda body: isinstance(json.loads(body), list)),
        ("huge", lambda body: len(body) == 200_000 and json.loads(body)),
        ("bad_utf8", lambda body: b"\xff" in body),
        ("deep", lambda body: body == b"[" * 200_000 + b"]" * 200_000),
        ("big_int", lambda body: body.count(b"9") == 200_000),
        ("bomb", lambda body: len(body) < 1_000 and len(gzip.decompress(body)) == 200_000),
    ],
)
def test_bad_bodies(
    sandbox: Sandbox, caller: Caller, kind: FaultKind, check: Callable[[bytes], bool]
) -> None:
    sandbox.order(Fault(kind, size=200_000))
    reply = caller.get(PLAN)
    assert reply.status == 200
    assert check(reply.body)
    assert caller.get(PLAN).status == 200


@pytest.mark.parametrize("kind", ["drip_body", "drip_headers"])
def test_dripped_answers_arrive_whole(sandbox: Sandbox, caller: Caller, kind: FaultKind) -> None:
    expected = caller.get(PLAN).body
    sandbox.order(Fault(kind, seconds=0.0001, size=7))
    assert caller.get(PLAN).body == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(sandbox: Sandbox, caller: Caller, status: int) -> None:
    location = {"Location": "http://127.0.0.1:1/elsewhere"}
    sandbox.order(Fault("redirect", status=status, headers=location))
    reply = caller.get(PLAN)
    assert (reply.status, reply.headers["location"]) == (status, location["Location"])


@pytest.mark.parametrize("kind", ["hang", "delay", "drip_body", "drip_headers"])
def test_closing_the_sandbox_ends_what_hangs(kind: FaultKind) -> None:
    with Sandbox() as sandbox, Caller(sandbox) as caller:
        sandbox.order(Fault(kind, seconds=3600))
        caller.connection.request("GET", PLAN, headers={"caigunn-access-token": "x"})
        while not sandbox.requests:
            pass
        sandbox.close()
        with suppress(OSError, http.client.HTTPException):
            caller.connection.getresponse().read()
        caller.connection.close()
        with pytest.raises(ConnectionRefusedError):
            caller.get(PLAN)


def test_headers_on_an_answer_of_caigunn(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.order(Fault("delay", seconds=0.001, headers={"Set-Cookie": "session=1"}))
    reply = caller.get(PLAN)
    assert reply.headers["set-cookie"] == "session=1"
    assert len(reply.data["plans"]) == 6


@pytest.mark.parametrize(
    "arguments",
    [{"kind": "explode"}, {"kind": "redirect"}, {"kind": "status", "path": "("}, {"times": 0}],
)
def test_faults_that_make_no_sense(arguments: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Fault(**{"kind": "status", **arguments})  # type: ignore[arg-type]
