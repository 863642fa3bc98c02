"""Cuts a call at its deadline, whatever it waits for.

A socket's own time-out starts again with every byte, so a server that drips outlives it. One thread
for each process shuts the sockets of overdue calls down, which wakes the thread that reads them.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from .deadline import Deadline
from .errors import Kind

_IDLE_SECONDS = 60.0


class Owned(Protocol):
    """A connection, as far as the watchdog knows it."""

    owner: "Attempt | None"


class Attempt:
    """What is known of one attempt while it runs."""

    def __init__(self, deadline: Deadline, kind: Kind, connect_timeout: float) -> None:
        self.deadline = deadline
        self.kind = kind
        self.connect_by = Deadline(min(deadline.at, Deadline.after(connect_timeout).at))
        self.connecting = False
        """It has begun to open a connection and not one byte of the request has left."""
        self.cut = False
        self.connection: Owned | None = None
        self.socket: socket.socket | None = None

    def shut(self) -> None:
        self.cut = True
        # The connection may have gone back to the pool and on to another call.
        if self.socket and self.connection and self.connection.owner is self:
            with contextlib.suppress(OSError):
                # Not SSLSocket.shutdown: that makes the socket a plain one under its reader.
                socket.socket.shutdown(self.socket, socket.SHUT_RDWR)


class Watchdog:
    """Watches the attempts of one process."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._attempts: set[Attempt] = set()
        self._running = False
        self._wakes_at = 0.0

    def watch(self, attempt: Attempt) -> None:
        with self._condition:
            self._attempts.add(attempt)
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="caigunn-watchdog", daemon=True).start()
            elif attempt.deadline.at < self._wakes_at:
                self._condition.notify()

    def adopt(self, attempt: Attempt, connection: Owned, sock: socket.socket) -> None:
        """From here on this attempt is what the connection works for."""
        with self._condition:
            connection.owner = attempt
            attempt.connection, attempt.socket = connection, sock
            if attempt.cut:
                attempt.shut()

    def release(self, attempt: Attempt) -> bool:
        """Ends the watch. True where the attempt was cut: what it read is not to be trusted."""
        with self._condition:
            self._attempts.discard(attempt)
            if attempt.connection and attempt.connection.owner is attempt:
                attempt.connection.owner = None
            attempt.connection = attempt.socket = None
            return attempt.cut

    def _run(self) -> None:
        with self._condition:
            while True:
                now = time.monotonic()
                for attempt in [item for item in self._attempts if item.deadline.at <= now]:
                    self._attempts.discard(attempt)
                    attempt.shut()
                was_idle = not self._attempts
                self._wakes_at = min(
                    (item.deadline.at for item in self._attempts), default=now + _IDLE_SECONDS
                )
                self._condition.wait(self._wakes_at - now)
                if was_idle and not self._attempts:
                    self._running = False
                    return


_watchdogs: dict[int, Watchdog] = {}
_current = threading.local()


def watchdog() -> Watchdog:
    """The one of this process. A fork gets its own: threads and locks do not survive it."""
    pid = os.getpid()
    return _watchdogs.get(pid) or _watchdogs.setdefault(pid, Watchdog())


@contextlib.contextmanager
def watched(attempt: Attempt) -> Iterator[Attempt]:
    """Makes the attempt the one that connections used in this thread belong to."""
    keeper = watchdog()
    _current.attempt = attempt
    keeper.watch(attempt)
    try:
        yield attempt
    finally:
        _current.attempt = None
        keeper.release(attempt)


def current_attempt() -> Attempt | None:
    attempt: Attempt | None = getattr(_current, "attempt", None)
    return attempt
