"""What the tests of undo and of changes from outside share."""

from typing import Literal

from caigunn_admin.activity.models import Change
from chatbots.sandbox import Chatbot, Fault
from chatbots.services import webhooks

from .conftest import CHATBOT, Desk
from .settings_calls import KEYS

OLD = "https://old.example.com/hook"
NEW = "https://new.example.com/hook"
THIRD = "https://third.example.com/hook"


def webhook(desk: Desk, bot: Chatbot, wanted: str | None) -> Change:
    """A webhook saved from here."""
    done = webhooks.save(
        desk.access(), bot.id, wanted, started_from=bot.webhook_url, form_key=next(KEYS)
    )
    assert done.change is not None
    return done.change


def loses_answer(desk: Desk, how: Literal["reset_before", "reset_after"]) -> None:
    """The next write is made or not, its answer is lost, and reading does not help."""
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault(how, method="PUT"))
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=9))


def takes_only(desk: Desk, bot: Chatbot, **values: object) -> None:
    """Caigunn accepts the next write of settings, and reports only these values as taken."""
    body = desk.access().client.get_chatbot(bot.id).model_dump(mode="json") | values
    said = {"detail": "update successfully"}
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("status", method="PUT", status=200, body=said))
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=200, body=body, times=2))
