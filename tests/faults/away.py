"""A Caigunn that goes away and comes back, and what the dashboard sends meanwhile."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.test import Client

from chatbots.caigunn import TransportSettings
from chatbots.sandbox import Fault, Sandbox
from chatbots.services import access
from chatbots.services.breaker import PROBE_THREAD

ALWAYS = 999
SECONDS = 30.0
NO_ANSWER = "Caigunn does not answer"


class Log:
    """What was sent, by the log of the client."""

    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level("INFO", "chatbots")
        self._caplog = caplog

    @property
    def attempts(self) -> list[str]:
        """The attempts since `clear`, in order."""
        return [
            record.getMessage()
            for record in self._caplog.records
            if record.name == "chatbots.caigunn"
        ]

    @property
    def probes(self) -> list[str]:
        """Those that look whether Caigunn is back."""
        return [one for one in self.attempts if one.endswith(", probe)")]

    def says(self, text: str) -> bool:
        """Whether there is a line with this."""
        return any(text in record.getMessage() for record in self._caplog.records)

    def clear(self) -> None:
        """Count from here on."""
        self._caplog.clear()

    def assert_nothing_sent(self) -> None:
        """Nothing since `clear`, or one probe where the time for it came."""
        assert self.attempts == self.probes
        assert len(self.probes) <= 1


class Outage:
    """A Caigunn that can be taken away, and given back at the same address."""

    def __init__(self, kind: str, running: Sandbox) -> None:
        self.kind = kind
        self.running = running
        self.token = running.users[0].token

    def begin(self) -> None:
        """From now on it is away."""
        if self.kind == "refused":
            self._port = int(self.running.url.rpartition(":")[2])
            self.running.close()
        elif self.kind == "hang":
            self.running.order(Fault("hang", times=ALWAYS))
        else:
            self.running.order(Fault("status", status=int(self.kind), times=ALWAYS))

    def end(self) -> None:
        """From now on it answers."""
        if self.kind == "refused":
            self.running = Sandbox(port=self._port)
            self.running.start()
        else:
            self.running.clear_faults()
            self.running.drop_connections()


@contextmanager
def breaker_in_use(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A breaker in use, over a cache that all threads share; nobody waits long for anything."""
    locmem = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "away"}
    settings.CACHES = {**settings.CACHES, "reads": locmem}
    settings.BREAKER_FAILURES = 3
    # However busy the machine is, a second probe comes only where a test lets it.
    settings.BREAKER_PROBE_SECONDS = 600.0
    settings.CAIGUNN_READ_TIMEOUT = 0.3
    caches["reads"].clear()
    monkeypatch.setattr(access, "TransportSettings", partial(TransportSettings, backoff=0.001))
    yield
    probe_is_over()


@contextmanager
def caigunn_that_goes(kind: str, settings: LazySettings) -> Iterator[Outage]:
    """A Caigunn with five chatbots, which is there until `begin`."""
    with Sandbox(chatbots=5) as running:
        settings.CAIGUNN_API_BASE_URL = running.url
        found = Outage(kind, running)
        yield found
        found.running.close()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the condition holds; an AssertionError after SECONDS."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)


def probe_is_over() -> None:
    """Wait until no probe is under way."""
    wait_for(lambda: all(one.name != PROBE_THREAD for one in threading.enumerate()))


def break_it(client: Client, outage: Outage, log: Log) -> None:
    """Take Caigunn away, and have the dashboard find out."""
    outage.begin()
    for _ in range(3):
        client.get("/plans/?page=7")
    probe_is_over()
    assert log.says("Caigunn is away")
    assert len(log.probes) == 1
    log.clear()


def give_the_probe_its_turn(outage: Outage) -> None:
    """Let the time between two probes be over."""
    caches["reads"].delete(f"breaker:probed:{outage.running.url}")
    # What this process remembers for a second, another one does not.
    restart()


def restart() -> None:
    """From here on it is another process, with the same database and cache."""
    access._transport.cache_clear()
