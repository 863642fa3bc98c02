"""Changes as they stand in the database, and as they are made on the pages."""

from datetime import datetime
from typing import Any

from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.models import Connection
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.changing import opened, webhook_url
from tests.pages.drawn import Drawn, assert_page

OLD = "https://old.example.com/hook"
NEW = "https://new.example.com/hook"
THIRD = "https://third.example.com/hook"
MARKUP = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"


def member_of(client: Client) -> Member:
    """Who is signed in."""
    return Member.objects.get(pk=client.session["_auth_user_id"])


def made(client: Client | None, bot: Chatbot | None = None, **fields: Any) -> Change:
    """A Change of a webhook that this member has made; nothing of it is at Caigunn."""
    member = member_of(client) if client else None
    connection = Connection.objects.filter(member=member).first() if member else None
    at: datetime | None = fields.pop("created_at", None)
    values: dict[str, Any] = {
        "kind": Kind.WEBHOOK,
        "outcome": Outcome.DONE,
        "member": member,
        "member_email": member.email if member else "gone@example.com",
        "access_token_id": connection.access_token_id if connection else None,
        "chatbot_id": bot.id if bot else "no-such-bot",
        "chatbot_title": bot.title if bot else "A bot of somebody",
        "before": {"webhook_url": OLD},
        "asked": {"webhook_url": NEW},
        "after": {"webhook_url": NEW},
        "request_id": "0123456789ab",
    }
    change = Change.objects.create(**(values | fields))
    if at:
        Change.objects.filter(pk=change.pk).update(created_at=at)
    return change


def saved(client: Client, bot: Chatbot, url: str, **typed: Any) -> Change:
    """The Change of a webhook saved by its form."""
    response = opened(client, webhook_url(bot)).submit(client, webhook_url=url, **typed)
    assert response.status_code == 302, response.content.decode()[:1500]
    return Change.objects.filter(kind=Kind.WEBHOOK, chatbot_id=bot.id)[0]


def undo_url(change: Change) -> str:
    return f"/changes/{change.pk}/undo/"


def check_url(change: Change) -> str:
    return f"/changes/{change.pk}/check/"


def history_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/history/"


def page_of(client: Client, url: str) -> Drawn:
    """The page at an address."""
    return assert_page(client.get(url))


def loses_answer(sandbox: Sandbox, bot: Chatbot, kind: Any = "reset_after") -> None:
    """The next write to the chatbot has no answer, and reading does not help; the read before it
    does."""
    path = f"{bot.id}$"
    sandbox.order(Fault("delay", method="GET", path=path, seconds=0.001))
    sandbox.order(Fault(kind, method="PUT"))
    sandbox.order(Fault("status", method="GET", path=path, status=503, times=99))
