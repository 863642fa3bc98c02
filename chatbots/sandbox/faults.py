"""Faults that a test orders, and which request gets which."""

import re
import threading
from dataclasses import KW_ONLY
from typing import Annotated, Literal, NamedTuple

from pydantic import AfterValidator, ConfigDict, PositiveFloat, PositiveInt
from pydantic.dataclasses import dataclass

from .messages import Request

FaultKind = Literal[
    "status",
    "delay",
    "drip_body",
    "drip_headers",
    "reset_before",
    "reset_after",
    "close",
    "cut",
    "not_json",
    "empty",
    "wrong_shape",
    "huge",
    "bomb",
    "redirect",
    "hang",
    "bad_utf8",
    "deep",
    "big_int",
]


class _Default(NamedTuple):
    applied: bool = True
    seconds: float = 1.0
    size: int = 1


_DEFAULTS: dict[FaultKind, _Default] = {
    "status": _Default(applied=False),
    "reset_before": _Default(applied=False),
    "redirect": _Default(applied=False),
    "hang": _Default(applied=False),
    "huge": _Default(size=50_000_000),
    "bomb": _Default(size=300_000_000),
    "deep": _Default(size=100_000),
    "big_int": _Default(size=5_000),
}


def _is_regex(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from None
    return pattern


@dataclass(frozen=True, config=ConfigDict(extra="forbid"))
class Fault:
    """What goes wrong with the next `times` requests of `method` (None: any) whose path, without
    the query, has a match of the regular expression `path`.

    | kind | the client gets | applied |
    | --- | --- | --- |
    | status | `status` (500) with `body` and `headers` | no |
    | delay | Caigunn's answer, `seconds` (1) late | yes |
    | drip_body, drip_headers | the body, or the head, `size` (1) bytes every `seconds` (1) | yes |
    | reset_before, reset_after | a TCP reset instead of an answer | no, yes |
    | close | the connection closed without an answer | yes |
    | cut | half of the body that Content-Length promises, then the connection closed | yes |
    | not_json, empty, wrong_shape | 200 with HTML, with nothing, with another JSON | yes |
    | huge | 200 with `size` (50 million) bytes of JSON | yes |
    | bomb | a small gzip that inflates to `size` (300 million) bytes of JSON | yes |
    | redirect | `status` (307) to `headers["Location"]` | no |
    | hang | nothing, until the client or the sandbox closes | no |
    | bad_utf8, deep, big_int | JSON that is not UTF-8, nested `size`, with `size` digits | yes |

    `applied` says whether the request does its work before the fault; given here, it overrides
    the table. What would have passed Caigunn's answer on then answers 503. `body` replaces the
    body of any answer: bytes and text as they are, anything else as JSON; `headers` are added to
    any answer, `status` replaces its status. `Fault("delay", seconds=0.001)` thus lets a
    request through, so that a later fault meets the next one.

    Raises ValueError (pydantic's) for an unknown kind or a value that makes no sense.
    """

    kind: FaultKind
    _: KW_ONLY
    method: str | None = None
    path: Annotated[str, AfterValidator(_is_regex)] = ".*"
    times: PositiveInt = 1
    status: int | None = None
    body: object = None
    headers: dict[str, str] | None = None
    seconds: PositiveFloat | None = None
    size: PositiveInt | None = None
    applied: bool | None = None

    def __post_init__(self) -> None:
        if self.kind == "redirect" and "location" not in map(str.lower, self.headers or {}):
            raise ValueError('a redirect needs headers={"Location": …}')

    @property
    def default(self) -> _Default:
        """The kind's own numbers, for what was not given."""
        return _DEFAULTS.get(self.kind, _Default())

    @property
    def is_applied(self) -> bool:
        """Whether the request does its work."""
        return self.default.applied if self.applied is None else self.applied

    @property
    def wait(self) -> float:
        """Seconds to wait, once or at every step."""
        return self.default.seconds if self.seconds is None else self.seconds

    @property
    def amount(self) -> int:
        """Bytes, levels or digits, as the kind has it."""
        return self.default.size if self.size is None else self.size

    def matches(self, request: Request) -> bool:
        """Whether it is meant for this request."""
        return self.method in {None, request.method} and bool(re.search(self.path, request.path))


class FaultQueue:
    """Ordered faults, first come first served; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Fault, int]] = []

    def order(self, fault: Fault) -> None:
        """Put a fault at the end."""
        with self._lock:
            self._waiting.append((fault, fault.times))

    def take(self, request: Request) -> Fault | None:
        """The first fault that matches, used up once."""
        with self._lock:
            for index, (fault, left) in enumerate(self._waiting):
                if fault.matches(request):
                    self._waiting[index : index + 1] = [(fault, left - 1)] if left > 1 else []
                    return fault
        return None

    def clear(self) -> None:
        """Drop all that wait."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> list[Fault]:
        """Those not used up yet."""
        with self._lock:
            return [fault for fault, _ in self._waiting]
