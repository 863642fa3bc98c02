"""Processes of the dashboard in miniature: each with a breaker and a transport of its own."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.conf import LazySettings
from django.core.cache import caches
from pydantic import SecretStr

from chatbots.caigunn import (
    CaigunnClient,
    CaigunnError,
    Deadline,
    Transport,
    TransportSettings,
)
from chatbots.sandbox import Fault, Sandbox
from chatbots.services.breaker import PROBE_THREAD, Breaker

LIST = "/user/chatbot$"
PLANS = "/user/plan$"
ALWAYS = 999
SECONDS = 30.0


class Process:
    """What a process of the dashboard has: a breaker and a transport of its own."""

    def __init__(self, url: str, token: str, **settings: Any) -> None:
        self.released = 0
        self.token = SecretStr(token)
        wanted = TransportSettings(url, **{"backoff": 0.001, **settings})
        self.breaker = Breaker(wanted, self._release)
        self.transport = Transport(wanted, gate=self.breaker)

    def _release(self) -> None:
        self.released += 1

    def client(self) -> CaigunnClient:
        """A client of a new page request."""
        return CaigunnClient(
            self.token.get_secret_value(), self.transport, Deadline.after(20), "page"
        )

    def answers(self) -> bool:
        """Whether the list can be read."""
        try:
            self.client().list_chatbots()
        except CaigunnError:
            return False
        return True

    def fail(self, times: int) -> None:
        """Hear of so many attempts that got no answer."""
        for _ in range(times):
            self.breaker.failed(self.token, time.monotonic())

    @property
    def is_open(self) -> bool:
        """Whether its next call is kept back."""
        return not self.breaker.admits(self.token)


StartProcess = Callable[..., Process]


@contextmanager
def processes_of(caigunn: Sandbox) -> Iterator[StartProcess]:
    """Starts processes of the dashboard, which know nothing yet: `start()`."""
    with ExitStack() as stack:
        url, token = caigunn.url, caigunn.users[0].token

        def started(**settings: Any) -> Process:
            process = Process(url, token, **settings)
            stack.callback(process.transport.close)
            return process

        yield started


@contextmanager
def breaker_in_use(settings: LazySettings) -> Iterator[None]:
    """A breaker that is in use, over a cache that all threads share."""
    locmem = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "breaker"}
    settings.CACHES = {**settings.CACHES, "reads": locmem}
    settings.BREAKER_FAILURES = 3
    # However busy the machine is, a second probe comes only where a test lets it.
    settings.BREAKER_PROBE_SECONDS = 600.0
    caches["reads"].clear()
    yield
    probe_is_over()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the condition holds; an AssertionError after SECONDS."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.005)


def probe_is_over() -> None:
    """Wait until no probe is under way."""
    wait_for(lambda: all(one.name != PROBE_THREAD for one in threading.enumerate()))


def down(caigunn: Sandbox, path: str = ".*", times: int = ALWAYS) -> None:
    """From now on a gateway says that Caigunn is not there."""
    caigunn.order(Fault("status", status=503, path=path, times=times))


def opened(start: StartProcess, caigunn: Sandbox) -> Process:
    """A process that has found Caigunn away, and its first probe as well."""
    down(caigunn)
    process = start()
    assert not process.answers()
    probe_is_over()
    caigunn.clear_requests()
    assert process.is_open
    return process


def free_turn(process: Process) -> None:
    """Let the time between two probes be over, in every process."""
    caches["reads"].delete(f"breaker:probed:{process.transport.settings.base_url}")


def plan_reads(caigunn: Sandbox) -> int:
    """How many probes reached it: nothing else here reads plans."""
    return sum(one.path.endswith("/user/plan") for one in caigunn.requests)
