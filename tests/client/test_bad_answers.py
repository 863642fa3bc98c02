"""What each operation makes of an answer that is not as documented, and what it never sends."""

from collections.abc import Callable

import pytest
import responses
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    SettingsUpdate,
    UnexpectedAnswer,
)

from .conftest import KEY, SHARED, STUB, TOKEN, USER, ClientFor

OPERATIONS: dict[str, tuple[str, str, Callable[[CaigunnClient], object]]] = {
    "list_plans": ("GET", f"{USER}/plan", lambda c: c.list_plans()),
    "list_chatbots": ("GET", f"{USER}/chatbot", lambda c: c.list_chatbots()),
    "get_chatbot": ("GET", f"{USER}/chatbot/c-1", lambda c: c.get_chatbot("c-1")),
    "list_models": ("GET", f"{SHARED}/model", lambda c: c.list_models(KEY)),
    "create_chatbot": (
        "POST",
        f"{USER}/chatbot",
        lambda c: c.create_chatbot(title="t", plan_id="p"),
    ),
    "update_settings": (
        "PUT",
        f"{USER}/chatbot/c-1",
        lambda c: c.update_settings("c-1", SettingsUpdate(title="t")),
    ),
    "delete_chatbot": ("DELETE", f"{USER}/chatbot/c-1", lambda c: c.delete_chatbot("c-1")),
    "refresh_token": ("GET", f"{USER}/token/refresh", lambda c: c.refresh_token()),
    "subscribe_webhook": ("PUT", f"{SHARED}/webhook", lambda c: c.subscribe_webhook(KEY, "u")),
    "update_webhook": ("PUT", f"{USER}/chatbot/c-1", lambda c: c.update_webhook("c-1", "u")),
    "unsubscribe_webhook": ("DELETE", f"{SHARED}/webhook", lambda c: c.unsubscribe_webhook(KEY)),
}
READS = ("list_plans", "list_chatbots", "get_chatbot", "list_models")
BAD_BODIES: dict[str, bytes] = {
    "html": b"<!doctype html><title>Welcome</title>",
    "empty": b"",
    "cut": b'{"chatbots": [{"id": "a"',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "utf8": b'{"detail": "\xff"}',
    "list": b"[1]",
    "digits": b"9" * 5_000,
    "nan": b"NaN",
    "wrong types": b'{"plans": {}, "chatbots": 5, "models": null, "token": []}',
    "missing keys": b'{"new": 1}',
}


@pytest.mark.parametrize("bad", BAD_BODIES)
@pytest.mark.parametrize("name", OPERATIONS)
def test_a_bad_body_is_one_of_our_exceptions(
    client: CaigunnClient, stub: responses.RequestsMock, name: str, bad: str
) -> None:
    method, url, call = OPERATIONS[name]
    stub.add(method, url, body=BAD_BODIES[bad], content_type="application/json")
    speaks = name not in READS and name not in {"create_chatbot", "refresh_token"}
    # An object says at least that a write was understood; anything else is no answer to it.
    if speaks and bad in {"wrong types", "missing keys"}:
        assert call(client) == ""
        return
    with pytest.raises(CaigunnError) as caught:
        call(client)
    assert type(caught.value) is (UnexpectedAnswer if name in READS else OutcomeUnknown)
    assert caught.value.request_id == "req-1"


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_missing_thing(client: CaigunnClient, stub: responses.RequestsMock, name: str) -> None:
    method, url, call = OPERATIONS[name]
    stub.add(method, url, status=404, json={"detail": "Not Found"})
    expected: type[CaigunnError] = NotFound
    if name in {"list_plans", "list_chatbots", "list_models"}:
        expected = UnexpectedAnswer
    elif name in {"create_chatbot", "refresh_token"}:
        expected = Rejected
    with pytest.raises(expected) as caught:
        call(client)
    assert (type(caught.value), caught.value.status) == (expected, 404)
    assert caught.value.detail == "Not Found"


@pytest.mark.parametrize("status", [204, 205])
def test_a_write_may_be_answered_without_content(
    client: CaigunnClient, stub: responses.RequestsMock, status: int
) -> None:
    stub.delete(f"{USER}/chatbot/c-1", status=status)
    assert client.delete_chatbot("c-1") == ""


def test_rejected_fields_carry_the_names_of_the_api(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    problem = {"loc": ["query", "plan_id"], "msg": f"bad for {TOKEN}", "type": "uuid"}
    stub.post(f"{USER}/chatbot", status=422, json={"detail": [problem]})
    with pytest.raises(Rejected) as caught:
        client.create_chatbot(title="t", plan_id="p")
    assert caught.value.fields == {"plan_id": ["bad for [hidden]"]}
    assert caught.value.detail == "plan_id: bad for [hidden]"


def test_the_api_key_is_kept_out_of_the_words(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    stub.put(f"{SHARED}/webhook", status=400, json={"detail": f"{KEY.get_secret_value()} is old"})
    with pytest.raises(Rejected) as caught:
        client.subscribe_webhook(KEY, "u")
    assert caught.value.detail == "[hidden] is old"


@pytest.mark.parametrize("chatbot_id", ["", "a/b", "..", "a b", "é", "x" * 65, "a?b", "a\n", "%2e"])
def test_an_impossible_id_is_not_sent(client: CaigunnClient, chatbot_id: str) -> None:
    calls: list[Callable[[str], object]] = [
        client.get_chatbot,
        client.delete_chatbot,
        lambda at: client.update_webhook(at, "u"),
        lambda at: client.update_settings(at, SettingsUpdate(title="t")),
    ]
    for call in calls:
        with pytest.raises(ValueError, match="id of a chatbot"):
            call(chatbot_id)


@pytest.mark.parametrize(
    "secret", ["", "s3cret word", "s3cret\n", "s3cret\r\nx: y", "s3crét", "s" * 4_097]
)
def test_an_unusable_secret_is_not_sent_and_not_shown(
    client: CaigunnClient, client_for: ClientFor, secret: str
) -> None:
    with pytest.raises(ValueError, match="access token") as caught:
        client_for(STUB, token=secret)
    assert not secret or secret[:6] not in str(caught.value)
    for call in (client.unsubscribe_webhook, client.list_models):
        with pytest.raises(ValueError, match="API key") as caught:
            call(SecretStr(secret))
        assert not secret or secret[:6] not in str(caught.value)


def test_the_client_does_not_show_its_token(client: CaigunnClient) -> None:
    assert TOKEN not in repr(client)
    assert TOKEN not in repr(vars(client))
