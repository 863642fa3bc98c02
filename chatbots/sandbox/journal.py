"""What was asked of the sandbox, kept for the tests that look at it afterwards."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field, replace

from .messages import Request

_MOST_KEPT = 20_000


@dataclass
class RecordedRequest:
    """A request that reached the API of the sandbox.

    `status` is what was answered, None while (or if) nothing is; `user` is the name of the user
    whose token came with it; `at` is `time.monotonic()` on arrival.
    """

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    user: str | None
    at: float
    status: int | None = None


@dataclass(frozen=True)
class Refusal:
    """A request that the documentation does not know, and why it was refused."""

    method: str
    path: str
    why: str


class Journal:
    """The last 20,000 requests and refusals in order of arrival; safe in several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Bounded for a sandbox that serves a demo for days.
        self._requests: deque[RecordedRequest] = deque(maxlen=_MOST_KEPT)
        self._refusals: deque[Refusal] = deque(maxlen=_MOST_KEPT)

    @property
    def requests(self) -> list[RecordedRequest]:
        """A copy that later requests do not change."""
        with self._lock:
            return [replace(entry) for entry in self._requests]

    @property
    def refusals(self) -> list[Refusal]:
        """A copy that later requests do not change."""
        with self._lock:
            return list(self._refusals)

    def record(self, request: Request, user: str | None) -> RecordedRequest:
        """Keep a request; the entry returned takes the status once it is known."""
        entry = RecordedRequest(
            request.method,
            request.path,
            request.query,
            request.headers,
            request.body,
            user,
            time.monotonic(),
        )
        with self._lock:
            self._requests.append(entry)
        return entry

    def refuse(self, request: Request, why: str) -> None:
        """Keep an undocumented request."""
        with self._lock:
            self._refusals.append(Refusal(request.method, request.path, why))

    def clear(self) -> None:
        """Forget both."""
        with self._lock:
            self._requests.clear()
            self._refusals.clear()
