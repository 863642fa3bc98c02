"""The probe of a breaker that is open: when, by whom, and what its answer means."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache.backends.locmem import LocMemCache

from chatbots.sandbox import Fault, Sandbox
from chatbots.services.breaker import PROBE_THREAD
from tests.services.breaking import (
    LIST,
    PLANS,
    SECONDS,
    Process,
    StartProcess,
    breaker_in_use,
    down,
    free_turn,
    opened,
    plan_reads,
    probe_is_over,
    processes_of,
    wait_for,
)


@pytest.fixture(autouse=True)
def _breaker_in_use(settings: LazySettings) -> Iterator[None]:
    with breaker_in_use(settings):
        yield


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    with Sandbox(chatbots=2) as running:
        yield running


@pytest.fixture
def start(caigunn: Sandbox) -> Iterator[StartProcess]:
    with processes_of(caigunn) as started:
        yield started


def test_it_is_made_at_once_so_a_false_alarm_is_short(
    caigunn: Sandbox, start: StartProcess
) -> None:
    caigunn.order(Fault("hang", path=LIST, times=3))
    process = start(read_timeout=0.1)
    for _ in range(3):
        assert not process.answers()
    probe_is_over()
    assert plan_reads(caigunn) == 1
    assert process.answers()
    assert start().answers()


def test_a_second_false_alarm_is_as_short_as_the_first(
    caigunn: Sandbox, start: StartProcess
) -> None:
    process = start()
    for alarms in (1, 2, 3):
        down(caigunn, LIST, times=3)
        assert not process.answers()
        probe_is_over()
        assert plan_reads(caigunn) == alarms
        assert process.answers()


class Together(LocMemCache):
    """A cache that many look into at the same moment: none goes on before all have looked."""

    looking = threading.Barrier(1)

    def get_many(self, keys: Any, version: int | None = None) -> dict[Any, Any]:
        found = super().get_many(keys, version)
        self.looking.wait(SECONDS)
        return found


def test_there_is_one_whoever_asks(
    caigunn: Sandbox, start: StartProcess, settings: LazySettings
) -> None:
    first = opened(start, caigunn)
    # The turn is still taken.
    assert not any(start().answers() for _ in range(4))
    assert caigunn.requests == []
    free_turn(first)
    reads = settings.CACHES["reads"] | {"BACKEND": f"{__name__}.Together"}
    settings.CACHES = {**settings.CACHES, "reads": reads}
    processes = [start() for _ in range(6)]
    Together.looking = threading.Barrier(len(processes))
    threads = [threading.Thread(target=process.answers) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    probe_is_over()
    assert len(caigunn.requests) == plan_reads(caigunn) == 1


def test_its_turn_comes_again_by_itself(
    caigunn: Sandbox, start: StartProcess, settings: LazySettings
) -> None:
    settings.BREAKER_PROBE_SECONDS = 0.0
    process = opened(start, caigunn)

    def probed_again() -> bool:
        assert not process.answers()
        return plan_reads(caigunn) == 2

    wait_for(probed_again)
    assert len(caigunn.requests) == 2


def test_the_first_to_come_back_waits_for_it_and_is_served(
    caigunn: Sandbox, start: StartProcess
) -> None:
    first = opened(start, caigunn)
    caigunn.clear_faults()
    free_turn(first)
    assert start().answers()
    assert [one.path.rpartition("/")[2] for one in caigunn.requests] == ["plan", "chatbot"]
    # The one that remembers that it is away hears of it without a restart.
    wait_for(first.answers)


def test_nobody_waits_long_for_it(caigunn: Sandbox, start: StartProcess) -> None:
    first = opened(start, caigunn)
    caigunn.clear_faults()
    caigunn.order(Fault("hang", path=PLANS))
    free_turn(first)
    assert not start().answers()
    assert any(one.name == PROBE_THREAD for one in threading.enumerate())
    caigunn.drop_connections()
    probe_is_over()
    assert plan_reads(caigunn) == len(caigunn.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=401, path=PLANS),
        Fault("status", status=429, path=PLANS),
        Fault("status", status=500, path=PLANS),
        Fault("not_json", path=PLANS),
    ],
    ids=["401", "429", "500", "HTML"],
)
def test_any_answer_to_it_closes(fault: Fault, caigunn: Sandbox, start: StartProcess) -> None:
    first = opened(start, caigunn)
    caigunn.clear_faults()
    caigunn.order(fault)
    free_turn(first)
    assert start().answers()


@pytest.mark.parametrize("kind", ["status", "reset_before", "cut", "hang"])
def test_none_leaves_it_open(
    kind: Any, caigunn: Sandbox, start: StartProcess, settings: LazySettings
) -> None:
    first = opened(start, caigunn)
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.2
    caigunn.clear_faults()
    caigunn.order(Fault(kind, path=PLANS, status=502 if kind == "status" else None))
    free_turn(first)
    process = start()
    assert not process.answers()
    probe_is_over()
    assert process.is_open
    assert plan_reads(caigunn) == 1


def test_it_is_made_with_the_token_of_whoever_asks(caigunn: Sandbox, start: StartProcess) -> None:
    first = opened(start, caigunn)
    free_turn(first)
    token = caigunn.users[1].token
    other = Process(caigunn.url, token)
    assert other.is_open
    probe_is_over()
    other.transport.close()
    [probe] = caigunn.requests
    assert probe.headers["caigunn-access-token"] == token
    assert dict(probe.query) == {"offset": "0", "limit": "1"}


def test_an_answer_to_a_call_under_way_closes_it_too(caigunn: Sandbox, start: StartProcess) -> None:
    process = opened(start, caigunn)
    process.breaker.answered()
    caigunn.clear_faults()
    assert process.answers()
    assert start().answers()
