"""Other processes of this dashboard, over a database file of their own: killed, and started again.

A child does what `children` has a name for and talks by lines: it reads a command, says `ready`,
waits for `go`, and writes its result as JSON. Its log goes to standard error.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 30.0

_SETTINGS = """
from caigunn_admin.settings import *
LEASE_SECONDS = {lease}
READ_BACK_WAIT_SECONDS = 0.0
LOGGING["loggers"]["chatbots.caigunn"] = {{"level": "INFO"}}
"""
_START = """
import django
django.setup()
from tests.services import children
children.main()
"""


class House:
    """A database file with its tables, and the environment in which children work on it."""

    def __init__(self, folder: Path, api_base_url: str, *, lease: float = 30.0) -> None:
        (folder / "house_settings.py").write_text(_SETTINGS.format(lease=lease))
        self.database = folder / "house.sqlite3"
        self._environment = os.environ | {
            "DATABASE_URL": f"sqlite:///{self.database}",
            "CAIGUNN_API_BASE_URL": api_base_url,
            "DJANGO_SETTINGS_MODULE": "house_settings",
            "PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]),
            "PYTHONUNBUFFERED": "1",
        }
        # Starting one costs a second, so one that nobody kills answers all questions.
        self._clerk = self.start()
        self.ask("prepare")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._clerk.end()

    def start(self, *command: str) -> "Child":
        """A child, with a first command if one is given."""
        child = Child([sys.executable, "-c", _START], self._environment)
        if command:
            child.command(*command)
        return child

    def ask(self, *command: str) -> Any:
        """The result of a command that is let go at once."""
        self._clerk.command(*command)
        self._clerk.go()
        return self._clerk.result()

    @contextmanager
    def write_lock(self) -> Iterator[None]:
        """Keep every other process from committing anything."""
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=SECONDS)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()


class Child:
    """A process under way; ended, if need be by force, when the block ends."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            command,
            env=environment,
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

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
        """End it, if need be by force."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(SECONDS)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                pipe.close()

    def command(self, *words: str) -> None:
        """Tell it what to do next."""
        self._say(json.dumps(words))

    def wait_ready(self) -> None:
        """Until it has everything in hand and waits for `go`."""
        line = _open(self._process.stdout).readline()
        assert line == "ready\n", line + _open(self._process.stderr).read()

    def go(self) -> None:
        """Let it begin, once it is ready."""
        self.wait_ready()
        self.let_go()

    def let_go(self) -> None:
        """Let one that is ready begin."""
        self._say("go")

    def _say(self, line: str) -> None:
        stdin = _open(self._process.stdin)
        stdin.write(f"{line}\n")
        stdin.flush()

    def result(self) -> Any:
        """What it found."""
        line = _open(self._process.stdout).readline()
        assert line, _open(self._process.stderr).read()
        return json.loads(line)

    def wait_logged(self, text: str) -> None:
        """Until its log has a line with the text."""
        for line in _open(self._process.stderr):
            if text in line:
                return
        raise AssertionError(f"it ended without a line about {text}")

    def kill(self) -> None:
        """kill -9."""
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait(SECONDS) == -signal.SIGKILL


def _open(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


def wait_for(condition: Callable[[], bool]) -> None:
    """Until the condition holds; an AssertionError after SECONDS."""
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.005)
