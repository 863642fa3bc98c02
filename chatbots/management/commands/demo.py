"""`manage.py demo`: the whole dashboard on this machine, beside a sandbox, until Ctrl-C.

It needs no setting: everything it keeps, keys included, stands in `.demo/`.
"""

import http.client
import io
import logging
import os
import secrets
import signal
import socket
import sys
import time
from argparse import SUPPRESS, ArgumentParser
from pathlib import Path
from subprocess import PIPE, Popen, TimeoutExpired
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from caigunn_admin.activity.record import Request
from caigunn_admin.team.models import Member, Role
from chatbots.services import token
from chatbots.vault import make_key

HOST = "127.0.0.1"
HOME = Path(settings.BASE_DIR) / ".demo"
CHATBOTS = 42  # of the sandbox's first user: more than a page
START_SECONDS = 60.0
END_SECONDS = 15.0
# Waits for the end of its input, which is the end of this process, whatever ended it.
GUARD = 'read -r _; kill -TERM "$1"'
MEMBERS = {role: (f"{role.value}@demo.example", f"try-it-as-{role.value}") for role in Role}
CONNECTED = Role.EDITOR


class SandboxUser(NamedTuple):
    """What the sandbox says of a user: name and number of chatbots, and the access token."""

    who: str
    token: str


class Household:
    """The processes of a demo. None of them outlives this one."""

    def __init__(self) -> None:
        self.is_ending = False
        self._children: list[tuple[Popen[str], Popen[bytes]]] = []

    def start(self, *arguments: str, environment: dict[str, str], **options: Any) -> Popen[str]:
        """A running child. It gets no Ctrl-C by itself: this process ends it."""
        child = Popen(  # noqa: S603 - our own commands
            [sys.executable, *arguments],
            env=environment,
            cwd=settings.BASE_DIR,
            text=True,
            start_new_session=True,
            **options,
        )
        guard = Popen(  # noqa: S603
            ["/bin/sh", "-c", GUARD, "guard", str(child.pid)], stdin=PIPE, start_new_session=True
        )
        self._children.append((child, guard))
        if self.is_ending:
            child.terminate()
        return child

    def end(self, *_signal: Any) -> None:
        """Ask every child to end. As the handler of signals: whoever waits for a child goes on."""
        self.is_ending = True
        for child, _ in reversed(self._children):
            child.terminate()

    def watch(self) -> None:
        """Come back when this is to end. Raises CommandError if a child ends by itself."""
        while not self.is_ending:
            if any(child.poll() is not None for child, _ in self._children):
                raise CommandError("A part of the demo has ended by itself; see above.")
            time.sleep(0.2)

    def forget(self, child: Popen[str]) -> int:
        """The exit code of a child whose work is done."""
        code = child.wait()
        for pair in [pair for pair in self._children if pair[0] is child]:
            self._children.remove(pair)
            _close(*pair)
        return code

    def close(self) -> None:
        """End what runs, and wait for it."""
        self.end()
        for child, guard in reversed(self._children):
            try:
                child.wait(END_SECONDS)
            except TimeoutExpired:
                child.kill()
                child.wait()
            _close(child, guard)


def _close(child: Popen[str], guard: Popen[bytes]) -> None:
    guard.kill()
    guard.wait()
    for pipe in (child.stdin, child.stdout, guard.stdin):
        if pipe is not None:
            pipe.close()


class Command(BaseCommand):
    """Sandbox and dashboard, with a member for each role; Ctrl-C or SIGTERM ends all of it."""

    help = "Runs this dashboard with a sandbox, on this machine, until Ctrl-C."
    # This process serves nothing: its children check their own settings.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser | ArgumentParser) -> None:
        """The child that fills the database is this command too, with the demo's settings."""
        parser.add_argument("--prepare", action="store_true", help=SUPPRESS)

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Serve. Raises CommandError, naming what did not start."""
        if options["prepare"]:
            prepare(access_token=sys.stdin.readline().strip())
            return
        household = Household()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, household.end)
        try:
            with _listen() as listener:
                port = listener.getsockname()[1]
                environment = _environment(port)
                url, users = _start_sandbox(household, environment)
                environment["CAIGUNN_API_BASE_URL"] = url
                _prepare(household, environment, users[0].token)
                _start_web(household, environment, listener)
            _wait_until_ready(port)
            self._introduce(port, url, users)
            household.watch()
        except CommandError:
            # Being told to end, a part that did not start is no mistake.
            if not household.is_ending:
                raise
        finally:
            household.close()

    def _introduce(self, port: int, sandbox_url: str, users: list[SandboxUser]) -> None:
        lines = ["", f"Caigunn Admin:  http://localhost:{port}", "", "Sign in as"]
        for role, (email, password) in MEMBERS.items():
            note = "  (connected to the sandbox already)" if role is CONNECTED else ""
            lines.append(f"  {role.value:7} {email:20} password {password}{note}")
        lines += ["", f"The sandbox stands in for Caigunn at {sandbox_url}. Its access tokens:"]
        lines += [f"  {user.who}:  {user.token}" for user in users]
        lines += ["", "Ctrl-C ends all of it.", ""]
        self.stdout.write("\n".join(lines))
        self.stdout.flush()


def _listen() -> socket.socket:
    """A socket on $PORT, or on a free port. gunicorn inherits it, so nobody else can take it."""
    port = os.environ.get("PORT", "") or "0"
    try:
        return socket.create_server((HOST, int(port)))
    except (OSError, ValueError, OverflowError) as error:
        raise CommandError(f"PORT {port}: {error}") from None


def _environment(port: int) -> dict[str, str]:
    pinned = pinned_settings(port)
    pinned["SECRET_KEY"] = _kept("secret-key", secrets.token_urlsafe(50))
    pinned["TOKEN_KEYS"] = _kept("token-keys", f"demo:{make_key()}")
    # An empty …_FILE counts as none, and keeps one in `.env` out.
    return os.environ | pinned | {f"{name}_FILE": "" for name in pinned}


def pinned_settings(port: int) -> dict[str, str]:
    """Every variable that the settings read, keys left empty, so that neither the caller's
    environment nor `.env` has a say.
    """
    return {
        "SECRET_KEY": "",
        "SECRET_KEY_FALLBACKS": "",
        "TOKEN_KEYS": "",
        "DEBUG": "off",
        "ALLOWED_HOSTS": "localhost,127.0.0.1,[::1]",
        "SITE_SCHEME": "http",
        "CSRF_TRUSTED_ORIGINS": "",
        "TRUSTED_PROXY_COUNT": "0",
        # Whoever tries it out has no second factor at hand; each member may still add one.
        "TWO_FACTOR_REQUIRED": "nobody",
        "DATABASE_URL": f"sqlite:///{HOME / 'demo.sqlite3'}",
        "CACHE_URL": "dbcache://caigunn_cache",
        "EMAIL_URL": "",
        "EMAIL_FROM": "",
        "CAIGUNN_API_BASE_URL": settings.CAIGUNN_ADDRESS,
        "CAIGUNN_CONNECT_TIMEOUT": "3",
        "CAIGUNN_READ_TIMEOUT": "10",
        "CAIGUNN_TOTAL_TIMEOUT": "20",
        "CAIGUNN_CONCURRENCY": "16",
        "LOG_FORMAT": "plain",
        "PORT": str(port),
    }


def _kept(name: str, new: str) -> str:
    """The secret of this name in `.demo/`, written there at the first start."""
    HOME.mkdir(mode=0o700, exist_ok=True)
    path = HOME / name
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(new + "\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


def _start_sandbox(
    household: Household, environment: dict[str, str]
) -> tuple[str, list[SandboxUser]]:
    arguments = ["manage.py", "sandbox", "--chatbots", str(CHATBOTS)]
    child = household.start(*arguments, environment=environment, stdout=PIPE)
    assert child.stdout is not None  # noqa: S101 - asked for in the line above
    url = child.stdout.readline().strip().rpartition(" ")[2]
    users: list[SandboxUser] = []
    for line in iter(child.stdout.readline, ""):
        who, found, access_token = line.strip().rpartition(": ")
        if not found:
            break
        users.append(SandboxUser(who, access_token))
    if not users:
        raise CommandError("The sandbox did not start.")
    return url, users


def _prepare(household: Household, environment: dict[str, str], access_token: str) -> None:
    child = household.start("manage.py", "demo", "--prepare", environment=environment, stdin=PIPE)
    assert child.stdin is not None  # noqa: S101 - asked for in the line above
    child.stdin.write(access_token + "\n")
    child.stdin.flush()
    if household.forget(child) != 0:
        raise CommandError("The database could not be filled; deleting .demo/ starts anew.")


def prepare(access_token: str) -> None:
    """Tables, a member for each role, and one of them connected with this token."""
    logging.disable(logging.INFO)
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    for role, (email, password) in MEMBERS.items():
        if not Member.objects.filter(email=email).exists():
            _add_member(role, email, password)
    member = Member.objects.get(email=MEMBERS[CONNECTED][0])
    token.connect(Request(member, "demo"), access_token, label="Sandbox")


def _add_member(role: Role, email: str, password: str) -> None:
    standard_input, sys.stdin = sys.stdin, io.StringIO(password + "\n")
    try:
        quiet = io.StringIO()
        call_command("add_member", email, role=role.value, password_stdin=True, stdout=quiet)
    finally:
        sys.stdin = standard_input


def _start_web(household: Household, environment: dict[str, str], listener: socket.socket) -> None:
    options = "--worker-class gthread --workers 2 --threads 32 --timeout 60 --graceful-timeout 5"
    household.start(
        *("-m", "gunicorn", "caigunn_admin.wsgi", *options.split()),
        *("--bind", f"fd://{listener.fileno()}", "--no-control-socket", "--log-level", "warning"),
        environment=environment,
        pass_fds=[listener.fileno()],
    )


def _wait_until_ready(port: int) -> None:
    """Ask /readyz once: the socket listens already, so the request waits for gunicorn."""
    connection = http.client.HTTPConnection(HOST, port, timeout=START_SECONDS)
    try:
        connection.request("GET", "/readyz")
        response = connection.getresponse()
        causes = response.read().decode(errors="replace")
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"The dashboard did not start: {error}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise CommandError(f"The dashboard is not ready: {causes}")
