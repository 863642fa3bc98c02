"""The side of the children of `processes`. Django is set up before this module is imported."""

import json
import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from tests.faults.acts import ACTS

logger = logging.getLogger("tests.faults")


def nurse() -> None:
    """Fork a child for each order that comes, and tell how one ended for each that asks."""
    control = socket.socket(fileno=int(sys.argv[1]))
    while True:
        order, streams, _flags, _address = socket.recv_fds(control, 65_536, 3)
        if not order:
            return
        asked = json.loads(order)
        if "wait" in asked:
            status = os.waitpid(asked["wait"], 0)[1]
            control.sendall(str(os.waitstatus_to_exitcode(status)).encode())
        elif pid := os.fork():
            for stream in streams:
                os.close(stream)
            control.sendall(str(pid).encode())
        else:
            control.close()
            _live(asked["settings"], asked["database"], streams)


def _live(changed: dict[str, Any], database: str, streams: list[int]) -> None:
    code = 1
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        for name, value in changed.items():
            setattr(settings, name, value)
        # Nobody has connected yet, so this is where the first one goes.
        connections.settings["default"]["NAME"] = database
        _obey()
        code = 0
    except Exception:
        logger.exception("A child failed")
    finally:
        # Without what Python does at the end of a process: that is the nursery's.
        os._exit(code)


def _obey() -> None:
    """For each command: prepare, say so, wait to be let go, act, tell the result."""
    points = _Points()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        what, *arguments = order["words"]
        act = ACTS[what](*arguments)
        points.look_for(order["point"], order["times"], stops=order["stops"])
        _tell("ready")
        sys.stdin.readline()
        _tell(json.dumps(act()))
    connections.close_all()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class _Points:
    """Where this process may stop: before each SQL statement, and before each request."""

    def __init__(self) -> None:
        self._wanted: re.Pattern[str] | None = None
        self._times = 0
        self._stops = False
        connection_created.connect(self._watch_database)
        sys.addaudithook(self._watch_requests)

    def look_for(self, point: str, times: int, *, stops: bool) -> None:
        """The point of the next command: "" for none."""
        self._wanted = re.compile(point) if point else None
        self._times, self._stops = times, stops

    def _watch_database(self, connection: BaseDatabaseWrapper, **_: Any) -> None:
        if self._before_sql not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._before_sql)

    def _before_sql(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        self._reach(sql)
        return execute(sql, *rest)

    def _watch_requests(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "http.client.send" and self._wanted is not None:
            data = arguments[1]
            if isinstance(data, bytes):
                self._reach(data.split(b"\r\n", 1)[0].decode("latin-1"))

    def _reach(self, point: str) -> None:
        if self._wanted is None or not self._wanted.search(point):
            return
        self._times -= 1
        if self._times == 0:
            logger.warning("came to %s", point)
            if self._stops:
                # All threads, wherever they are. Only SIGKILL reaches them from here on; this one
                # must not get a step further while another takes the signal.
                os.kill(os.getpid(), signal.SIGSTOP)
                threading.Event().wait()
