"""What a child of `processes` can do: each act is prepared by its name here, and let go later."""

import json
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.models import AccessToken, Connection
from chatbots.services import (
    creation_report,
    deletion,
    lifecycle,
    settings,
    settling,
    token,
    webhooks,
)
from chatbots.services import refresh as refreshing
from chatbots.services.access import Access, access_of

from .crowd import join_crowd, refresh_all, visit_pages
from .keys_acts import KEYS_ACTS
from .reminding import claims, send_reminders
from .signing_in import SIGNING_IN

EMAIL = "admin@example.com"
Act = Callable[[], Any]


def prepare() -> Act:
    """The tables, and a member."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    Member.objects.create_user(EMAIL, "a-password-for-tests", role=Role.ADMIN)
    return lambda: "prepared"


# The access token


def connect(access_token: str) -> Act:
    """Connect the member with a token."""
    return lambda: str(token.connect(_request(), access_token).pk)


def refresh(threads: str) -> Act:
    """So many threads that refresh the token they all have seen; what became of each."""
    records = [_record() for _ in range(int(threads))]
    found: list[str] = []

    def one(record: AccessToken) -> None:
        try:
            refreshing.refresh(_request(), record)
            found.append("refreshed")
        except Exception as error:  # noqa: BLE001 - its name is the result
            found.append(type(error).__name__)
        finally:
            connection.close()

    return lambda: _at_once([partial(one, record) for record in records], found)


def look() -> Act:
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


def settle_refresh() -> Act:
    """The way out of *unknown*: whether a stored token works."""
    return lambda: refreshing.settle_refresh(_request(), _record())


def read_plans() -> Act:
    """How many plans Caigunn lists for the stored token, or the name of what went wrong."""
    return _named(lambda access: len(access.client.list_plans().items))


# Chatbots


def save_webhook(chatbot_id: str, wanted: str, started_from: str, form_key: str) -> Act:
    """Write a webhook; the value reported, or the name of what went wrong."""
    return _named(
        lambda access: (
            webhooks.save(
                access, chatbot_id, wanted, started_from=started_from, form_key=form_key
            ).webhook_url
        )
    )


def save_settings(chatbot_id: str, values: str, started_from: str, form_key: str) -> Act:
    """Write settings, given as JSON; the names of those that were read back, or of what went
    wrong."""
    asked, began = settings.Asked(json.loads(values)), json.loads(started_from)
    return _named(
        lambda access: (
            settings.save(access, chatbot_id, asked, started_from=began, form_key=form_key).verified
        )
    )


def delete(chatbot_id: str, form_key: str) -> Act:
    """Delete a chatbot; "gone", or the name of what went wrong."""

    def act(access: Access) -> str:
        deletion.delete(access, chatbot_id, form_key=form_key)
        return "gone"

    return _named(act)


def create(
    title: str, plan_id: str, form_key: str, is_another: str = "", webhook_url: str = ""
) -> Act:
    """Create a chatbot; its id, or the name of what went wrong and the ids that were found."""

    def act(access: Access) -> list[str]:
        new = lifecycle.NewChatbot(title, plan_id, webhook_url or None)
        told: list[str]
        try:
            created = lifecycle.create(access, new, form_key=form_key, is_another=bool(is_another))
        except lifecycle.LostAnswerError as lost:
            told = ["LostAnswerError", *(one.id for one in lost.found or ())]
        except Exception as error:  # noqa: BLE001 - its name is the result
            told = [type(error).__name__]
        else:
            told = [created.chatbot_id]
        return told

    return _named(act)


def adopt(chatbot_id: str) -> Act:
    """Say that this chatbot is the one of the creation whose answer was lost; the outcome then."""

    def act(access: Access) -> str:
        change = Change.objects.get(kind=Kind.CREATE)
        lifecycle.adopt(access, change, chatbot_id)
        return str(Change.objects.get(pk=change.pk).outcome)

    return _named(act)


def unfinished(chatbot_id: str) -> Act:
    """What a chatbot's page says was to be set when it was created and is not: name and outcome."""

    def act(access: Access) -> list[list[str]]:
        info = access.client.get_chatbot(chatbot_id)
        steps = creation_report.unfinished(chatbot_id, info)
        return [[step.name, str(step.outcome)] for step in steps]

    return _named(act)


def changes() -> Act:
    """The Changes of chatbots, from the first to the last."""

    def act() -> list[dict[str, Any]]:
        return [
            {"kind": one.kind, "outcome": one.outcome, "after": one.after, "of": one.chatbot_id}
            for one in Change.objects.exclude(kind__startswith="token").order_by("created_at")
        ]

    return act


def settle() -> Act:
    """*Check now* for the one Change that a crash left; its outcome then."""

    def act(access: Access) -> str:
        change = Change.objects.get(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN])
        return str(settling.settle(access, change).outcome)

    return _named(act)


def _named(act: Callable[[Access], Any]) -> Act:
    """The act with a new access; the name of what it raises is a result too."""

    def acted() -> Any:
        try:
            return act(access_of(Member.objects.get(email=EMAIL), "child"))
        except Exception as error:  # noqa: BLE001 - its name is the result
            return type(error).__name__

    return acted


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


_ACTS: tuple[Callable[..., Act], ...] = (
    *(prepare, connect, refresh, look, settle_refresh, read_plans),
    *(save_webhook, save_settings, delete, create, adopt, unfinished, changes, settle),
    *(join_crowd, visit_pages, refresh_all),
    *(send_reminders, claims),
    *SIGNING_IN,
)
ACTS = {act.__name__: act for act in _ACTS} | KEYS_ACTS
