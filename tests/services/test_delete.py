"""Deleting: it is done when reading says so, and said to be unknown where reading cannot tell."""

from typing import Any, get_args

import pytest
from django.conf import LazySettings

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.caigunn import CaigunnError, Forbidden, RateLimited, Rejected, Unavailable
from chatbots.models import WriteLease
from chatbots.sandbox import AsOf, Fault, WebhookRoute
from chatbots.services import catalogue, deletion, details, leases, outcomes

from .conftest import CHATBOT, Desk, OpenDesk
from .settings_calls import KEYS, change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_times(settings: LazySettings) -> None:
    """A silence of Caigunn is a short one here."""
    settings.CAIGUNN_READ_TIMEOUT = 0.4
    settings.CAIGUNN_TOTAL_TIMEOUT = 6.0


def delete(desk: Desk, chatbot_id: str, key: str = "") -> Change | None:
    return deletion.delete(desk.access(), chatbot_id, form_key=key or next(KEYS))


def fault(kind: str, **how: Any) -> Fault:
    return Fault(kind, method="DELETE", path=CHATBOT, **how)  # type: ignore[arg-type]


def named(one: object) -> str:
    return f"{one.kind}-{one.status}-{one.is_applied}" if isinstance(one, Fault) else ""


@pytest.mark.parametrize("route", get_args(WebhookRoute))
@pytest.mark.parametrize("as_of", get_args(AsOf))
def test_it_and_no_other_is_gone(open_desk: OpenDesk, as_of: AsOf, route: WebhookRoute) -> None:
    desk = open_desk("admin", as_of=as_of, webhook_route=route, chatbots=3)
    bot, *others = desk.bots
    kept = [dict(one.fields) for one in others]
    title, webhook_url = bot.title, bot.webhook_url
    done = delete(desk, bot.id)
    assert done == change(Kind.DELETE)
    assert (done.outcome, done.after) == (Outcome.DONE, {"is_deleted": True})
    assert (done.chatbot_title, done.before["webhook_url"]) == (title, webhook_url)
    assert bot.is_deleted
    assert [one.fields for one in desk.bots] == kept
    assert desk.calls() == [f"{method} chatbot/{bot.id}" for method in ("GET", "DELETE", "GET")]
    sent = desk.sandbox.requests[1]
    assert (sent.query, sent.body, "api-key" in sent.headers) == ([], b"", False)
    assert desk.sandbox.refusals == []


def test_pages_read_it_anew_afterwards(desk: Desk) -> None:
    bot = desk.bots[0]
    details.chatbot(desk.access(), bot.id)
    catalogue.chatbots(desk.access(), 1, 30)
    delete(desk, bot.id)
    assert details.chatbot(desk.access(), bot.id).info.is_deleted
    assert bot.id not in {row.id for row in catalogue.chatbots(desk.access(), 1, 30).rows}


def test_one_that_was_deleted_already_is_not_deleted_again(desk: Desk) -> None:
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, is_deleted=True)
    assert delete(desk, bot.id) is None
    assert delete(desk, "no-such-chatbot") is None
    assert desk.count("DELETE") == 0
    assert not Change.objects.filter(kind=Kind.DELETE).exists()


@pytest.mark.parametrize(
    "answer", [fault("status", status=404), fault("status", status=404, applied=True)], ids=named
)
def test_404_is_done_if_it_is_gone(desk: Desk, answer: Fault) -> None:
    bot = desk.bots[0]
    desk.sandbox.order(answer)
    if answer.is_applied:
        done = delete(desk, bot.id)
        assert done == change(Kind.DELETE)
        assert done.outcome == Outcome.DONE
    else:
        with pytest.raises(outcomes.NotHeldError):
            delete(desk, bot.id)
        assert not bot.is_deleted
    assert desk.count("DELETE") == 1


def test_one_that_cannot_be_read_any_more_is_gone(desk: Desk) -> None:
    bot = desk.bots[0]
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=404))
    done = delete(desk, bot.id)
    assert done is not None
    assert done.outcome == Outcome.DONE


UNCLEAR = [
    fault("status", status=502, applied=True),
    fault("status", status=502),
    fault("reset_before"),
    fault("reset_after"),
    fault("close"),
    fault("cut"),
    fault("hang"),
    fault("hang", applied=True),
    fault("not_json"),
]


@pytest.mark.parametrize("answer", UNCLEAR, ids=named)
def test_an_unclear_answer_is_settled_by_reading(desk: Desk, answer: Fault) -> None:
    bot = desk.bots[0]
    desk.sandbox.order(answer)
    assert delete(desk, bot.id) == change(Kind.DELETE)
    assert (bot.is_deleted, change(Kind.DELETE).outcome) == (True, Outcome.DONE)
    assert desk.count("DELETE") == (1 if answer.is_applied else 2)


def test_three_unclear_answers_are_the_most_and_stay_unknown(desk: Desk) -> None:
    bot = desk.bots[0]
    desk.sandbox.order(fault("reset_before", times=9))
    with pytest.raises(outcomes.UnsettledError) as caught:
        delete(desk, bot.id)
    assert caught.value.change == change(Kind.DELETE)
    assert (change(Kind.DELETE).outcome, desk.count("DELETE")) == (Outcome.UNKNOWN, 3)


@pytest.mark.parametrize(
    "read",
    [
        Fault("status", method="GET", path=CHATBOT, status=503, times=9),
        Fault("not_json", method="GET", path=CHATBOT, times=9),
        Fault("hang", method="GET", path=CHATBOT, times=9),
    ],
    ids=named,
)
def test_a_deletion_that_cannot_be_read_back_is_unknown(desk: Desk, read: Fault) -> None:
    bot, key = desk.bots[0], next(KEYS)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(read)
    for _time in range(2):
        with pytest.raises(outcomes.UnsettledError):
            delete(desk, bot.id, key)
        assert (change(Kind.DELETE).outcome, desk.count("DELETE")) == (Outcome.UNKNOWN, 1)


def test_what_still_stands_is_read_once_more_before_it_counts(
    desk: Desk, settings: LazySettings
) -> None:
    settings.READ_BACK_WAIT_SECONDS = 0.05
    bot = desk.bots[0]
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    there = dict(bot.fields)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001, body=there))
    assert delete(desk, bot.id) == change(Kind.DELETE)
    assert [call.split()[0] for call in desk.calls()] == ["GET", "DELETE", "GET", "GET"]


def test_a_yes_without_effect_is_said(desk: Desk) -> None:
    bot, key = desk.bots[0], next(KEYS)
    yes = {"detail": "Delete chatbot successfully"}
    desk.sandbox.order(fault("status", status=200, body=yes))
    with pytest.raises(outcomes.NotHeldError) as caught:
        delete(desk, bot.id, key)
    failed = change(Kind.DELETE)
    assert (caught.value.change, failed.outcome) == (failed, Outcome.FAILED)
    assert failed.after == {"is_deleted": False}
    assert failed.detail
    with pytest.raises(outcomes.FormUsedError):
        delete(desk, bot.id, key)
    assert desk.count("DELETE") == 1


@pytest.mark.parametrize(
    ("status", "error"), [(400, Rejected), (403, Forbidden), (429, RateLimited), (405, Rejected)]
)
def test_a_refusal_deletes_nothing_and_the_form_can_be_sent_again(
    desk: Desk, status: int, error: type[CaigunnError]
) -> None:
    bot, key = desk.bots[0], next(KEYS)
    desk.sandbox.order(fault("status", status=status))
    with pytest.raises(error):
        delete(desk, bot.id, key)
    assert (change(Kind.DELETE).outcome, bot.is_deleted) == (Outcome.FAILED, False)
    assert delete(desk, bot.id, key) is not None
    assert bot.is_deleted


def test_a_refusal_after_an_unclear_attempt_settles_nothing(desk: Desk) -> None:
    desk.sandbox.order(fault("reset_before"))
    desk.sandbox.order(fault("status", status=429))
    with pytest.raises(outcomes.UnsettledError):
        delete(desk, desk.bots[0].id)
    assert change(Kind.DELETE).outcome == Outcome.UNKNOWN


def test_where_the_first_read_fails_nothing_was_sent(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=3))
    with pytest.raises(Unavailable):
        delete(desk, desk.bots[0].id)
    assert desk.count("DELETE") == 0
    assert not Change.objects.filter(kind=Kind.DELETE).exists()


def test_a_form_deletes_once_however_often_it_is_sent(desk: Desk) -> None:
    bot, key = desk.bots[0], next(KEYS)
    assert delete(desk, bot.id, key) == delete(desk, bot.id, key) == change(Kind.DELETE)
    assert desk.count("DELETE") == 1


def test_a_write_under_way_lets_no_deletion_in(desk: Desk, settings: LazySettings) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.4
    bot = desk.bots[0]
    with (
        leases.held(leases.chatbot_lease(bot.id), desk.access().deadline),
        pytest.raises(outcomes.BusyError),
    ):
        delete(desk, bot.id)
    assert desk.calls() == []
    assert not WriteLease.objects.exists()
