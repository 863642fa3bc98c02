"""Status → exception, by table (design §10)."""

import pytest

from chatbots.caigunn.errors import (
    CaigunnError,
    Forbidden,
    Kind,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unavailable,
    UnexpectedAnswer,
    error_for_status,
)

TABLE: list[tuple[int, type[CaigunnError] | None, type[CaigunnError] | None]] = [
    # status, to a read, to a write
    (200, None, None),
    (201, None, None),
    (204, None, None),
    (100, UnexpectedAnswer, OutcomeUnknown),
    (301, UnexpectedAnswer, OutcomeUnknown),
    (302, UnexpectedAnswer, OutcomeUnknown),
    (304, UnexpectedAnswer, OutcomeUnknown),
    (307, UnexpectedAnswer, OutcomeUnknown),
    (400, Rejected, Rejected),
    (401, Forbidden, Forbidden),
    (403, Forbidden, Forbidden),
    (404, NotFound, NotFound),
    (405, Rejected, Rejected),
    (406, Rejected, Rejected),
    (408, Unavailable, OutcomeUnknown),
    (409, Rejected, Rejected),
    (413, Rejected, Rejected),
    (415, Rejected, Rejected),
    (422, Rejected, Rejected),
    (425, Unavailable, OutcomeUnknown),
    (429, RateLimited, RateLimited),
    (451, Rejected, Rejected),
    (500, Unavailable, OutcomeUnknown),
    (502, Unavailable, OutcomeUnknown),
    (503, Unavailable, OutcomeUnknown),
    (504, Unavailable, OutcomeUnknown),
    (599, Unavailable, OutcomeUnknown),
    (600, UnexpectedAnswer, OutcomeUnknown),
    (999, UnexpectedAnswer, OutcomeUnknown),
]


@pytest.mark.parametrize(("status", "read", "write"), TABLE)
@pytest.mark.parametrize("kind", ["read", "write", "once"])
def test_each_status_has_one_exception(
    status: int,
    read: type[CaigunnError] | None,
    write: type[CaigunnError] | None,
    kind: Kind,
) -> None:
    error = error_for_status(status, kind=kind, detail="words", request_id="r")
    wanted = read if kind == "read" else write
    if wanted is None:
        assert error is None
        return
    assert error is not None
    assert type(error) is wanted
    assert (error.status, error.detail, error.request_id) == (status, "words", "r")


def test_a_missing_collection_is_no_missing_chatbot() -> None:
    assert type(error_for_status(404, kind="read", collection=True)) is UnexpectedAnswer
    assert type(error_for_status(404, kind="once", collection=True)) is Rejected


def test_the_wait_and_the_fields_are_kept() -> None:
    limited = error_for_status(429, kind="write", retry_after=7.5)
    assert isinstance(limited, RateLimited)
    assert limited.retry_after == 7.5
    rejected = error_for_status(422, kind="write", fields={"title": ["too long"]})
    assert isinstance(rejected, Rejected)
    assert rejected.fields == {"title": ["too long"]}


def test_the_text_of_an_error_is_ours() -> None:
    error = Rejected(detail="<script>", status=422, request_id="r", fields={"": ["<script>"]})
    assert str(error) == "Caigunn rejected the request (HTTP 422)."
    assert "script" not in repr(error)
    assert str(Unavailable()) == "Caigunn could not be reached."
