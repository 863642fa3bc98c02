"""The three webhook requests of notes §1, for every date and route."""

import pytest

from chatbots.sandbox import AsOf, Sandbox, WebhookRoute

from .calls import WEBHOOK, Caller

URL = "https://example.com/new"
OLD = "https://example.com/old"


def ask(caller: Caller, request: str) -> int:
    api_key = caller.user.chatbots[0].api_key
    match request:
        case "A":
            body = {"webhook_url": URL}
            return caller.send_json("PUT", WEBHOOK, body, api_key=api_key).status
        case "A empty":
            body = {"webhook_url": ""}
            return caller.send_json("PUT", WEBHOOK, body, api_key=api_key).status
        case "B":
            return caller.send_json("PUT", caller.path(), {"webhook_url": URL}).status
        case "B null":
            return caller.send_json("PUT", caller.path(), {"webhook_url": None}).status
        case _:
            return caller.send("DELETE", WEBHOOK, api_key=api_key).status


@pytest.mark.parametrize(
    ("as_of", "route", "request_", "status", "holds"),
    [
        ("2024-07", "line", "A", 200, True),
        ("2024-07", "line", "A empty", 200, True),
        ("2024-07", "line", "B", 200, False),
        ("2024-07", "line", "B null", 200, False),
        ("2024-07", "line", "C", 405, False),
        ("2024-07", "samples", "A", 404, False),
        ("2024-07", "samples", "A empty", 404, False),
        ("2024-07", "samples", "B", 200, True),
        ("2024-07", "samples", "B null", 200, True),
        ("2024-07", "samples", "C", 404, False),
        ("2024-07", "both", "A", 200, True),
        ("2024-07", "both", "B", 200, True),
        ("2024-07", "both", "C", 405, False),
        ("2024-07", "none", "A", 200, False),
        ("2024-07", "none", "B", 200, False),
        ("2024-07", "none", "C", 405, False),
        ("2024-11", "line", "A", 200, True),
        ("2024-11", "line", "A empty", 200, True),
        ("2024-11", "line", "B", 200, False),
        ("2024-11", "line", "C", 200, True),
        ("2024-11", "samples", "A", 200, False),
        ("2024-11", "samples", "B", 200, True),
        ("2024-11", "samples", "B null", 200, True),
        ("2024-11", "samples", "C", 200, False),
        ("2024-11", "both", "A", 200, True),
        ("2024-11", "both", "B", 200, True),
        ("2024-11", "both", "B null", 200, True),
        ("2024-11", "both", "C", 200, True),
        ("2024-11", "none", "A", 200, False),
        ("2024-11", "none", "B", 200, False),
        ("2024-11", "none", "B null", 200, False),
        ("2024-11", "none", "C", 200, False),
    ],
)
def test_route(
    *, as_of: AsOf, route: WebhookRoute, request_: str, status: int, holds: bool
) -> None:
    with Sandbox(as_of=as_of, webhook_route=route) as sandbox, Caller(sandbox) as caller:
        sandbox.edit(caller.user.chatbots[0].id, webhook_url=OLD)
        before = caller.info()
        assert ask(caller, request_) == status
        after = caller.info()
        new = URL if request_ in {"A", "B"} else None
        assert after["webhook_url"] == (new if holds else OLD)
        assert (after["updated_at"] > before["updated_at"]) is holds
        assert sandbox.refusals == []


@pytest.mark.parametrize("url", ["ftp://example.com/", "example.com", "https://", "http://[::"])
def test_what_is_no_web_address_is_an_ordinary_rejection(
    sandbox: Sandbox, caller: Caller, url: str
) -> None:
    body = {"webhook_url": url}
    api_key = caller.user.chatbots[0].api_key
    for reply in (
        caller.send_json("PUT", WEBHOOK, body, api_key=api_key),
        caller.send_json("PUT", caller.path(), body),
    ):
        assert reply.status == 422
        assert reply.data["detail"][0]["loc"] == ["body", "webhook_url"]
    assert sandbox.refusals == []


def test_wrong_api_key(sandbox: Sandbox, caller: Caller) -> None:
    foreign = sandbox.users[1].chatbots[0].api_key
    for api_key in ("wrong", foreign):
        body = {"webhook_url": URL}
        assert caller.send_json("PUT", WEBHOOK, body, api_key=api_key).status == 401
        assert caller.send("DELETE", WEBHOOK, api_key=api_key).status == 401
        assert caller.get("/api/external/chatbot/model", api_key=api_key).status == 401
    assert sandbox.refusals == []
