"""What the documentation does not know is refused, and kept among the refusals."""

import pytest

from chatbots.sandbox import Sandbox

from .calls import UNKNOWN_ID, USER, WEBHOOK, Caller, Reply, file_part, text_part


def assert_refused(sandbox: Sandbox, reply: Reply, status: int, why: str) -> None:
    assert reply.status == status
    assert reply.data["detail"]
    assert [why in refusal.why for refusal in sandbox.refusals] == [True], sandbox.refusals


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", f"{USER}/plan/", 404),
        ("GET", f"{USER}/plans", 404),
        ("GET", f"{USER}/chatbot/{UNKNOWN_ID}/webhook", 404),
        ("GET", "/docs", 404),
        ("POST", f"{USER}/plan", 405),
        ("PATCH", f"{USER}/chatbot/{UNKNOWN_ID}", 405),
        ("PUT", f"{USER}/chatbot", 405),
        ("GET", WEBHOOK, 405),
        ("POST", f"{USER}/token/refresh", 405),
        ("OPTIONS", f"{USER}/plan", 405),
    ],
)
def test_path_and_method(
    sandbox: Sandbox, caller: Caller, method: str, path: str, status: int
) -> None:
    reply = caller.send(method, path)
    assert_refused(sandbox, reply, status, "not documented")
    assert ("allow" in reply.headers) is (status == 405)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("plan?page=2", "page"),
        ("plan?limit=ten", "limit"),
        ("plan?offset=-1", "offset"),
        ("plan?offset=", "offset"),
        ("plan?limit=1&limit=2", "twice"),
        ("chatbot?q=x", "q"),
        ("token/refresh?expired_date=20310228", "expired_date"),
        ("token/refresh?expires=2031-02-28", "expires"),
    ],
)
def test_query(sandbox: Sandbox, caller: Caller, path: str, name: str) -> None:
    token = caller.user.token
    assert_refused(sandbox, caller.get(f"{USER}/{path}"), 422, name)
    assert caller.user.token == token


@pytest.mark.parametrize("name", ["X-Request-Id", "Cookie", "Authorization", "api-key", "Range"])
def test_header(sandbox: Sandbox, caller: Caller, name: str) -> None:
    reply = caller.get(f"{USER}/plan", headers={name: "x"})
    assert_refused(sandbox, reply, 400, name.lower())


def test_a_header_given_twice(sandbox: Sandbox, caller: Caller) -> None:
    connection = caller.connection
    connection.putrequest("GET", f"{USER}/plan")
    for token in (caller.user.token, sandbox.users[1].token):
        connection.putheader("caigunn-access-token", token)
    connection.endheaders()
    assert connection.getresponse().status == 400
    assert "caigunn-access-token" in sandbox.refusals[0].why


def test_body_of_a_read(sandbox: Sandbox, caller: Caller) -> None:
    assert_refused(sandbox, caller.get(f"{USER}/plan", body=b"{}"), 400, "body")


def test_chunked_body(sandbox: Sandbox, caller: Caller) -> None:
    chunked = {"Transfer-Encoding": "chunked"}
    reply = caller.send("PUT", caller.path(), b"0\r\n\r\n", headers=chunked)
    assert_refused(sandbox, reply, 411, "Length")


@pytest.mark.parametrize(
    "part",
    [
        text_part("webhook_url", "https://example.com/"),
        text_part("Title", "x"),
        text_part("avatar", "not a file"),
        text_part("is_shared", "True"),
        text_part("is_fixed", ""),
        text_part("button_style", "fancy"),
        text_part("model_id", "gpt-4o"),
        text_part("initial_messages", "hello"),
        text_part("initial_messages", '[{"type":"text"}]'),
        text_part("initial_messages", '[{"type":"image","value":"x"}]'),
        text_part("initial_messages", '[{"type":"text","value":"x","delay":1}]'),
        text_part("allowed_domains", "https://example.com"),
        text_part("allowed_domains", '{"0":"https://example.com"}'),
        file_part("title", "x.txt", "text/plain", b"x"),
    ],
)
def test_settings(sandbox: Sandbox, caller: Caller, part: bytes) -> None:
    before = caller.info()
    assert_refused(sandbox, caller.put_form(caller.path(), part), 422, "body")
    assert caller.info() == before


@pytest.mark.parametrize("origin", ["example.com", "https://example.com/path", "ftp://a.example"])
def test_a_domain_that_is_no_origin_is_an_ordinary_rejection(
    sandbox: Sandbox, caller: Caller, origin: str
) -> None:
    part = text_part("allowed_domains", f'["{origin}"]')
    assert caller.put_form(caller.path(), part).status == 422
    assert sandbox.refusals == []


def test_a_field_given_twice(sandbox: Sandbox, caller: Caller) -> None:
    part = text_part("title", "x")
    assert_refused(sandbox, caller.put_form(caller.path(), part, part), 422, "twice")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--limit\r\n",
        b"--limit\r\nno headers\r\n--limit--\r\n",
        b'--limit\r\nContent-Disposition: form-data; name="title"\r\n\r\n\xff\r\n--limit--\r\n',
        b'--limit\r\nX: y\r\nContent-Disposition: form-data; name="title"\r\n\r\nx\r\n--limit--',
        b'--limit\r\nContent-Disposition: form-data; filename="x"\r\n\r\nx\r\n--limit--',
        b'--limit\r\nContent-Disposition: form-data; name="a"; filename="x"\r\n\r\nx\r\n--limit--',
    ],
)
def test_malformed_multipart(sandbox: Sandbox, caller: Caller, body: bytes) -> None:
    form_type = "multipart/form-data; boundary=limit"
    reply = caller.send("PUT", caller.path(), body, content_type=form_type)
    assert_refused(sandbox, reply, 400, "")


@pytest.mark.parametrize(
    "value", [{}, {"webhook_url": 1}, {"webhook_url": "", "x": 1}, [], None, {"url": "https://a"}]
)
def test_webhook_json(sandbox: Sandbox, caller: Caller, value: object) -> None:
    api_key = caller.user.chatbots[0].api_key
    reply = caller.send_json("PUT", WEBHOOK, value, api_key=api_key)
    assert_refused(sandbox, reply, 422, "body")


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"title":"x"}'])
def test_json_that_is_not_the_sample(sandbox: Sandbox, caller: Caller, body: bytes) -> None:
    reply = caller.send("PUT", caller.path(), body, content_type="application/json")
    assert_refused(sandbox, reply, 422, "body")


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/xml"])
def test_content_type(sandbox: Sandbox, caller: Caller, content_type: str | None) -> None:
    reply = caller.send("PUT", caller.path(), b"x", content_type=content_type)
    assert_refused(sandbox, reply, 422, "not a form")


def test_webhook_as_a_form(sandbox: Sandbox, caller: Caller) -> None:
    reply = caller.send(
        "PUT",
        WEBHOOK,
        b"webhook_url=https%3A%2F%2Fexample.com",
        content_type="application/x-www-form-urlencoded",
        api_key=caller.user.chatbots[0].api_key,
    )
    assert_refused(sandbox, reply, 422, "not JSON")


def test_undocumented_field_of_create(sandbox: Sandbox, caller: Caller) -> None:
    wanted = {"title": "x", "plan_id": caller.user.plans[0].id}
    reply = caller.create(query=wanted, form=wanted | {"prompt": "x"})
    assert_refused(sandbox, reply, 422, "prompt")
    assert len(caller.user.chatbots) == 30


def test_missing_headers(sandbox: Sandbox, caller: Caller) -> None:
    assert_refused(sandbox, caller.get(f"{USER}/plan", token=""), 403, "caigunn-access-token")
    sandbox.clear_requests()
    body = {"webhook_url": ""}
    assert_refused(sandbox, caller.send_json("PUT", WEBHOOK, body), 403, "api-key")


def test_a_wrong_token_is_no_refusal(sandbox: Sandbox, caller: Caller) -> None:
    reply = caller.get(f"{USER}/plan", token="wrong")
    assert (reply.status, reply.data) == (401, {"detail": "Invalid access token"})
    assert sandbox.refusals == []
    assert sandbox.requests[0].user is None
