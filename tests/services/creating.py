"""What the tests of creating share."""

from typing import Any

from chatbots.sandbox import Chatbot
from chatbots.services import lifecycle
from chatbots.services.settings import Asked

from .conftest import Desk
from .settings_calls import KEYS

TITLE = "新客服 “Desk” & Co. #1"
WEBHOOK_URL = "https://new.example.com/hook?bot=1"


def wanted(
    desk: Desk,
    title: str = TITLE,
    webhook_url: str | None = None,
    settings: dict[str, Any] | None = None,
) -> lifecycle.NewChatbot:
    """A new chatbot of the second plan."""
    plan = desk.sandbox.users[0].plans[1]
    return lifecycle.NewChatbot(title, plan.id, webhook_url, Asked(settings or {}))


def create(desk: Desk, new: lifecycle.NewChatbot, key: str = "") -> lifecycle.Created:
    return lifecycle.create(desk.access(), new, form_key=key or next(KEYS))


def titled(desk: Desk, title: str = TITLE) -> list[Chatbot]:
    """The chatbots of this title that Caigunn has."""
    return [bot for bot in desk.bots if bot.title == title]
