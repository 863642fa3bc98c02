"""A plain HTTP client for the tests of the sandbox: it sends what it is told, documented or not."""

import http.client
import json
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlencode, urlsplit

from chatbots.sandbox import Sandbox

USER = "/api/external/user"
CHATBOT = "/api/external/chatbot"
WEBHOOK = f"{CHATBOT}/webhook"
UNKNOWN_ID = "00000000-0000-4000-8000-000000000000"


@dataclass
class Reply:
    """An answer; `data` is its JSON."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        return json.loads(self.body)


class Caller:
    """One keep-alive connection to a sandbox, with the token of its user number `user`."""

    def __init__(self, sandbox: Sandbox, user: int = 0) -> None:
        self.sandbox = sandbox
        self.user = sandbox.users[user]
        self.connection = http.client.HTTPConnection(urlsplit(sandbox.url).netloc, timeout=20)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.connection.close()

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        content_type: str | None = None,
        api_key: str | None = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        sent = {"caigunn-access-token": self.user.token if token is None else token}
        sent |= {"Content-Type": content_type} if content_type else {}
        sent |= {"api-key": api_key} if api_key is not None else {}
        self.connection.request(method, path, body, {**sent, **(headers or {})})
        response = self.connection.getresponse()
        head = {name.lower(): value for name, value in response.getheaders()}
        return Reply(response.status, head, response.read())

    def get(self, path: str, **options: Any) -> Reply:
        return self.send("GET", path, **options)

    def send_json(self, method: str, path: str, value: object, **options: Any) -> Reply:
        body = json.dumps(value).encode()
        return self.send(method, path, body, content_type="application/json", **options)

    def put_form(self, path: str, *parts: bytes) -> Reply:
        body = b"".join(b"--limit\r\n" + part + b"\r\n" for part in parts) + b"--limit--\r\n"
        return self.send("PUT", path, body, content_type="multipart/form-data; boundary=limit")

    def create(self, *, query: dict[str, str] | None, form: dict[str, str] | None) -> Reply:
        path = f"{USER}/chatbot" + (f"?{urlencode(query)}" if query else "")
        if form is None:
            return self.send("POST", path, content_type="application/json")
        form_type = "application/x-www-form-urlencoded"
        return self.send("POST", path, urlencode(form).encode(), content_type=form_type)

    def info(self, number: int = 0) -> dict[str, Any]:
        found: dict[str, Any] = self.get(self.path(number)).data
        return found

    def path(self, number: int = 0) -> str:
        return f"{USER}/chatbot/{self.user.all_chatbots[number].id}"


def text_part(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def file_part(name: str, file_name: str, content_type: str, content: bytes) -> bytes:
    head = (
        f'Content-Disposition: form-data; name="{name}"; filename="{file_name}"\r\n'
        f"Content-Type: {content_type}\r\n\r\n"
    )
    return head.encode() + content
