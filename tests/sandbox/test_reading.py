"""Lists and Get Chatbot Info of the sandbox, as documented."""

import base64
import json

import pytest

from chatbots.sandbox import Sandbox

from .calls import CHATBOT, UNKNOWN_ID, USER, Caller

FIELDS = [
    "updated_at",
    "created_at",
    "id",
    "title",
    "user_id",
    "is_deleted",
    "deleted_at",
    "prompt",
    "temperature",
    "is_ready_for_train",
    "is_shared",
    "share_link",
    "is_free",
    "training_data_type",
    "file_model_id",
    "crawler_model_id",
    "text_model_id",
    "usage_notification",
    "message_limit",
    "character_limit",
    "crawler_limit",
    "training_limit",
    "plan_id",
    "period_start_at",
    "period_end_at",
    "api_key",
    "total_file_size_limit",
    "is_api_accessible",
    "model",
    "opentalk_device_id",
    "opentalk_device_name",
    "opentalk_device_type",
    "bound_at",
    "opentalk_api_token",
    "use_opentalk_conversation",
    "opentalk_account",
    "opentalk_user_id",
    "next_plan_id",
    "limits_reset_day",
    "coupon",
    "store_source_data",
    "is_prompt_template_accessible",
    "qa_generate_limit",
    "qa_generate_count",
    "preview_chunks",
    "is_chunks_editable",
    "opentalk_host",
    "webhook_url",
]


def test_plans_have_the_documented_fields(caller: Caller) -> None:
    plans = caller.get(f"{USER}/plan").data["plans"]
    names = {"title", "id", "crawler_limit", "character_limit", "training_limit", "price"}
    assert [set(plan) for plan in plans] == [names] * 6
    assert plans[0]["price"] == 0
    assert plans[-1]["price"] is None


def test_chatbots_have_the_documented_fields_in_order(caller: Caller) -> None:
    rows = caller.get(f"{USER}/chatbot").data["chatbots"]
    assert [set(row) for row in rows] == [{"id", "title", "api_key"}] * 30
    assert [row["id"] for row in rows] == [bot.id for bot in caller.user.chatbots]
    assert "客服小幫手" in {row["title"] for row in rows}


def test_info_has_exactly_the_documented_fields(caller: Caller) -> None:
    for number in range(30):
        info = caller.info(number)
        assert list(info) == FIELDS
        assert info["webhook_url"] == caller.user.chatbots[number].webhook_url


def test_chatbots_vary(sandbox: Sandbox) -> None:
    infos = [bot.fields for bot in sandbox.users[0].chatbots]
    urls = [str(info["webhook_url"] or "") for info in infos]
    assert {url.partition(":")[0] for url in urls} == {"", "http", "https"}
    assert any(info["model"] is None for info in infos)
    assert any(info["opentalk_host"] for info in infos)
    assert len({info["plan_id"] for info in infos}) == 6


@pytest.mark.parametrize(
    ("query", "first", "count"),
    [("", 0, 30), ("?limit=10", 0, 10), ("?offset=30&limit=30", 30, 15), ("?offset=45", 45, 0)],
)
def test_pages(query: str, first: int, count: int) -> None:
    with Sandbox(chatbots=45) as sandbox, Caller(sandbox) as caller:
        rows = caller.get(f"{USER}/chatbot{query}").data["chatbots"]
        expected = caller.user.chatbots[first : first + count]
        assert [row["id"] for row in rows] == [bot.id for bot in expected]


def test_limit_is_capped() -> None:
    with Sandbox(chatbots=45, max_limit=20) as sandbox, Caller(sandbox) as caller:
        assert len(caller.get(f"{USER}/chatbot?limit=100").data["chatbots"]) == 20


def test_the_same_world_every_time() -> None:
    with Sandbox(chatbots=3) as small, Sandbox(chatbots=40) as large:
        assert [user.token for user in small.users] == [user.token for user in large.users]
        for one, other in zip(small.users[0].chatbots, large.users[0].chatbots, strict=False):
            assert one.fields == other.fields


def test_users_do_not_see_each_other(sandbox: Sandbox, caller: Caller) -> None:
    with Caller(sandbox, user=1) as other, Caller(sandbox, user=2) as newcomer:
        assert other.get(caller.path()).status == 404
        assert other.info()["id"] == other.user.chatbots[0].id
        assert newcomer.get(f"{USER}/chatbot").data == {"chatbots": []}


def test_unknown_chatbot(sandbox: Sandbox, caller: Caller) -> None:
    reply = caller.get(f"{USER}/chatbot/{UNKNOWN_ID}")
    assert (reply.status, reply.data) == (404, {"detail": "Chatbot not found"})
    assert sandbox.refusals == []


def test_one_token_looks_like_a_jwt(sandbox: Sandbox) -> None:
    claims = sandbox.users[1].token.split(".")[1]
    assert json.loads(base64.urlsafe_b64decode(claims + "=="))["exp"] > 1_900_000_000
    assert "." not in sandbox.users[0].token


def test_models_and_events_of_the_later_date(caller: Caller) -> None:
    api_key = caller.user.chatbots[0].api_key
    models = caller.get(f"{CHATBOT}/model", api_key=api_key).data["models"]
    assert set(models[0]) == {"title", "id", "updated_at", "created_at", "model_name"}
    assert caller.info()["model"]["id"] in {model["id"] for model in models}
    logs = caller.get(f"{CHATBOT}/event/{UNKNOWN_ID}", api_key=api_key)
    assert logs.data == {"webhook_logs": []}


def test_models_and_events_are_not_there_before() -> None:
    with Sandbox(as_of="2024-07") as sandbox, Caller(sandbox) as caller:
        api_key = caller.user.chatbots[0].api_key
        assert caller.get(f"{CHATBOT}/model", api_key=api_key).status == 404
        assert caller.get(f"{CHATBOT}/event/{UNKNOWN_ID}", api_key=api_key).status == 404
        assert sandbox.refusals == []
