"""One write of one webhook by one route: send, read back, and send again only on the old value."""

import time
from dataclasses import dataclass
from enum import Enum, auto

from django.conf import settings
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnError,
    ChatbotInfo,
    NotFound,
    OutcomeUnknown,
    Rejected,
    is_usable_secret,
)
from chatbots.services.access import Access
from chatbots.services.routes import Route
from chatbots.webhook_url import same

ATTEMPTS = 3
# What a route that this Caigunn lacks answers; after 422 the next one may still take the value.
NOT_AVAILABLE = (NotFound, Rejected)


def tells_webhook(info: ChatbotInfo) -> bool:
    """Whether the answer says what the webhook is: none is something else than nothing said."""
    return "webhook_url" in info.model_fields_set and "webhook_url" not in info.unreadable


def has_usable_key(info: ChatbotInfo) -> bool:
    """Whether the chatbot has an API key that a request can carry."""
    return info.api_key is not None and is_usable_secret(info.api_key.get_secret_value())


class Value(Enum):
    """Which value the read-back found (design §9)."""

    NEW = auto()
    OLD = auto()
    ANOTHER = auto()


@dataclass(frozen=True)
class ReadBack:
    """What Get Chatbot Info reported after a write."""

    value: Value
    webhook_url: str | None


class Write:
    """A write under way. `was_sent`: something may have reached Caigunn. `was_accepted`: Caigunn
    said yes to some request. `is_unclear`: some answer did not say whether the write was made."""

    def __init__(
        self, access: Access, chatbot_id: str, info: ChatbotInfo, wanted: str | None
    ) -> None:
        self._access = access
        self._chatbot_id = chatbot_id
        self._api_key = info.api_key
        self._before = info.webhook_url or None
        self._wanted = wanted
        self.was_sent = False
        self.was_accepted = False
        self.is_unclear = False

    def by(self, route: Route) -> ReadBack:
        """What Caigunn reports after writing by the route. Raises CaigunnError; OutcomeUnknown
        where three unclear answers left the old value: a late write may still arrive."""
        unclear: OutcomeUnknown | None = None
        for _attempt in range(ATTEMPTS):
            try:
                self._send(route)
            except OutcomeUnknown as error:
                unclear = error
                self.was_sent = self.is_unclear = True
            else:
                unclear = None
                self.was_sent = self.was_accepted = True
            found = self._read_back()
            if found.value is not Value.OLD or unclear is None:
                return found
        raise unclear or OutcomeUnknown(request_id=self._access.request_id)

    def _send(self, route: Route) -> None:
        client = self._access.client
        if route is Route.UPDATE:
            client.update_webhook(self._chatbot_id, self._wanted)
        elif route is Route.SUBSCRIBE:
            client.subscribe_webhook(self._key(), self._wanted or "")
        else:
            client.unsubscribe_webhook(self._key())

    def _key(self) -> SecretStr:
        if self._api_key is None:
            raise ValueError("This route needs the chatbot's API key.")
        return self._api_key

    def _read_back(self) -> ReadBack:
        found = self._read()
        wait = settings.READ_BACK_WAIT_SECONDS
        if found.value is Value.OLD and self._access.deadline.remaining() > wait:
            # Caigunn may still be about to show what it took.
            time.sleep(wait)
            found = self._read()
        return found

    def _read(self) -> ReadBack:
        try:
            info = self._access.client.get_chatbot(self._chatbot_id)
        except CaigunnError as error:
            # Whatever kept the read from answering: the write was sent, and nobody saw its result.
            raise OutcomeUnknown(
                detail=error.detail, status=error.status, request_id=error.request_id
            ) from error
        if not tells_webhook(info):
            raise OutcomeUnknown(request_id=self._access.request_id)
        current = info.webhook_url or None
        if same(current, self._wanted):
            return ReadBack(Value.NEW, current)
        if same(current, self._before):
            return ReadBack(Value.OLD, current)
        return ReadBack(Value.ANOTHER, current)
