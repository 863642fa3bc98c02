"""Other processes of this dashboard, over a database of their own: killed, and started again.

A nursery has Django set up and touches nothing; it forks a child in milliseconds. A child does what
`acts` has a name for and talks by lines: it reads a command, says `ready`, waits for `go`, and
writes its result as JSON. Its log goes to a file. It can be made to stop where it is about to run
some SQL, or to send some request: see `Child.command`.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from .databases import Databases

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30.0
_START = "import django; django.setup(); from tests.faults import children; children.nurse()"
# What differs from production in each child.
_SETTINGS: dict[str, Any] = {
    "READ_BACK_WAIT_SECONDS": 0.0,
    "BREAKER_FAILURES": 1_000_000,
    "WHITENOISE_AUTOREFRESH": True,
    "STORAGES": {
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    },
    "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
}


class _Ending:
    """Ends itself when the `with` block ends."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        """End it, if need be by force. Harmless when done twice."""


class Nursery(_Ending):
    """Where children of one kind of database come from. `folder` takes their logs."""

    def __init__(self, databases: Databases, folder: Path) -> None:
        self.databases = databases
        self._folder = folder
        self._numbers = count(1)
        self._control, theirs = socket.socketpair()
        with theirs, self._log("nursery").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _START, str(theirs.fileno())],
                env=os.environ
                | {
                    "DATABASE_URL": databases.url(),
                    "PYTHONPATH": str(ROOT),
                    "PYTHONUNBUFFERED": "1",
                },
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[theirs.fileno()],
            )
        self._control.settimeout(SECONDS)
        with self.fork({}, databases.name()) as child:
            child.command("prepare")
            child.go()
            child.result()

    def end(self) -> None:
        self._control.close()
        self._process.wait(SECONDS)

    def fork(self, settings: dict[str, Any], database: str) -> "Child":
        """A new child with these settings besides the usual ones."""
        log = self._log(str(next(self._numbers)))
        stdin, our_stdin = os.pipe()
        our_stdout, stdout = os.pipe()
        stderr = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        order = {"settings": _SETTINGS | settings, "database": database}
        try:
            socket.send_fds(self._control, [_line(order)], [stdin, stdout, stderr])
            pid = self._answer()
        finally:
            for theirs in (stdin, stdout, stderr):
                os.close(theirs)
        return Child(self, pid, our_stdin, our_stdout, log)

    def wait(self, pid: int) -> int:
        """Wait for the end of a child; how it ended, as `os.waitstatus_to_exitcode` has it."""
        self._control.sendall(_line({"wait": pid}))
        return self._answer()

    def _answer(self) -> int:
        answer = self._control.recv(64)
        assert answer, self._log("nursery").read_text()
        return int(answer)

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"


class House(_Ending):
    """A new database, and children that work on it in front of one Caigunn."""

    def __init__(
        self, nursery: Nursery, api_base_url: str, *, lease: float = 30.0, **settings: Any
    ) -> None:
        self._nursery = nursery
        self._database = nursery.databases.copy()
        self._settings = {
            "CAIGUNN_API_BASE_URL": api_base_url,
            "LEASE_SECONDS": lease,
        } | settings
        # One that nobody kills answers all questions.
        self._clerk = self.start()

    def end(self) -> None:
        self._clerk.end()
        self._nursery.databases.drop(self._database)

    def start(self, *command: str, **how: Any) -> "Child":
        """A child, with a first command if one is given; see `Child.command`."""
        child = self._nursery.fork(self._settings, self._database)
        if command:
            child.command(*command, **how)
        return child

    def ask(self, *command: str) -> Any:
        """The result of a command that is let go at once."""
        self._clerk.command(*command)
        self._clerk.go()
        return self._clerk.result()

    def at_once(self, *commands: Sequence[str], apart: float = 0.0) -> list[Any]:
        """The results of commands that are let go together, each in a process of its own; or
        `apart` seconds after one another."""
        children = [self.start(*command) for command in commands]
        try:
            for child in children:
                child.wait_ready()
            for number, child in enumerate(children):
                if number:
                    time.sleep(apart)
                child.let_go()
            return [child.result() for child in children]
        finally:
            for child in children:
                child.end()

    def write_lock(self) -> AbstractContextManager[None]:
        """Keep every other process from committing anything."""
        return self._nursery.databases.write_lock(self._database)


class Child(_Ending):
    """A process under way."""

    def __init__(self, nursery: Nursery, pid: int, stdin: int, stdout: int, log: Path) -> None:
        self._nursery = nursery
        self._pid = pid
        self._stdin, self._stdout = stdin, stdout
        self._log = log
        self._has_ended = False

    def end(self) -> None:
        if self._has_ended:
            return
        # Killed, it leaves the database open as it is; without work it goes by itself.
        os.close(self._stdin)
        if not select.select([self._stdout], [], [], 1.0)[0]:
            os.kill(self._pid, signal.SIGKILL)
        self._ended()

    def kill(self) -> None:
        """kill -9."""
        os.kill(self._pid, signal.SIGKILL)
        os.close(self._stdin)
        assert self._ended() == -signal.SIGKILL

    def _ended(self) -> int:
        self._has_ended = True
        os.close(self._stdout)
        return self._nursery.wait(self._pid)

    def command(self, *words: str, stop_at: str = "", note_at: str = "", times: int = 1) -> None:
        """Tell it what to do next.

        The point where `stop_at`, a regular expression, is found in the SQL that it is about to
        run, or in the first line of the request that it is about to send, for the `times`th time,
        is as far as the process gets: it stops there, as it is. At `note_at` it goes on. See
        `wait_come`.
        """
        point = stop_at or note_at
        self._say(
            json.dumps({"words": words, "point": point, "times": times, "stops": bool(stop_at)})
        )

    def wait_ready(self) -> None:
        """Until it has everything in hand and waits for `go`."""
        assert self._hear() == "ready", self._log.read_text()

    def go(self) -> None:
        """Let it begin, once it is ready."""
        self.wait_ready()
        self.let_go()

    def let_go(self) -> None:
        """Let one that is ready begin."""
        self._say("go")

    def result(self) -> Any:
        """What it found."""
        line = self._hear()
        assert line, self._log.read_text()
        return json.loads(line)

    def wait_come(self) -> None:
        """Until it has come to its `stop_at` or `note_at`."""
        self.wait_logged("came to ")

    def wait_logged(self, text: str) -> None:
        """Until its log holds the text."""
        wait_for(lambda: text in self._log.read_text())

    def _say(self, line: str) -> None:
        os.write(self._stdin, f"{line}\n".encode())

    def _hear(self) -> str:
        heard = b""
        while not heard.endswith(b"\n"):
            if not select.select([self._stdout], [], [], SECONDS)[0]:
                raise AssertionError(f"It says nothing:\n{self._log.read_text()}")
            part = os.read(self._stdout, 65_536)
            if not part:
                break
            heard += part
        return heard.decode().strip()


def _line(order: dict[str, Any]) -> bytes:
    return f"{json.dumps(order)}\n".encode()


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the condition holds; an AssertionError after SECONDS."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.005)
