"""What each operation sends, and what it makes of the documented answer."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from email import message_from_bytes
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses
from pydantic import SecretStr
from requests import PreparedRequest  # noqa: TID251 - what `responses` hands over

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    NotFound,
    OutcomeUnknown,
    Rejected,
    SettingsUpdate,
    UnexpectedAnswer,
    UploadedImage,
)

from .conftest import STUB, TOKEN, ClientFor
from .payloads import CHATBOT, MOMENT, PLAN

USER = f"{STUB}/api/external/user"
SHARED = f"{STUB}/api/external/chatbot"
KEY = SecretStr("key-of-the-chatbot")
COMMON = {
    "caigunn-access-token": TOKEN,
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "caigunn-admin",
}
DONE = {"detail": "update successfully"}


@pytest.fixture
def stub() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock() as mock:
        yield mock


def sent(stub: responses.RequestsMock) -> PreparedRequest:
    assert len(stub.calls) == 1
    return stub.calls[0].request


def query(request: PreparedRequest) -> list[tuple[str, str]]:
    return parse_qsl(urlsplit(str(request.url)).query, keep_blank_values=True)


def check_headers(request: PreparedRequest, **more: str) -> None:
    expected = COMMON | {name.replace("_", "-"): value for name, value in more.items()}
    assert dict(request.headers) == expected


def body(request: PreparedRequest) -> bytes:
    assert isinstance(request.body, bytes)
    return request.body


def parts(request: PreparedRequest) -> dict[str, tuple[str | None, str, bytes]]:
    """Name → filename, content type, content, read by the standard library."""
    head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
    found = {}
    for part in message_from_bytes(head + body(request)).get_payload():
        assert not isinstance(part, str)
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        name = part.get_param("name", header="content-disposition")
        kind = part.get_content_type() if "content-type" in part else ""
        assert isinstance(name, str)
        assert name not in found
        found[name] = (part.get_filename(), kind, content)
    return found


def test_list_plans(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    stub.get(f"{USER}/plan", json={"plans": [PLAN, {**PLAN, "id": None}, "odd"]})
    page = client.list_plans(offset=30, limit=15)
    assert query(sent(stub)) == [("offset", "30"), ("limit", "15")]
    check_headers(sent(stub))
    assert sent(stub).body is None
    assert [plan.id for plan in page.items] == [PLAN["id"]]
    assert (page.received, page.unreadable) == (3, 2)


def test_list_chatbots(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    rows: list[object] = [
        {"id": "a", "title": "客服小幫手", "api_key": "k"},
        {"id": "b", "title": 5},
        {"id": "no/path"},
        {"id": "x" * 65},
        {"id": 7},
        {},
        None,
    ]
    stub.get(f"{USER}/chatbot", json={"chatbots": rows, "new": 1})
    page = client.list_chatbots()
    assert query(sent(stub)) == [("offset", "0"), ("limit", "30")]
    check_headers(sent(stub))
    first, second = page.items
    assert (first.id, first.title, first.api_key) == ("a", "客服小幫手", SecretStr("k"))
    assert (second.id, second.title) == ("b", None)
    assert second.unreadable == {"title"}
    assert (page.received, page.unreadable) == (7, 5)


@pytest.mark.parametrize(("offset", "limit"), [(-1, 30), (0, 0), (0, -1)])
def test_an_impossible_range_is_not_sent(client: CaigunnClient, offset: int, limit: int) -> None:
    with pytest.raises(ValueError, match="offset"):
        client.list_chatbots(offset=offset, limit=limit)


def test_get_chatbot(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    stub.get(f"{USER}/chatbot/string", json=CHATBOT)
    info = client.get_chatbot("string")
    check_headers(sent(stub))
    assert info.webhook_url == "string"
    assert info.period_end_at == datetime(2024, 7, 5, 4, 8, 48, 392_000, tzinfo=UTC)


def test_the_answer_about_another_chatbot_is_refused(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    stub.get(f"{USER}/chatbot/a", json={**CHATBOT, "id": "b"})
    with pytest.raises(UnexpectedAnswer):
        client.get_chatbot("a")


@pytest.mark.parametrize("spelling", ["AB-CD", "abcd", None])
def test_the_same_id_may_be_spelled_another_way(
    client: CaigunnClient, stub: responses.RequestsMock, spelling: str | None
) -> None:
    stub.get(f"{USER}/chatbot/ab-cd", json={**CHATBOT, "id": spelling})
    assert client.get_chatbot("ab-cd").id == spelling


def test_create_chatbot_sends_query_and_form(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    answer = {"api_key": "k", "expired_at": MOMENT, "chatbot_id": "c-1", "webchat_id": "w-1"}
    stub.post(f"{USER}/chatbot", json=answer)
    created = client.create_chatbot(title="訂單 & 查詢=機器人", plan_id="p-1")
    values = [("title", "訂單 & 查詢=機器人"), ("plan_id", "p-1")]
    assert query(sent(stub)) == values
    assert parse_qsl(body(sent(stub)).decode("ascii")) == values
    check_headers(
        sent(stub),
        Content_Type="application/x-www-form-urlencoded",
        Content_Length=str(len(body(sent(stub)))),
    )
    assert created.api_key == SecretStr("k")
    assert (created.chatbot_id, created.webchat_id) == ("c-1", "w-1")


def test_create_chatbot_on_a_server_of_2024_07(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    stub.post(f"{USER}/chatbot", json={"api_key": "k", "expired_at": MOMENT}, status=201)
    created = client.create_chatbot(title="t", plan_id="p")
    assert (created.api_key, created.chatbot_id) == (SecretStr("k"), None)


@pytest.mark.parametrize("answer", [{}, {"detail": "ok"}, {"chatbot_id": "../x"}, {"api_key": 5}])
def test_a_creation_that_names_nothing_is_unknown(
    client: CaigunnClient, stub: responses.RequestsMock, answer: object
) -> None:
    stub.post(f"{USER}/chatbot", json=answer)
    with pytest.raises(OutcomeUnknown):
        client.create_chatbot(title="t", plan_id="p")


def test_update_settings_sends_each_field_as_one_part(
    client: CaigunnClient, stub: responses.RequestsMock
) -> None:
    stub.put(f"{USER}/chatbot/c-1", json=DONE)
    settings = SettingsUpdate(
        title="客服",
        avatar=UploadedImage('頭"像\r\n.png', "image/png", b"\x89PNG\r\n\x00"),
        main_color="#112233",
        is_default_visible=True,
        button_style="image",
        button_image=UploadedImage("", "image/svg+xml", b"<svg/>"),
        initial_messages=[{"type": "text", "value": "您好"}],
        is_fixed=False,
        show_history=True,
        allowed_domains=["http://localhost", "https://caigunn.ap-mic.com"],
        model_id="m-1",
        prompt="line 1\r\nline 2",
        is_shared=False,
    )
    assert client.update_settings("c-1", settings) == "update successfully"
    found = parts(sent(stub))
    files = {name: found.pop(name) for name in ("avatar", "button_image")}
    assert found == {
        "title": (None, "", "客服".encode()),
        "main_color": (None, "", b"#112233"),
        "is_default_visible": (None, "", b"true"),
        "button_style": (None, "", b"image"),
        "initial_messages": (None, "", '[{"type": "text", "value": "您好"}]'.encode()),
        "is_fixed": (None, "", b"false"),
        "show_history": (None, "", b"true"),
        "allowed_domains": (None, "", b'["http://localhost", "https://caigunn.ap-mic.com"]'),
        "model_id": (None, "", b"m-1"),
        "prompt": (None, "", b"line 1\r\nline 2"),
        "is_shared": (None, "", b"false"),
    }
    assert files["avatar"][1:] == ("image/png", b"\x89PNG\r\n\x00")
    assert '頭%22像%0D%0A.png"'.encode() in body(sent(stub))
    assert files["button_image"] == ("button_image", "image/svg+xml", b"<svg/>")
    request = sent(stub)
    assert request.headers["Content-Type"].startswith("multipart/form-data; boundary=")
    assert set(request.headers) == {*COMMON, "Content-Type", "Content-Length"}


def test_only_given_settings_are_sent(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    stub.put(f"{USER}/chatbot/c-1", json={})
    assert client.update_settings("c-1", SettingsUpdate(prompt="", is_shared=False)) == ""
    assert parts(sent(stub)) == {"prompt": (None, "", b""), "is_shared": (None, "", b"false")}


def test_no_setting_is_no_call(client: CaigunnClient) -> None:
    with pytest.raises(ValueError, match="no setting"):
        client.update_settings("c-1", SettingsUpdate())


@pytest.mark.parametrize(
    "content_type", ["", "png", "image/png\r\nX: y", "image/png; a=b", "a/b/c"]
)
def test_an_image_needs_a_media_type(content_type: str) -> None:
    with pytest.raises(ValueError, match="media type"):
        UploadedImage("a.png", content_type, b"")


def test_delete_chatbot(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    stub.delete(f"{USER}/chatbot/c-1", json={"detail": "Delete chatbot successfully"})
    assert client.delete_chatbot("c-1") == "Delete chatbot successfully"
    check_headers(sent(stub), Content_Length="0")
    assert query(sent(stub)) == []


@pytest.mark.parametrize(
    ("expired", "expected"),
    [(None, []), (date(2030, 1, 31), [("expired_date", "2030-01-31")])],
)
def test_refresh_token(
    client: CaigunnClient,
    stub: responses.RequestsMock,
    expired: date | None,
    expected: list[tuple[str, str]],
) -> None:
    stub.get(f"{USER}/token/refresh", json={"token": "new-token"})
    assert client.refresh_token(expired) == SecretStr("new-token")
    assert query(sent(stub)) == expected
    check_headers(sent(stub))


@pytest.mark.parametrize("token", [None, "", 5, "a b", "ü", "t" * 4_097, ["t"]])
def test_a_refresh_without_a_usable_token_is_unknown(
    client: CaigunnClient, stub: responses.RequestsMock, token: object
) -> None:
    stub.get(f"{USER}/token/refresh", json={"token": token})
    with pytest.raises(OutcomeUnknown):
        client.refresh_token()


@pytest.mark.parametrize("url", ["https://example.com/掛鉤?a=1", ""])
def test_webhook_request_a(client: CaigunnClient, stub: responses.RequestsMock, url: str) -> None:
    stub.put(f"{SHARED}/webhook", json={"detail": "Webhook url update successfully"})
    assert client.subscribe_webhook(KEY, url) == "Webhook url update successfully"
    content = body(sent(stub))
    assert json.loads(content) == {"webhook_url": url}
    check_headers(
        sent(stub),
        api_key="key-of-the-chatbot",
        Content_Type="application/json",
        Content_Length=str(len(content)),
    )


@pytest.mark.parametrize("url", ["https://example.com/hook", None])
def test_webhook_request_b(
    client: CaigunnClient, stub: responses.RequestsMock, url: str | None
) -> None:
    stub.put(f"{USER}/chatbot/c-1", json=DONE)
    assert client.update_webhook("c-1", url) == "update successfully"
    content = body(sent(stub))
    assert json.loads(content) == {"webhook_url": url}
    check_headers(sent(stub), Content_Type="application/json", Content_Length=str(len(content)))


def test_webhook_request_c(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    stub.delete(f"{SHARED}/webhook", json={"detail": "Unsubscribe webhook successfully"})
    assert client.unsubscribe_webhook(KEY) == "Unsubscribe webhook successfully"
    check_headers(sent(stub), api_key="key-of-the-chatbot", Content_Length="0")


def test_list_models(client: CaigunnClient, stub: responses.RequestsMock) -> None:
    row = {"title": "GPT", "id": "m", "updated_at": MOMENT, "created_at": "?", "model_name": "g"}
    stub.get(f"{SHARED}/model", json={"models": [row, {"title": "no id"}]})
    (model,) = client.list_models(KEY)
    check_headers(sent(stub), api_key="key-of-the-chatbot")
    assert (model.id, model.title, model.model_name) == ("m", "GPT", "g")
    assert model.created_at is None
    assert model.unreadable == {"created_at"}


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
    if speaks and bad in {"list", "digits", "nan", "wrong types", "missing keys"}:
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
