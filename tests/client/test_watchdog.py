"""Who is cut, and who is not."""

import socket
import threading

import pytest

from chatbots.caigunn import Deadline
from chatbots.caigunn.watchdog import Attempt, Watchdog


class Connection:
    owner: Attempt | None = None


@pytest.fixture
def dog() -> Watchdog:
    return Watchdog()


def attempt(seconds: float) -> Attempt:
    return Attempt(Deadline.after(seconds), "read", 3.0)


def test_an_overdue_attempt_is_woken_from_its_read(dog: Watchdog) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        overdue = attempt(0.05)
        dog.watch(overdue)
        dog.adopt(overdue, Connection(), ours)
        assert ours.recv(1) == b""
        assert dog.release(overdue)


def test_a_shorter_deadline_is_not_kept_waiting_by_a_longer_one(dog: Watchdog) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        patient, overdue = attempt(3_600), attempt(0.05)
        dog.watch(patient)
        dog.watch(overdue)
        dog.adopt(overdue, Connection(), ours)
        assert ours.recv(1) == b""
        assert not dog.release(patient)


def test_a_connection_that_went_on_to_another_call_is_left_alone(dog: Watchdog) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        connection = Connection()
        overdue, next_one = attempt(3_600), attempt(3_600)
        dog.adopt(overdue, connection, ours)
        dog.adopt(next_one, connection, ours)
        overdue.shut()
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"
        assert (overdue.cut, next_one.cut) == (True, False)


def test_an_attempt_that_was_cut_before_it_had_a_connection_gets_none(dog: Watchdog) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        overdue = attempt(0)
        overdue.shut()
        dog.adopt(overdue, Connection(), ours)
        assert ours.recv(1) == b""


def test_a_finished_attempt_is_not_cut(dog: Watchdog) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        finished, overdue = attempt(0.05), attempt(0.05)
        dog.watch(finished)
        dog.adopt(finished, Connection(), ours)
        assert not dog.release(finished)
        other, end = socket.socketpair()
        with other, end:
            dog.watch(overdue)
            dog.adopt(overdue, Connection(), other)
            assert other.recv(1) == b""
        theirs.sendall(b"x")
        assert ours.recv(1) == b"x"


def test_many_attempts_need_one_thread(dog: Watchdog) -> None:
    before = {thread.ident for thread in threading.enumerate()}
    for _ in range(50):
        dog.watch(attempt(3_600))
    new = [thread for thread in threading.enumerate() if thread.ident not in before]
    assert len(new) == 1
    assert new[0].daemon
