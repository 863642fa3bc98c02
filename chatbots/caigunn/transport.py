"""How a call travels: pool, headers, time limits, retries, size limit. Says nothing about meaning.

The only module that imports requests. It uses its adapter without a Session: what a Session adds
(redirects, cookies, proxies and .netrc of the environment) must not happen to an access token.
"""

import logging
import os
import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode, urlsplit

import requests  # noqa: TID251 - the one place
import requests.adapters  # noqa: TID251
from pydantic import SecretStr
from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: TID251
from urllib3.exceptions import HTTPError  # noqa: TID251

from .answers import parse_retry_after
from .calls import Call, Gate, TransportSettings
from .connections import PlainPool, TLSPool
from .deadline import Deadline
from .errors import OutcomeUnknown, Unavailable
from .reading import Answer, read_answer
from .watchdog import Attempt, watched

__all__ = ["Answer", "Call", "Deadline", "Gate", "Transport", "TransportSettings"]

logger = logging.getLogger("chatbots.caigunn")

USER_AGENT = "caigunn-admin"
_RETRIED = frozenset({408, 425, 500, 502, 503, 504})
_AWAY = frozenset({502, 503, 504})


class Transport:
    """The way to Caigunn for everything in this process. Thread-safe; knows no member."""

    def __init__(
        self,
        settings: TransportSettings,
        before_send: Callable[[], None] | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.settings = settings
        self._before_send = before_send
        self._gate = gate
        # By process: a fork must not share sockets with its parent, nor locks that it may hold.
        self._adapters: dict[int, _Adapter] = {}

    def __repr__(self) -> str:
        return f"Transport({self.settings.base_url!r})"

    def close(self) -> None:
        """Closes the kept connections of this process. The next call opens new ones."""
        adapter = self._adapters.pop(os.getpid(), None)
        if adapter is not None:
            adapter.close()

    def send(
        self, call: Call, token: SecretStr, deadline: Deadline, request_id: str = ""
    ) -> Answer:
        """The answer, whatever its status; a redirect is an answer and never followed.

        A read is attempted up to three times, never past the deadline, and not while the gate is
        shut. Raises Unavailable where a read got no answer or the request certainly never left, as
        it does not through a shut gate, else OutcomeUnknown.
        """
        attempts = self.settings.attempts if call.kind == "read" else 1
        result: Answer | _Failure = _Failure(never_left=True, name="the gate is shut")
        for number in range(1, attempts + 1):
            if not self._admits(token):
                break
            result = self._attempt(call, token, deadline, f"attempt {number}, {request_id or '-'}")
            pause = self._pause(result, number)
            if number == attempts or pause is None or pause >= deadline.remaining():
                break
            # Whoever is not let in again need not wait for it.
            if not self._admits(token):
                break
            time.sleep(pause)
        if isinstance(result, Answer):
            return result
        if call.kind == "read" or result.never_left:
            raise Unavailable(request_id=request_id, timed_out=result.timed_out)
        raise OutcomeUnknown(request_id=request_id, timed_out=result.timed_out)

    def _pause(self, result: "Answer | _Failure", number: int) -> float | None:
        """Seconds until the next attempt, None where another one would not help."""
        pause = self.settings.backoff * 2 ** (number - 1) * random.uniform(0.5, 1.5)  # noqa: S311
        if isinstance(result, _Failure):
            return pause if result.worth_another else None
        if result.status == 429 or result.status in _RETRIED:
            asked = parse_retry_after(result.headers.get("retry-after"))
            if asked is None:
                return None if result.status == 429 else pause
            return max(pause, asked) if asked <= self.settings.max_retry_after else None
        return None

    def _attempt(
        self, call: Call, token: SecretStr, deadline: Deadline, label: str
    ) -> "Answer | _Failure":
        if deadline.expired:
            return _Failure(never_left=True, timed_out=True)
        if self._before_send is not None:
            self._before_send()
        started = time.monotonic()
        attempt = Attempt(deadline, call.kind, self.settings.connect_timeout)
        result = self._exchange(call, token, attempt)
        logger.info(
            "%s %s: %s in %d ms (%s)",
            call.method,
            call.path,
            result.status if isinstance(result, Answer) else result.name,
            (time.monotonic() - started) * 1000,
            label,
        )
        self._tell(result, token, started)
        return result

    def _admits(self, token: SecretStr) -> bool:
        return self._gate is None or self._gate.admits(token)

    def _tell(self, result: "Answer | _Failure", token: SecretStr, began: float) -> None:
        if self._gate is None:
            return
        if isinstance(result, _Failure) or result.status in _AWAY:
            self._gate.failed(token, began)
        else:
            self._gate.answered()

    def _exchange(self, call: Call, token: SecretStr, attempt: Attempt) -> "Answer | _Failure":
        response: requests.Response | None = None
        try:
            with watched(attempt):
                response = self._adapter().send(
                    self._prepared(call, token),
                    stream=True,
                    timeout=(
                        max(0.001, attempt.connect_by.remaining()),
                        max(0.001, min(self.settings.read_timeout, attempt.deadline.remaining())),
                    ),
                )
                answer = read_answer(response.raw, self.settings.max_body_bytes)
        except (requests.RequestException, HTTPError, OSError) as error:
            if response is not None:
                response.close()
            return _failure(error, attempt)
        except Exception as error:
            # A socket that is shut under its reader can surface as anything.
            if response is not None:
                response.close()
            if not attempt.cut:
                raise
            return _failure(error, attempt)
        # A body without a length ends like a whole one where the watchdog cut it.
        if attempt.cut:
            response.close()
            return _Failure(timed_out=True, name="cut at the deadline")
        return answer

    def _prepared(self, call: Call, token: SecretStr) -> requests.PreparedRequest:
        # gzip: a full list then fits the first round trip of a new connection. What inflates is
        # bounded in any case, for a server may send it unasked.
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": USER_AGENT,
            "caigunn-access-token": token.get_secret_value(),
        }
        if call.api_key is not None:
            headers["api-key"] = call.api_key.get_secret_value()
        if call.body is not None:
            headers["Content-Type"] = call.body.content_type
        query = f"?{urlencode(call.query)}" if call.query else ""
        return requests.Request(
            call.method,
            f"{self.settings.base_url}{call.path}{query}",
            headers=headers,
            data=call.body.content if call.body else None,
        ).prepare()

    def _adapter(self) -> "_Adapter":
        pid = os.getpid()
        adapter = self._adapters.get(pid)
        return adapter or self._adapters.setdefault(pid, _Adapter(self.settings))


@dataclass(frozen=True, slots=True)
class _Failure:
    """An attempt without an answer."""

    never_left: bool = False
    timed_out: bool = False
    worth_another: bool = False
    name: str = "no time left"


def _failure(error: BaseException, attempt: Attempt) -> _Failure:
    connect_timeout = isinstance(error, requests.ConnectTimeout)
    never_left = attempt.connecting or connect_timeout
    timed_out = (
        attempt.cut or isinstance(error, requests.Timeout) or _caused_by(error, TimeoutError)
    )
    certificate = _caused_by(error, ssl.SSLCertVerificationError)
    return _Failure(
        never_left=never_left,
        timed_out=timed_out,
        worth_another=not certificate and not attempt.cut and (never_left or not timed_out),
        name=type(error).__name__,
    )


def _caused_by(error: BaseException | None, kind: type[BaseException]) -> bool:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, kind):
            return True
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return False


@cache
def _shared_context(ca_bundle: str | None) -> ssl.SSLContext:
    """One for the process: reading the certificates costs more than all else of a connection."""
    return ssl.create_default_context(cafile=ca_bundle or DEFAULT_CA_BUNDLE_PATH)


class _Adapter(requests.adapters.HTTPAdapter):
    """requests' adapter with one pool of our own: one host, one TLS context, no proxies."""

    def __init__(self, settings: TransportSettings) -> None:
        super().__init__(max_retries=0)
        parts = urlsplit(settings.base_url)
        host = parts.hostname or ""
        if parts.scheme == "https":
            self._pool: PlainPool | TLSPool = TLSPool(
                host,
                parts.port or 443,
                maxsize=settings.pool_size,
                ssl_context=settings.ssl_context or _shared_context(settings.ca_bundle),
            )
        else:
            self._pool = PlainPool(host, parts.port or 80, maxsize=settings.pool_size)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> PlainPool | TLSPool:
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:
        """The shared context verifies; requests would have the certificates read again."""

    def close(self) -> None:
        self._pool.close()
        super().close()
