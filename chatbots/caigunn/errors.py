"""One exception for each reaction of the dashboard to what Caigunn answers, or does not answer."""

# ruff: noqa: N818 - named after what happened: the reader meets them beside the word "Caigunn"

from typing import ClassVar, Literal

Kind = Literal["read", "write", "once"]
"""read: may be sent again. write: only by the caller, after a read. once: never."""

Fields = dict[str, list[str]]
"""Messages by the API name of the field; what belongs to no field stands under `""`."""


class CaigunnError(Exception):
    """Anything that keeps a call from giving its result.

    `str(error)` is a sentence of our own, safe to log. `detail` is Caigunn's own words: text from
    outside, at most 500 characters, without control characters and secrets; often empty. `status`
    is the HTTP status, None where there was none.
    """

    sentence: ClassVar[str] = "The call to Caigunn failed"

    def __init__(
        self, *, detail: str = "", status: int | None = None, request_id: str = ""
    ) -> None:
        self.detail = detail
        self.status = status
        self.request_id = request_id
        super().__init__()

    def __str__(self) -> str:
        return self.sentence + (f" (HTTP {self.status})." if self.status else ".")

    def __repr__(self) -> str:
        return f"{type(self).__name__}(status={self.status}, request_id={self.request_id!r})"


class TokenRejected(CaigunnError):
    """401 or 403, and a plan read with the same token was refused as well."""

    sentence = "Caigunn refused the access token"


class Forbidden(CaigunnError):
    """401 or 403 to this call, while the token is not known to be refused. Nothing was written."""

    sentence = "Caigunn did not allow this call"


class NotFound(CaigunnError):
    """404 to something with an address of its own. To a webhook write also: no such route."""

    sentence = "Caigunn does not know what was asked for"


class Rejected(CaigunnError):
    """400, 422 or another 4xx: the request was understood and refused. Nothing was written."""

    sentence = "Caigunn rejected the request"

    def __init__(
        self,
        *,
        detail: str = "",
        status: int | None = None,
        request_id: str = "",
        fields: Fields | None = None,
    ) -> None:
        super().__init__(detail=detail, status=status, request_id=request_id)
        self.fields: Fields = fields or {}


class RateLimited(CaigunnError):
    """429. Nothing was written. `retry_after` is in seconds, None where Caigunn named no time."""

    sentence = "Caigunn asks to wait before the next call"

    def __init__(
        self,
        *,
        detail: str = "",
        status: int | None = None,
        request_id: str = "",
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail=detail, status=status, request_id=request_id)
        self.retry_after = retry_after


class Unavailable(CaigunnError):
    """A read that failed, or a write that certainly never left this machine."""

    sentence = "Caigunn could not be reached"

    def __init__(
        self,
        *,
        detail: str = "",
        status: int | None = None,
        request_id: str = "",
        timed_out: bool = False,
    ) -> None:
        super().__init__(detail=detail, status=status, request_id=request_id)
        self.timed_out = timed_out


class OutcomeUnknown(CaigunnError):
    """A write that may have been made: only a read can tell. Never repeat it unseen."""

    sentence = "Caigunn may have made this change, its answer did not say"

    def __init__(
        self,
        *,
        detail: str = "",
        status: int | None = None,
        request_id: str = "",
        timed_out: bool = False,
    ) -> None:
        super().__init__(detail=detail, status=status, request_id=request_id)
        self.timed_out = timed_out


class UnexpectedAnswer(CaigunnError):
    """A read was answered with something else than what is documented."""

    sentence = "Caigunn answered a read in an unknown way"


AUTH_STATUSES = frozenset({401, 403})
# A gateway gave up waiting for the request, which says nothing about the values in it.
_UNCLEAR_4XX = frozenset({408, 425})


def error_for_status(  # noqa: PLR0911 - a table, read from top to bottom
    status: int,
    *,
    kind: Kind,
    collection: bool = False,
    detail: str = "",
    fields: Fields | None = None,
    retry_after: float | None = None,
    request_id: str = "",
) -> CaigunnError | None:
    """The exception for a status, None for a success (notes §8, design §10).

    `collection` marks a path that exists wherever Caigunn does, so that a 404 there is no missing
    chatbot. For 401 and 403 this is `Forbidden`; only a second read can tell `TokenRejected`.
    """
    if 200 <= status < 300:
        return None
    if status in AUTH_STATUSES:
        return Forbidden(detail=detail, status=status, request_id=request_id)
    if status == 404 and not collection:
        return NotFound(detail=detail, status=status, request_id=request_id)
    if status == 404 and kind == "read":
        return UnexpectedAnswer(detail=detail, status=status, request_id=request_id)
    if status == 429:
        return RateLimited(
            detail=detail, status=status, request_id=request_id, retry_after=retry_after
        )
    if 400 <= status < 500 and status not in _UNCLEAR_4XX:
        return Rejected(detail=detail, status=status, request_id=request_id, fields=fields)
    if kind != "read":
        return OutcomeUnknown(detail=detail, status=status, request_id=request_id)
    if 400 <= status < 600:
        return Unavailable(
            detail=detail, status=status, request_id=request_id, timed_out=status in {408, 504}
        )
    return UnexpectedAnswer(detail=detail, status=status, request_id=request_id)
