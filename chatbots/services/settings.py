"""The settings of a chatbot: sent as form data, compared with what can be read back (notes §2)."""

import time
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, cast

from django.conf import settings
from django.utils.translation import gettext_noop

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import AlreadySubmitted, close, earlier, open_change
from chatbots.caigunn import CaigunnError, ChatbotInfo, OutcomeUnknown, SettingsUpdate, Unavailable
from chatbots.images import CheckedImage
from chatbots.services import catalogue, details
from chatbots.services.access import Access
from chatbots.services.leases import writing
from chatbots.services.masking import cut, fits
from chatbots.services.outcomes import (
    ChangedMeanwhileError,
    ClashError,
    DeletedError,
    FormUsedError,
    NotHeldError,
    UnsettledError,
    why,
)

READABLE = ("title", "prompt", "is_shared", "model_id")
FIELDS = tuple(SettingsUpdate.__dataclass_fields__)
ATTEMPTS = 3


@dataclass(frozen=True)
class Asked:
    """The settings a member wants to change: `values` by API name, only those to be sent."""

    values: dict[str, Any]

    def update(self) -> SettingsUpdate:
        """What is sent."""
        sent = {
            name: value.upload if isinstance(value, CheckedImage) else value
            for name, value in self.values.items()
        }
        return SettingsUpdate(**cast("Any", sent))

    def recorded(self) -> dict[str, Any]:
        """What a Change keeps: files as their name, size and a small copy."""
        return {name: _recorded(value) for name, value in self.values.items()}

    def without(self, names: set[str]) -> "Asked":
        """The same without some of the fields."""
        kept = {name: value for name, value in self.values.items() if name not in names}
        return replace(self, values=kept)


@dataclass(frozen=True)
class SavedSettings:
    """What came of it. `verified` fields were read back, `accepted` ones cannot be read; `change`
    is None where nothing had to be written."""

    verified: tuple[str, ...]
    accepted: tuple[str, ...]
    change: Change | None


def readable(info: ChatbotInfo) -> dict[str, Any]:
    """The settings that Get Chatbot Info reports, by their API names."""
    return {
        "title": info.title,
        "prompt": info.prompt,
        "is_shared": info.is_shared,
        "model_id": info.model.id if info.model else None,
    }


def same(name: str, one: Any, other: Any) -> bool:
    """Whether two values of a setting are the same one, in whatever spelling Caigunn keeps it."""
    return bool(_normal(name, one) == _normal(name, other))


def _normal(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return "" if value is None and name == "prompt" else value
    text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
    if name == "title":
        # A browser's field of one line drops line breaks: that is no wish to change the title.
        return text.replace("\n", "").replace("\r", "")
    return text.replace("-", "").casefold() if name == "model_id" else text


def save(
    access: Access,
    chatbot_id: str,
    asked: Asked,
    *,
    started_from: dict[str, Any],
    form_key: str,
) -> SavedSettings:
    """Send the settings that differ from what Caigunn has, and compare what can be read back.

    `started_from` are the readable values and `updated_at` that the form showed.
    Raises NotSavedError (ClashError: `current` maps each clashing field to Caigunn's value),
    UnsettledError, and CaigunnError where nothing was written.
    """
    with writing(chatbot_id, access.deadline):
        if sent_before := earlier(form_key):
            return _told_again(access, sent_before, asked)
        info = access.client.get_chatbot(chatbot_id)
        todo = _to_send(info, asked, started_from)
        if not todo.values:
            return SavedSettings(tuple(asked.values), (), None)
        now = readable(info)
        try:
            change = open_change(
                access.request(form_key),
                Kind.SETTINGS,
                chatbot_id=chatbot_id,
                chatbot_title=info.title or "",
                before={name: cut(now[name], info) for name in asked.values if name in now},
                # All of it: a form that is sent again is the same one only with the same values.
                asked={name: cut(value, info) for name, value in asked.recorded().items()},
            )
        except AlreadySubmitted as again:
            return _told_again(access, again.change, asked)
        # Before as well: whatever becomes of this process, the copy from before the write is gone.
        _forget(access, chatbot_id)
        try:
            return _Write(access, change, info, todo).run()
        finally:
            _forget(access, chatbot_id)


def _forget(access: Access, chatbot_id: str) -> None:
    details.forget(access, chatbot_id)
    catalogue.forget_chatbots(access)


def _to_send(info: ChatbotInfo, asked: Asked, started_from: dict[str, Any]) -> Asked:
    """The asked settings without those that Caigunn has already."""
    if info.is_deleted:
        raise DeletedError
    now = readable(info)
    unchanged = {
        name for name, value in asked.values.items() if name in now and same(name, now[name], value)
    }
    todo = asked.without(unchanged)
    clashes = {
        name: now[name]
        for name in todo.values
        if name in now and name in started_from and not same(name, now[name], started_from[name])
    }
    if clashes:
        raise ClashError(clashes)
    began = started_from.get("updated_at")
    is_moved = began is not None and began != _stamp(info)
    if is_moved and any(name not in now for name in todo.values):
        raise ChangedMeanwhileError(_stamp(info))
    return todo


def _stamp(info: ChatbotInfo) -> str | None:
    return info.updated_at.isoformat() if info.updated_at else None


def started_from(info: ChatbotInfo) -> dict[str, Any]:
    """What a form about the settings starts from."""
    return readable(info) | {"updated_at": _stamp(info)}


class _Write:
    """A write of settings under way: send, read back, send again only on the old values."""

    def __init__(self, access: Access, change: Change, info: ChatbotInfo, asked: Asked) -> None:
        self._access = access
        self._change = change
        self._before = info
        self._asked = asked
        self._was_sent = False
        self._is_unclear = False

    def run(self) -> SavedSettings:
        """The outcome; the Change is closed with it."""
        try:
            after = self._sent_and_read_back()
        except (OutcomeUnknown, Unavailable) as error:
            if isinstance(error, Unavailable) and not self._was_sent:
                raise self._failed(error) from error
            raise self._unsettled(error) from error
        except CaigunnError as error:
            if self._is_unclear:
                # This attempt was refused; an earlier one may still arrive.
                raise self._unsettled(error) from error
            raise self._failed(error) from error
        return self._concluded(after)

    def _unsettled(self, error: CaigunnError) -> UnsettledError:
        return UnsettledError(close(self._change, Outcome.UNKNOWN, **why(error)))

    def _failed(self, error: CaigunnError) -> CaigunnError:
        close(
            self._change,
            Outcome.FAILED,
            after=self._change.before,
            nothing_sent=not self._was_sent,
            **why(error),
        )
        return error

    def _sent_and_read_back(self) -> ChatbotInfo:
        unclear: OutcomeUnknown | None = None
        for _attempt in range(ATTEMPTS):
            unclear = None
            try:
                self._access.client.update_settings(self._change.chatbot_id, self._asked.update())
            except OutcomeUnknown as error:
                unclear = error
                self._is_unclear = True
            self._was_sent = True
            after = self._read_back()
            if unclear is None or self._all_new(after):
                return after
            if _stamp(after) != _stamp(self._before) or _stamp(after) is None:
                # Something was written since; whether it was this cannot be told.
                raise unclear
        raise unclear or OutcomeUnknown(request_id=self._access.request_id)

    def _read_back(self) -> ChatbotInfo:
        after = self._read()
        wait = settings.READ_BACK_WAIT_SECONDS
        is_open = any(name in READABLE for name in self._asked.values) and not self._all_new(after)
        if is_open and self._access.deadline.remaining() > wait:
            # Caigunn may still be about to show what it took.
            time.sleep(wait)
            after = self._read()
        return after

    def _read(self) -> ChatbotInfo:
        try:
            return self._access.client.get_chatbot(self._change.chatbot_id)
        except CaigunnError as error:
            raise OutcomeUnknown(
                detail=error.detail, status=error.status, request_id=error.request_id
            ) from error

    def _all_new(self, info: ChatbotInfo) -> bool:
        now = readable(info)
        wanted = {name: value for name, value in self._asked.values.items() if name in now}
        return bool(wanted) and all(same(name, now[name], wanted[name]) for name in wanted)

    def _concluded(self, info: ChatbotInfo) -> SavedSettings:
        now = readable(info)
        wanted = self._asked.values
        after = {name: cut(now[name], info) for name in self._change.before}
        other = {
            name: now[name]
            for name in wanted
            if name in now and not same(name, now[name], wanted[name])
        }
        if other:
            close(
                self._change,
                Outcome.FAILED,
                after=after,
                was_accepted=True,
                detail=gettext_noop(
                    "Caigunn accepted the change, but reports another value: %(names)s."
                )
                % {"names": ", ".join(other)},
            )
            raise NotHeldError(other, self._change)
        close(self._change, Outcome.DONE, after=after)
        accepted = tuple(name for name in wanted if name not in now)
        return SavedSettings(tuple(after), accepted, self._change)


def _told_again(access: Access, change: Change, asked: Asked) -> SavedSettings:
    """The answer that the form got when it was sent first, if that is still the truth."""
    if not fits(change.asked, asked.recorded()):
        raise FormUsedError(change=change)
    if change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}:
        raise UnsettledError(change)
    if change.outcome == Outcome.FAILED:
        raise FormUsedError(change=change)
    now = readable(access.client.get_chatbot(change.chatbot_id))
    wanted = {name: value for name, value in asked.values.items() if name in now}
    other = {name: now[name] for name in wanted if not same(name, now[name], wanted[name])}
    if other:
        raise ClashError(other)
    accepted = tuple(name for name in asked.values if name not in now)
    return SavedSettings(tuple(wanted), accepted, change)


def _recorded(value: Any) -> Any:
    if isinstance(value, CheckedImage):
        return {
            "name": value.upload.name,
            "size": len(value.upload.content),
            "type": value.upload.content_type,
            "thumbnail": value.thumbnail,
        }
    return value
