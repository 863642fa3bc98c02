"""*Check now* settles settings and deletions as far as reading can tell."""

from typing import Any

import pytest
from django.conf import LazySettings

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import open_change
from chatbots.caigunn import NotFound, Unavailable
from chatbots.sandbox import Chatbot, Fault
from chatbots.services import leases, outcomes, settling
from chatbots.services import settings as service

from .conftest import CHATBOT, Desk
from .settings_calls import KEYS, ready, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(desk: Desk) -> Chatbot:
    """A chatbot titled Old, with the prompt Old prompt."""
    return ready(desk)


def left(desk: Desk, bot: Chatbot, kind: Kind, **asked: Any) -> Change:
    """What a process that died in the middle of a write leaves."""
    now = service.readable(desk.access().client.get_chatbot(bot.id))
    desk.forget_calls()
    return open_change(
        desk.access().request(next(KEYS)),
        kind,
        chatbot_id=bot.id,
        before={name: now[name] for name in asked if name in now},
        asked=asked,
    )


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [
        ({"title": "New", "prompt": "New prompt"}, Outcome.DONE),
        ({}, Outcome.FAILED),
        ({"title": "New"}, Outcome.FAILED),
        ({"title": "Theirs", "prompt": "New prompt"}, Outcome.FAILED),
    ],
    ids=["new", "old", "in part", "another"],
)
def test_settings_that_can_be_read_are_settled(
    desk: Desk, bot: Chatbot, reports: dict[str, str], outcome: Outcome
) -> None:
    change = left(desk, bot, Kind.SETTINGS, title="New", prompt="New prompt", main_color="#000000")
    desk.sandbox.edit(bot.id, **reports)
    settled = settling.settle(desk.access(), change)
    assert settled.outcome == outcome
    assert settled.after == {"title": bot.fields["title"], "prompt": bot.fields["prompt"]}
    assert desk.calls() == [f"GET chatbot/{bot.id}"]
    assert settling.settle(desk.access(), settled) == settled
    assert desk.calls() == [f"GET chatbot/{bot.id}"], "settled once and for all"


def test_a_third_value_is_not_called_the_old_one(desk: Desk, bot: Chatbot) -> None:
    change = left(desk, bot, Kind.SETTINGS, title="New")
    old = settling.settle(desk.access(), change).detail
    change = left(desk, bot, Kind.SETTINGS, title="New")
    desk.sandbox.edit(bot.id, title="Theirs")
    third = settling.settle(desk.access(), change).detail
    assert "title" in third
    assert "title" not in old


def test_settings_that_cannot_be_read_stay_unknown(desk: Desk, bot: Chatbot) -> None:
    change = left(desk, bot, Kind.SETTINGS, main_color="#000000")
    for _time in range(2):
        change = settling.settle(desk.access(), change)
        assert (change.outcome, change.after) == (Outcome.UNKNOWN, {})
        assert change.detail


def test_an_unknown_write_is_settled_and_its_form_then_says_so(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=3))
    values = {"title": "New", "main_color": "#000000"}
    with pytest.raises(outcomes.UnsettledError) as caught:
        save(desk, bot, values, started_from={}, form_key="one")
    assert settling.settle(desk.access(), caught.value.change).outcome == Outcome.DONE
    again = save(desk, bot, values, started_from={}, form_key="one")
    assert (again.verified, again.accepted) == (("title",), ("main_color",))
    assert desk.count("PUT") == 1


@pytest.mark.parametrize("how", ["still there", "marked", "unreadable"])
def test_a_deletion_is_settled(desk: Desk, bot: Chatbot, how: str) -> None:
    change = left(desk, bot, Kind.DELETE, is_deleted=True)
    if how == "marked":
        desk.sandbox.edit(bot.id, is_deleted=True)
    elif how == "unreadable":
        desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=404))
    settled = settling.settle(desk.access(), change)
    is_gone = how != "still there"
    assert settled.outcome == (Outcome.DONE if is_gone else Outcome.FAILED)
    assert settled.after == {"is_deleted": is_gone}
    assert desk.count("DELETE") == 0


@pytest.mark.parametrize("kind", [Kind.SETTINGS, Kind.DELETE])
def test_where_caigunn_is_away_nothing_is_settled(desk: Desk, bot: Chatbot, kind: Kind) -> None:
    change = left(desk, bot, kind, title="New")
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=3))
    with pytest.raises(Unavailable):
        settling.settle(desk.access(), change)
    change.refresh_from_db()
    assert change.outcome == Outcome.UNKNOWN


def test_settings_of_a_chatbot_that_this_token_does_not_reach_are_not_settled(
    desk: Desk, bot: Chatbot
) -> None:
    change = left(desk, bot, Kind.SETTINGS, title="New")
    Change.objects.filter(pk=change.pk).update(chatbot_id="no-such-chatbot")
    change.refresh_from_db()
    with pytest.raises(NotFound):
        settling.settle(desk.access(), change)
    assert Change.objects.get(pk=change.pk).outcome == Outcome.UNKNOWN


def test_a_write_under_way_is_not_settled(desk: Desk, bot: Chatbot, settings: LazySettings) -> None:
    change = left(desk, bot, Kind.SETTINGS, title="New")
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.4
    with (
        leases.held(leases.chatbot_lease(bot.id), desk.access().deadline),
        pytest.raises(outcomes.BusyError),
    ):
        settling.settle(desk.access(), change)
    assert desk.calls() == []


def test_a_value_that_was_there_before_proves_nothing(desk: Desk, bot: Chatbot) -> None:
    """It was asked for together with one that Caigunn does not report, and nothing arrived."""
    change = left(desk, bot, Kind.SETTINGS, title=bot.title, main_color="#123abc")
    assert settling.settle(desk.access(), change).outcome == Outcome.UNKNOWN


def test_a_creation_that_caigunn_had_named_is_settled_by_reading_it(
    desk: Desk, bot: Chatbot
) -> None:
    change = left(desk, bot, Kind.CREATE, title=bot.title)
    settled = settling.settle(desk.access(), change)
    assert (settled.outcome, settled.after["title"]) == (Outcome.DONE, bot.title)
