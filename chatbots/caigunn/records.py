"""Typed records from Caigunn's JSON.

Any field may be null, missing, new or of another type than documented (notes §7). What cannot be
read is None, which means unknown and never 0 or False; it does not take its record with it.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, SecretStr
from pydantic import ValidationError as InvalidRecord

from .answers import finite

T = TypeVar("T")
_CHATBOT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_chatbot_id(value: object) -> bool:
    """Whether the value can stand in the path of a call: `[A-Za-z0-9_-]{1,64}`."""
    return isinstance(value, str) and _CHATBOT_ID.fullmatch(value) is not None


def _moment(value: object) -> object:
    if not isinstance(value, str):
        return value if value is None else _wrong("a moment in ISO 8601")
    moment = datetime.fromisoformat(value.strip())
    # Next to the ends of the calendar a change of time zone overflows.
    if not 1900 <= moment.year < 9999:
        _wrong("a year from 1900 to 9998")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _whole(value: object) -> object:
    if isinstance(value, float) and math.isfinite(value) and value.is_integer():
        return int(value)
    return value


def _wrong(wanted: str) -> object:
    raise ValueError(f"not {wanted}")


Moment = Annotated[datetime, BeforeValidator(_moment)]
Whole = Annotated[int, BeforeValidator(_whole)]
Real = Annotated[float, Field(allow_inf_nan=False)]
AnyJSON = Annotated[dict[str, object], BeforeValidator(finite)]


class Record(BaseModel):
    """What every record has: fields that may be unknown, and those that nobody documented."""

    model_config = ConfigDict(
        frozen=True, extra="allow", strict=True, protected_namespaces=(), hide_input_in_errors=True
    )
    _unreadable: frozenset[str] = PrivateAttr(default=frozenset())

    @classmethod
    def read(cls, row: Mapping[str, object]) -> Self:
        """The record of one JSON object. Never fails: what is of the wrong type becomes None."""
        try:
            return cls.model_validate(row)
        except InvalidRecord as error:
            wrong = [item["loc"] for item in error.errors(include_url=False, include_input=False)]
        cleaned: Mapping[str, object] = row
        for loc in wrong:
            cleaned = _blanked(cleaned, loc)
        record = cls.model_validate(cleaned)
        record._unreadable = frozenset(str(loc[0]) for loc in wrong)  # noqa: SLF001 - its own
        return record

    @property
    def unreadable(self) -> frozenset[str]:
        """Documented fields that were there, but not of their documented type."""
        return self._unreadable

    @property
    def other(self) -> dict[str, object]:
        """Fields that nobody documented, as Caigunn sent them."""
        extra = self.__pydantic_extra__ or {}
        return {name: finite(value) for name, value in extra.items()}

    def __repr_args__(self) -> Iterator[tuple[str | None, object]]:
        # Titles, prompts, webhook URLs and unknown fields are nobody's business in a log.
        for name in ("id", "chatbot_id"):
            if name in type(self).model_fields:
                yield name, getattr(self, name)


def _blanked(row: Mapping[str, object], loc: tuple[int | str, ...]) -> dict[str, object]:
    name, rest = str(loc[0]), loc[1:]
    inner = row.get(name)
    nested = rest and isinstance(inner, Mapping) and rest[0] in inner
    return {**row, name: _blanked(inner, rest) if nested and isinstance(inner, Mapping) else None}


class Plan(Record):
    """Get Plans. `price` has no currency (notes §4)."""

    id: str
    title: str | None = None
    crawler_limit: Whole | None = None
    character_limit: Whole | None = None
    training_limit: Whole | None = None
    price: int | Real | None = None


class ChatbotSummary(Record):
    """One row of Get All Chatbots."""

    id: str
    title: str | None = None
    api_key: SecretStr | None = None


class ModelRef(Record):
    id: str | None = None
    model_name: str | None = None
    embedding_name: str | None = None


class ChatbotInfo(Record):
    """Get Chatbot Info: all its documented fields, in their documented order."""

    updated_at: Moment | None = None
    created_at: Moment | None = None
    id: str | None = None
    title: str | None = None
    user_id: str | None = None
    is_deleted: bool | None = None
    deleted_at: Moment | None = None
    prompt: str | None = None
    temperature: int | Real | None = None
    is_ready_for_train: bool | None = None
    is_shared: bool | None = None
    share_link: str | None = None
    is_free: bool | None = None
    training_data_type: str | None = None
    file_model_id: str | None = None
    crawler_model_id: str | None = None
    text_model_id: str | None = None
    usage_notification: Whole | None = None
    message_limit: Whole | None = None
    character_limit: Whole | None = None
    crawler_limit: Whole | None = None
    training_limit: Whole | None = None
    plan_id: str | None = None
    period_start_at: Moment | None = None
    period_end_at: Moment | None = None
    api_key: SecretStr | None = None
    total_file_size_limit: int | Real | None = None
    is_api_accessible: bool | None = None
    model: ModelRef | None = None
    opentalk_device_id: str | None = None
    opentalk_device_name: str | None = None
    opentalk_device_type: str | None = None
    bound_at: Moment | None = None
    opentalk_api_token: SecretStr | None = None
    use_opentalk_conversation: bool | None = None
    opentalk_account: str | None = None
    opentalk_user_id: str | None = None
    next_plan_id: str | None = None
    limits_reset_day: Whole | None = None
    coupon: AnyJSON | None = None
    store_source_data: bool | None = None
    is_prompt_template_accessible: bool | None = None
    qa_generate_limit: Whole | None = None
    qa_generate_count: Whole | None = None
    preview_chunks: bool | None = None
    is_chunks_editable: bool | None = None
    opentalk_host: str | None = None
    webhook_url: str | None = None


class CreatedChatbot(Record):
    """Create Chatbot. A server of 2024-07 answers without the two ids (notes §3)."""

    api_key: SecretStr | None = None
    expired_at: Moment | None = None
    chatbot_id: str | None = None
    webchat_id: str | None = None


class Model(Record):
    """One of `GET /api/external/chatbot/model` (notes §2)."""

    id: str
    title: str | None = None
    model_name: str | None = None
    created_at: Moment | None = None
    updated_at: Moment | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One answer of a list. The next offset is this one plus `received`, never plus the limit."""

    items: tuple[T, ...]
    received: int
    """Items that Caigunn sent, the unreadable ones included. 0 is the end of the list."""
    unreadable: int = 0
    """Items without a usable id."""
