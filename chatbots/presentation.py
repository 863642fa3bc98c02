"""The detail page's order of things: every field of Get Chatbot Info stands in one group."""

import json
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from chatbots.caigunn import ChatbotInfo
from chatbots.services.details import ChatbotReading

Kind = Literal[
    "text", "code", "long", "number", "yes_no", "moment", "link", "plan", "json", "secret", "meter"
]


@dataclass(frozen=True)
class Field:
    """One line: `value` is None where it is unknown; `hint` and `limit` help to read it."""

    name: str
    label: str | Promise
    kind: Kind
    value: Any
    is_unreadable: bool = False
    hint: str = ""
    limit: int | None = None

    @property
    def high(self) -> int:
        """Where a meter begins to warn: nine tenths of its limit."""
        return (self.limit or 0) * 9 // 10

    @property
    def is_web_address(self) -> bool:
        """Whether the value may become a link: text from outside is one only with http or https."""
        return isinstance(self.value, str) and is_web_address(self.value)


@dataclass(frozen=True)
class Group:
    """Fields that answer one question together."""

    name: str
    title: str | Promise
    fields: tuple[Field, ...]


# (field, label, kind); the order is that of the page.
GROUPS: tuple[tuple[str, str | Promise, tuple[tuple[str, str | Promise, Kind], ...]], ...] = (
    (
        "api",
        _("API access"),
        (
            ("id", _("Chatbot ID"), "code"),
            ("api_key", _("API key"), "secret"),
            ("is_api_accessible", _("API is accessible"), "yes_no"),
        ),
    ),
    (
        "limits",
        _("Plan and limits"),
        (
            ("plan_id", _("Plan"), "plan"),
            ("next_plan_id", _("Next plan"), "plan"),
            ("is_free", _("Free"), "yes_no"),
            ("qa_generate_count", _("Generated Q&A"), "meter"),
            ("qa_generate_limit", _("Limit of generated Q&A"), "number"),
            ("message_limit", _("Message limit"), "number"),
            ("character_limit", _("Character limit"), "number"),
            ("crawler_limit", _("Crawler limit"), "number"),
            ("training_limit", _("Training limit"), "number"),
            ("total_file_size_limit", _("Limit of all file sizes"), "number"),
            ("usage_notification", _("Usage notification"), "number"),
            ("coupon", _("Coupon"), "json"),
        ),
    ),
    (
        "period",
        _("Billing period"),
        (
            ("period_start_at", _("Began"), "moment"),
            ("period_end_at", _("Ends"), "moment"),
            ("limits_reset_day", _("Limits are reset on day"), "number"),
        ),
    ),
    (
        "model",
        _("Model"),
        (
            ("model", _("Model"), "json"),
            ("temperature", _("Temperature"), "number"),
            ("file_model_id", _("File model ID"), "code"),
            ("crawler_model_id", _("Crawler model ID"), "code"),
            ("text_model_id", _("Text model ID"), "code"),
        ),
    ),
    (
        "prompt",
        _("Prompt"),
        (
            ("prompt", _("Prompt"), "long"),
            ("is_prompt_template_accessible", _("Prompt template is accessible"), "yes_no"),
        ),
    ),
    (
        "training",
        _("Training"),
        (
            ("is_ready_for_train", _("Ready for training"), "yes_no"),
            ("training_data_type", _("Type of training data"), "text"),
            ("store_source_data", _("Source data is stored"), "yes_no"),
            ("preview_chunks", _("Chunks can be previewed"), "yes_no"),
            ("is_chunks_editable", _("Chunks can be edited"), "yes_no"),
        ),
    ),
    (
        "opentalk",
        _("OpenTalk"),
        (
            ("opentalk_host", _("Host"), "link"),
            ("opentalk_account", _("Account"), "text"),
            ("opentalk_api_token", _("API token"), "secret"),
            ("opentalk_user_id", _("User ID"), "code"),
            ("opentalk_device_id", _("Device ID"), "code"),
            ("opentalk_device_name", _("Device name"), "text"),
            ("opentalk_device_type", _("Device type"), "text"),
            ("bound_at", _("Bound"), "moment"),
            ("use_opentalk_conversation", _("Conversations go through OpenTalk"), "yes_no"),
        ),
    ),
    (
        "sharing",
        _("Sharing"),
        (
            ("is_shared", _("Shared"), "yes_no"),
            ("share_link", _("Share link"), "link"),
        ),
    ),
    (
        "times",
        _("Times"),
        (
            ("created_at", _("Created"), "moment"),
            ("updated_at", _("Last changed"), "moment"),
            ("is_deleted", _("Deleted"), "yes_no"),
            ("deleted_at", _("Deleted at"), "moment"),
        ),
    ),
)


@dataclass(frozen=True)
class Mark:
    """One thing of the set-up at a glance. `tone` is good, warning or empty: nothing to judge."""

    label: str | Promise
    field: Field
    tone: Literal["good", "warning", ""] = ""


# Shown outside the groups: in the heading and in the webhook panel.
SHOWN_APART = frozenset({"title", "webhook_url"})


def groups(reading: ChatbotReading, plan_titles: dict[str, str]) -> list[Group]:
    """All groups with their values; what nobody documented stands under *Other*."""
    drawn = [
        Group(name, title, tuple(_field(reading, plan_titles, *entry) for entry in entries))
        for name, title, entries in GROUPS
    ]
    other = [Field("user_id", _("User ID"), "code", reading.info.user_id)]
    other += [
        Field(name, name, "json", _pretty(value))
        for name, value in sorted(reading.info.other.items())
    ]
    return [*drawn, Group("other", _("Other"), tuple(other))]


def marks(info: ChatbotInfo, drawn: list[Group]) -> list[Mark]:
    """Whether the chatbot is set up right, beside its webhook: API, plan, use, billing period.
    Their fields are those of the groups."""
    fields = {field.name: field for group in drawn for field in group.fields}
    accessible: dict[bool | None, Literal["good", "warning", ""]] = {True: "good", False: "warning"}
    count, limit = info.qa_generate_count, info.qa_generate_limit
    # One that is not positive is no limit.
    high = fields["qa_generate_count"].high
    is_near = bool(count and limit and limit > 0 and count >= high)
    ended = info.period_end_at is not None and info.period_end_at < timezone.now()
    return [
        Mark(
            _("API is accessible"),
            fields["is_api_accessible"],
            accessible.get(info.is_api_accessible, ""),
        ),
        Mark(_("Plan"), fields["plan_id"]),
        Mark(_("Generated Q&A"), fields["qa_generate_count"], "warning" if is_near else ""),
        Mark(
            _("Billing period ended") if ended else _("Billing period ends"),
            fields["period_end_at"],
            "warning" if ended else "",
        ),
    ]


def _field(
    reading: ChatbotReading,
    plan_titles: dict[str, str],
    name: str,
    label: str | Promise,
    kind: Kind,
) -> Field:
    info = reading.info
    value: Any = None if kind == "secret" else getattr(info, name)
    hint, limit = "", None
    if kind == "secret":
        value, hint = (name in reading.hints) or None, reading.hints.get(name, "")
    elif name == "model" and info.model is not None:
        value = _pretty(info.model.model_dump(mode="json"))
    elif kind == "json" and value is not None:
        value = _pretty(value)
    elif kind == "plan":
        hint = plan_titles.get(value or "", "")
    elif kind == "meter":
        limit = info.qa_generate_limit
    return Field(name, label, kind, value, name in reading.unreadable, hint, limit)


def _pretty(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, indent=2)


def is_web_address(text: str) -> bool:
    """Whether text from outside may become a link."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme.lower() in {"http", "https"} and bool(parts.hostname)
