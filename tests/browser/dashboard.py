"""A dashboard as it runs in production: gunicorn with the Procfile's options, on a free port."""

import base64
import fcntl
import hashlib
import os
import secrets
import shlex
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.environment import PINNED

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "a-password-for-tests"
_START_SECONDS = 60
_STOP_SECONDS = 40


def _procfile_options() -> list[str]:
    """The options of gunicorn in production, without the application and its address."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    web = next(line for line in lines if line.startswith("web:"))
    words = shlex.split(web.removeprefix("web:"))[2:]
    place = words.index("--bind")
    return words[:place] + words[place + 2 :]


def collect_static(folder: Path) -> None:
    """Collect static files as they are now, once for all processes that share `folder`."""
    files = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
    now = "\n".join(f"{path} {path.stat().st_mtime_ns}" for path in files)
    with (folder / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / f"static-{hashlib.sha256(now.encode()).hexdigest()}.done"
        if not done.exists():
            _run([sys.executable, "manage.py", "collectstatic", "--noinput"], dict(os.environ))
            done.touch()


class Gunicorn:
    """A WSGI application under gunicorn for as long as the `with` block lasts.

    `folder` takes its log; it gets `environment` and nothing of this shell's.
    """

    def __init__(self, folder: Path, application: str, environment: dict[str, str]) -> None:
        self.url = ""
        self.environment = {"PATH": os.environ["PATH"], "PYTHONUNBUFFERED": "1", **environment}
        self._application = application
        self._log = folder / "gunicorn.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start gunicorn and wait for `/readyz`. Raises RuntimeError with its log."""
        with socket.create_server(("127.0.0.1", 0)) as listener, self._log.open("ab") as log:
            self.url = f"http://localhost:{listener.getsockname()[1]}"
            command = [sys.executable, "-m", "gunicorn", self._application, *_procfile_options()]
            command += ["--bind", f"fd://{listener.fileno()}"]
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
            )
        self._wait_until_ready(self._process)

    def stop(self) -> None:
        """End gunicorn by its process id. Harmless when done twice."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    @property
    def workers(self) -> list[int]:
        """The process ids of gunicorn's workers."""
        if self._process is None:
            return []
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        give_up = time.monotonic() + _START_SECONDS
        while time.monotonic() < give_up and process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5) as answer:  # noqa: S310
                    answer.read()
                    return
            except OSError:
                time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"It did not start:\n{self._log.read_text()}")


class Dashboard(Gunicorn):
    """This dashboard; `folder` holds its database and its keys."""

    def __init__(self, folder: Path, caigunn: str, **environment: str) -> None:
        self.database = folder / "dashboard.sqlite3"
        token_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        # The rest is pinned too, so that no `.env` changes what is tested.
        settings = {
            **PINNED,
            "SECRET_KEY": secrets.token_urlsafe(50),
            "TOKEN_KEYS": f"test:{token_key}",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "CAIGUNN_API_BASE_URL": caigunn,
        }
        super().__init__(folder, "caigunn_admin.wsgi", {**settings, **environment})

    def beside(self, folder: Path) -> "Dashboard":
        """A second server of the same dashboard, not started yet."""
        second = Dashboard(folder, "")
        second.database, second.environment = self.database, dict(self.environment)
        return second

    def release(self) -> None:
        """Make the database, as `release` of the Procfile does."""
        self.manage("migrate", "--noinput")
        self.manage("createcachetable")

    def manage(self, *arguments: str, typed: str = "") -> str:
        """What `manage.py` prints; `typed` is its standard input."""
        return _run([sys.executable, "manage.py", *arguments], self.environment, typed)

    def add_member(self, email: str, role: str) -> None:
        """A member who signs in with PASSWORD."""
        self.manage("add_member", email, "--role", role, "--password-stdin", typed=PASSWORD)

    def forget(self) -> None:
        """Forget what Caigunn said, which route held, rate limits, what was asked for, left and
        typed, and how many rows are liked."""
        self._execute("DELETE FROM caigunn_cache")
        self._execute("DELETE FROM activity_leftvalue")
        self._execute("DELETE FROM chatbots_keptinput")
        self._execute("DELETE FROM activity_change")
        self._execute("DELETE FROM caigunn_limits")
        self._execute("UPDATE team_member SET page_size = 30")

    def end_session(self, session_key: str) -> None:
        """Let a session expire, as the server sees it: the browser keeps its cookie."""
        self._execute("DELETE FROM django_session WHERE session_key = ?", session_key)

    def _execute(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.database, timeout=20)) as database, database:
            database.execute(statement, values)


def _run(command: list[str], environment: dict[str, str], typed: str = "") -> str:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command[1:])}:\n{done.stdout}{done.stderr}")
    return done.stdout
