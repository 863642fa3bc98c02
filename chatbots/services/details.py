"""Reading chatbots one by one with Get Chatbot Info: one for its page, many for a list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django.conf import settings
from django.utils import timezone
from pydantic import SecretStr

from chatbots.caigunn import CaigunnError, ChatbotInfo, NotFound, TokenRejected, Unavailable
from chatbots.services import kept
from chatbots.services.access import Access, note_worked, release_database
from chatbots.services.fan_out import each
from chatbots.services.masking import SECRET_FIELDS, last4, without_secrets


@dataclass(frozen=True)
class ChatbotReading:
    """What Get Chatbot Info said at one moment, without secrets.

    `hints` maps a secret's field to its last four characters ("" where it is short); a secret
    that is not there has no entry. `unreadable` names fields that were of the wrong type.
    """

    info: ChatbotInfo
    hints: dict[str, str]
    unreadable: frozenset[str]
    read_at: datetime
    is_stale: bool = False
    is_read: ClassVar[bool] = True

    @property
    def webhook_url(self) -> str | None:
        """The webhook URL, None where there is none. See `webhook_is_known`."""
        return self.info.webhook_url or None

    @property
    def webhook_is_known(self) -> bool:
        """False where Caigunn sent no webhook_url at all, or something else than text."""
        return "webhook_url" in self.info.model_fields_set and "webhook_url" not in self.unreadable


@dataclass(frozen=True)
class Unread:
    """A chatbot that could not be read: gone for good, or not answered this time."""

    is_gone: bool
    is_read: ClassVar[bool] = False


def chatbot(access: Access, chatbot_id: str, *, fresh_is_enough: bool = True) -> ChatbotReading:
    """One chatbot. While Caigunn is away: the last known copy, marked stale.

    Raises CaigunnError, Unavailable only where there is no copy.
    """
    name = _name(chatbot_id)
    found = kept.get(access.scope, name)
    if found and fresh_is_enough and found.is_fresh:
        return _from_kept(found)
    try:
        return read(access, chatbot_id)[1]
    except Unavailable:
        if found is None:
            raise
        return _from_kept(found, is_stale=True)
    except NotFound:
        kept.drop(access.scope, name)
        raise


def chatbots(access: Access, ids: Iterable[str]) -> dict[str, ChatbotReading | Unread]:
    """Many chatbots, each read by itself: what is fresh comes from what is kept, the rest is read
    concurrently, at most CAIGUNN_CONCURRENCY at once. Raises TokenRejected, which concerns all."""
    wanted = list(dict.fromkeys(ids))
    copies = kept.get_many(access.scope, [_name(chatbot_id) for chatbot_id in wanted])
    found: dict[str, ChatbotReading | Unread] = {}
    missing = []
    for chatbot_id in wanted:
        copy = copies.get(_name(chatbot_id))
        if copy and copy.is_fresh:
            found[chatbot_id] = _from_kept(copy)
        else:
            missing.append(chatbot_id)
    began = timezone.now()
    just_read: dict[str, kept.Kept] = {}
    at_once = settings.CAIGUNN_CONCURRENCY
    # The calls are made by other threads: this one holds no connection while it waits for them.
    release_database()
    for chatbot_id, future in each(
        access.client.get_chatbot, missing, at_once=at_once, deadline=access.deadline
    ):
        try:
            just_read[_name(chatbot_id)] = kept.Kept(_to_keep(future.result()), began)
            found[chatbot_id] = _from_kept(just_read[_name(chatbot_id)])
        except TokenRejected:
            raise
        except CaigunnError as error:
            found[chatbot_id] = _unread(error, copies.get(_name(chatbot_id)))
    if just_read:
        kept.put_many(access.scope, just_read)
        kept.sweep(access.scope, just_read, began)
    return found


def read(access: Access, chatbot_id: str) -> tuple[ChatbotInfo, ChatbotReading]:
    """One chatbot, read now: with its secrets, and in the form that is kept. Raises CaigunnError.

    What a write has overtaken meanwhile is not kept.
    """
    began = timezone.now()
    info = access.client.get_chatbot(chatbot_id)
    # As of the moment it was asked for: a write that ended meanwhile may not be in it.
    reading = keep(access, chatbot_id, info, read_at=began)
    kept.sweep(access.scope, [_name(chatbot_id)], began)
    note_worked(access.record)
    return info, reading


def keep(
    access: Access, chatbot_id: str, info: ChatbotInfo, *, read_at: datetime | None = None
) -> ChatbotReading:
    """Keep what was just read, without its secrets, and give it back in that form."""
    name, data = _name(chatbot_id), _to_keep(info)
    return _from_kept(kept.put(access.scope, name, data, read_at=read_at))


def _to_keep(info: ChatbotInfo) -> dict[str, Any]:
    secrets = tuple(
        secret.get_secret_value()
        for field in SECRET_FIELDS
        if isinstance(secret := getattr(info, field), SecretStr)
    )
    documented = info.model_dump(
        mode="json",
        include=(info.model_fields_set & set(ChatbotInfo.model_fields)) - set(SECRET_FIELDS),
    )
    return {
        # `model` and `coupon` may hold fields that nobody documented, and a link may hold the key.
        "info": {
            name: without_secrets(value, secrets=secrets) for name, value in documented.items()
        },
        "other": without_secrets(info.other, secrets=secrets),
        "unreadable": sorted(info.unreadable),
        "hints": {
            field: last4(secret)
            for field in SECRET_FIELDS
            if isinstance(secret := getattr(info, field), SecretStr) and secret.get_secret_value()
        },
    }


def forget(access: Access, chatbot_id: str) -> None:
    """Drop what is kept of one chatbot: the next page that shows it reads it anew."""
    kept.drop(access.scope, _name(chatbot_id))


def _unread(error: CaigunnError, copy: kept.Kept | None) -> ChatbotReading | Unread:
    if isinstance(error, NotFound):
        return Unread(is_gone=True)
    if copy is not None and isinstance(error, Unavailable):
        return _from_kept(copy, is_stale=True)
    return Unread(is_gone=False)


def _name(chatbot_id: str) -> str:
    return f"chatbot:{chatbot_id}"


def _from_kept(copy: kept.Kept, *, is_stale: bool = False) -> ChatbotReading:
    data: dict[str, Any] = copy.data
    info = ChatbotInfo.read({**data["other"], **data["info"]})
    return ChatbotReading(
        info, data["hints"], frozenset(data["unreadable"]), copy.read_at, is_stale
    )
