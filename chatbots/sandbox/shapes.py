"""The documented shape of every query, form and JSON body; whatever else comes is refused.

A value that a member could have typed wrong is a `value_error`: an ordinary 422. Every other
error means that the client sent what the documentation does not know.
"""

import re
from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal, TypeVar
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    InstanceOf,
    Json,
    NonNegativeInt,
    ValidationError,
)
from pydantic_core import PydanticCustomError

from .messages import RefusedError, Request
from .multipart import FilePart, read_multipart


def _web_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("must be a URL that starts with http:// or https://")
    return value


def _web_url_or_empty(value: str) -> str:
    return value and _web_url(value)


def _origin(value: str) -> str:
    if urlsplit(_web_url(value))[2:] not in {("", "", ""), ("/", "", "")}:
        raise ValueError("must be an origin: scheme, host and port")
    return value


def _iso_date(value: str) -> date:
    # fromisoformat alone would let 20240705 and 2024-W27-5 through.
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value, re.ASCII):
        raise PydanticCustomError("date_parsing", "Input should be a date as YYYY-MM-DD")
    return date.fromisoformat(value)


def _true_or_false(value: str) -> bool:
    if value not in {"true", "false"}:
        raise PydanticCustomError("bool_parsing", "Input should be true or false")
    return value == "true"


_Date = Annotated[date, BeforeValidator(_iso_date)]
_Flag = Annotated[bool, BeforeValidator(_true_or_false)]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class Nothing(_Shape):
    """No parameter at all."""


class Page(_Shape):
    """Query of Get Plans and Get All Chatbots."""

    offset: NonNegativeInt = 0
    limit: NonNegativeInt = 30


class Refresh(_Shape):
    """Query of Refresh Caigunn Access Token."""

    expired_date: _Date | None = None


class NewChatbot(_Shape):
    """Query and form of Create Chatbot (notes §3)."""

    title: str
    plan_id: UUID


class PartOfNewChatbot(_Shape):
    """The other one of query and form of Create Chatbot: it may be there, and is not read."""

    title: str | None = None
    plan_id: UUID | None = None


class InitialMessage(_Shape):
    """One item of `initial_messages`."""

    type: Literal["text"]
    value: str


class Settings(_Shape):
    """Form of Update Chatbot (notes §2)."""

    title: str | None = None
    avatar: InstanceOf[FilePart] | None = None
    main_color: str | None = None
    is_default_visible: _Flag | None = None
    button_style: Literal["basic", "image"] | None = None
    button_image: InstanceOf[FilePart] | None = None
    initial_messages: Json[list[InitialMessage]] | None = None
    is_fixed: _Flag | None = None
    show_history: _Flag | None = None
    allowed_domains: Json[list[Annotated[str, AfterValidator(_origin)]]] | None = None
    model_id: UUID | None = None
    prompt: str | None = None
    is_shared: _Flag | None = None


class WebhookOfLine(_Shape):
    """JSON of request A (notes §1); "" clears."""

    webhook_url: Annotated[str, AfterValidator(_web_url_or_empty)]


class WebhookOfSamples(_Shape):
    """JSON of request B (notes §1); null clears."""

    webhook_url: Annotated[str, AfterValidator(_web_url)] | None


_ShapeType = TypeVar("_ShapeType", bound=_Shape)


def read_query(request: Request, shape: type[_ShapeType]) -> _ShapeType:
    """The query as `shape`. Raises RefusedError (422)."""
    return _validate(shape, _unique(request.query, "query"), "query")


def read_form(request: Request, shape: type[_ShapeType]) -> _ShapeType:
    """The form, multipart or URL-encoded, as `shape`. Raises RefusedError (400, 422)."""
    pairs: Sequence[tuple[str, str | FilePart]]
    match request.media_type:
        case "multipart/form-data":
            pairs = read_multipart(request)
        case "application/x-www-form-urlencoded":
            pairs = parse_qsl(_decode(request.body), keep_blank_values=True)
        case "" | "application/json" if not request.body:
            pairs = []
        case other:
            raise RefusedError(422, _missing("body"), why=f"not a form but {other or 'of no type'}")
    return _validate(shape, _unique(pairs, "body"), "body")


def read_json(request: Request, shape: type[_ShapeType]) -> _ShapeType:
    """The JSON body as `shape`. Raises RefusedError (422)."""
    if request.media_type != "application/json":
        raise RefusedError(
            422, _missing("body"), why=f"not JSON but {request.media_type or 'untyped'}"
        )
    try:
        return shape.model_validate_json(request.body)
    except ValidationError as error:
        raise _refusal(error, "body") from None


def expect_no_body(request: Request) -> None:
    """Raises RefusedError (400) if there is one."""
    if request.body:
        raise RefusedError(
            400, "There was an error parsing the body", why="a body is not documented"
        )


def _validate(shape: type[_ShapeType], values: dict[str, str | FilePart], at: str) -> _ShapeType:
    try:
        return shape.model_validate(values)
    except ValidationError as error:
        raise _refusal(error, at) from None


def _refusal(error: ValidationError, at: str) -> RefusedError:
    problems = [
        {"loc": [at, *item["loc"]], "msg": item["msg"], "type": item["type"]}
        for item in error.errors()
    ]
    undocumented = [item for item in problems if item["type"] != "value_error"]
    why = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in undocumented)
    return RefusedError(422, problems, why=why or None)


def _unique(pairs: Sequence[tuple[str, str | FilePart]], at: str) -> dict[str, str | FilePart]:
    values: dict[str, str | FilePart] = dict(pairs)
    if len(values) != len(pairs):
        detail = [{"loc": [at], "msg": "A field is given twice", "type": "too_long"}]
        raise RefusedError(422, detail, why=f"{at}: a field is given twice")
    return values


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise RefusedError(
            400, "There was an error parsing the body", why="the form is not UTF-8"
        ) from None


def _missing(*loc: str) -> list[dict[str, object]]:
    return [{"loc": list(loc), "msg": "Field required", "type": "missing"}]
