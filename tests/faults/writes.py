"""The four writes of a chatbot, as the tests of this folder ask for them and look at them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chatbots.sandbox import Chatbot, Sandbox

OLD_URL, NEW_URL = "https://old.example.com/hook", "https://new.example.com/hook"
OLD_TITLE, NEW_TITLE = "訂單查詢", "訂單與退貨查詢"
CHATBOT = r"/user/chatbot/[^/]+$"
CHATBOTS = "/user/chatbot$"
OF_EXISTING = ("webhook", "settings", "delete")


@dataclass(frozen=True)
class Write:
    """A write of the chatbot that `bot` gives; `told` is what whoever asked is told of success."""

    method: str
    path: str
    """Of the request that writes, as a regular expression."""
    command: Callable[[Sandbox, str], tuple[str, ...]]
    """What a child is told, with the key of the form."""
    told: Callable[[Sandbox], Any]
    holds: Callable[[Sandbox], dict[str, Any]]
    """What Caigunn has, as a Change of the write says it."""
    is_done: Callable[[Sandbox], bool]

    def count(self, caigunn: Sandbox) -> int:
        """How many requests to write have reached Caigunn."""
        return sum(one.method == self.method for one in caigunn.requests)


def bot(caigunn: Sandbox) -> Chatbot:
    """The chatbot that is written."""
    return caigunn.users[0].all_chatbots[0]


def prepare(caigunn: Sandbox) -> None:
    """Give it the values that the writes start from."""
    caigunn.edit(bot(caigunn).id, webhook_url=OLD_URL, title=OLD_TITLE)


def made(caigunn: Sandbox) -> list[str]:
    """The ids of the chatbots that were created since the start."""
    return [one.id for one in caigunn.users[0].all_chatbots[2:]]


WRITES = {
    "webhook": Write(
        method="PUT",
        path="/chatbot/webhook$",
        command=lambda caigunn, key: (*("save_webhook", bot(caigunn).id, NEW_URL, OLD_URL, key),),
        told=lambda _: NEW_URL,
        holds=lambda caigunn: {"webhook_url": bot(caigunn).webhook_url},
        is_done=lambda caigunn: bot(caigunn).webhook_url == NEW_URL,
    ),
    "settings": Write(
        method="PUT",
        path=CHATBOT,
        command=lambda caigunn, key: (
            *("save_settings", bot(caigunn).id),
            *(json.dumps({"title": NEW_TITLE}), json.dumps({"title": OLD_TITLE}), key),
        ),
        told=lambda _: ["title"],
        holds=lambda caigunn: {"title": bot(caigunn).title},
        is_done=lambda caigunn: bot(caigunn).title == NEW_TITLE,
    ),
    "delete": Write(
        method="DELETE",
        path=CHATBOT,
        command=lambda caigunn, key: ("delete", bot(caigunn).id, key),
        told=lambda _: "gone",
        holds=lambda caigunn: {"is_deleted": bot(caigunn).is_deleted},
        is_done=lambda caigunn: bot(caigunn).is_deleted,
    ),
    "create": Write(
        method="POST",
        path=CHATBOTS,
        command=lambda caigunn, key: ("create", NEW_TITLE, caigunn.users[0].plans[0].id, key),
        told=made,
        holds=lambda caigunn: {"title": NEW_TITLE, "plan_id": caigunn.users[0].plans[0].id},
        is_done=lambda caigunn: bool(made(caigunn)),
    ),
}
