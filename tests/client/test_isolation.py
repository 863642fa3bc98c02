"""What must never leave, be kept, be followed or be written down."""

import json
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    Call,
    Deadline,
    OutcomeUnknown,
    Transport,
    TransportSettings,
    UnexpectedAnswer,
)
from chatbots.caigunn.encoding import form_body

from .conftest import TOKEN, ClientFor, TransportFor
from .servers import Exchange, RawServer, answer, refused_port


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_redirect_is_never_followed(
    transport_for: TransportFor, method: str, status: int
) -> None:
    with RawServer(lambda _: answer("{}")) as other:
        target = other.url.replace("127.0.0.1", "localhost") + "/stolen"
        with RawServer(lambda _: answer("", status, ("Location", target))) as server:
            call = Call(
                method,
                "/api/external/user/plan",
                "read" if method == "GET" else "write",
                body=None if method == "GET" else form_body({"a": "b"}),
                api_key=SecretStr("key"),
            )
            got = transport_for(server.url).send(call, SecretStr(TOKEN), Deadline.after(10))
            assert got.status == status
            assert len(server.seen) == 1
        assert other.connections == 0


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda c: c.list_plans(), UnexpectedAnswer),
        (lambda c: c.get_chatbot("a"), UnexpectedAnswer),
        (lambda c: c.delete_chatbot("a"), OutcomeUnknown),
        (lambda c: c.refresh_token(), OutcomeUnknown),
    ],
)
def test_a_redirect_is_an_answer_that_is_not_understood(
    client_for: ClientFor, call: Callable[[CaigunnClient], object], expected: type[CaigunnError]
) -> None:
    with RawServer(lambda _: answer("", 302, ("Location", "/login"))) as server:
        with pytest.raises(expected) as caught:
            call(client_for(server.url))
        assert caught.value.status == 302
        assert len(server.seen) == 1


def test_a_cookie_is_neither_kept_nor_sent(transport_for: TransportFor) -> None:
    reply = answer('{"plans": []}', 200, ("Set-Cookie", "session=of-member-1; Path=/"))
    with RawServer(lambda _: reply) as server:
        transport = transport_for(server.url)
        for token in ("one", "two", "one"):
            CaigunnClient(token, transport, Deadline.after(10)).list_plans()
        assert [seen.token for seen in server.seen] == ["one", "two", "one"]
        assert not any("cookie" in seen.headers for seen in server.seen)


def test_the_environment_changes_nothing(
    client_for: ClientFor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login thief password secret\n")
    proxy = f"http://127.0.0.1:{refused_port()}"
    monkeypatch.setenv("NETRC", str(netrc))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere")
    with RawServer(lambda _: answer('{"plans": []}')) as server:
        client_for(server.url).list_plans()
        assert "authorization" not in server.seen[0].headers


def test_only_documented_headers_go_out(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer('{"detail": "ok"}')) as server:
        client = client_for(server.url)
        client.delete_chatbot("a")
        client.subscribe_webhook(SecretStr("key"), "https://example.com")
        first, second = (seen.headers for seen in server.seen)
    common = {"host", "accept", "accept-encoding", "user-agent", "caigunn-access-token"}
    assert set(first) == common | {"content-length"}
    assert set(second) == common | {"content-length", "content-type", "api-key"}
    assert first["user-agent"] == "caigunn-admin"


def test_a_hundred_members_are_never_mixed_up(transport_for: TransportFor) -> None:
    def reply(exchange: Exchange) -> bytes:
        rows = [{"id": exchange.seen.token, "title": exchange.seen.target}]
        cookie = ("Set-Cookie", f"member={exchange.seen.token}")
        return answer(json.dumps({"chatbots": rows}), 200, cookie)

    with RawServer(reply) as server:
        transport = transport_for(server.url, pool_size=8)

        def read(number: int) -> bool:
            member = f"member-{number % 100}"
            client = CaigunnClient(member, transport, Deadline.after(30))
            (item,) = client.list_chatbots(offset=number).items
            return item.id == member and f"offset={number}&" in (item.title or "")

        with ThreadPoolExecutor(24) as pool:
            assert all(pool.map(read, range(1_000)))
        assert len(server.seen) == 1_000
        assert not any("cookie" in seen.headers for seen in server.seen)


def test_logs_hold_one_line_for_each_attempt_and_no_secret(
    client_for: ClientFor, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("", "urllib3", "urllib3.connectionpool", "chatbots.caigunn"):
        caplog.set_level(logging.DEBUG, name)

    def reply(exchange: Exchange) -> bytes | None:
        return None if exchange.number == 1 else answer('{"detail": "SECRET-detail"}')

    with RawServer(reply) as server:
        client = client_for(server.url, token="SECRET-token")
        with pytest.raises(UnexpectedAnswer) as caught:
            client.list_chatbots()
        with pytest.raises(OutcomeUnknown):
            client.create_chatbot(title="SECRET-title", plan_id="SECRET-plan")
        client.subscribe_webhook(SecretStr("SECRET-key"), "https://x.example/SECRET-path")
    lines = [record.getMessage() for record in caplog.records if record.name == "chatbots.caigunn"]
    assert len(lines) == 4
    assert lines[0].startswith("GET /api/external/user/chatbot: ConnectionError in ")
    assert lines[0].endswith(" ms (attempt 1, req-1)")
    assert lines[1].startswith("GET /api/external/user/chatbot: 200 in ")
    assert any(record.name.startswith("urllib3") for record in caplog.records)
    assert "SECRET" not in caplog.text
    assert "SECRET" not in repr(caught.value) + str(caught.value)


def test_a_failure_brings_no_inner_exception_along(client_for: ClientFor) -> None:
    with pytest.raises(CaigunnError) as caught:
        client_for(f"http://127.0.0.1:{refused_port()}").create_chatbot(title="t", plan_id="p")
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_nothing_shows_a_secret_in_its_repr() -> None:
    call = Call("PUT", "/a", query={"title": "SECRET"}, api_key=SecretStr("SECRET"))
    transport = Transport(TransportSettings("https://caigunn.example/"))
    assert "SECRET" not in repr(call)
    assert repr(transport) == "Transport('https://caigunn.example')"


@pytest.mark.parametrize("path", ["", "a", "/a?b", "/a b", "/../a", "/a#b", "//a\r\nb", "/%2e"])
def test_only_plain_paths_are_called(path: str) -> None:
    with pytest.raises(ValueError, match="path"):
        Call("GET", path)


@pytest.mark.parametrize(
    "url",
    ["", "caigunn.example", "ftp://a", "https://", "https://u:p@a", "https://a?b", "https://a#b"],
)
def test_a_base_url_is_checked(url: str) -> None:
    with pytest.raises(ValueError, match="base URL"):
        TransportSettings(url)


def test_a_base_url_may_have_a_path(client_for: ClientFor) -> None:
    with RawServer(lambda _: answer('{"plans": []}')) as server:
        client_for(server.url + "/caigunn/").list_plans()
        assert server.seen[0].path == "/caigunn/api/external/user/plan"


def test_django_is_not_needed() -> None:
    root = Path(__file__).parents[2]
    for file in (root / "chatbots" / "caigunn").glob("*.py"):
        assert "django" not in file.read_text("utf-8").replace("Django", "")
