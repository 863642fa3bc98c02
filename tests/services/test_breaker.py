"""Caigunn away: what opens the breaker, what it costs, what another process knows of it."""

import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from chatbots.caigunn import Unavailable
from chatbots.sandbox import Fault, Sandbox
from tests.services.breaking import (
    LIST,
    SECONDS,
    Process,
    StartProcess,
    breaker_in_use,
    down,
    free_turn,
    opened,
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


# What opens it


def test_three_attempts_without_an_answer_open_it_for_every_process(
    caigunn: Sandbox, start: StartProcess
) -> None:
    opened(start, caigunn)
    other = start()
    assert not other.answers()
    with pytest.raises(Unavailable):
        other.client().delete_chatbot(caigunn.users[0].chatbots[0].id)
    assert caigunn.requests == []


def test_processes_count_together(caigunn: Sandbox, start: StartProcess) -> None:
    # The probe must not find it there, and close it again.
    down(caigunn)
    for process in (start(), start()):
        assert not process.is_open
        process.fail(1)
        assert not process.is_open
    third = start()
    third.fail(1)
    assert third.is_open


def test_nobody_listening_opens_it(start: StartProcess, caigunn: Sandbox) -> None:
    caigunn.close()
    process = start()
    assert not process.answers()
    assert process.is_open


@pytest.mark.parametrize("status", [401, 403, 404, 422, 429, 500])
def test_any_other_answer_sets_the_count_back(
    status: int, caigunn: Sandbox, start: StartProcess
) -> None:
    process = start()
    for _ in range(3):
        process.fail(2)
        caigunn.order(Fault("status", status=status, path=LIST))
        process.answers()
    assert not process.is_open


def test_an_answer_in_another_process_sets_the_count_back(start: StartProcess) -> None:
    failing = start()
    for _ in range(3):
        failing.fail(2)
        assert start().answers()
    assert not failing.is_open


def test_failures_long_ago_do_not_count(settings: LazySettings, start: StartProcess) -> None:
    settings.BREAKER_WINDOW_SECONDS = 0.0
    process = start()
    process.fail(10)
    assert not process.is_open


def test_the_number_is_a_setting(
    settings: LazySettings, caigunn: Sandbox, start: StartProcess
) -> None:
    settings.BREAKER_FAILURES = 5
    down(caigunn)
    process = start()
    process.fail(4)
    assert not process.is_open
    process.fail(1)
    assert process.is_open


def test_an_attempt_that_somebody_else_was_answered_during_does_not_count(
    start: StartProcess,
) -> None:
    process = start()
    began = time.monotonic()
    assert process.answers()
    for _ in range(10):
        process.breaker.failed(process.token, began)
    assert not process.is_open


def test_another_address_is_another_caigunn(caigunn: Sandbox, start: StartProcess) -> None:
    opened(start, caigunn)
    with Sandbox(chatbots=1) as elsewhere:
        process = Process(elsewhere.url, elsewhere.users[0].token)
        assert process.answers()
        process.transport.close()


def test_switched_off_it_does_nothing(settings: LazySettings, start: StartProcess) -> None:
    settings.BREAKER_FAILURES = 0
    # A cache that cannot be reached would be in the log.
    settings.CACHES = {**settings.CACHES, "reads": {"BACKEND": "no.such.Cache"}}
    process = start()
    process.fail(10)
    assert not process.is_open
    assert process.answers()


# What it costs, and what it must never do


@pytest.mark.django_db
def test_when_all_is_well_it_is_one_look_and_no_write(
    settings: LazySettings, start: StartProcess
) -> None:
    database = {**settings.CACHES["default"], "LOCATION": "caigunn_cache"}
    backend = "caigunn_admin.cache.UpsertDatabaseCache"
    settings.CACHES = {**settings.CACHES, "reads": database | {"BACKEND": backend}}
    process = start()
    with CaptureQueriesContext(connection) as queries:
        for _ in range(10):
            assert process.answers()
    # One for each second that it took, and hardly ever two.
    assert {one["sql"].split()[0] for one in queries} == {"SELECT"}
    assert len(queries) < 10


def test_the_connection_is_given_back_after_each_use(start: StartProcess) -> None:
    process = start()
    for _ in range(3):
        before = process.released
        process.fail(1)
        assert process.released > before
    before = process.released
    process.breaker.answered()
    assert process.released > before


def test_a_broken_cache_takes_no_call_down(
    settings: LazySettings,
    start: StartProcess,
    caigunn: Sandbox,
    caplog: pytest.LogCaptureFixture,
) -> None:
    redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://:a-password-of-the-cache@127.0.0.1:9/0",
    }
    settings.CACHES = {**settings.CACHES, "reads": redis}
    process = start()
    down(caigunn, times=6)
    for _ in range(2):
        assert not process.answers()
    assert process.answers()
    assert len(caigunn.requests) == 7
    errors = [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR]
    assert errors
    assert set(errors) == {"The breaker cannot use the cache (ConnectionError)"}


def test_a_cache_that_breaks_while_it_is_open_closes_it(
    settings: LazySettings, caigunn: Sandbox, start: StartProcess
) -> None:
    process = opened(start, caigunn)
    caigunn.clear_faults()
    redis = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://127.0.0.1:9/0",
    }
    settings.CACHES = {**settings.CACHES, "reads": redis}
    wait_for(process.answers)


def test_the_log_says_it_and_names_no_token(
    caigunn: Sandbox, start: StartProcess, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        first = opened(start, caigunn)
        caigunn.clear_faults()
        free_turn(first)
        assert start().answers()
    said = [one.getMessage() for one in caplog.records if one.name.endswith("breaker")]
    assert f"Caigunn is away: no answer from {caigunn.url}" in said
    assert f"Caigunn is back: {caigunn.url} answers" in said
    assert caigunn.users[0].token not in caplog.text


# The database cache, in processes of their own

_RACE = """
import json, sys, time
import django
django.setup()
from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
cache = caches["reads"]
cache.get("warm")
print("ready", flush=True)
for line in sys.stdin:
    keys, seconds = json.loads(line)
    print(json.dumps([cache.add(key, 1, seconds) for key in keys]), flush=True)
"""


class Racer:
    """A process that adds keys to the database cache as soon as it is told."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _RACE],
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._line() == "ready"

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def tell(self, keys: list[str], seconds: float) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps([keys, seconds]) + "\n")
        self._process.stdin.flush()

    def won(self) -> list[bool]:
        found: list[bool] = json.loads(self._line())
        return found

    def end(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(SECONDS)
        self._process.stdout.close()


def test_in_the_database_cache_one_of_two_processes_gets_the_turn(tmp_path: Path) -> None:
    database = {"DATABASE_URL": f"sqlite:///{tmp_path / 'turns.sqlite3'}"}
    environment = os.environ | database | {"DJANGO_SETTINGS_MODULE": "caigunn_admin.settings"}
    subprocess.run(
        [sys.executable, "manage.py", "createcachetable"],
        env=environment,
        check=True,
        capture_output=True,
    )
    keys = [f"turn-{number}" for number in range(100)]
    with ExitStack() as stack:
        racers = []
        for _ in range(2):
            racers.append(Racer(environment))
            stack.callback(racers[-1].end)

        def race(seconds: float) -> list[int]:
            for racer in racers:
                racer.tell(keys, seconds)
            return [sum(both) for both in zip(*(racer.won() for racer in racers), strict=True)]

        # What has ended at once: the next race is about keys that are there, and over.
        assert set(race(-5)) <= {1, 2}
        assert race(60) == [1] * len(keys)
        assert race(60) == [0] * len(keys)
