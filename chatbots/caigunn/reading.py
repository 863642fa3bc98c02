"""Reads an answer's body within bounds, whatever the server sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from urllib3.exceptions import DecodeError, HTTPError  # noqa: TID251
from urllib3.response import BaseHTTPResponse  # noqa: TID251

Damage = Literal["", "cut", "too_large", "undecodable"]
_CHUNK = 65_536
_ENCODINGS = frozenset({"", "identity", "gzip", "x-gzip", "deflate"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case; with `damage` the body is empty."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    damage: Damage = ""


def read_answer(raw: BaseHTTPResponse, max_bytes: int) -> Answer:
    """The answer, with at most `max_bytes` of decoded body; more than that is damage.

    Raises what urllib3 raises where the connection breaks during the body of a success. Where the
    status already tells the outcome, a broken body is only damage.
    """
    headers = {name.lower(): value for name, value in raw.headers.items()}
    if headers.get("content-encoding", "").strip().lower() not in _ENCODINGS:
        raw.close()
        return Answer(raw.status, headers, b"", "undecodable")
    body = bytearray()
    try:
        for chunk in raw.stream(_CHUNK, decode_content=True):
            body += chunk
            if len(body) > max_bytes:
                raw.close()
                return Answer(raw.status, headers, b"", "too_large")
    except DecodeError:
        raw.close()
        return Answer(raw.status, headers, b"", "undecodable")
    except HTTPError:
        raw.close()
        if 200 <= raw.status < 300:
            raise
        return Answer(raw.status, headers, b"", "cut")
    raw.release_conn()
    return Answer(raw.status, headers, bytes(body))
