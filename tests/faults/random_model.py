"""What Caigunn holds, and whether Changes account for what became different in it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Chatbot, StoredFile, User

HOOK = "webhook_url"
REPORTED = ("title", "prompt", "is_shared", "model_id", HOOK)
OPEN = frozenset({Outcome.PENDING, Outcome.UNKNOWN})
WORKED = frozenset({Outcome.DONE, Outcome.UNDONE})
_LEAVING = (Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.ACCEPT)

Held = dict[str, Any]
"""The fields of one chatbot: those that are reported, those that are not, and `is_deleted`."""
Caigunn = dict[str, Held]
"""What is held, by the id of the chatbot."""


def held_by(user: User) -> Caigunn:
    """What Caigunn holds of a user's chatbots, deleted ones too."""
    return {bot.id: _held(bot) for bot in user.all_chatbots}


def _held(bot: Chatbot) -> Held:
    model = bot.fields["model"]
    reported = {
        "title": bot.fields["title"],
        "prompt": bot.fields["prompt"],
        "is_shared": bot.fields["is_shared"],
        "model_id": model["id"] if isinstance(model, dict) else None,
        HOOK: bot.fields["webhook_url"],
        "is_deleted": bot.is_deleted,
    }
    hidden = {name: _plain(value) for name, value in bot.settings.items() if name not in reported}
    return hidden | reported


def _plain(value: object) -> object:
    if isinstance(value, StoredFile):
        return {"name": value.name, "size": value.size, "type": value.content_type}
    return value


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a field are one, in whatever spelling."""
    return bool(_spelled(name, one) == _spelled(name, other))


def _spelled(name: str, value: Any) -> Any:
    if name == HOOK:
        parts = urlsplit(value or "")
        port = {"https": ":443", "http": ":80"}.get(parts.scheme, "")
        return parts._replace(netloc=parts.netloc.lower().removesuffix(port)).geturl()
    if isinstance(value, dict) and "name" in value:
        return {key: value[key] for key in ("name", "size", "type")}
    if name == "prompt":
        return (value or "").replace("\r\n", "\n").strip()
    return value.strip() if isinstance(value, str) else value


@dataclass(frozen=True)
class Difference:
    """A field of a chatbot that Caigunn holds another value of than before."""

    chatbot_id: str
    name: str
    before: Any
    now: Any


def differences(before: Caigunn, now: Caigunn) -> list[Difference]:
    """What became different in the chatbots that were there before."""
    return [
        Difference(chatbot_id, name, was.get(name), now[chatbot_id].get(name))
        for chatbot_id, was in before.items()
        for name in {**was, **now[chatbot_id]}
        if was.get(name) != now[chatbot_id].get(name)
    ]


def accounts_for(changes: Iterable[Change], found: Difference) -> bool:
    """Whether one of the Changes has asked for the difference, and does not deny it."""
    return any(
        change.chatbot_id == found.chatbot_id
        and change.outcome in OPEN | WORKED
        and found.name in change.asked
        and same(found.name, change.asked[found.name], found.now)
        for change in changes
    )


def left(changes: Iterable[Change]) -> dict[tuple[str, str], Any]:
    """What the last Change that was done has left, by chatbot and field; from all Changes."""
    done = [
        change
        for change in changes
        if change.outcome in WORKED and change.kind in _LEAVING and change.closed_at
    ]
    done.sort(key=lambda change: change.closed_at)  # type: ignore[arg-type,return-value]
    return {
        (change.chatbot_id, name): value for change in done for name, value in change.after.items()
    }


def changed_outside(changes: Iterable[Change], caigunn: Caigunn) -> dict[tuple[str, str], bool]:
    """Which fields hold something else than the last Change has left, and whether that is an open
    question: a Change of the field is not settled."""
    changes = list(changes)
    unsettled = {
        (change.chatbot_id, name)
        for change in changes
        if change.outcome in OPEN
        for name in change.asked
    }
    was_left = left(changes)
    places = [
        (chatbot_id, name, held[name])
        for chatbot_id, held in caigunn.items()
        for name in REPORTED
        if not held["is_deleted"] and (chatbot_id, name) in was_left
    ]
    return {
        (chatbot_id, name): (chatbot_id, name) in unsettled
        for chatbot_id, name, now in places
        # What Caigunn does not tell is no difference.
        if (now is not None or name in {HOOK, "prompt"})
        and not same(name, now, was_left[chatbot_id, name])
    }


def all_text(changes: Iterable[Change]) -> str:
    """Everything that stands in Changes, as one text."""
    parts: list[object] = []
    for change in changes:
        fields: Mapping[str, object] = vars(change)
        parts += [fields[name] for name in sorted(fields) if not name.startswith("_")]
    return repr(parts)
