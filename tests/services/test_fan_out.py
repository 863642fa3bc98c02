"""Several calls at once: all come back, no more than asked for at a time."""

import threading

import pytest

from chatbots.caigunn import Deadline, Unavailable
from chatbots.services.fan_out import each


def soon() -> Deadline:
    return Deadline.after(20)


def test_every_item_comes_back_with_its_own_result() -> None:
    found = {
        item: future.result()
        for item, future in each(lambda n: n * n, range(50), at_once=7, deadline=soon())
    }
    assert found == {number: number * number for number in range(50)}


def test_nothing_to_do_is_no_work() -> None:
    assert list(each(str, [], at_once=3, deadline=soon())) == []


def test_an_error_stays_with_its_item() -> None:
    found = dict(each(lambda n: 1 // n, [0, 1], at_once=2, deadline=soon()))
    assert found[1].result() == 1
    with pytest.raises(ZeroDivisionError):
        found[0].result()


@pytest.mark.parametrize("at_once", [1, 3])
def test_exactly_so_many_run_at_a_time(at_once: int) -> None:
    lock, together = threading.Lock(), threading.Barrier(at_once)
    running, most = 0, 0

    def work(_: int) -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        together.wait(10)
        with lock:
            running -= 1

    assert (
        len(list(each(work, range(at_once * 4), at_once=at_once, deadline=soon()))) == at_once * 4
    )
    assert most <= at_once


def test_whoever_stops_iterating_starts_no_more() -> None:
    begun: list[int] = []
    results = each(begun.append, range(100), at_once=2, deadline=soon())
    next(results)
    results.close()  # type: ignore[attr-defined]
    list(each(str, range(200), at_once=64, deadline=soon()))
    # Two, and those that took the places of what had finished by then.
    assert len(begun) <= 4


def test_what_is_late_is_said_to_be_late() -> None:
    """Neither what has begun nor what still waits for a thread keeps the page waiting."""
    release = threading.Event()
    found = dict(
        each(lambda _: release.wait(20), range(5), at_once=2, deadline=Deadline.after(0.1))
    )
    release.set()
    assert sorted(found) == [0, 1, 2, 3, 4]
    for future in found.values():
        with pytest.raises(Unavailable) as caught:
            future.result(0)
        assert caught.value.timed_out
