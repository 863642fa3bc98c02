"""The answer a fault makes of Caigunn's own one; no socket here."""

import json
import zlib
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from .faults import Fault, FaultKind
from .messages import Answer, json_answer

_HTML = b"<!DOCTYPE html><html><body><h1>Bad Gateway</h1><p>Please try again.</p></body></html>"
_JSON = {"Content-Type": "application/json"}
_MEGABYTE = 1_000_000
_BOMB_HEAD, _BOMB_TAIL = b'{"detail": "', b'"}'


def stand_in() -> Answer:
    """What is passed on when the request was not let through to Caigunn."""
    return json_answer({"detail": "Service Unavailable"}, 503)


def spoil(answer: Answer, fault: Fault) -> Answer:
    """What `fault` sends instead of `answer`; how it is sent is delivery's business."""
    own = _ANSWERS.get(fault.kind)
    spoilt = own(fault.amount) if own else answer
    if fault.body is not None:
        spoilt = _with_body(spoilt, fault.body)
    given = fault.headers or {}
    replaced = {name.lower() for name in given}
    kept = {name: value for name, value in spoilt.headers.items() if name.lower() not in replaced}
    return replace(spoilt, status=fault.status or spoilt.status, headers={**kept, **given})


def _with_body(answer: Answer, body: object) -> Answer:
    match body:
        case bytes():
            return replace(answer, body=body)
        case str():
            return replace(answer, body=body.encode())
        case _:
            return replace(
                answer,
                body=json.dumps(body, ensure_ascii=False).encode(),
                headers={**answer.headers, **_JSON},
            )


@lru_cache(maxsize=4)
def _bomb(size: int) -> bytes:
    packer = zlib.compressobj(9, wbits=31)  # 31: a gzip wrapper
    filler = max(0, size - len(_BOMB_HEAD) - len(_BOMB_TAIL))
    packed = [packer.compress(_BOMB_HEAD)]
    packed += [packer.compress(b"0" * _MEGABYTE) for _ in range(filler // _MEGABYTE)]
    packed += [packer.compress(b"0" * (filler % _MEGABYTE) + _BOMB_TAIL), packer.flush()]
    return b"".join(packed)


# By the kind's size; a kind that is not here passes Caigunn's own answer on.
_ANSWERS: dict[FaultKind, Callable[[int], Answer]] = {
    "status": lambda _: json_answer({"detail": "Ordered by the test"}, 500),
    "redirect": lambda _: Answer(307),
    "not_json": lambda _: Answer(200, _HTML, {"Content-Type": "text/html; charset=utf-8"}),
    "empty": lambda _: Answer(200, b"", _JSON),
    "wrong_shape": lambda _: json_answer(["unexpected", {"chatbots": "unexpected"}]),
    "huge": lambda _: Answer(200, b"", _JSON),
    "bomb": lambda size: Answer(200, _bomb(size), {**_JSON, "Content-Encoding": "gzip"}),
    "bad_utf8": lambda _: Answer(200, b'{"detail": "\xff\xfe\xfa"}', _JSON),
    "deep": lambda size: Answer(200, b"[" * size + b"]" * size, _JSON),
    "big_int": lambda size: Answer(200, b'{"detail": ' + b"9" * size + b"}", _JSON),
}
