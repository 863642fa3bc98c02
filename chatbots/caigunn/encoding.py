"""What is sent in the body of a request: form, JSON and multipart (notes §1 to §3)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Literal, NamedTuple
from urllib.parse import urlencode

from urllib3.fields import RequestField  # noqa: TID251 - the one place that encodes multipart
from urllib3.filepost import encode_multipart_formdata  # noqa: TID251

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,64}/[A-Za-z0-9!#$&^_.+-]{1,64}")


class Body(NamedTuple):
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class UploadedImage:
    """A picture to send. Raises ValueError where the content type is not a media type."""

    name: str
    content_type: str
    content: bytes = field(repr=False)

    def __post_init__(self) -> None:
        # The content type is written into the body as it is: a line break would begin a header.
        if not _MEDIA_TYPE.fullmatch(self.content_type):
            raise ValueError("The content type of the image is not a media type.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsUpdate:
    """The fields of Update Chatbot. None means: do not send it, Caigunn keeps what it has.

    `prompt=""` clears the prompt, the only field that is offered for clearing (notes §2).
    """

    title: str | None = None
    avatar: UploadedImage | None = None
    main_color: str | None = None
    is_default_visible: bool | None = None
    button_style: Literal["basic", "image"] | None = None
    button_image: UploadedImage | None = None
    initial_messages: Sequence[Mapping[str, str]] | None = None
    is_fixed: bool | None = None
    show_history: bool | None = None
    allowed_domains: Sequence[str] | None = None
    model_id: str | None = None
    prompt: str | None = field(default=None, repr=False)
    is_shared: bool | None = None

    def given(self) -> dict[str, object]:
        """The fields that are to be sent, by their API names."""
        values = ((item.name, getattr(self, item.name)) for item in fields(self))
        return {name: value for name, value in values if value is not None}


def form_body(values: Mapping[str, str]) -> Body:
    return Body(urlencode(values).encode("ascii"), "application/x-www-form-urlencoded")


def json_body(value: object) -> Body:
    return Body(json.dumps(value, ensure_ascii=False).encode("utf-8"), "application/json")


def multipart_body(settings: SettingsUpdate) -> Body:
    """The given settings as form data (notes §2). Raises ValueError where none is given."""
    parts = [_part(name, value) for name, value in settings.given().items()]
    if not parts:
        raise ValueError("There is no setting to send.")
    content, content_type = encode_multipart_formdata(parts)
    return Body(content, content_type)


def _part(name: str, value: object) -> RequestField:
    if isinstance(value, UploadedImage):
        # Without a name a server takes the part for text, not for a file.
        part = RequestField(name, value.content, filename=value.name or name)
        part.make_multipart(content_type=value.content_type)
        return part
    part = RequestField(name, _text(value))
    part.make_multipart()
    return part


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        items = [dict(item) if isinstance(item, Mapping) else item for item in value]
        return json.dumps(items, ensure_ascii=False)
    raise TypeError(f"A setting of type {type(value).__name__} cannot be sent.")
