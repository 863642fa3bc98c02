"""What each request of the API does, once it is known to be a documented one."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, TypeVar
from uuid import UUID

from .messages import Answer, RefusedError, Request, json_answer
from .multipart import FilePart
from .seed import make_uuid, new_chatbot, share_link
from .shapes import (
    NewChatbot,
    Nothing,
    Page,
    PartOfNewChatbot,
    Refresh,
    Settings,
    WebhookOfLine,
    WebhookOfSamples,
    expect_no_body,
    read_form,
    read_json,
    read_query,
)
from .world import Chatbot, StoredFile, User, World

AsOf = Literal["2024-07", "2024-11"]
WebhookRoute = Literal["line", "samples", "both", "none"]

_Item = TypeVar("_Item")


@dataclass(frozen=True)
class Dialect:
    """Which Caigunn this is: the date of its documentation, the webhook route that holds
    (notes §1), and the largest page that it gives.
    """

    as_of: AsOf = "2024-11"
    webhook_route: WebhookRoute = "line"
    max_limit: int = 100

    @property
    def line_holds(self) -> bool:
        """Whether A, and with it C, has an effect."""
        return self.webhook_route in {"line", "both"}

    @property
    def samples_hold(self) -> bool:
        """Whether B has an effect."""
        return self.webhook_route in {"samples", "both"}


@dataclass(frozen=True)
class Call:
    """A request of a known user, with what its path names."""

    dialect: Dialect
    world: World
    user: User
    request: Request
    chatbot_id: str = ""

    @property
    def chatbot(self) -> Chatbot:
        """The chatbot of the path. Raises RefusedError (404) if the user has none like it."""
        return _found(self.user.find(self.chatbot_id))

    @property
    def writable_chatbot(self) -> Chatbot:
        """Like `chatbot`; a deleted one is not found."""
        return _writable(self.chatbot)

    @property
    def keyed_chatbot(self) -> Chatbot:
        """The chatbot of the api-key header.

        Raises RefusedError: 403 without a key, 401 for a wrong one, 404 for a deleted chatbot.
        """
        api_key = self.request.headers.get("api-key")
        if not api_key:
            raise RefusedError(403, "Not authenticated", why="the header api-key is missing")
        chatbot = self.user.find_by_key(api_key)
        if chatbot is None:
            raise RefusedError(401, "Invalid api key")
        return _writable(chatbot)


Operation = Callable[[Call], Answer]


def refresh_token(call: Call) -> Answer:
    """Refresh Caigunn Access Token."""
    query = read_query(call.request, Refresh)
    expect_no_body(call.request)
    return json_answer({"token": call.user.refresh_token(query.expired_date)})


def list_plans(call: Call) -> Answer:
    """Get Plans."""
    return json_answer({"plans": [asdict(plan) for plan in _page(call, call.user.plans)]})


def list_chatbots(call: Call) -> Answer:
    """Get All Chatbots."""
    names = ("id", "title", "api_key")
    rows = [{name: bot.fields[name] for name in names} for bot in _page(call, call.user.chatbots)]
    return json_answer({"chatbots": rows})


def create_chatbot(call: Call) -> Answer:
    """Create Chatbot: by its query in 2024-07, by its form in 2024-11 (notes §3)."""
    if call.dialect.as_of == "2024-07":
        wanted = read_query(call.request, NewChatbot)
        read_form(call.request, PartOfNewChatbot)
    else:
        read_query(call.request, PartOfNewChatbot)
        wanted = read_form(call.request, NewChatbot)
    plan = next((plan for plan in call.user.plans if plan.id == str(wanted.plan_id)), None)
    if plan is None:
        raise _unknown("plan_id")
    rng = random.SystemRandom()
    user_id = _owner_id(call.user, rng)
    model = call.world.models[0]
    chatbot = new_chatbot(user_id, wanted.title, plan, model, rng, datetime.now(UTC))
    call.user.all_chatbots.append(chatbot)
    created = {"api_key": chatbot.api_key, "expired_at": chatbot.fields["period_end_at"]}
    if call.dialect.as_of == "2024-11":
        created |= {"chatbot_id": chatbot.id, "webchat_id": make_uuid(rng)}
    return json_answer(created)


def get_chatbot(call: Call) -> Answer:
    """Get Chatbot Info."""
    _expect_nothing(call)
    return json_answer(call.chatbot.fields)


def update_chatbot(call: Call) -> Answer:
    """Update Chatbot: the form of notes §2, or request B of notes §1."""
    read_query(call.request, Nothing)
    chatbot = call.writable_chatbot
    if call.request.media_type == "application/json" and call.request.body:
        url = read_json(call.request, WebhookOfSamples).webhook_url
        if call.dialect.samples_hold:
            chatbot.write(webhook_url=url)
    else:
        form = read_form(call.request, Settings)
        if form.model_fields_set:
            _apply_settings(call, chatbot, form)
    return json_answer({"detail": "update successfully"})


def delete_chatbot(call: Call) -> Answer:
    """Delete Chatbot."""
    _expect_nothing(call)
    call.writable_chatbot.delete()
    return json_answer({"detail": "Delete chatbot successfully"})


def subscribe_webhook(call: Call) -> Answer:
    """Request A of notes §1."""
    read_query(call.request, Nothing)
    chatbot = call.keyed_chatbot
    url = read_json(call.request, WebhookOfLine).webhook_url
    if call.dialect.line_holds:
        chatbot.write(webhook_url=url or None)
    return json_answer({"detail": "Webhook url update successfully"})


def unsubscribe_webhook(call: Call) -> Answer:
    """Request C of notes §1."""
    _expect_nothing(call)
    chatbot = call.keyed_chatbot
    if call.dialect.line_holds:
        chatbot.write(webhook_url=None)
    return json_answer({"detail": "Unsubscribe webhook successfully"})


def list_models(call: Call) -> Answer:
    """The model list of notes §2; it is not paged."""
    _expect_nothing(call)
    _ = call.keyed_chatbot
    return json_answer({"models": [model.row for model in call.world.models]})


def list_webhook_logs(call: Call) -> Answer:
    """The events of notes §9; this server never sends any."""
    _expect_nothing(call)
    _ = call.keyed_chatbot
    return json_answer({"webhook_logs": []})


def _expect_nothing(call: Call) -> None:
    read_query(call.request, Nothing)
    expect_no_body(call.request)


def _page(call: Call, items: Sequence[_Item]) -> Sequence[_Item]:
    page = read_query(call.request, Page)
    expect_no_body(call.request)
    return items[page.offset : page.offset + min(page.limit, call.dialect.max_limit)]


def _found(chatbot: Chatbot | None) -> Chatbot:
    if chatbot is None:
        raise RefusedError(404, "Chatbot not found")
    return chatbot


def _writable(chatbot: Chatbot) -> Chatbot:
    return _found(None if chatbot.is_deleted else chatbot)


def _owner_id(user: User, rng: random.Random) -> str:
    return str(user.all_chatbots[0].fields["user_id"]) if user.all_chatbots else make_uuid(rng)


def _apply_settings(call: Call, chatbot: Chatbot, form: Settings) -> None:
    changed: dict[str, object] = form.model_dump(
        include={"title", "prompt", "is_shared"}, exclude_unset=True
    )
    if form.model_id is not None:
        changed["model"] = _model_reference(call.world, form.model_id)
    if form.is_shared and not chatbot.fields["share_link"]:
        changed["share_link"] = share_link(chatbot)
    chatbot.write(**changed)
    files = {"avatar": form.avatar, "button_image": form.button_image}
    chatbot.settings |= form.model_dump(mode="json", exclude_unset=True, exclude=set(files))
    chatbot.settings |= {name: _stored(part) for name, part in files.items() if part}


def _model_reference(world: World, model_id: UUID) -> dict[str, str]:
    for model in world.models:
        if model.id == str(model_id):
            return model.reference
    raise _unknown("model_id")


def _unknown(name: str) -> RefusedError:
    problem = {"loc": ["body", name], "msg": "Value error, not found", "type": "value_error"}
    return RefusedError(422, [problem])


def _stored(part: FilePart) -> StoredFile:
    digest = hashlib.sha256(part.content).hexdigest()
    return StoredFile(part.name, part.content_type, len(part.content), digest)
