"""Caigunn away: calls end at once, in every process, until a probe gets an answer."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.core.cache import caches
from django.db import connections
from pydantic import SecretStr

from chatbots.caigunn import CaigunnClient, CaigunnError, Deadline, Transport, TransportSettings

logger = logging.getLogger(__name__)

PROBE_THREAD = "caigunn-probe"
_PROBE_DEADLINE_SECONDS = 5.0
# How long the page that asks for a probe waits for its answer: where nobody has come by for a
# while, what is known is old, and the first to come should not be told that Caigunn is away.
_PATIENCE_SECONDS = 0.5
_REMEMBERED_SECONDS = 1.0
# The database cache drops the fraction of the second in which an entry ends, Redis that of its
# time: one more, so that nothing ends too early.
_FRACTION = 1


class Breaker:
    """Whether Caigunn is away, for all processes that share the cache `reads`: a Transport's gate.

    After BREAKER_FAILURES attempts in a row without an answer (or with 502, 503 or 504), within
    BREAKER_WINDOW_SECONDS, no call goes out any more. Every BREAKER_PROBE_SECONDS at most, and
    only while pages ask, one plan read with the token of whoever asks finds out whether Caigunn
    is back. The processes count together, by and large: they hear of each other within a second.

    Thread-safe. Raises nothing: without its cache every call goes out. `release` gives back the
    database connection of the cache, so that no call or pause holds it.
    """

    def __init__(self, wanted: TransportSettings, release: Callable[[], None]) -> None:
        self._wanted = wanted
        self._release = release
        self._open = f"breaker:open:{wanted.base_url}"
        self._failures = f"breaker:failures:{wanted.base_url}"
        self._probed = f"breaker:probed:{wanted.base_url}"
        self._lock = threading.Lock()
        self._noting = threading.Lock()
        # On the clock of `time.monotonic()`.
        self._look_again_at = 0.0
        self._answered_at = 0.0
        self._is_open = False
        self._has_failures = False

    # What a Transport asks and tells

    def admits(self, token: SecretStr) -> bool:
        """Whether a call may go out. While none may, this starts the probe that is due."""
        if not settings.BREAKER_FAILURES:
            return True
        if self._is_time_to_look():
            self._guarded(lambda: self._look(token))
        return not self._is_open

    def failed(self, token: SecretStr, began: float) -> None:
        """An attempt that began at `began` (monotonic) got no answer."""
        # Somebody else's got one meanwhile: it is this call that hangs, not Caigunn.
        if not settings.BREAKER_FAILURES or began < self._answered_at:
            return
        with self._noting:
            if not self._is_open:
                self._guarded(lambda: self._note(token))

    def answered(self) -> None:
        """An attempt was answered: Caigunn is there."""
        self._answered_at = time.monotonic()
        if self._is_open or self._has_failures:
            self._guarded(self._close)

    # What the processes share

    def _is_time_to_look(self) -> bool:
        with self._lock:
            now = time.monotonic()
            if now < self._look_again_at:
                return False
            self._look_again_at = now + _REMEMBERED_SECONDS
            return True

    def _look(self, token: SecretStr) -> None:
        found = caches["reads"].get_many([self._open, self._failures, self._probed])
        self._has_failures = self._failures in found
        self._is_open = self._open in found
        if self._is_open and self._probed not in found:
            self._probe(token, _PATIENCE_SECONDS)

    def _note(self, token: SecretStr) -> None:
        now = time.time()
        window = settings.BREAKER_WINDOW_SECONDS
        known = caches["reads"].get(self._failures) or []
        failures = [at for at in known if now - at < window] + [now]
        if len(failures) < settings.BREAKER_FAILURES:
            caches["reads"].set(self._failures, failures, window + _FRACTION)
            self._has_failures = True
            return
        # As long as there may be a copy to show meanwhile.
        caches["reads"].set(self._open, now, settings.KEPT_SECONDS)
        self._know(is_open=True)
        logger.warning("Caigunn is away: no answer from %s", self._wanted.base_url)
        self._probe(token, patience=0)

    def _close(self) -> None:
        was_open = self._is_open
        self._know(is_open=False)
        # The probe's turn as well: should this be an error, the next one finds out at once.
        caches["reads"].delete_many([self._open, self._failures, self._probed])
        if was_open:
            logger.warning("Caigunn is back: %s answers", self._wanted.base_url)

    def _know(self, *, is_open: bool) -> None:
        with self._lock:
            self._is_open = is_open
            self._has_failures = False
            # A thread that is looking at this moment may still find what was there before.
            self._look_again_at = 0.0

    def _guarded(self, act: Callable[[], None]) -> None:
        try:
            act()
        except Exception as error:  # noqa: BLE001 - whatever the cache raises
            self._is_open = False
            # Its words may hold what it was asked to store, or the address of the cache.
            logger.error("The breaker cannot use the cache (%s)", type(error).__name__)  # noqa: TRY400
        finally:
            self._give_back()

    def _give_back(self) -> None:
        try:
            self._release()
        except RuntimeError:
            # Inside a transaction. Whoever makes the call is about to hear of it.
            logger.debug("The connection is in a transaction")

    # The probe

    def _probe(self, token: SecretStr, patience: float) -> None:
        """Start the probe if no other process does, and wait for it so many seconds at most."""
        seconds = settings.BREAKER_PROBE_SECONDS + _FRACTION
        if not caches["reads"].add(self._probed, 1, seconds):
            return
        self._give_back()
        thread = threading.Thread(
            target=self._run_probe, args=[token], name=PROBE_THREAD, daemon=True
        )
        thread.start()
        if patience:
            thread.join(patience)

    def _run_probe(self, token: SecretStr) -> None:
        # A connection of its own: a kept one says nothing about new ones.
        transport = Transport(replace(self._wanted, attempts=1, pool_size=1), gate=_Ear(self))
        deadline = Deadline.after(min(_PROBE_DEADLINE_SECONDS, settings.CAIGUNN_TOTAL_TIMEOUT))
        client = CaigunnClient(token.get_secret_value(), transport, deadline, "probe")
        try:
            client.list_plans(limit=1)
        except CaigunnError as error:
            logger.info("The probe says: %s", error)
        finally:
            transport.close()
            connections.close_all()


class _Ear:
    """The gate of the probe itself: always open, and it hears only answers."""

    def __init__(self, breaker: Breaker) -> None:
        self._breaker = breaker

    def admits(self, token: SecretStr) -> bool:  # noqa: ARG002
        return True

    def failed(self, token: SecretStr, began: float) -> None:
        """Still away."""

    def answered(self) -> None:
        self._breaker.answered()
