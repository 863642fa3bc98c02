"""From bytes to JSON and to Caigunn's words, by table."""

import contextlib
import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from chatbots.caigunn.answers import (
    NotJSONError,
    error_text,
    finite,
    parse_json,
    parse_retry_after,
    plain_text,
)


@pytest.mark.parametrize(
    ("body", "document"),
    [
        (b"{}", {}),
        (b"\xef\xbb\xbf{}", {}),
        (b'{"title": "\xe5\xae\xa2\xe6\x9c\x8d"}', {"title": "客服"}),
        (rb'{"title": "\ud800x"}', {"title": "\ufffdx"}),
        (rb'{"title": "a\u0000b", "\udfff": [1]}', {"title": "a\ufffdb", "\ufffd": [1]}),
        (rb'["\ud83d\ude00"]', ["😀"]),
        (b"[" * 50 + b"]" * 50, None),
        (b"null", None),
    ],
)
def test_json_is_read(body: bytes, document: object) -> None:
    result = parse_json(body)
    if document is not None:
        assert result == document


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>Bad Gateway</html>",
        b'{"chatbots": [',
        b'{"title": "\xff\xfe"}',
        "{}".encode("utf-16"),
        b"[" * 51 + b"]" * 51,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"{'single': 1}",
    ],
)
def test_anything_else_is_one_exception(body: bytes) -> None:
    with pytest.raises(NotJSONError):
        parse_json(body)


@pytest.mark.parametrize("number", [b"NaN", b"9" * 5_000, b"-" + b"9" * 5_000, b"9" * 20])
def test_a_number_beyond_use_spoils_only_itself(number: bytes) -> None:
    document = parse_json(b'{"a": ' + number + b', "b": 9223372036854775807}')
    assert isinstance(document, dict)
    assert math.isnan(document["a"])
    assert document["b"] == 9223372036854775807


def test_numbers_that_no_json_store_takes_become_none() -> None:
    assert finite({"a": [1.5, math.nan], "b": math.inf}) == {"a": [1.5, None], "b": None}


@given(st.binary())
def test_no_body_raises_anything_else(body: bytes) -> None:
    with contextlib.suppress(NotJSONError):
        parse_json(body)
    error_text(body)


@pytest.mark.parametrize(
    ("body", "detail", "fields"),
    [
        (b'{"detail": "Not enough"}', "Not enough", {"": ["Not enough"]}),
        (
            b'{"detail": [{"loc": ["query", "title"], "msg": "field required", "type": "x"}]}',
            "title: field required",
            {"title": ["field required"]},
        ),
        (
            b"""{"detail": [{"loc": ["body", "initial_messages", 0, "value"], "msg": "empty"},
                            {"loc": ["body", "initial_messages", 1], "msg": "odd"}]}""",
            "initial_messages: empty; initial_messages: odd",
            {"initial_messages": ["empty", "odd"]},
        ),
        (b'{"detail": [{"loc": ["title"], "msg": "m"}]}', "title: m", {"title": ["m"]}),
        (b'{"detail": [{"loc": ["body"], "msg": "m"}]}', "m", {"": ["m"]}),
        (b'{"detail": [{"loc": ["body", 12], "msg": "m"}]}', "m", {"": ["m"]}),
        (b'{"detail": [{"loc": ["body", "<b>"], "msg": "m"}]}', "m", {"": ["m"]}),
        (
            b'{"detail": [{"loc": "title", "msg": "m"}, 5, "plain"]}',
            "m; plain",
            {"": ["m", "plain"]},
        ),
        (b'{"detail": [{"loc": ["body", "title"], "msg": 5}]}', "", {}),
        (b'{"detail": {"a": 1}}', "", {}),
        (b'{"detail": null}', "", {}),
        (b'{"detail": ""}', "", {}),
        (b"[]", "", {}),
        (b"<html>", "", {}),
    ],
)
def test_the_words_of_an_error(body: bytes, detail: str, fields: dict[str, list[str]]) -> None:
    assert error_text(body) == (detail, fields)


def test_words_are_one_short_line_without_controls_and_secrets() -> None:
    secret = SecretStr("tok-123")
    assert plain_text("a\r\nb\t\x1b[31mc\u202e\u200bd\ud800") == "a b [31mcd"
    assert plain_text("your tok\x00-123 ended", [secret]) == "your [hidden] ended"
    assert len(plain_text("x" * 10_000)) == 500
    cut = plain_text("x" * 496 + "tok-123", [secret])
    assert "tok" not in cut
    body = b'{"detail": [{"loc": ["body", "tok-123"], "msg": "no tok-123"}]}'
    assert error_text(body, [secret]) == ("no [hidden]", {"": ["no [hidden]"]})


def test_messages_are_bounded() -> None:
    body = b'{"detail": [' + b",".join([b'{"loc": ["body", "title"], "msg": "m"}'] * 1_000) + b"]}"
    detail, fields = error_text(body)
    assert 400 < len(detail) <= 500
    assert len(fields["title"]) == 50


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0.0),
        ("3", 3.0),
        (" 3 ", 3.0),
        ("1.5", 1.5),
        ("3600", 3600.0),
        ("999999999", 86_400.0),
        ("9" * 5_000, None),
        ("Fri, 05 Jul 2024 12:00:30 GMT", 30.0),
        ("Fri, 05 Jul 2024 12:00:30 -0000", 30.0),
        ("Fri, 05 Jul 2024 11:00:00 GMT", 0.0),
        ("Fri, 99 Jul 2024 11:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, datetime(2024, 7, 5, 12, tzinfo=UTC)) == seconds
