"""What the sandbox's Caigunn knows: users, plans, models, chatbots."""

import base64
import json
import secrets
import threading
import uuid
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, time, timedelta


@dataclass(frozen=True)
class Plan:
    """A row of Get Plans."""

    id: str
    title: str
    crawler_limit: int | None
    character_limit: int | None
    training_limit: int | None
    price: float | None


@dataclass(frozen=True)
class Model:
    """A row of the model list (notes §2) and what Get Chatbot Info says of it."""

    id: str
    title: str
    model_name: str
    embedding_name: str
    created_at: str
    updated_at: str

    @property
    def row(self) -> dict[str, str]:
        """The five fields of the model list."""
        return {
            "title": self.title,
            "id": self.id,
            "updated_at": self.updated_at,
            "created_at": self.created_at,
            "model_name": self.model_name,
        }

    @property
    def reference(self) -> dict[str, str]:
        """`model` of Get Chatbot Info."""
        return {
            "id": self.id,
            "model_name": self.model_name,
            "embedding_name": self.embedding_name,
        }


@dataclass(frozen=True)
class StoredFile:
    """What is kept of an uploaded file; `size` in bytes."""

    name: str
    content_type: str
    size: int
    sha256: str


@dataclass(eq=False)
class Chatbot:
    """`fields` is what Get Chatbot Info answers; `settings` what Update Chatbot was last sent.

    `id` is the one in every path, whatever a test makes of the field.
    """

    fields: dict[str, object] = field(repr=False)
    settings: dict[str, object] = field(default_factory=dict, repr=False)
    id: str = field(init=False)

    def __post_init__(self) -> None:
        self.id = str(self.fields["id"])

    @property
    def title(self) -> str:
        """The title; "" where there is none."""
        return str(self.fields["title"] or "")

    @property
    def api_key(self) -> str:
        """The key that the webhook requests carry."""
        return str(self.fields["api_key"])

    @property
    def webhook_url(self) -> str | None:
        """Where events go, None for nowhere."""
        value = self.fields["webhook_url"]
        return None if value is None else str(value)

    @property
    def is_deleted(self) -> bool:
        """Whether Delete Chatbot was called."""
        return self.fields["is_deleted"] is True

    def write(self, **values: object) -> None:
        """Change fields; `updated_at` always moves forward."""
        previous = datetime.fromisoformat(str(self.fields["updated_at"]))
        now = max(datetime.now(UTC), previous + timedelta(milliseconds=1))
        self.fields.update(values, updated_at=timestamp(now))

    def delete(self) -> None:
        """Soft delete, as `is_deleted` and `deleted_at` suggest (notes §5)."""
        self.write(is_deleted=True, deleted_at=timestamp(datetime.now(UTC)))


@dataclass(eq=False)
class User:
    """One holder of an access token; `token` changes when it is refreshed."""

    name: str
    token: str = field(repr=False)
    plans: list[Plan] = field(repr=False)
    all_chatbots: list[Chatbot] = field(repr=False)
    token_is_jwt: bool = False

    @property
    def chatbots(self) -> list[Chatbot]:
        """Those that are not deleted, in the order of Get All Chatbots."""
        return [chatbot for chatbot in self.all_chatbots if not chatbot.is_deleted]

    def find(self, chatbot_id: str) -> Chatbot | None:
        """The chatbot with this id, deleted or not."""
        return next((bot for bot in self.all_chatbots if bot.id == chatbot_id), None)

    def find_by_key(self, api_key: str) -> Chatbot | None:
        """The chatbot with this API key, deleted or not."""
        return next((bot for bot in self.all_chatbots if bot.api_key == api_key), None)

    def refresh_token(self, expires_on: date | None) -> str:
        """A new token; the old one is worth nothing from here on (notes §6)."""
        if self.token_is_jwt:
            end = expires_on or (datetime.now(UTC) + timedelta(days=365)).date()
            self.token = jwt_like(self.name, end, secrets.token_bytes(32))
        else:
            self.token = secrets.token_urlsafe(36)
        return self.token


@dataclass(eq=False)
class World:
    """Everything that requests can change. Hold `lock` while reading or writing it."""

    users: list[User]
    models: list[Model]
    lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def user_of(self, token: str) -> User | None:
        """The user that this access token belongs to."""
        return next((user for user in self.users if user.token == token), None)

    def chatbots(self) -> Iterator[Chatbot]:
        """Those of all users, deleted ones too."""
        for user in self.users:
            yield from user.all_chatbots

    def describe(self) -> dict[str, object]:
        """Everything as JSON; files by name, type, size in bytes and SHA-256."""
        return {
            "users": [
                {
                    "name": user.name,
                    "token": user.token,
                    "plans": [asdict(plan) for plan in user.plans],
                    "chatbots": [
                        {**bot.fields, "settings": _settings_as_json(bot.settings)}
                        for bot in user.all_chatbots
                    ],
                }
                for user in self.users
            ],
            "models": [model.row for model in self.models],
        }


def _settings_as_json(settings: dict[str, object]) -> dict[str, object]:
    return {
        name: asdict(value) if isinstance(value, StoredFile) else value
        for name, value in settings.items()
    }


def timestamp(moment: datetime) -> str:
    """An instant the way Caigunn writes it: UTC, milliseconds, `Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def jwt_like(subject: str, expires_on: date, signature: bytes) -> str:
    """A token of the shape of a JWT; `exp` is the start of that day in UTC. Nothing signs it."""
    end = datetime.combine(expires_on, time(), UTC)
    claims = {"sub": str(uuid.uuid5(uuid.NAMESPACE_DNS, subject)), "exp": int(end.timestamp())}
    parts = [json.dumps(part).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    return ".".join(
        base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in (*parts, signature)
    )
