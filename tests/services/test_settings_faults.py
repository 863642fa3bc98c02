"""Settings are written while Caigunn fails: read first, sent again only where nothing moved."""

import pytest
from django.conf import LazySettings

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.caigunn import (
    CaigunnError,
    Forbidden,
    NotFound,
    RateLimited,
    Rejected,
    TokenRejected,
    Unavailable,
)
from chatbots.models import WriteLease
from chatbots.sandbox import Chatbot, Fault
from chatbots.services import leases, outcomes

from .conftest import CHATBOT, Desk
from .settings_calls import KEYS, change, held, ready, save

pytestmark = pytest.mark.django_db

READABLE = {"title": "New", "main_color": "#0f766e"}
UNREADABLE = {"main_color": "#0f766e"}


@pytest.fixture(autouse=True)
def short_times(settings: LazySettings) -> None:
    """A silence of Caigunn is a short one here."""
    settings.CAIGUNN_READ_TIMEOUT = 0.4
    settings.CAIGUNN_TOTAL_TIMEOUT = 6.0


@pytest.fixture
def bot(desk: Desk) -> Chatbot:
    """A chatbot titled Old."""
    return ready(desk)


def put_fault(kind: str, **how: object) -> Fault:
    return Fault(kind, method="PUT", path=CHATBOT, **how)  # type: ignore[arg-type]


UNCLEAR = [
    put_fault("status", status=502, applied=True),
    put_fault("status", status=502),
    put_fault("status", status=408),
    put_fault("reset_before"),
    put_fault("reset_after"),
    put_fault("close"),
    put_fault("cut"),
    put_fault("not_json"),
    put_fault("empty"),
    put_fault("hang"),
    put_fault("hang", applied=True),
    put_fault("redirect", headers={"Location": "https://elsewhere.example/"}),
]


def named(fault: object) -> str:
    return f"{fault.kind}-{fault.is_applied}" if isinstance(fault, Fault) else ""


@pytest.mark.parametrize("fault", UNCLEAR, ids=named)
def test_an_unclear_answer_about_a_readable_setting_is_settled_by_reading(
    desk: Desk, bot: Chatbot, fault: Fault
) -> None:
    desk.sandbox.order(fault)
    saved = save(desk, bot, READABLE)
    assert (saved.verified, saved.accepted) == (("title",), ("main_color",))
    assert (bot.title, held(bot, "main_color")) == ("New", "#0f766e")
    assert change().outcome == Outcome.DONE
    assert desk.count("PUT") == (1 if fault.is_applied else 2)
    assert desk.sandbox.waiting_faults == []


@pytest.mark.parametrize("fault", UNCLEAR, ids=named)
def test_of_unreadable_ones_only_a_chatbot_that_did_not_move_is_sent_again(
    desk: Desk, bot: Chatbot, fault: Fault
) -> None:
    """`updated_at` is all there is to go by: moved, somebody wrote, and who cannot be told."""
    desk.sandbox.order(fault)
    if fault.is_applied:
        with pytest.raises(outcomes.UnsettledError) as caught:
            save(desk, bot, UNREADABLE)
        assert caught.value.change == change()
        assert (change().outcome, desk.count("PUT")) == (Outcome.UNKNOWN, 1)
    else:
        assert save(desk, bot, UNREADABLE).accepted == ("main_color",)
        assert (change().outcome, desk.count("PUT")) == (Outcome.DONE, 2)
    assert held(bot, "main_color") == "#0f766e"


@pytest.mark.parametrize("values", [READABLE, UNREADABLE])
@pytest.mark.parametrize("kind", ["reset_before", "hang"])
def test_three_unclear_answers_are_the_most_and_stay_unknown(
    desk: Desk, bot: Chatbot, kind: str, values: dict[str, str]
) -> None:
    desk.sandbox.order(put_fault(kind, times=9))
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, values)
    assert (change().outcome, desk.count("PUT"), bot.title) == (Outcome.UNKNOWN, 3, "Old")


def test_without_updated_at_an_unclear_write_is_not_sent_again(desk: Desk, bot: Chatbot) -> None:
    """Nothing tells whether the write arrived in part."""
    info = dict(bot.fields, updated_at=None)
    desk.sandbox.order(Fault("delay", path=CHATBOT, method="GET", seconds=0.001, body=info))
    desk.sandbox.order(put_fault("reset_before"))
    desk.sandbox.order(Fault("delay", path=CHATBOT, method="GET", seconds=0.001, body=info))
    started_from = {"title": "Old", "updated_at": None}
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, UNREADABLE, started_from=started_from)
    assert desk.count("PUT") == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (put_fault("status", status=400), Rejected),
        (put_fault("status", status=422), Rejected),
        (put_fault("status", status=429), RateLimited),
        (put_fault("status", status=401), Forbidden),
        (put_fault("status", status=403), Forbidden),
        (put_fault("status", status=404), NotFound),
    ],
    ids=lambda one: str(one.status) if isinstance(one, Fault) else "",
)
def test_a_refusal_writes_nothing_and_the_form_can_be_sent_again(
    desk: Desk, bot: Chatbot, fault: Fault, error: type[CaigunnError]
) -> None:
    key = next(KEYS)
    desk.sandbox.order(fault)
    with pytest.raises(error):
        save(desk, bot, READABLE, form_key=key)
    failed = change()
    assert (failed.outcome, failed.form_key, failed.after) == (
        Outcome.FAILED,
        None,
        {"title": "Old"},
    )
    assert save(desk, bot, READABLE, form_key=key).verified == ("title",)
    assert desk.count("PUT") == 1, "counted from when the form was opened again"
    assert bot.title == "New"


def test_422_names_the_field(desk: Desk, bot: Chatbot) -> None:
    with pytest.raises(Rejected) as caught:
        save(desk, bot, {"model_id": "3fa85f64-5717-4562-b3fc-2c963f66afa6", "title": "New"})
    assert set(caught.value.fields) == {"model_id"}
    assert bot.title == "Old"


@pytest.mark.parametrize("status", [422, 429, 404])
def test_a_refusal_after_an_unclear_attempt_settles_nothing(
    desk: Desk, bot: Chatbot, status: int
) -> None:
    """The first attempt may still be on its way."""
    desk.sandbox.order(put_fault("reset_before"))
    desk.sandbox.order(put_fault("status", status=status))
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, READABLE)
    assert (change().outcome, change().form_key is None) == (Outcome.UNKNOWN, False)


def test_a_refused_token_is_told(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.users[0].token = "another-token-altogether"
    with pytest.raises(TokenRejected):
        save(desk, bot, READABLE, started_from={})
    assert desk.count("PUT") == 0


def test_where_the_first_read_fails_nothing_was_sent(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=3))
    with pytest.raises(Unavailable):
        save(desk, bot, READABLE, started_from={})
    assert desk.count("PUT") == 0
    assert not Change.objects.filter(kind=Kind.SETTINGS).exists()


@pytest.mark.parametrize(
    "read",
    [
        Fault("status", method="GET", path=CHATBOT, status=503, times=9),
        Fault("status", method="GET", path=CHATBOT, status=404, times=9),
        Fault("not_json", method="GET", path=CHATBOT, times=9),
        Fault("hang", method="GET", path=CHATBOT, times=9),
    ],
    ids=named,
)
def test_a_write_whose_read_back_fails_is_unknown(desk: Desk, bot: Chatbot, read: Fault) -> None:
    key = next(KEYS)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(read)
    for _time in range(2):
        with pytest.raises(outcomes.UnsettledError):
            save(desk, bot, READABLE, form_key=key, started_from={})
        assert (change().outcome, desk.count("PUT")) == (Outcome.UNKNOWN, 1)


def test_the_old_value_is_read_once_more_before_it_counts(
    desk: Desk, bot: Chatbot, settings: LazySettings
) -> None:
    """Caigunn takes a moment to show what it took: one write, and no complaint."""
    settings.READ_BACK_WAIT_SECONDS = 0.05
    old = dict(bot.fields)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001, body=old))
    assert save(desk, bot, READABLE, started_from={}).verified == ("title",)
    assert desk.calls() == [f"{method} chatbot/{bot.id}" for method in ("GET", "PUT", "GET", "GET")]
    assert change().outcome == Outcome.DONE


@pytest.mark.parametrize("reported", ["Old", "Somebody else's"])
def test_a_yes_without_effect_is_said_with_the_field(
    desk: Desk, bot: Chatbot, reported: str
) -> None:
    if reported != "Old":
        info = dict(bot.fields, title=reported)
        desk.sandbox.order(Fault("delay", method="GET", path=CHATBOT, seconds=0.001))
        desk.sandbox.order(
            Fault("delay", method="GET", path=CHATBOT, seconds=0.001, body=info, times=2)
        )
    yes = {"detail": "update successfully"}
    desk.sandbox.order(put_fault("status", status=200, body=yes))
    key = next(KEYS)
    values = {"title": "New", "prompt": "Old prompt", "main_color": "#0f766e"}
    with pytest.raises(outcomes.NotHeldError) as caught:
        save(desk, bot, values, form_key=key, started_from={})
    assert caught.value.current == {"title": reported}
    assert change().outcome == Outcome.FAILED
    assert change().after == {"title": reported, "prompt": "Old prompt"}
    assert "title" in change().detail
    with pytest.raises(outcomes.FormUsedError) as used:
        save(desk, bot, values, form_key=key, started_from={})
    assert used.value.change == change()
    assert desk.count("PUT") == 1


def test_a_form_writes_once_however_often_it_is_sent(desk: Desk, bot: Chatbot) -> None:
    key = next(KEYS)
    first = save(desk, bot, READABLE, form_key=key)
    again = save(desk, bot, READABLE, form_key=key)
    assert again == first
    assert desk.count("PUT") == 0, "counted from the second time on"
    for other in (
        {"title": "Newer", "main_color": "#0f766e"},
        READABLE | {"prompt": "too"},
        READABLE | {"button_style": "basic"},
        UNREADABLE,
    ):
        with pytest.raises(outcomes.FormUsedError):
            save(desk, bot, other, form_key=key)
    assert desk.count("PUT") == 0


def test_a_write_under_way_lets_no_other_in(
    desk: Desk, bot: Chatbot, settings: LazySettings
) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.4
    with (
        leases.held(leases.chatbot_lease(bot.id), desk.access().deadline),
        pytest.raises(outcomes.BusyError),
    ):
        save(desk, bot, READABLE, started_from={})
    assert desk.calls() == []
    assert not WriteLease.objects.exists()
