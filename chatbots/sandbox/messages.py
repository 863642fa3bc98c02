"""What goes in and out of the sandbox, apart from sockets."""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One HTTP request as it arrived. `path` is not decoded; header names are lower-case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    repeated_headers: frozenset[str] = frozenset()

    @property
    def media_type(self) -> str:
        """The content type without its parameters, lower-case; "" if there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `headers` come beside Content-Length, which is always sent."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


class RefusedError(Exception):
    """The request gets an error answer.

    `detail` is the `detail` of FastAPI's error body: a sentence, or a list of
    `{"loc", "msg", "type"}`. `why` is set when the request is not one that the documentation
    knows; such a request is kept among the sandbox's refusals.
    """

    def __init__(
        self,
        status: int,
        detail: object,
        *,
        why: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(f"{status}: {why or detail}")
        self.status = status
        self.detail = detail
        self.why = why
        self.headers = headers or {}

    @property
    def answer(self) -> Answer:
        """The error as Caigunn would send it (notes §8)."""
        return json_answer({"detail": self.detail}, self.status, self.headers)


def json_answer(value: object, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    """An answer whose body is `value` as UTF-8 JSON."""
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json", **(headers or {})})
