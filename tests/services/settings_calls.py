"""What the tests of settings and of creating share: values, pictures, and a look at the wire."""

import hashlib
import io
import itertools
from email.message import Message
from typing import Any, NamedTuple

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from caigunn_admin.activity.models import Change, Kind
from chatbots import images
from chatbots.sandbox import Chatbot, RecordedRequest, StoredFile
from chatbots.services import settings as service

from .conftest import Desk

KEYS = (f"key-{number}" for number in itertools.count())


def picture_bytes(form: str = "PNG", size: tuple[int, int] = (40, 30), **how: Any) -> bytes:
    """A picture of one colour."""
    buffer = io.BytesIO()
    Image.new("RGB", size, "teal").save(buffer, form, **how)
    return buffer.getvalue()


def picture(name: str = "客服 avatar.png", form: str = "PNG") -> images.CheckedImage:
    """A picture as the form gives it to the service."""
    return images.check(SimpleUploadedFile(name, picture_bytes(form)))


def all_settings(desk: Desk) -> dict[str, Any]:
    """A new value for each of the thirteen settings."""
    return {
        "title": "訂單查詢 “Orders” & more #1",
        "avatar": picture(),
        "main_color": "#0f766e",
        "is_default_visible": True,
        "button_style": "image",
        "button_image": picture("button.jpg", "JPEG"),
        "initial_messages": [
            {"type": "text", "value": '您好！ "quoted" & <b>'},
            {"type": "text", "value": "👋"},
        ],
        "is_fixed": False,
        "show_history": True,
        "allowed_domains": ["https://shop.example.com", "http://localhost:3000"],
        "model_id": desk.sandbox.models[1].id,
        "prompt": "第一行\nSecond line: 100 % & #1",
        "is_shared": True,
    }


def ready(desk: Desk) -> Chatbot:
    """A chatbot whose readable settings all differ from `all_settings`."""
    bot = desk.bots[0]
    model = desk.sandbox.models[0].reference
    desk.sandbox.edit(bot.id, title="Old", prompt="Old prompt", is_shared=False, model=model)
    desk.forget_calls()
    return bot


def save(desk: Desk, bot: Chatbot, values: dict[str, Any], **how: Any) -> service.SavedSettings:
    """Save as a form does that was opened at this moment, unless `started_from` says otherwise."""
    access = desk.access()
    if "started_from" not in how:
        how["started_from"] = service.started_from(access.client.get_chatbot(bot.id))
        desk.forget_calls()
    how.setdefault("form_key", next(KEYS))
    return service.save(access, bot.id, service.Asked(values), **how)


def change(kind: Kind = Kind.SETTINGS) -> Change:
    """The one Change of the kind."""
    return Change.objects.get(kind=kind)


def held(bot: Chatbot, name: str) -> Any:
    """What Caigunn has for a setting."""
    if name == "model_id":
        model = bot.fields["model"]
        assert isinstance(model, dict)
        return model["id"]
    return bot.fields[name] if name in service.READABLE else bot.settings[name]


def as_stored(value: Any) -> Any:
    """What Caigunn keeps of a value: of a picture its name, type, size and SHA-256."""
    if not isinstance(value, images.CheckedImage):
        return value
    content = value.upload.content
    digest = hashlib.sha256(content).hexdigest()
    return StoredFile(value.upload.name, value.upload.content_type, len(content), digest)


class Part(NamedTuple):
    """A part of a multipart body, as it was on the wire."""

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parts(request: RecordedRequest) -> list[Part]:
    """The parts of a multipart request, in their order."""
    envelope = Message()
    envelope["content-type"] = request.headers["content-type"]
    assert envelope.get_content_type() == "multipart/form-data"
    boundary = str(envelope.get_param("boundary")).encode()
    first, *found, last = request.body.split(b"--" + boundary)
    assert (first, last) == (b"", b"--\r\n")
    return [_part(one) for one in found]


def _part(raw: bytes) -> Part:
    head, _, content = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    kind, *rest = headers.pop("Content-Disposition").split("; ", 2)
    named = dict(item.split("=", 1) for item in rest)
    content_type = headers.pop("Content-Type", None)
    assert (kind, headers) == ("form-data", {})
    filename = named["filename"][1:-1] if "filename" in named else None
    return Part(named["name"][1:-1], filename, content_type, content.removesuffix(b"\r\n"))
