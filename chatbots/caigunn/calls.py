"""What is sent, and to where."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from pydantic import SecretStr

from .encoding import Body
from .errors import Kind

_SAFE_PATH = re.compile(r"/[A-Za-z0-9_/-]*")


@dataclass(frozen=True, slots=True)
class Call:
    """One request, without the token. Its repr holds neither query nor body nor secrets."""

    method: str
    path: str
    kind: Kind = "read"
    query: Mapping[str, str | int] = field(default_factory=dict, repr=False)
    body: Body | None = field(default=None, repr=False)
    api_key: SecretStr | None = field(default=None, repr=False)
    collection: bool = False
    """The path names no single chatbot: it exists wherever Caigunn does."""

    def __post_init__(self) -> None:
        if not _SAFE_PATH.fullmatch(self.path):
            raise ValueError("The path of the call is not one of Caigunn's.")


@dataclass(frozen=True, slots=True)
class TransportSettings:
    """Where Caigunn is, and how long and how much to take from it. Times are in seconds.

    `connect_timeout` bounds name look-up, connecting and TLS together, `read_timeout` the silence
    between two bytes. A base URL that is not plain http(s)://host[:port][/path] raises ValueError.
    """

    base_url: str
    connect_timeout: float = 3.0
    read_timeout: float = 10.0
    pool_size: int = 96
    max_body_bytes: int = 2_000_000
    attempts: int = 3
    backoff: float = 0.2
    """The pause before the second attempt, on average; twice that before the third."""
    max_retry_after: float = 5.0
    """A longer `Retry-After` is not waited for."""
    ca_bundle: str | None = None
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("The base URL of Caigunn must be http:// or https:// and a host.")
        if parts.username is not None or parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError("The base URL of Caigunn must not hold a user, a query or a fragment.")
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))


class Gate(Protocol):
    """What knows whether Caigunn is away. All threads ask and tell it; it raises nothing."""

    def admits(self, token: SecretStr) -> bool:
        """Whether a call may go out now. The token is that of whoever asks."""

    def failed(self, token: SecretStr, began: float) -> None:
        """An attempt that began at `began`, on the clock of `time.monotonic()`, got no answer at
        all, or a gateway's that Caigunn is not there: 502, 503, 504."""

    def answered(self) -> None:
        """An attempt got any other answer, an error or not."""
