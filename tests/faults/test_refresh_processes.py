"""A refresh in several processes, and in one that is killed (reliability §2, §8.6 and §8.7)."""

from collections import Counter
from typing import NamedTuple

import pytest

from chatbots.sandbox import Fault, Sandbox

from .conftest import OpenHouse
from .processes import House, wait_for

REFRESH = "/token/refresh$"
PLANS = "/user/plan$"
# How long a dead refresh keeps others away, in seconds; none of those here outlives it.
SHORT = 0.05


def refreshes(caigunn: Sandbox) -> int:
    return sum(one.path.endswith("/token/refresh") for one in caigunn.requests)


def refusals(caigunn: Sandbox) -> int:
    return sum(one.status == 401 for one in caigunn.requests)


def test_twenty_refreshes_in_four_processes_are_one_call(
    caigunn: Sandbox, open_house: OpenHouse
) -> None:
    house = open_house()
    old = caigunn.users[0].token
    caigunn.order(Fault("delay", path=REFRESH, seconds=0.3))
    told = house.at_once(*[("refresh", "5")] * 4)
    found = Counter(name for names in told for name in names)
    assert found == {"refreshed": 1, "RefreshRunningError": 19}
    assert refreshes(caigunn) == 1
    known = house.ask("look")
    assert known["token"] == caigunn.users[0].token != old
    assert (known["held"], known["previous"], known["outcomes"]) == (False, "", ["done"])


class Point(NamedTuple):
    """How far a refresh gets before it is killed, and what is true then."""

    stop_at: str = ""
    """Where the process stops; else the fault holds it up."""
    fault: Fault | None = None
    is_sent: bool = False
    is_done: bool = False
    is_stored: bool = False
    is_evident: bool = True
    """Whether the lease stays, and says that the outcome is unknown."""


LEASE = r'^UPDATE "chatbots_accesstoken" SET .*"refresh_holder" = '
STORE = r'^UPDATE "chatbots_accesstoken" SET .*"last4" = '
POINTS = {
    "before the lease": Point(LEASE, is_evident=False),
    "before the Change": Point(r'^INSERT INTO "activity_change"'),
    "before the call": Point("^GET .*/token/refresh"),
    "during the call, nothing done": Point(fault=Fault("hang", path=REFRESH), is_sent=True),
    "during the call, all done": Point(
        fault=Fault("hang", path=REFRESH, applied=True), is_sent=True, is_done=True
    ),
    "before the commit": Point(STORE, is_sent=True, is_done=True),
    "before the check": Point(
        "^GET .*/user/plan", is_sent=True, is_done=True, is_stored=True, is_evident=False
    ),
    "during the check": Point(
        fault=Fault("hang", path=PLANS),
        is_sent=True,
        is_done=True,
        is_stored=True,
        is_evident=False,
    ),
    "before the Change is closed": Point(
        r'^UPDATE "activity_change"',
        is_sent=True,
        is_done=True,
        is_stored=True,
        is_evident=False,
    ),
}


def kill_at(caigunn: Sandbox, house: House, point: Point) -> None:
    """Kill a process that has come exactly so far."""
    old = caigunn.users[0].token
    if point.fault:
        caigunn.order(point.fault)
    with house.start("refresh", "1", stop_at=point.stop_at) as child:
        child.go()
        if point.fault:
            wait_for(lambda: caigunn.waiting_faults == [])
            if point.is_done and not point.is_stored:
                wait_for(lambda: caigunn.users[0].token != old)
        else:
            child.wait_come()
        child.kill()


@pytest.mark.parametrize("point", POINTS.values(), ids=POINTS)
def test_a_refresh_killed_at_any_point_ends_well(
    caigunn: Sandbox, open_house: OpenHouse, point: Point
) -> None:
    """What is stored works, or the lease says that the outcome is unknown and how to find out; at
    the end the member has a token that works or knows that they need a new one."""
    house = open_house(lease=SHORT)
    old = caigunn.users[0].token
    kill_at(caigunn, house, point)
    assert refreshes(caigunn) == point.is_sent
    assert (caigunn.users[0].token != old) == point.is_done
    known = house.ask("look")
    assert known["token"] == (caigunn.users[0].token if point.is_stored else old)
    assert known["held"] == point.is_evident
    if point.is_evident:
        wait_for(lambda: house.ask("look")["unknown"])
        assert house.ask("refresh", "1") == ["RefreshRunningError"], "no second call meanwhile"
        assert refreshes(caigunn) == point.is_sent
        is_lost = point.is_done
        assert house.ask("settle_refresh") is not is_lost
        known = house.ask("look")
        assert (known["held"], known["unknown"], known["rejected"]) == (False, False, is_lost)
        if is_lost:
            assert refusals(caigunn) == 1, "the token that ended was tried once"
            house.ask("connect", caigunn.users[0].token)
    assert house.ask("look")["rejected"] is False
    caigunn.clear_requests()
    assert house.ask("read_plans") > 0
    assert house.ask("refresh", "1") == ["refreshed"]
    known = house.ask("look")
    assert (known["token"], known["previous"]) == (caigunn.users[0].token, "")
    assert refusals(caigunn) == 0


def test_a_lease_that_is_written_after_its_process_died_has_a_way_out(
    caigunn: Sandbox, open_house: OpenHouse
) -> None:
    """Killed while it waits for a lock: PostgreSQL writes what it was asked to once the lock is
    free, although nobody waits for it any more. On SQLite nothing is written then."""
    house = open_house(lease=SHORT)
    with house.write_lock(), house.start("refresh", "1", note_at=LEASE) as child:
        child.go()
        child.wait_come()
        child.kill()
    assert refreshes(caigunn) == 0
    wait_for(lambda: is_settled(house) and house.ask("refresh", "1") == ["refreshed"])
    assert refreshes(caigunn) == 1
    assert house.ask("look")["token"] == caigunn.users[0].token


def is_settled(house: House) -> bool:
    """Whether no lease is left, the way out taken where there is one to take."""
    known = house.ask("look")
    return not known["held"] or (known["unknown"] and house.ask("settle_refresh") is True)


def test_a_refresh_that_was_stored_is_never_called_failed(
    caigunn: Sandbox, open_house: OpenHouse
) -> None:
    """Killed after its commit, and the next one killed before Caigunn did anything."""
    house = open_house(lease=SHORT)
    kill_at(caigunn, house, POINTS["before the check"])
    kill_at(caigunn, house, POINTS["during the call, nothing done"])
    wait_for(lambda: house.ask("look")["unknown"])
    assert house.ask("settle_refresh") is True
    assert house.ask("look")["outcomes"] == ["done", "failed"]
