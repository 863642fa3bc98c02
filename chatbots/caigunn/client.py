"""The operations of the Caigunn API, one method each, for one member's access token.

Every method may raise what `errors` says: reads TokenRejected, Forbidden, NotFound, Rejected,
RateLimited, Unavailable and UnexpectedAnswer; writes, create and refresh OutcomeUnknown in place of
UnexpectedAnswer, and Unavailable only where the request certainly never left. A success of a write
proves nothing yet: read it back (notes §1).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import TypeVar

from pydantic import SecretStr

from .conversation import PLANS, Conversation
from .deadline import Deadline
from .encoding import SettingsUpdate, form_body, json_body, multipart_body
from .records import (
    ChatbotInfo,
    ChatbotSummary,
    CreatedChatbot,
    Model,
    Page,
    Plan,
    is_chatbot_id,
)
from .secret import is_usable_secret, usable_secret
from .transport import Call, Transport

CHATBOTS = "/api/external/user/chatbot"
REFRESH = "/api/external/user/token/refresh"
WEBHOOK = "/api/external/chatbot/webhook"
MODELS = "/api/external/chatbot/model"

R = TypeVar("R", Plan, ChatbotSummary, Model)


class CaigunnClient:
    """Caigunn as one member sees it. Cheap to make: one for each page request.

    Raises ValueError, without the value in it, for a token that cannot be a header.
    """

    def __init__(
        self, token: str, transport: Transport, deadline: Deadline, request_id: str = ""
    ) -> None:
        self._calls = Conversation(token, transport, deadline, request_id)
        self._request_id = request_id

    def __repr__(self) -> str:
        return f"CaigunnClient(request_id={self._request_id!r})"

    # Get Plans

    def list_plans(self, *, offset: int = 0, limit: int = 30) -> Page[Plan]:
        """One answer of Get Plans; fewer than `limit` is not yet the end (notes §4)."""
        call = Call("GET", PLANS, query=_range(offset, limit), collection=True)
        return self._page(call, "plans", Plan, is_name)

    def iter_plans(self, *, offset: int = 0, limit: int = 30) -> Iterator[Page[Plan]]:
        """All plans from `offset` on, one page for each call made; see `iter_chatbots`."""
        return _walk(lambda at: self.list_plans(offset=at, limit=limit), offset)

    # Get All Chatbots

    def list_chatbots(self, *, offset: int = 0, limit: int = 30) -> Page[ChatbotSummary]:
        """One answer of Get All Chatbots; fewer than `limit` is not yet the end (notes §4)."""
        call = Call("GET", CHATBOTS, query=_range(offset, limit), collection=True)
        return self._page(call, "chatbots", ChatbotSummary, is_chatbot_id)

    def iter_chatbots(self, *, offset: int = 0, limit: int = 30) -> Iterator[Page[ChatbotSummary]]:
        """All chatbots from `offset` on, one page for each call made, so that a caller may stop.

        Goes on by what was received until a page is empty, so a server that caps `limit` hides
        nothing; leaves out ids that came before; ends where a page brings nothing new, as it does
        on a server that ignores `offset` (notes §4).
        """
        return _walk(lambda at: self.list_chatbots(offset=at, limit=limit), offset)

    # Get Chatbot Info

    def get_chatbot(self, chatbot_id: str) -> ChatbotInfo:
        """Everything Get Chatbot Info says. A deleted chatbot may still be readable (notes §5).

        An answer about another chatbot is an UnexpectedAnswer. ValueError for an impossible id.
        """
        call = Call("GET", _chatbot_path(chatbot_id))
        row = self._calls.json(call)
        info = ChatbotInfo.read(row)
        # A write is judged by this answer, so nothing that is not this chatbot may pass for it.
        if not row.keys() & ChatbotInfo.model_fields.keys() or (
            info.id is not None and _bare(info.id) != _bare(chatbot_id)
        ):
            raise self._calls.unusable(call)
        self._calls.hide(info.api_key, info.opentalk_api_token)
        return info

    # Create Chatbot

    def create_chatbot(self, *, title: str, plan_id: str) -> CreatedChatbot:
        """Makes a chatbot. Never sent twice. A server of 2024-07 names no `chatbot_id` (notes §3).

        An answer that holds neither the id nor the API key of the new chatbot is OutcomeUnknown.
        """
        values = {"title": title, "plan_id": plan_id}
        # Either server is satisfied: 2024-07 reads the query, later ones the form.
        call = Call("POST", CHATBOTS, "once", query=values, body=form_body(values), collection=True)
        created = CreatedChatbot.read(self._calls.json(call))
        if not is_chatbot_id(created.chatbot_id):
            created = created.model_copy(update={"chatbot_id": None})
        if created.chatbot_id is None and created.api_key is None:
            raise self._calls.unusable(call)
        return created

    # Update Chatbot

    def update_settings(self, chatbot_id: str, settings: SettingsUpdate) -> str:
        """Sends the given settings as form data, and only those (notes §2). Its `detail`.

        ValueError where no setting is given.
        """
        body = multipart_body(settings)
        return self._calls.detail(Call("PUT", _chatbot_path(chatbot_id), "write", body=body))

    def update_webhook(self, chatbot_id: str, webhook_url: str | None) -> str:
        """Request B of notes §1: the samples of Update Chatbot. None clears. Its `detail`.

        NotFound for a chatbot that Get Chatbot Info finds is a missing route.
        """
        body = json_body({"webhook_url": webhook_url})
        return self._calls.detail(Call("PUT", _chatbot_path(chatbot_id), "write", body=body))

    def subscribe_webhook(self, api_key: SecretStr, webhook_url: str) -> str:
        """Request A of notes §1, the request line of Update Chatbot. `""` clears. Its `detail`.

        Forbidden where the API key was refused, NotFound where there is no such route.
        """
        body = json_body({"webhook_url": webhook_url})
        return self._calls.detail(
            Call("PUT", WEBHOOK, "write", body=body, api_key=_checked(api_key))
        )

    def unsubscribe_webhook(self, api_key: SecretStr) -> str:
        """Request C of notes §1: Unsubscribe Webhook, since 2024-07-30. Its `detail`."""
        return self._calls.detail(Call("DELETE", WEBHOOK, "write", api_key=_checked(api_key)))

    # Delete Chatbot

    def delete_chatbot(self, chatbot_id: str) -> str:
        """Deletes it. Its `detail`. NotFound after an unknown outcome is a success (notes §5)."""
        return self._calls.detail(Call("DELETE", _chatbot_path(chatbot_id), "write"))

    # Refresh Caigunn Access Token

    def refresh_token(self, expired_date: date | None = None) -> SecretStr:
        """The new token, which ends the present one at once. Never sent twice (notes §6).

        An answer without a usable token is OutcomeUnknown: the present one may have ended.
        """
        query = {"expired_date": expired_date.isoformat()} if expired_date else {}
        call = Call("GET", REFRESH, "once", query=query, collection=True)
        token = self._calls.json(call).get("token")
        if not isinstance(token, str) or not is_usable_secret(token):
            raise self._calls.unusable(call)
        return SecretStr(token)

    # Models (today's docs)

    def list_models(self, api_key: SecretStr) -> tuple[Model, ...]:
        """The models that `model_id` may name (notes §2).

        UnexpectedAnswer with status 404 on a server of 2024-07.
        """
        call = Call("GET", MODELS, api_key=_checked(api_key), collection=True)
        return self._page(call, "models", Model, is_name).items

    def _page(
        self, call: Call, name: str, record: type[R], has_usable_id: Callable[[object], bool]
    ) -> Page[R]:
        rows = self._calls.json(call).get(name)
        if not isinstance(rows, list):
            raise self._calls.unusable(call)
        usable = [row for row in rows if isinstance(row, Mapping) and has_usable_id(row.get("id"))]
        return Page(
            items=tuple(record.read(row) for row in usable),
            received=len(rows),
            unreadable=len(rows) - len(usable),
        )


def is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _walk(read: Callable[[int], Page[R]], offset: int) -> Iterator[Page[R]]:
    seen: set[str] = set()
    while (page := read(offset)).received:
        new = {item.id: item for item in page.items if item.id not in seen}
        # Where an earlier page comes again, its unreadable rows have been counted already.
        unreadable = page.unreadable if new or not seen else 0
        yield Page(tuple(new.values()), page.received, unreadable)
        if not new:
            return
        seen |= new.keys()
        offset += page.received


def _range(offset: int, limit: int) -> dict[str, str | int]:
    if offset < 0 or limit < 1:
        raise ValueError("A list is read from an offset of 0 or more, by 1 or more.")
    return {"offset": offset, "limit": limit}


def _chatbot_path(chatbot_id: str) -> str:
    if not is_chatbot_id(chatbot_id):
        raise ValueError("The id of a chatbot must match [A-Za-z0-9_-]{1,64}.")
    return f"{CHATBOTS}/{chatbot_id}"


def _checked(api_key: SecretStr) -> SecretStr:
    return usable_secret(api_key.get_secret_value(), "API key")


def _bare(chatbot_id: str) -> str:
    return chatbot_id.replace("-", "").casefold()
