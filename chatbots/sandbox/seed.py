"""The world a sandbox starts with: the same for the same arguments, whatever the machine."""

import hashlib
import random
import uuid
from datetime import UTC, date, datetime, timedelta

from .seed_texts import MODELS, PLANS, PROMPTS, TITLES, WEBHOOK_URLS
from .world import Chatbot, Model, Plan, User, World, jwt_like, timestamp

_FIRST_DAY = datetime(2023, 9, 1, 2, 0, tzinfo=UTC)
_LAST_DAY = {
    "2024-07": datetime(2024, 7, 5, tzinfo=UTC),
    "2024-11": datetime(2024, 11, 19, tzinfo=UTC),
}
_JWT_ENDS_ON = date(2030, 12, 31)
_QA_SHARES = (0.0, 0.35, 0.72, 0.97, 1.0, 1.08)


def make_world(as_of: str, chatbots: int) -> World:
    """Three users: one with `chatbots` chatbots, one with seven and a token like a JWT, and one
    with none.
    """
    models = [_make_model(number) for number in range(len(MODELS))]
    today = _LAST_DAY[as_of]
    users = [
        _make_user("Mei-Ling Chen 陳美玲", chatbots, len(PLANS), models, today),
        _make_user("Daniel Wu 吳大偉", 7, 4, models, today),
        _make_user("Ada Newcomer", 0, 3, models, today),
    ]
    users[1].token = jwt_like(users[1].name, _JWT_ENDS_ON, _digest("signature"))
    users[1].token_is_jwt = True
    return World(users, models)


def new_chatbot(
    user_id: str, title: str, plan: Plan, model: Model, rng: random.Random, created: datetime
) -> Chatbot:
    """A chatbot as Create Chatbot leaves it: all 48 fields of Get Chatbot Info, in its order."""
    chatbot_id, file_model, crawler_model, text_model = (make_uuid(rng) for _ in range(4))
    now = timestamp(created)
    return Chatbot(
        {
            "updated_at": now,
            "created_at": now,
            "id": chatbot_id,
            "title": title,
            "user_id": user_id,
            "is_deleted": False,
            "deleted_at": None,
            "prompt": None,
            "temperature": 0,
            "is_ready_for_train": False,
            "is_shared": False,
            "share_link": None,
            "is_free": plan.price == 0,
            "training_data_type": "file",
            "file_model_id": file_model,
            "crawler_model_id": crawler_model,
            "text_model_id": text_model,
            "usage_notification": 80,
            "message_limit": 1_000,
            "character_limit": plan.character_limit,
            "crawler_limit": plan.crawler_limit,
            "training_limit": plan.training_limit,
            "plan_id": plan.id,
            "period_start_at": now,
            "period_end_at": timestamp(created + timedelta(days=30)),
            "api_key": f"cg-{rng.getrandbits(160):040x}",
            "total_file_size_limit": 52_428_800,
            "is_api_accessible": True,
            "model": model.reference,
            "opentalk_device_id": None,
            "opentalk_device_name": None,
            "opentalk_device_type": None,
            "bound_at": None,
            "opentalk_api_token": None,
            "use_opentalk_conversation": False,
            "opentalk_account": None,
            "opentalk_user_id": None,
            "next_plan_id": None,
            "limits_reset_day": created.day,
            "coupon": {},
            "store_source_data": True,
            "is_prompt_template_accessible": True,
            "qa_generate_limit": 100,
            "qa_generate_count": 0,
            "preview_chunks": True,
            "is_chunks_editable": True,
            "opentalk_host": None,
            "webhook_url": None,
        }
    )


def make_uuid(rng: random.Random) -> str:
    """A version 4 UUID."""
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _make_user(name: str, chatbots: int, plans: int, models: list[Model], today: datetime) -> User:
    user_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, name))
    user = User(name, f"sandbox-{_digest('token', name).hex()[:48]}", [], [])
    user.plans = [
        Plan(str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{name} {row[0]}")), *row) for row in PLANS[:plans]
    ]
    user.all_chatbots = [
        _make_chatbot(user, user_id, number, models, today) for number in range(chatbots)
    ]
    return user


def _make_chatbot(
    user: User, user_id: str, number: int, models: list[Model], today: datetime
) -> Chatbot:
    # Seeded one by one, so that a chatbot is the same however many there are.
    rng = random.Random(f"{user.name} {number}")  # noqa: S311
    title = TITLES[number % len(TITLES)]
    if number >= len(TITLES):
        title = f"{title} {number + 1}".strip()
    created = _FIRST_DAY + rng.random() * (today - timedelta(days=40) - _FIRST_DAY)
    plan = user.plans[number % len(user.plans)]
    chatbot = new_chatbot(user_id, title, plan, models[number % len(models)], rng, created)
    fields = chatbot.fields
    period_start = today - timedelta(days=rng.randrange(30))
    webhook_url = WEBHOOK_URLS[number % len(WEBHOOK_URLS)]
    qa_limit = rng.choice((50, 100, 500, 2_000))
    fields |= {
        "updated_at": timestamp(created + rng.random() * (today - created)),
        "prompt": PROMPTS[number % len(PROMPTS)],
        "temperature": rng.choice((0, 0.3, 0.7)),
        "is_ready_for_train": rng.random() < 0.7,
        "training_data_type": rng.choice(("file", "crawler", "text")),
        "message_limit": rng.choice((300, 1_000, 5_000, 20_000)),
        "period_start_at": timestamp(period_start),
        "period_end_at": timestamp(period_start + timedelta(days=30)),
        "qa_generate_limit": qa_limit,
        "qa_generate_count": int(qa_limit * _QA_SHARES[number % len(_QA_SHARES)]),
        "webhook_url": webhook_url and webhook_url.format(key=f"{rng.getrandbits(32):08x}"),
    }
    if number % 3 == 0:
        fields |= {"is_shared": True, "share_link": share_link(chatbot)}
    if number % 5 == 3:
        fields |= _open_talk(number, rng, created)
    if number % 7 == 4:
        fields |= {
            "next_plan_id": user.plans[0].id,
            "coupon": {"code": "SUMMER24", "discount": 0.85, "applies_to": ["Growth 成長"]},
        }
    if number % 11 == 8:
        unknown = ("model", "temperature", "qa_generate_limit", "coupon", "training_data_type")
        fields |= dict.fromkeys(unknown)
    return chatbot


def share_link(chatbot: Chatbot) -> str:
    """Where a shared chatbot can be opened."""
    return f"https://caigunn.example.com/share/{chatbot.id}"


def _open_talk(number: int, rng: random.Random, created: datetime) -> dict[str, object]:
    return {
        "opentalk_device_id": make_uuid(rng),
        "opentalk_device_name": f"大廳導覽機 {number}",
        "opentalk_device_type": "kiosk",
        "bound_at": timestamp(created + timedelta(days=3)),
        "opentalk_api_token": f"ot-{rng.getrandbits(128):032x}",
        "use_opentalk_conversation": True,
        "opentalk_account": "service@example.com.tw",
        "opentalk_user_id": str(rng.randrange(10_000, 99_999)),
        "opentalk_host": "https://opentalk.example.com",
    }


def _make_model(number: int) -> Model:
    title, model_name, embedding_name = MODELS[number]
    created = _FIRST_DAY + timedelta(days=30 * number)
    model_id = str(uuid.uuid5(uuid.NAMESPACE_DNS, model_name))
    updated = created + timedelta(days=9)
    return Model(
        model_id, title, model_name, embedding_name, timestamp(created), timestamp(updated)
    )


def _digest(*words: str) -> bytes:
    return hashlib.sha256("/".join(words).encode()).digest()
