"""The forms of create, edit and delete, as a browser without JavaScript fills them in."""

import io
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import CHATBOTS
from tests.pages.drawn import Drawn, Form, assert_page, drawn

NEW = "/chatbots/new/"
HOOK = "https://new.example.com/hook"
# A title that anything careless with quoting breaks.
HOSTILE = "<script>alert(1)</script> & \"quoted\" 'too' # 100% 客服 ☕ " + "長" * 250
NEVER = "00000000-0000-4000-8000-00000000dead"


def picture(name: str = "face.png", colour: str = "#0f766e") -> SimpleUploadedFile:
    """A small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), colour).save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue(), "image/png")


def edit_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/edit/"


def webhook_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/webhook/"


def delete_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/delete/"


def opened(client: Client, url: str) -> Form:
    """The form at an address, open in the browser."""
    return assert_page(client.get(url)).form(url.partition("?")[0])


def everything(**more: Any) -> dict[str, Any]:
    """A value for each of the settings, the title excepted."""
    return {
        "prompt": "Answer kindly.\nIn 繁體中文.",
        "is_shared": "true",
        "avatar": picture("avatar.png"),
        "main_color": "#123abc",
        "is_default_visible": "false",
        "button_style": "image",
        "button_image": picture("button.png", "#ffffff"),
        "initial_messages": ["Hello <b>&</b>", "", "您好"],
        "is_fixed": "true",
        "show_history": "false",
        "allowed_domains": "https://a.example\nhttp://localhost:3000/",
    } | more


def refused(name: str, message: str = "Not like this") -> dict[str, Any]:
    """Caigunn's own 422 about a field."""
    return {"detail": [{"loc": ["body", name], "msg": message, "type": "value_error"}]}


def count(sandbox: Sandbox, method: str) -> int:
    """How many calls with this method reached the sandbox."""
    return sum(one.method == method for one in sandbox.requests)


def creations(sandbox: Sandbox) -> int:
    """How many times a chatbot was asked for."""
    return sum((one.method, one.path) == ("POST", CHATBOTS) for one in sandbox.requests)


def errors_of(page: Drawn, name: str) -> bool:
    """Whether there are messages beside the field."""
    return f"id_{name}_error" in page.ids


def follow(client: Client, response: Any) -> Drawn:
    """The page that a redirect leads to."""
    assert response.status_code == 302, drawn(response).text[:1500]
    return assert_page(client.get(response["Location"]))
