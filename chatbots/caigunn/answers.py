"""From the bytes of an answer to JSON, and from JSON to Caigunn's words about an error. Pure."""

import json
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from pydantic import SecretStr

from .errors import Fields
from .secret import without_secrets

MAX_DETAIL = 500
MAX_DEPTH = 50
_MAX_DIGITS = 19
_MAX_MESSAGES = 50
_LOCATIONS = frozenset({"query", "body", "path", "header", "cookie", "form"})
_FIELD_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_SECONDS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")


class NotJSONError(Exception):
    """The body is not a JSON document that this client reads."""


def parse_json(body: bytes) -> object:
    """The document, with text that can be encoded and stored.

    Lone surrogates and NUL become U+FFFD. Integers of more than 19 digits become NaN, which no
    record takes for a number. Raises NotJSONError for anything else than UTF-8 JSON, with or
    without a byte order mark, nested at most 50 deep.
    """
    try:
        document = json.loads(body.decode("utf-8-sig"), parse_int=_integer)
        return _clean(document, MAX_DEPTH)
    except (ValueError, RecursionError):
        raise NotJSONError from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits.lstrip("-")) <= _MAX_DIGITS else math.nan


def _clean(value: object, depth: int) -> object:
    if isinstance(value, str):
        return _UNSTORABLE.sub("\ufffd", value)
    if not isinstance(value, (dict, list)):
        return value
    if depth == 0:
        raise NotJSONError
    if isinstance(value, list):
        return [_clean(item, depth - 1) for item in value]
    return {_UNSTORABLE.sub("\ufffd", key): _clean(item, depth - 1) for key, item in value.items()}


def finite(value: object) -> object:
    """The value with None in place of NaN and the infinities, which JSON stores do not take."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, Mapping):
        return {key: finite(item) for key, item in value.items()}
    return value


def error_text(body: bytes, secrets: Iterable[SecretStr] = ()) -> tuple[str, Fields]:
    """Caigunn's words about an error and its messages by field, empty where there are none.

    The shapes are FastAPI's (notes §8).
    """
    try:
        document = parse_json(body)
    except NotJSONError:
        return "", {}
    detail = document.get("detail") if isinstance(document, dict) else None
    hidden = tuple(secrets)
    if isinstance(detail, str):
        text = plain_text(detail, hidden)
        return text, {"": [text]} if text else {}
    fields: Fields = {}
    messages: list[str] = []
    for problem in detail[:_MAX_MESSAGES] if isinstance(detail, list) else []:
        name, message = _problem(problem, hidden)
        if message:
            fields.setdefault(name, []).append(message)
            messages.append(f"{name}: {message}" if name else message)
    return "; ".join(messages)[:MAX_DETAIL], fields


def _problem(problem: object, secrets: tuple[SecretStr, ...]) -> tuple[str, str]:
    """One item of FastAPI's list: `{"loc": ["query", "title"], "msg": "…", "type": "…"}`."""
    if isinstance(problem, str):
        return "", plain_text(problem, secrets)
    if not isinstance(problem, dict):
        return "", ""
    message = problem.get("msg")
    text = plain_text(message, secrets) if isinstance(message, str) else ""
    loc = problem.get("loc")
    path = loc if isinstance(loc, list) else []
    if path and isinstance(path[0], str) and path[0] in _LOCATIONS:
        path = path[1:]
    # Of ["body", "initial_messages", 0, "value"] the field that was sent is the first name.
    name = path[0] if path and isinstance(path[0], str) else ""
    known = _FIELD_NAME.fullmatch(name) and without_secrets(name, secrets) == name
    return name if known else "", text


def plain_text(text: str, secrets: Iterable[SecretStr] = ()) -> str:
    """One line of at most 500 characters, without control characters and without the secrets."""
    spaced = " ".join(text.split())
    # Control characters go first: one inside a secret would hide it from the search.
    visible = "".join(char for char in spaced if unicodedata.category(char)[0] != "C")
    return without_secrets(visible, secrets)[:MAX_DETAIL]


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds to wait, from either form of the header, 0 to a day; None where it cannot be read."""
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        seconds = float(text)
    else:
        try:
            moment = parsedate_to_datetime(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            seconds = (moment - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(max(seconds, 0.0), 86_400.0)
