"""The detail page shows all that Get Chatbot Info says, each once, and makes nothing up."""

from dataclasses import replace
from typing import get_type_hints

import pytest

from chatbots.caigunn import ChatbotInfo
from chatbots.presentation import GROUPS, SHOWN_APART, Field, groups, is_web_address
from chatbots.services import details
from chatbots.services.details import ChatbotReading
from chatbots.services.masking import HIDDEN, SECRET_FIELDS

from .conftest import Desk

pytestmark = pytest.mark.django_db


def reading(desk: Desk, **fields: object) -> ChatbotReading:
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, **fields)
    return details.chatbot(desk.access(), bot.id, fresh_is_enough=False)


def shown(one: ChatbotReading, plans: dict[str, str] | None = None) -> dict[str, Field]:
    """All fields of the page by name; a name that stands twice is an error."""
    fields = [field for group in groups(one, plans or {}) for field in group.fields]
    assert len(fields) == len({field.name for field in fields})
    return {field.name: field for field in fields}


def test_each_of_the_48_fields_stands_exactly_once(desk: Desk) -> None:
    documented = set(ChatbotInfo.model_fields)
    assert len(documented) == 48 == len(desk.bots[0].fields)
    assert documented == set(desk.bots[0].fields)
    names = shown(reading(desk)).keys()
    assert names | SHOWN_APART == documented
    assert not names & SHOWN_APART


def test_the_groups_are_those_of_the_page(desk: Desk) -> None:
    drawn = [group.name for group in groups(reading(desk), {})]
    assert drawn == [*(name for name, _title, _fields in GROUPS), "other"]


@pytest.mark.parametrize("how", ["null", "missing", "wrong"])
def test_unknown_is_neither_0_nor_no(desk: Desk, how: str) -> None:
    one = reading(desk)
    if how == "missing":
        info = ChatbotInfo.read({"id": one.info.id})
    else:
        value = None if how == "null" else object
        info = ChatbotInfo.read(dict.fromkeys(ChatbotInfo.model_fields, value))
    blank = replace(one, info=info, hints={}, unreadable=info.unreadable)
    for name, field in shown(blank).items():
        if not (name == "id" and how == "missing"):
            assert field.value is None, name
            assert field.is_unreadable == (how == "wrong" and name != "user_id"), name


def test_zero_and_no_are_known(desk: Desk) -> None:
    fields = shown(reading(desk, qa_generate_count=0, is_free=False, temperature=0, prompt=""))
    assert fields["qa_generate_count"].value == 0
    assert fields["is_free"].value is False
    assert fields["temperature"].value == 0
    assert fields["prompt"].value == ""


def test_a_value_of_the_wrong_type_is_said_to_be_unreadable(desk: Desk) -> None:
    fields = shown(reading(desk, message_limit="many", model=7, webhook_url=7))
    assert fields["message_limit"] == replace(
        fields["message_limit"], value=None, is_unreadable=True
    )
    assert fields["model"].is_unreadable
    assert not fields["crawler_limit"].is_unreadable


def test_new_fields_stand_under_other_and_secrets_among_them_are_hidden(desk: Desk) -> None:
    new = {
        "new_number": 7,
        "new_text": "hello",
        "new_nothing": None,
        "new_list": [1, {"deep": True}],
        "line_channel_secret": "s3cret-1",
        "accessToken": "s3cret-2",
        "smtp": {"host": "mail", "password": "s3cret-3"},
        "credentials": {"user": "s3cret-4", "parts": ["s3cret-5", {"value": "s3cret-6"}]},
        "webhook_signature": ["s3cret-7"],
        "api-keys": [{"value": "s3cret-8"}],
        "db_pwd": "s3cret-9",
    }
    other = groups(reading(desk, **new), {})[-1]
    values = {field.name: field.value for field in other.fields}
    assert set(values) == {"user_id", *new}
    assert (values["new_number"], values["new_text"], values["new_nothing"]) == ("7", "hello", None)
    assert "s3cret" not in str(values)
    assert values["line_channel_secret"] == HIDDEN
    assert '"host": "mail"' in str(values["smtp"])


def test_new_fields_inside_documented_ones_are_hidden_too(desk: Desk) -> None:
    model = {"id": "m", "model_name": "n", "embedding_name": None, "api_key": "s3cret-1"}
    fields = shown(reading(desk, model=model, coupon={"code": "SUMMER", "token": "s3cret-2"}))
    assert "s3cret" not in str(fields)
    assert '"model_name": "n"' in str(fields["model"].value)
    assert "SUMMER" in str(fields["coupon"].value)


def test_a_secret_is_there_or_not_and_never_shown(desk: Desk) -> None:
    bot = desk.bots[0]
    fields = shown(reading(desk, opentalk_api_token=None))
    assert fields["api_key"].value is True
    assert fields["api_key"].hint == bot.api_key[-4:]
    assert fields["opentalk_api_token"].value is None
    assert bot.api_key not in str(fields)
    short = shown(reading(desk, api_key="short", opentalk_api_token=""))
    assert (short["api_key"].value, short["api_key"].hint) == (True, "")
    assert short["opentalk_api_token"].value is None


def test_the_secrets_are_those_that_the_client_wraps() -> None:
    wrapped = {
        name for name, kind in get_type_hints(ChatbotInfo).items() if "SecretStr" in str(kind)
    }
    assert wrapped == set(SECRET_FIELDS)


def test_a_plan_is_named_where_its_title_is_known(desk: Desk) -> None:
    one = reading(desk)
    assert one.info.plan_id
    assert shown(one, {one.info.plan_id: "Growth"})["plan_id"].hint == "Growth"
    assert shown(one)["plan_id"].hint == ""


def test_the_meter_has_its_limit(desk: Desk) -> None:
    field = shown(reading(desk, qa_generate_count=95, qa_generate_limit=100))["qa_generate_count"]
    assert (field.value, field.limit, field.high) == (95, 100, 90)
    unknown = shown(reading(desk, qa_generate_limit=None))["qa_generate_count"]
    assert (unknown.limit, unknown.high) == (None, 0)


@pytest.mark.parametrize(
    ("text", "may"),
    [
        ("https://example.com/", True),
        ("HTTP://example.com", True),
        ("javascript:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("//example.com", False),
        ("https://", False),
        ("https://[broken", False),
        ("", False),
    ],
)
def test_only_web_addresses_become_links(desk: Desk, text: str, may: bool) -> None:
    assert is_web_address(text) == may
    assert shown(reading(desk, share_link=text))["share_link"].is_web_address == may
