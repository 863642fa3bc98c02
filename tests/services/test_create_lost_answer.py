"""The answer to a creation is lost: never sent twice, and what appeared since is found."""

from typing import Any, get_args

import pytest
from django.conf import LazySettings

from caigunn_admin.activity.models import Kind, Outcome
from caigunn_admin.activity.record import open_change
from chatbots.sandbox import AsOf, Fault
from chatbots.services import leases, lifecycle, outcomes

from .conftest import CHATBOT, CHATBOTS, OpenDesk
from .creating import TITLE, WEBHOOK_URL, create, titled, wanted
from .settings_calls import change

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_times(settings: LazySettings) -> None:
    """A silence of Caigunn is a short one here."""
    settings.CAIGUNN_READ_TIMEOUT = 0.4
    settings.CAIGUNN_TOTAL_TIMEOUT = 6.0


def post_fault(kind: str, **how: Any) -> Fault:
    return Fault(kind, method="POST", path=CHATBOTS, **how)  # type: ignore[arg-type]


LOST = [
    post_fault("reset_before"),
    post_fault("reset_after"),
    post_fault("cut"),
    post_fault("close", applied=False),
    post_fault("close"),
    post_fault("hang"),
    post_fault("hang", applied=True),
    post_fault("status", status=502),
    post_fault("status", status=502, applied=True),
    post_fault("status", status=408),
    post_fault("not_json"),
    post_fault("not_json", applied=False),
    post_fault("empty"),
    post_fault("wrong_shape"),
    post_fault("redirect", headers={"Location": "https://elsewhere.example/"}),
]


def named(fault: object) -> str:
    return f"{fault.kind}-{fault.is_applied}" if isinstance(fault, Fault) else str(fault)


@pytest.mark.parametrize("as_of", get_args(AsOf))
@pytest.mark.parametrize("fault", LOST, ids=named)
def test_one_request_and_what_is_known(open_desk: OpenDesk, fault: Fault, as_of: AsOf) -> None:
    """Neither those of the title that were there before, nor those of others, are offered."""
    desk = open_desk("admin", as_of=as_of, chatbots=4, max_limit=2)
    for bot in desk.bots[1:3]:
        desk.sandbox.edit(bot.id, title=TITLE)
    there_before = [bot.id for bot in desk.bots]
    desk.sandbox.order(fault)
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk, webhook_url=WEBHOOK_URL))
    made = [bot.id for bot in desk.bots if bot.id not in there_before]
    assert [one.id for one in caught.value.found or ()] == made
    assert len(made) == (1 if fault.is_applied else 0)
    assert caught.value.change == change(Kind.CREATE)
    assert change(Kind.CREATE).outcome == Outcome.UNKNOWN
    assert desk.count("POST") == 1
    assert desk.count("PUT") == 0, "nobody knows whose webhook that would be"
    assert desk.sandbox.waiting_faults == []


@pytest.mark.parametrize(
    "fault", [post_fault("reset_before"), post_fault("reset_after")], ids=named
)
def test_the_form_sent_again_looks_again_and_creates_nothing(
    open_desk: OpenDesk, fault: Fault
) -> None:
    """A second click, a reload, another tab: what is drawn last tells as much as the first."""
    desk = open_desk("admin", chatbots=2)
    desk.sandbox.edit(desk.bots[0].id, title=TITLE)
    there_before = {bot.id for bot in titled(desk)}
    desk.sandbox.order(fault)
    for _time in range(3):
        with pytest.raises(lifecycle.LostAnswerError) as caught:
            create(desk, wanted(desk), "one")
        made = {bot.id for bot in titled(desk)} - there_before
        assert {one.id for one in caught.value.found or ()} == made
    with pytest.raises(outcomes.FormUsedError):
        create(desk, wanted(desk, "Another"), "one")
    assert desk.count("POST") == 1


def test_what_appears_late_is_found_by_looking_again(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=2)
    desk.sandbox.order(post_fault("reset_before"))
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk), "one")
    assert caught.value.found == ()
    desk.sandbox.edit(desk.bots[1].id, title=TITLE)
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk), "one")
    assert [one.id for one in caught.value.found or ()] == [desk.bots[1].id]


def test_where_looking_fails_too_nothing_is_offered(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOTS, seconds=0.001, times=2))
    desk.sandbox.order(post_fault("reset_after"))
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOTS, status=503, times=9))
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk))
    # Not the same as having looked and found nothing.
    assert caught.value.found is None
    assert change(Kind.CREATE).outcome == Outcome.UNKNOWN


@pytest.mark.parametrize("as_of", get_args(AsOf))
def test_a_chatbot_that_was_named_and_cannot_be_read_is_offered(
    open_desk: OpenDesk, as_of: AsOf
) -> None:
    desk = open_desk("admin", as_of=as_of, chatbots=1)
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=503, times=9))
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk))
    made = desk.bots[-1].id
    assert [one.id for one in caught.value.found or ()] == [made]
    assert (change(Kind.CREATE).chatbot_id, change(Kind.CREATE).outcome) == (made, Outcome.UNKNOWN)


def test_a_named_chatbot_is_offered_even_where_the_list_lacks_it(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=404, times=9))
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOTS, seconds=0.001, times=2))
    nothing: dict[str, list[str]] = {"chatbots": []}
    desk.sandbox.order(Fault("delay", method="GET", path=CHATBOTS, seconds=0.001, body=nothing))
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk))
    assert [(one.id, one.title) for one in caught.value.found or ()] == [(desk.bots[-1].id, TITLE)]


def test_a_key_that_no_chatbot_of_the_list_has_is_a_lost_answer(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", as_of="2024-07", chatbots=1)
    answer = {"api_key": "a-key-of-nobody-at-all", "expired_at": "2025-01-01T00:00:00Z"}
    desk.sandbox.order(post_fault("delay", seconds=0.001, body=answer))
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk))
    assert [one.id for one in caught.value.found or ()] == [desk.bots[-1].id]
    assert desk.count("POST") == 1


def test_what_a_crash_left_pending_is_not_sent_again(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    new = wanted(desk)
    left = open_change(desk.access().request("one"), Kind.CREATE, before={}, asked=new.recorded())
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, new, "one")
    assert (caught.value.change, caught.value.found) == (left, ())
    assert desk.count("POST") == 0


def test_while_the_form_is_being_sent_it_is_busy(
    open_desk: OpenDesk, settings: LazySettings
) -> None:
    desk = open_desk("admin", chatbots=1)
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.4
    with (
        leases.held(lifecycle.creation_lease(desk.member, TITLE), desk.access().deadline),
        pytest.raises(outcomes.BusyError),
    ):
        create(desk, wanted(desk), "one")
    assert desk.calls() == []
