"""A webhook is written while Caigunn fails, or somebody else writes: never silently wrong."""

import itertools

import pytest
from django.conf import LazySettings

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.activity.record import open_change
from chatbots.caigunn import (
    CaigunnError,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    TokenRejected,
    Unavailable,
    UnexpectedAnswer,
)
from chatbots.models import AccessToken, WriteLease
from chatbots.sandbox import Fault
from chatbots.services import leases, outcomes, webhooks

from .conftest import CHATBOT, WEBHOOK, Desk, OpenDesk

pytestmark = pytest.mark.django_db

OLD = "https://old.example.com/hook"
NEW = "https://new.example.com/hook"
THIRD = "https://third.example.com/hook"
KEYS = (f"key-{number}" for number in itertools.count())
PUT_A = f"{WEBHOOK}$"


@pytest.fixture(autouse=True)
def short_times(settings: LazySettings) -> None:
    """A silence of Caigunn is a short one here."""
    settings.CAIGUNN_READ_TIMEOUT = 0.4
    settings.CAIGUNN_TOTAL_TIMEOUT = 6.0


@pytest.fixture
def bot(desk: Desk) -> str:
    """The id of a chatbot whose webhook is OLD."""
    desk.sandbox.edit(desk.bots[0].id, webhook_url=OLD)
    return desk.bots[0].id


def save(
    desk: Desk, bot: str, wanted: str | None = NEW, before: str | None = OLD, key: str = ""
) -> webhooks.Saved:
    return webhooks.save(
        desk.access(), bot, wanted, started_from=before, form_key=key or next(KEYS)
    )


def now(desk: Desk) -> str | None:
    return desk.bots[0].webhook_url


def change() -> Change:
    return Change.objects.get(kind=Kind.WEBHOOK)


UNCLEAR = [
    Fault("status", method="PUT", path=PUT_A, status=502, applied=True),
    Fault("status", method="PUT", path=PUT_A, status=502),
    Fault("status", method="PUT", path=PUT_A, status=408),
    Fault("reset_before", method="PUT", path=PUT_A),
    Fault("reset_after", method="PUT", path=PUT_A),
    Fault("close", method="PUT", path=PUT_A),
    Fault("cut", method="PUT", path=PUT_A),
    Fault("not_json", method="PUT", path=PUT_A),
    Fault("empty", method="PUT", path=PUT_A),
    Fault("hang", method="PUT", path=PUT_A),
    Fault("hang", method="PUT", path=PUT_A, applied=True),
    Fault("redirect", method="PUT", path=PUT_A, headers={"Location": "https://elsewhere.example/"}),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda one: f"{one.kind}-{one.is_applied}")
def test_an_unclear_answer_is_settled_by_reading(desk: Desk, bot: str, fault: Fault) -> None:
    """Read first; sent again only where the old value still stands."""
    desk.sandbox.order(fault)
    assert save(desk, bot).webhook_url == NEW == now(desk)
    assert change().outcome == Outcome.DONE
    assert desk.count("PUT") == (1 if fault.is_applied else 2)
    assert desk.sandbox.waiting_faults == []


@pytest.mark.parametrize("kind", ["reset_before", "hang"])
def test_three_unclear_answers_with_the_old_value_stay_unknown(
    desk: Desk, bot: str, kind: str
) -> None:
    desk.sandbox.order(Fault(kind, method="PUT", path=PUT_A, times=9))  # type: ignore[arg-type]
    with pytest.raises(outcomes.UnsettledError) as caught:
        save(desk, bot)
    assert desk.count("PUT") == 3
    assert caught.value.change.outcome == Outcome.UNKNOWN == change().outcome
    assert now(desk) == OLD


@pytest.mark.parametrize(
    "read",
    [
        Fault("status", method="GET", path=CHATBOT, status=503, times=9),
        Fault("status", method="GET", path=CHATBOT, status=429, times=9),
        Fault("status", method="GET", path=CHATBOT, status=404, times=9),
        Fault("not_json", method="GET", path=CHATBOT, times=9),
        Fault("wrong_shape", method="GET", path=CHATBOT, times=9),
        Fault("hang", method="GET", path=CHATBOT, times=9),
    ],
    ids=lambda one: f"{one.kind}-{one.status}",
)
def test_a_write_whose_read_back_fails_is_unknown_until_it_is_checked(
    desk: Desk, bot: str, read: Fault
) -> None:
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(read)
    key = next(KEYS)
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, key=key)
    assert change().outcome == Outcome.UNKNOWN
    assert desk.count("PUT") == 1
    desk.sandbox.clear_faults()
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, key=key)
    assert desk.count("PUT") == 1
    settled = webhooks.settle(desk.access(), change())
    assert (settled.outcome, settled.after) == (Outcome.DONE, {"webhook_url": NEW})
    assert save(desk, bot, key=key).webhook_url == NEW
    assert desk.count("PUT") == 1


def test_where_the_first_read_fails_nothing_was_sent_and_the_form_is_as_new(
    desk: Desk, bot: str
) -> None:
    key = next(KEYS)
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=3))
    with pytest.raises(Unavailable):
        save(desk, bot, key=key)
    assert not Change.objects.filter(kind=Kind.WEBHOOK).exists()
    assert save(desk, bot, key=key).webhook_url == NEW


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault("status", method="PUT", path=PUT_A, status=429), RateLimited),
        (Fault("status", method="PUT", path=PUT_A, status=400), Rejected),
        (Fault("status", method="PUT", path=PUT_A, status=401), Forbidden),
        (Fault("status", method="PUT", path=PUT_A, status=403), Forbidden),
    ],
    ids=lambda one: str(one.status) if isinstance(one, Fault) else "",
)
def test_a_refusal_writes_nothing_and_the_form_can_be_sent_again(
    desk: Desk, bot: str, fault: Fault, error: type[CaigunnError]
) -> None:
    """401 from request A: the API key was refused, not the token (notes §1)."""
    key = next(KEYS)
    desk.sandbox.order(fault)
    with pytest.raises(error):
        save(desk, bot, key=key)
    failed = change()
    assert (failed.outcome, failed.form_key) == (Outcome.FAILED, None)
    assert AccessToken.objects.get().rejected_at is None
    assert save(desk, bot, key=key).webhook_url == NEW == now(desk)
    assert desk.count("PUT") == 2


def test_a_refused_token_is_told_apart_from_a_refused_key(desk: Desk, bot: str) -> None:
    desk.sandbox.users[0].token = "another-token-altogether"
    with pytest.raises(TokenRejected):
        save(desk, bot)
    assert desk.count("PUT") == 0


def test_422_from_one_route_goes_to_the_other(open_desk: OpenDesk) -> None:
    desk = open_desk(webhook_route="samples", chatbots=1)
    bot = desk.bots[0].id
    desk.sandbox.edit(bot, webhook_url=OLD)
    desk.sandbox.order(Fault("status", method="PUT", path=PUT_A, status=422))
    assert save(desk, bot).webhook_url == NEW


def test_422_from_all_names_the_field(desk: Desk, bot: str) -> None:
    body = {"detail": [{"loc": ["body", "webhook_url"], "msg": "not allowed", "type": "x"}]}
    desk.sandbox.order(Fault("status", method="PUT", status=422, body=body, times=2))
    with pytest.raises(Rejected) as caught:
        save(desk, bot)
    assert caught.value.fields == {"webhook_url": ["not allowed"]}
    assert (change().outcome, now(desk)) == (Outcome.FAILED, OLD)


def test_422_from_one_and_no_effect_of_the_other_is_a_refusal_too(desk: Desk, bot: str) -> None:
    """B ignores what A has refused: its 200 must not hide the reason."""
    desk.sandbox.order(Fault("status", method="PUT", path=PUT_A, status=422))
    with pytest.raises(Rejected):
        save(desk, bot)


def test_404_to_every_route_is_no_missing_chatbot(desk: Desk, bot: str) -> None:
    desk.sandbox.order(Fault("status", method="PUT", status=404, times=2))
    with pytest.raises(Rejected):
        save(desk, bot)
    assert change().outcome == Outcome.FAILED


def test_a_chatbot_deleted_before_or_during_is_said_to_be_gone(desk: Desk, bot: str) -> None:
    deleted, current = desk.bots[1].id, desk.bots[1].webhook_url
    desk.sandbox.edit(deleted, is_deleted=True)
    with pytest.raises(outcomes.DeletedError):
        save(desk, deleted, before=current)
    with pytest.raises(NotFound):
        save(desk, "unknown-id")
    assert desk.count("PUT") == 0
    gone = dict(desk.bots[0].fields, is_deleted=True)
    desk.sandbox.order(Fault("status", method="PUT", status=404, times=2))
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001, body=gone))
    with pytest.raises(NotFound):
        save(desk, bot)
    assert change().outcome == Outcome.FAILED


def test_a_clash_before_writes_nothing_and_shows_the_other_value(desk: Desk, bot: str) -> None:
    desk.sandbox.edit(bot, webhook_url=THIRD)
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot)
    assert caught.value.current == THIRD == now(desk)
    assert desk.count("PUT") == 0
    assert not Change.objects.filter(kind=Kind.WEBHOOK).exists()


def test_a_clash_with_the_wanted_value_is_none(desk: Desk, bot: str) -> None:
    desk.sandbox.edit(bot, webhook_url=NEW)
    assert save(desk, bot).change is None


def test_a_clash_during_the_write_stops_it(desk: Desk, bot: str) -> None:
    """The write is lost, and somebody else's value stands there: not written over."""
    info = dict(desk.bots[0].fields, webhook_url=THIRD)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001, body=info))
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot)
    assert caught.value.current == THIRD
    assert desk.count("PUT") == 1
    assert (change().outcome, change().after) == (Outcome.FAILED, {"webhook_url": THIRD})


def test_a_form_writes_once_however_often_it_is_sent(desk: Desk, bot: str) -> None:
    key = next(KEYS)
    first = save(desk, bot, key=key)
    again = save(desk, bot, key=key)
    assert (again.webhook_url, again.change) == (NEW, first.change)
    with pytest.raises(outcomes.FormUsedError) as caught:
        save(desk, bot, THIRD, before=NEW, key=key)
    assert caught.value.change == first.change
    assert desk.count("PUT") == 1


def test_a_form_that_failed_after_it_was_sent_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk(webhook_route="none", chatbots=1)
    bot, before, key = desk.bots[0].id, desk.bots[0].webhook_url, next(KEYS)
    with pytest.raises(outcomes.NotHeldError):
        save(desk, bot, before=before, key=key)
    with pytest.raises(outcomes.FormUsedError):
        save(desk, bot, before=before, key=key)


def pending(desk: Desk, bot: str, asked: str | None = NEW) -> Change:
    """What a process that died in the middle of a write leaves."""
    return open_change(
        desk.access().request(next(KEYS)),
        Kind.WEBHOOK,
        chatbot_id=bot,
        before={"webhook_url": OLD},
        asked={"webhook_url": asked},
    )


@pytest.mark.parametrize(
    ("reports", "outcome"),
    [(NEW, Outcome.DONE), (OLD, Outcome.FAILED), (THIRD, Outcome.FAILED), (None, Outcome.FAILED)],
)
def test_what_a_crash_left_pending_is_settled_by_reading(
    desk: Desk, bot: str, reports: str | None, outcome: Outcome
) -> None:
    left = pending(desk, bot)
    desk.sandbox.edit(bot, webhook_url=reports)
    settled = webhooks.settle(desk.access(), left)
    assert (settled.outcome, settled.after) == (outcome, {"webhook_url": reports})
    assert desk.count("PUT") == 0
    desk.forget_calls()
    assert webhooks.settle(desk.access(), settled) == settled
    assert desk.calls() == []


def test_an_unreadable_webhook_settles_nothing(desk: Desk, bot: str) -> None:
    left = pending(desk, bot, asked=None)
    desk.sandbox.edit(bot, webhook_url=7)
    with pytest.raises(UnexpectedAnswer):
        webhooks.settle(desk.access(), left)
    left.refresh_from_db()
    assert left.outcome == Outcome.UNKNOWN


def test_a_form_whose_process_died_is_not_written_twice(desk: Desk, bot: str) -> None:
    left = pending(desk, bot)
    assert left.form_key
    with pytest.raises(outcomes.UnsettledError) as caught:
        save(desk, bot, key=left.form_key)
    assert caught.value.change == left
    assert desk.count("PUT") == 0


def test_a_write_under_way_lets_no_other_in(desk: Desk, bot: str, settings: LazySettings) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.4
    access = desk.access()
    with leases.held(leases.chatbot_lease(bot), access.deadline):
        with pytest.raises(outcomes.BusyError):
            save(desk, bot)
        with pytest.raises(outcomes.BusyError):
            webhooks.settle(desk.access(), pending(desk, bot))
    assert desk.calls() == []
    assert not WriteLease.objects.exists()
    settings.CAIGUNN_TOTAL_TIMEOUT = 6.0
    assert save(desk, bot).webhook_url == NEW
