"""kill -9 in the middle of a write (design §9): what is left is settled by reading, and nothing is
written twice. A dead process keeps others away no longer than its lease lasts."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import pytest

from chatbots.sandbox import Fault, Sandbox

from .conftest import OpenHouse
from .processes import House, wait_for
from .writes import CHATBOT, NEW_URL, OF_EXISTING, WRITES, Write, made, prepare

# How long a dead process keeps others away, in seconds; none of those here outlives it.
SHORT = 0.05


class Point(NamedTuple):
    """How far a write gets before its process is killed, and whether Caigunn has done it then."""

    stop_at: str = ""
    """Where the process stops; else the last of the faults holds it up."""
    times: int = 1
    faults: tuple[Fault, ...] = ()
    is_sent: bool = True
    is_done: bool = True
    is_asked: bool = True
    """Whether there is a Change of it."""
    is_named: bool = False
    """Whether the id of a new chatbot is in its Change."""


def points_of(write: Write) -> dict[str, Point]:
    """The points of a write to a chatbot that exists: it is read, written, and read back."""
    hang = partial(Fault, "hang", method=write.method, path=write.path)
    first_read = Fault("delay", method="GET", path=CHATBOT, seconds=0.001)
    return {
        "before it is sent": Point(f"^{write.method} /", is_sent=False, is_done=False),
        "sent, nothing done": Point(faults=(hang(),), is_done=False),
        "done, not answered": Point(faults=(hang(applied=True),)),
        "answered": Point("^GET .*/user/chatbot/", times=2),
        "being read back": Point(faults=(first_read, Fault("hang", method="GET", path=CHATBOT))),
        "before the Change is closed": Point('^UPDATE "activity_change" SET .*"after"'),
    }


CREATION_POINTS = {
    "before it is sent": Point("^POST /", is_sent=False, is_done=False),
    "sent, nothing done": Point(
        faults=(Fault("hang", method="POST", path=WRITES["create"].path),), is_done=False
    ),
    "done, not answered": Point(
        faults=(Fault("hang", method="POST", path=WRITES["create"].path, applied=True),)
    ),
    "answered": Point('^UPDATE "activity_change" SET .*"chatbot_id"'),
    "named": Point("^GET .*/user/chatbot/", is_named=True),
    "being read back": Point(faults=(Fault("hang", method="GET", path=CHATBOT),), is_named=True),
    "before the Change is closed": Point('^UPDATE "activity_change" SET .*"after"', is_named=True),
}


def kill_at(
    caigunn: Sandbox,
    house: House,
    point: Point,
    command: tuple[str, ...],
    is_done: Callable[[Sandbox], bool],
) -> None:
    """Kill a process that has come exactly so far with a command."""
    for fault in point.faults:
        caigunn.order(fault)
    with house.start(*command, stop_at=point.stop_at, times=point.times) as child:
        child.go()
        if point.stop_at:
            child.wait_come()
        else:
            wait_for(lambda: caigunn.waiting_faults == [])
            wait_for(lambda: is_done(caigunn) == point.is_done)
        child.kill()
    assert is_done(caigunn) == point.is_done


@pytest.mark.parametrize(
    ("write", "point"),
    [
        pytest.param(WRITES[name], point, id=f"{name}, {stage}")
        for name in OF_EXISTING
        for stage, point in points_of(WRITES[name]).items()
    ],
)
def test_check_now_tells_the_truth_of_a_write_that_was_killed(
    caigunn: Sandbox, open_house: OpenHouse, write: Write, point: Point
) -> None:
    prepare(caigunn)
    house = open_house(lease=SHORT)
    kill_at(caigunn, house, point, write.command(caigunn, "one"), write.is_done)
    assert write.count(caigunn) == point.is_sent
    (left,) = house.ask("changes")
    assert (left["outcome"], left["after"]) == ("pending", {})
    assert house.ask(*write.command(caigunn, "one")) == "UnsettledError"
    assert house.ask("settle") == ("done" if point.is_done else "failed")
    (settled,) = house.ask("changes")
    assert settled["after"] == write.holds(caigunn)
    assert write.count(caigunn) == point.is_sent, "settled without another write"
    told = house.ask(*write.command(caigunn, "one"))
    assert told == (write.told(caigunn) if point.is_done else "FormUsedError")
    assert write.count(caigunn) == point.is_sent
    assert house.ask(*write.command(caigunn, "two")) == write.told(caigunn)
    assert write.is_done(caigunn)
    assert write.count(caigunn) == point.is_sent + (not point.is_done)


@pytest.mark.parametrize("point", CREATION_POINTS.values(), ids=CREATION_POINTS)
def test_a_creation_that_was_killed_is_found_and_never_repeated_unasked(
    caigunn: Sandbox, open_house: OpenHouse, point: Point
) -> None:
    create = WRITES["create"]
    house = open_house(lease=SHORT)
    kill_at(caigunn, house, point, create.command(caigunn, "one"), create.is_done)
    assert create.count(caigunn) == point.is_sent
    found = made(caigunn)
    (left,) = house.ask("changes")
    assert (left["outcome"], left["after"]) == ("pending", {})
    assert left["of"] == (found[0] if point.is_named else "")
    if point.is_named:
        assert house.ask("settle") == "done"
    else:
        for key in ("one", "two"):
            told = house.ask(*create.command(caigunn, key))
            assert told == ["LostAnswerError", *found]
    if found and not point.is_named:
        assert house.ask("adopt", found[0]) == "done"
    assert create.count(caigunn) == point.is_sent, "settled without another creation"
    if found:
        assert house.ask(*create.command(caigunn, "one")) == found
        assert house.ask("changes")[0]["after"] == create.holds(caigunn)
        assert create.count(caigunn) == 1
    else:
        told = house.ask(*create.command(caigunn, "three"), "another")
        assert told == made(caigunn)
        assert len(told) == 1


def webhook_of_new(caigunn: Sandbox) -> bool:
    """Whether the new chatbot has its webhook."""
    return caigunn.users[0].chatbots[-1].webhook_url == NEW_URL


HANG = partial(Fault, "hang", method="PUT", path=WRITES["webhook"].path)
STEP_POINTS = {
    # The first lease was that of the creation.
    "not begun": Point(
        '^INSERT .*"chatbots_writelease"', times=2, is_sent=False, is_done=False, is_asked=False
    ),
    "before it is sent": Point("^PUT /", is_sent=False, is_done=False),
    "sent, nothing done": Point(faults=(HANG(),), is_done=False),
    "done, not answered": Point(faults=(HANG(applied=True),)),
    # Read to see the new chatbot, read to see its webhook, read back.
    "answered": Point("^GET .*/user/chatbot/", times=3),
}


@pytest.mark.parametrize("point", STEP_POINTS.values(), ids=STEP_POINTS)
def test_a_creation_that_was_killed_before_its_webhook_was_set_says_what_is_missing(
    caigunn: Sandbox, open_house: OpenHouse, point: Point
) -> None:
    house = open_house(lease=SHORT)
    create, webhook = WRITES["create"], WRITES["webhook"]
    command = (*create.command(caigunn, "one"), "", NEW_URL)
    kill_at(caigunn, house, point, command, webhook_of_new)
    (new,) = made(caigunn)
    outcomes = [change["outcome"] for change in house.ask("changes")]
    assert outcomes == (["done", "pending"] if point.is_asked else ["done"])
    if point.is_asked:
        assert house.ask("settle") == ("done" if point.is_done else "failed")
    missing = [] if point.is_done else [["webhook", "failed"]]
    # As soon as the lease says that nobody is at it any more.
    wait_for(lambda: house.ask("unfinished", new) == missing)
    assert house.ask(*command) == [new]
    assert (create.count(caigunn), webhook.count(caigunn)) == (1, point.is_sent)
    assert house.ask("save_webhook", new, NEW_URL, "", "two") == NEW_URL
    assert house.ask("unfinished", new) == []
