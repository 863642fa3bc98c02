"""What a child of `processes` does. Django is set up before this module is imported."""

import json
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management import call_command
from django.db import connection, connections
from django.utils import timezone

from caigunn_admin.activity.models import Change, Outcome
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.models import AccessToken, Connection
from chatbots.services import lifecycle, token, webhooks
from chatbots.services.access import access_of, transport

EMAIL = "admin@example.com"


def main() -> None:
    """For each command line: prepare, say so, wait to be let go, act, tell the result."""
    for line in iter(sys.stdin.readline, ""):
        what, *arguments = json.loads(line)
        act = ACTS[what](*arguments)
        _tell("ready")
        sys.stdin.readline()
        _tell(json.dumps(act()))
    transport().close()
    connections.close_all()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def prepare() -> Callable[[], Any]:
    """The tables, and a member."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    Member.objects.create_user(EMAIL, "a-password-for-tests", role=Role.ADMIN)
    return lambda: "prepared"


def connect(access_token: str) -> Callable[[], Any]:
    """Connect the member with a token."""
    return lambda: str(token.connect(_request(), access_token).pk)


def refresh(threads: str) -> Callable[[], Any]:
    """So many threads that refresh the token they all have seen; what became of each."""
    records = [_record() for _ in range(int(threads))]
    found: list[str] = []

    def one(record: AccessToken) -> None:
        try:
            token.refresh(_request(), record)
            found.append("refreshed")
        except Exception as error:  # noqa: BLE001 - its name is the result
            found.append(type(error).__name__)
        finally:
            connection.close()

    return lambda: _at_once([partial(one, record) for record in records], found)


def look() -> Callable[[], Any]:
    """What this database knows of the token, and of its refreshes."""

    def act() -> dict[str, Any]:
        record = _record()
        changes = Change.objects.filter(kind="token_refresh").order_by("created_at")
        return {
            "token": record.open(),
            "previous": record.open_previous() if record.sealed_previous else "",
            "held": record.refresh_holder is not None,
            "unknown": record.refresh_died(timezone.now()),
            "rejected": record.rejected_at is not None,
            "outcomes": [change.outcome for change in changes],
        }

    return act


def settle() -> Callable[[], Any]:
    """The way out of *unknown*: whether a stored token works."""
    return lambda: token.settle_refresh(_request(), _record())


def save(chatbot_id: str, wanted: str, started_from: str, form_key: str) -> Callable[[], Any]:
    """Write a webhook; the value reported, or the name of what went wrong."""

    def act() -> str | None:
        access = access_of(Member.objects.get(), "child")
        try:
            saved = webhooks.save(
                access, chatbot_id, wanted, started_from=started_from, form_key=form_key
            )
        except Exception as error:  # noqa: BLE001 - its name is the result
            return type(error).__name__
        return saved.webhook_url

    return act


def create(title: str, plan_id: str, form_key: str) -> Callable[[], Any]:
    """Create a chatbot; its id, or the name of what went wrong and the ids that were found."""

    def act() -> list[str]:
        access = access_of(Member.objects.get(), "child")
        new = lifecycle.NewChatbot(title, plan_id)
        try:
            return [lifecycle.create(access, new, form_key=form_key).chatbot_id]
        except lifecycle.LostAnswerError as lost:
            return ["LostAnswerError", *(one.id for one in lost.found or ())]
        except Exception as error:  # noqa: BLE001 - its name is the result
            return [type(error).__name__]

    return act


def settle_pending() -> Callable[[], Any]:
    """*Check now* for what a crash left; the outcome before and after."""

    def act() -> list[str]:
        change = Change.objects.get(kind="webhook", outcome__in=[Outcome.PENDING, Outcome.UNKNOWN])
        before = change.outcome
        access = access_of(Member.objects.get(), "child")
        return [before, webhooks.settle(access, change).outcome]

    return act


def _request() -> Request:
    return Request(Member.objects.get(email=EMAIL), "child")


def _record() -> AccessToken:
    return Connection.objects.select_related("access_token").get().access_token


def _at_once(acts: list[Callable[[], None]], found: list[str]) -> list[str]:
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


ACTS: dict[str, Callable[..., Callable[[], Any]]] = {
    "prepare": prepare,
    "connect": connect,
    "refresh": refresh,
    "look": look,
    "settle": settle,
    "save": save,
    "create": create,
    "settle_pending": settle_pending,
}
