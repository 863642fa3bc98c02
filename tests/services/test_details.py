"""Reading chatbots one by one: at most once a minute, each by itself, never with its secrets."""

import json
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings

from chatbots.caigunn import Forbidden, NotFound, TokenRejected, Unavailable
from chatbots.sandbox import Fault
from chatbots.services import details, kept
from chatbots.services.details import ChatbotReading, Unread

from .conftest import CHATBOT, Desk, OpenDesk

pytestmark = pytest.mark.django_db


def read(desk: Desk, number: int = 0) -> ChatbotReading:
    return details.chatbot(desk.access(), desk.bots[number].id, fresh_is_enough=False)


def ids(desk: Desk) -> list[str]:
    return [bot.id for bot in desk.bots]


def webhooks(found: dict[str, ChatbotReading | Unread]) -> dict[str, str | None]:
    return {key: one.webhook_url for key, one in found.items() if isinstance(one, ChatbotReading)}


def test_all_fields_survive_being_kept(desk: Desk) -> None:
    """What comes out of the cache is what Caigunn said, without the two secrets."""
    info = desk.access().client.get_chatbot(desk.bots[3].id)
    bare = {"api_key": None, "opentalk_api_token": None}
    once, again = read(desk, 3), details.chatbot(desk.access(), desk.bots[3].id)
    assert once.info.model_dump() == info.model_dump() | bare
    assert again == once
    assert once.hints == {
        name: str(desk.bots[3].fields[name])[-4:] for name in ("api_key", "opentalk_api_token")
    }


@pytest.mark.parametrize(
    ("fields", "url", "is_known"),
    [
        ({"webhook_url": "https://a.example/"}, "https://a.example/", True),
        ({"webhook_url": None}, None, True),
        ({"webhook_url": ""}, None, True),
        ({"webhook_url": 7}, None, False),
        ({"webhook_url": {}}, None, False),
    ],
)
def test_no_webhook_and_an_unknown_one_are_two_things(
    desk: Desk, fields: dict[str, object], url: str | None, is_known: bool
) -> None:
    desk.sandbox.edit(desk.bots[0].id, **fields)
    for reading in (read(desk), details.chatbot(desk.access(), desk.bots[0].id)):
        assert (reading.webhook_url, reading.webhook_is_known) == (url, is_known)


def test_a_missing_webhook_is_unknown(desk: Desk) -> None:
    del desk.bots[0].fields["webhook_url"]
    assert not read(desk).webhook_is_known
    assert not details.chatbot(desk.access(), desk.bots[0].id).webhook_is_known


def test_a_fresh_copy_costs_no_call_and_an_old_one_does(desk: Desk, settings: LazySettings) -> None:
    first = read(desk)
    desk.forget_calls()
    assert details.chatbot(desk.access(), desk.bots[0].id) == first
    assert desk.calls() == []
    later = first.read_at + timedelta(seconds=settings.FRESH_SECONDS + 1)
    with time_machine.travel(later, tick=True):
        assert details.chatbot(desk.access(), desk.bots[0].id).read_at >= later
    assert len(desk.calls()) == 1


def test_while_caigunn_is_away_the_last_copy_is_shown_with_its_age(desk: Desk) -> None:
    first = read(desk)
    desk.sandbox.order(Fault("status", path=CHATBOT, status=503, times=3))
    stale = read(desk)
    assert stale.is_stale
    assert stale.read_at == first.read_at
    desk.sandbox.order(Fault("status", path=CHATBOT, status=503, times=3))
    with pytest.raises(Unavailable):
        read(desk, 1)


def test_a_chatbot_that_is_gone_is_not_shown_from_a_copy(desk: Desk) -> None:
    read(desk)
    desk.sandbox.order(Fault("status", path=CHATBOT, status=404))
    with pytest.raises(NotFound):
        read(desk)
    assert kept.get(desk.access().scope, f"chatbot:{desk.bots[0].id}") is None


def test_thirty_are_read_with_thirty_calls_and_then_with_none(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=30)
    found = details.chatbots(desk.access(), ids(desk))
    assert webhooks(found) == {bot.id: bot.webhook_url for bot in desk.bots}
    assert len(desk.calls()) == 30
    desk.forget_calls()
    assert details.chatbots(desk.access(), ids(desk)) == found
    assert desk.calls() == []


def test_an_id_that_comes_twice_is_read_once(desk: Desk) -> None:
    details.chatbots(desk.access(), ids(desk)[:1] * 3)
    assert len(desk.calls()) == 1
    assert details.chatbots(desk.access(), []) == {}


@pytest.mark.parametrize("status", [403, 404, 422, 429, 503])
def test_one_that_fails_takes_no_other_with_it(open_desk: OpenDesk, status: int) -> None:
    desk = open_desk(chatbots=4)
    bad = desk.bots[1].id
    desk.sandbox.order(Fault("status", path=f"{bad}$", status=status, times=3))
    found = details.chatbots(desk.access(), ids(desk))
    assert found[bad] == Unread(is_gone=status == 404)
    assert webhooks(found).keys() == set(ids(desk)) - {bad}


def test_one_that_fails_is_shown_from_its_copy(open_desk: OpenDesk, settings: LazySettings) -> None:
    desk = open_desk(chatbots=2)
    details.chatbots(desk.access(), ids(desk))
    settings.FRESH_SECONDS = 0.0
    desk.sandbox.order(Fault("status", path=f"{desk.bots[1].id}$", status=503, times=3))
    found = details.chatbots(desk.access(), ids(desk))
    stale = [one.is_stale for one in found.values() if isinstance(one, ChatbotReading)]
    assert sorted(stale) == [False, True]


def test_a_refused_token_concerns_all(desk: Desk) -> None:
    access = desk.access()
    desk.sandbox.users[0].token = "another-token-altogether"
    with pytest.raises(TokenRejected):
        details.chatbots(access, ids(desk))


def test_an_answer_about_one_chatbot_that_is_forbidden_is_told(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", path=CHATBOT, status=403))
    with pytest.raises(Forbidden):
        read(desk)


def test_a_dropped_copy_is_read_anew(desk: Desk) -> None:
    read(desk)
    details.forget(desk.access(), desk.bots[0].id)
    desk.forget_calls()
    details.chatbot(desk.access(), desk.bots[0].id)
    assert len(desk.calls()) == 1


def test_what_is_kept_holds_no_secret(desk: Desk) -> None:
    hidden = {
        "new_token": "s3cret-1",
        "model": {"id": "m", "hub_password": "s3cret-2"},
        "coupon": {"keys": ["s3cret-3"]},
        "auth_credentials": {"user": "s3cret-4"},
        "opentalk_api_token": "s3cret-5-and-some-more",
    }
    desk.sandbox.edit(desk.bots[0].id, **hidden)
    read(desk)
    copy = kept.get(desk.access().scope, f"chatbot:{desk.bots[0].id}")
    assert copy is not None
    text = json.dumps(copy.data)
    assert "s3cret" not in text
    assert desk.bots[0].api_key not in text


def test_names_are_kept_apart_by_token(desk: Desk) -> None:
    kept.put("one", "name", 1)
    kept.put("two", "name", 2)
    kept.drop("one", "name", "never-there")
    assert kept.get("one", "name") is None
    two = kept.get("two", "name")
    assert two is not None
    assert (two.data, two.is_fresh, two.younger_than(0)) == (2, True, False)


def test_a_read_that_a_write_overtook_is_not_kept(desk: Desk) -> None:
    """It began no later than the write ended, so it may hold the value before."""
    with time_machine.travel("2026-01-05 10:00:00+00:00", tick=False) as clock:
        details.forget(desk.access(), desk.bots[0].id)
        details.chatbots(desk.access(), ids(desk)[:2])
        desk.forget_calls()
        clock.shift(1)
        details.chatbots(desk.access(), ids(desk)[:2])
        assert desk.calls() == [f"GET chatbot/{desk.bots[0].id}"]
        clock.shift(1)
        details.chatbot(desk.access(), desk.bots[0].id)
        assert len(desk.calls()) == 1
