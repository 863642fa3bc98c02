"""What each operation sends, and what it makes of the documented answer."""

import json
from datetime import UTC, date, datetime
from email import message_from_bytes
from urllib.parse import parse_qsl, urlsplit

import pytest
import responses
from pydantic import SecretStr
from requests import PreparedRequest  # noqa: TID251 - what `responses` hands over

from chatbots.caigunn import (
    CaigunnClient,
    OutcomeUnknown,
    SettingsUpdate,
    UnexpectedAnswer,
    UploadedImage,
)

from .conftest import KEY, SHARED, TOKEN, USER
from .payloads import CHATBOT, MOMENT, PLAN

COMMON = {
    "caigunn-access-token": TOKEN,
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "User-Agent": "caigunn-admin",
}
DONE = {"detail": "update successfully"}


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
