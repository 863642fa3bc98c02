"""Records from odd JSON, by table: what cannot be read is unknown, and nothing else suffers."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from pydantic import ValidationError as InvalidRecord

from chatbots.caigunn import ChatbotInfo, ChatbotSummary, CreatedChatbot, Model, Plan

from .payloads import CHATBOT, PLAN

TEXT = [
    "id", "title", "user_id", "prompt", "share_link", "training_data_type", "file_model_id",
    "crawler_model_id", "text_model_id", "plan_id", "opentalk_device_id", "opentalk_device_name",
    "opentalk_device_type", "opentalk_account", "opentalk_user_id", "next_plan_id",
    "opentalk_host", "webhook_url",
]  # fmt: skip
SECRETS = ["api_key", "opentalk_api_token"]
MOMENTS = [
    "updated_at", "created_at", "deleted_at", "period_start_at", "period_end_at", "bound_at",
]  # fmt: skip
FLAGS = [
    "is_deleted", "is_ready_for_train", "is_shared", "is_free", "is_api_accessible",
    "use_opentalk_conversation", "store_source_data", "is_prompt_template_accessible",
    "preview_chunks", "is_chunks_editable",
]  # fmt: skip
NUMBERS = [
    "temperature", "usage_notification", "message_limit", "character_limit", "crawler_limit",
    "training_limit", "total_file_size_limit", "limits_reset_day", "qa_generate_limit",
    "qa_generate_count",
]  # fmt: skip


def test_every_documented_field_is_typed() -> None:
    assert list(ChatbotInfo.model_fields) == list(CHATBOT)
    assert len(CHATBOT) == 48
    typed = {*TEXT, *SECRETS, *MOMENTS, *FLAGS, *NUMBERS, "model", "coupon"}
    assert typed == set(CHATBOT)


def test_the_documented_sample_is_read_whole() -> None:
    info = ChatbotInfo.read(CHATBOT)
    assert info.unreadable == frozenset()
    assert info.other == {}
    assert info.updated_at == datetime(2024, 7, 5, 4, 8, 48, 392_000, tzinfo=UTC)
    assert info.is_deleted is True
    assert info.use_opentalk_conversation is False
    assert info.temperature == 0
    assert info.api_key == SecretStr("string")
    assert info.model is not None
    assert (info.model.id, info.model.model_name) == ("string", "string")
    assert info.coupon == {}


@pytest.mark.parametrize("field", list(CHATBOT))
def test_null_and_missing_are_unknown(field: str) -> None:
    for row in ({**CHATBOT, field: None}, {k: v for k, v in CHATBOT.items() if k != field}):
        info = ChatbotInfo.read(row)
        assert getattr(info, field) is None
        assert info.unreadable == frozenset()


WRONG: list[tuple[list[str], list[object]]] = [
    (TEXT, [5, True, 1.5, [], {}]),
    (SECRETS, [5, True, []]),
    (MOMENTS, ["yesterday", "", 1720152528, True, "9999-12-31T23:59:59Z", "0001-01-01", []]),
    (FLAGS, ["true", 1, 0, [], {}]),
    (NUMBERS, ["5", True, False, math.nan, math.inf, [], {}]),
    (["model", "coupon"], ["text", 5, [], True]),
]


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for fields, values in WRONG for field in fields for value in values],
)
def test_a_wrong_type_is_unknown_and_spoils_only_itself(field: str, value: object) -> None:
    info = ChatbotInfo.read({**CHATBOT, field: value})
    assert getattr(info, field) is None
    assert info.unreadable == {field}
    whole = ChatbotInfo.read(CHATBOT)
    for name in ChatbotInfo.model_fields:
        if name != field:
            assert getattr(info, name) == getattr(whole, name)


def test_a_wrong_type_inside_the_model_spoils_only_itself() -> None:
    info = ChatbotInfo.read({**CHATBOT, "model": {"id": 5, "model_name": "gpt", "new": 1}})
    assert info.model is not None
    assert (info.model.id, info.model.model_name) == (None, "gpt")
    assert info.unreadable == {"model"}


def test_new_fields_are_kept_apart() -> None:
    row = {**CHATBOT, "voice": "alto", "read": 1, "other": 2, "unreadable": 3, "ratio": math.nan}
    info = ChatbotInfo.read(row)
    assert info.other == {"voice": "alto", "read": 1, "other": 2, "unreadable": 3, "ratio": None}
    assert info.unreadable == frozenset()


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-07-05T04:08:48.392Z", datetime(2024, 7, 5, 4, 8, 48, 392_000, tzinfo=UTC)),
        ("2024-07-05T04:08:48", datetime(2024, 7, 5, 4, 8, 48, tzinfo=UTC)),
        ("2024-07-05T12:08:48+08:00", datetime(2024, 7, 5, 4, 8, 48, tzinfo=UTC)),
        ("2024-07-05 04:08:48.392123+00:00", datetime(2024, 7, 5, 4, 8, 48, 392_123, tzinfo=UTC)),
        ("2024-07-05", datetime(2024, 7, 5, tzinfo=UTC)),
    ],
)
def test_moments_are_aware(text: str, moment: datetime) -> None:
    assert CreatedChatbot.read({"expired_at": text}).expired_at == moment


def test_numbers_keep_their_kind() -> None:
    assert Plan.read({**PLAN, "price": 9.5}).price == 9.5
    price = Plan.read({**PLAN, "price": 990}).price
    assert (price, type(price)) == (990, int)
    assert Plan.read({**PLAN, "character_limit": 1e6}).character_limit == 1_000_000
    assert Plan.read({**PLAN, "character_limit": 1.5}).unreadable == {"character_limit"}


def test_secrets_and_contents_are_not_in_a_repr() -> None:
    row = {**CHATBOT, "api_key": "SECRET-1", "opentalk_api_token": "SECRET-2", "new": "SECRET-3"}
    row |= {"webhook_url": "https://x.example/?key=SECRET-4", "prompt": "SECRET-5"}
    records = (
        ChatbotInfo.read(row),
        ChatbotSummary.read(row),
        CreatedChatbot.read(row),
        Model.read(row),
    )
    for record in records:
        assert "SECRET" not in repr(record)
        assert "SECRET" not in str(record)


def test_a_record_cannot_be_changed() -> None:
    info = ChatbotInfo.read(CHATBOT)
    with pytest.raises(InvalidRecord):
        info.title = "other"  # type: ignore[misc]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(list(CHATBOT)) | st.text(), json_values))
def test_no_object_makes_a_record_fail(row: dict[str, object]) -> None:
    info = ChatbotInfo.read(row)
    assert info.unreadable <= set(CHATBOT)
    assert set(info.other) == set(row) - set(CHATBOT)
    Plan.read({**row, "id": "x"})
