"""Set, change and clear on every kind of Caigunn: what it reports afterwards is what is said."""

import itertools
from typing import get_args

import pytest

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.caigunn import UnexpectedAnswer
from chatbots.sandbox import AsOf, Fault, WebhookRoute
from chatbots.services import details, outcomes, webhooks

from .conftest import Desk, OpenDesk

pytestmark = pytest.mark.django_db

OLD = "https://old.example.com/hook"
NEW = "https://new.example.com/hook?bot=1"
KINDS = [
    pytest.param(as_of, route, id=f"{as_of}-{route}")
    for as_of, route in itertools.product(get_args(AsOf), get_args(WebhookRoute))
]
WRITES = [
    pytest.param(None, NEW, id="set"),
    pytest.param(OLD, NEW, id="change"),
    pytest.param(OLD, None, id="clear"),
]
KEYS = (f"key-{number}" for number in itertools.count())


def put_at(desk: Desk, before: str | None) -> str:
    """The id of a chatbot whose webhook is `before`."""
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, webhook_url=before)
    desk.forget_calls()
    return bot.id


def save(desk: Desk, chatbot_id: str, wanted: str | None, before: str | None) -> webhooks.Saved:
    return webhooks.save(
        desk.access(), chatbot_id, wanted, started_from=before, form_key=next(KEYS)
    )


def reported(desk: Desk, chatbot_id: str) -> str | None:
    """What Get Chatbot Info says now."""
    return desk.access().client.get_chatbot(chatbot_id).webhook_url


@pytest.mark.parametrize(("before", "wanted"), WRITES)
@pytest.mark.parametrize(("as_of", "route"), KINDS)
def test_what_is_said_is_what_caigunn_reports(
    open_desk: OpenDesk, as_of: AsOf, route: WebhookRoute, before: str | None, wanted: str | None
) -> None:
    desk = open_desk(as_of=as_of, webhook_route=route, chatbots=1)
    chatbot_id = put_at(desk, before)
    if route == "none":
        with pytest.raises(outcomes.NotHeldError) as caught:
            save(desk, chatbot_id, wanted, before)
        said = caught.value.current
    else:
        said = save(desk, chatbot_id, wanted, before).webhook_url
    assert said == reported(desk, chatbot_id) == (before if route == "none" else wanted)
    change = Change.objects.get(kind=Kind.WEBHOOK)
    assert change.outcome == (Outcome.FAILED if route == "none" else Outcome.DONE)
    assert (change.before, change.asked) == ({"webhook_url": before}, {"webhook_url": wanted})
    assert change.after == {"webhook_url": said}
    assert change.closed_at is not None
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize(("before", "wanted"), WRITES)
@pytest.mark.parametrize(("as_of", "route"), [one for one in KINDS if one.values[1] != "none"])
def test_with_a_known_route_a_write_costs_one_read_one_write_one_read(
    open_desk: OpenDesk, as_of: AsOf, route: WebhookRoute, before: str | None, wanted: str | None
) -> None:
    desk = open_desk(as_of=as_of, webhook_route=route, chatbots=2)
    first = put_at(desk, before)
    save(desk, first, wanted, before)
    second = desk.bots[1].id
    desk.sandbox.edit(second, webhook_url=before)
    desk.forget_calls()
    assert save(desk, second, wanted, before).webhook_url == wanted
    methods = [call.partition(" ")[0] for call in desk.calls()]
    assert methods[0] == methods[2] == "GET"
    assert methods[1] in {"PUT", "DELETE"}
    assert len(methods) == 3


def test_the_remembered_route_of_setting_says_nothing_about_clearing(open_desk: OpenDesk) -> None:
    desk = open_desk(as_of="2024-07", webhook_route="line", chatbots=1)
    chatbot_id = put_at(desk, None)
    save(desk, chatbot_id, NEW, None)
    assert save(desk, chatbot_id, None, NEW).webhook_url is None
    desk.forget_calls()
    save(desk, chatbot_id, NEW, None)
    save(desk, chatbot_id, None, NEW)
    assert len(desk.calls()) == 6


def test_a_route_that_no_longer_holds_is_replaced_by_the_other(desk: Desk) -> None:
    """The remembered route answers 405 one day: the next one is tried, and remembered."""
    chatbot_id = put_at(desk, None)
    save(desk, chatbot_id, NEW, None)
    gone = Fault("status", method="DELETE", path="/webhook$", status=405, times=9)
    desk.sandbox.order(gone)
    assert save(desk, chatbot_id, None, NEW).webhook_url is None
    desk.forget_calls()
    save(desk, chatbot_id, NEW, None)
    assert save(desk, chatbot_id, None, NEW).webhook_url is None
    assert desk.count("DELETE") == 0


def test_an_unchanged_value_is_not_written(desk: Desk) -> None:
    chatbot_id = put_at(desk, OLD)
    for same in (OLD, "HTTPS://old.example.COM:443/hook"):
        saved = save(desk, chatbot_id, same, OLD)
        assert (saved.webhook_url, saved.change) == (OLD, None)
    assert {call.partition(" ")[0] for call in desk.calls()} == {"GET"}
    assert not Change.objects.filter(kind=Kind.WEBHOOK).exists()


@pytest.mark.parametrize("broken", [f"{OLD} ", f" {OLD}", "https://old.example.com/ho\nok"])
def test_a_value_with_spaces_in_it_can_be_put_right(desk: Desk, broken: str) -> None:
    chatbot_id = put_at(desk, broken)
    saved = save(desk, chatbot_id, OLD, broken)
    assert saved.change is not None
    assert saved.webhook_url == OLD == reported(desk, chatbot_id)


def test_a_url_with_chinese_in_it_is_kept_as_it_was_typed(desk: Desk) -> None:
    url = "https://客服.example.com/事件/新"
    chatbot_id = put_at(desk, None)
    assert save(desk, chatbot_id, url, None).webhook_url == url
    assert save(desk, chatbot_id, url, None).change is None


def test_the_written_one_is_read_anew_and_no_other(desk: Desk) -> None:
    ids = [bot.id for bot in desk.bots]
    before = desk.bots[0].webhook_url
    details.chatbots(desk.access(), ids)
    save(desk, ids[0], NEW, before)
    desk.forget_calls()
    found = details.chatbots(desk.access(), ids)
    reading = found[ids[0]]
    assert isinstance(reading, details.ChatbotReading)
    assert reading.webhook_url == NEW
    assert desk.calls() == [f"GET chatbot/{ids[0]}"]


@pytest.mark.parametrize("key", [None, "", "with space", "鑰匙"])
def test_without_a_usable_api_key_only_the_samples_are_sent(
    open_desk: OpenDesk, key: str | None
) -> None:
    desk = open_desk(webhook_route="both", chatbots=1)
    chatbot_id = put_at(desk, None)
    desk.sandbox.edit(chatbot_id, api_key=key)
    assert save(desk, chatbot_id, NEW, None).webhook_url == NEW
    assert save(desk, chatbot_id, None, NEW).webhook_url is None
    assert {call for call in desk.calls() if not call.startswith("GET")} == {
        f"PUT chatbot/{chatbot_id}"
    }


def test_no_write_where_caigunn_does_not_say_what_the_webhook_is(desk: Desk) -> None:
    """Unknown is not none: nothing could be compared, before or afterwards."""
    chatbot_id = put_at(desk, OLD)
    desk.sandbox.edit(chatbot_id, webhook_url=["not", "text"])
    for wanted in (None, NEW):
        with pytest.raises(UnexpectedAnswer):
            save(desk, chatbot_id, wanted, None)
    assert desk.count("PUT") == desk.count("DELETE") == 0
    assert not Change.objects.filter(kind=Kind.WEBHOOK).exists()
