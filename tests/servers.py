"""A PostgreSQL of the tests' own: on a free port of 127.0.0.1, in a temporary folder, then gone."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

_ACCOUNT = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PORTS_TRIED = 5
# Nothing here outlives the tests, so nothing waits for a disk.
_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "autovacuum": "off",
}
# Told the process ids of servers, an empty line when one has ended. When its standard input ends,
# because `running` is left or because the process of the tests is gone, in whatever way, it ends
# the server that is left and removes the folder. PostgreSQL takes SIGQUIT for "at once".
_KEEPER = """
server=
while read -r line; do server=$line; done
if test -n "$server"; then
    kill -QUIT "$server"
    while kill -0 "$server"; do sleep 0.1; done
fi 2>/dev/null
rm -rf "$1"
"""


class NoServerError(Exception):
    """There is no PostgreSQL here that could be started; says what to install."""


class PostgreSQL:
    """A running server."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._names = (f"house_{number}" for number in count(1))

    def new_database(self, template: str = "template0") -> str:
        """The name of a new database: empty, or with all that is in `template`, to which nobody may
        be connected."""
        name = next(self._names)
        self._run(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected to it."""
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        import psycopg  # noqa: PLC0415 - whoever only looks for the programs has no packages yet

        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def url(self, database: str) -> str:
        """The DATABASE_URL of a database."""
        return f"postgres://{_ACCOUNT}@127.0.0.1:{self.port}/{database}"


def programs() -> Path:
    """The folder with initdb and postgres: the one on PATH, else the newest that Debian's packages
    have put aside. Raises NoServerError, also where root has no account to run them with."""
    on_path = shutil.which("initdb")
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"),
        key=lambda path: int(path.parts[-3]) if path.parts[-3].isdecimal() else 0,
    )
    for found in ([Path(on_path)] if on_path else []) + debian[::-1]:
        folder = found.resolve().parent
        if (folder / "postgres").is_file():
            _account()
            return folder
    raise NoServerError("PostgreSQL is missing: on Debian, apt install postgresql")


def _account() -> str | None:
    """The account to run the programs with: they refuse root. None for the present one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(_ACCOUNT).pw_name
    except KeyError:
        raise NoServerError(
            f"As root, PostgreSQL needs an account named {_ACCOUNT}: on Debian, "
            "apt install postgresql makes it"
        ) from None


@contextmanager
def running() -> Iterator[PostgreSQL]:
    """A server for the block, and until the end of this process at the latest.

    It trusts whoever connects from this machine, and listens to nobody else. Raises NoServerError,
    and RuntimeError with its log where it does not start.
    """
    where, account = programs(), _account()
    folder = Path(tempfile.mkdtemp(prefix="postgresql-"))
    if account is not None:
        shutil.chown(folder, account, pwd.getpwnam(account).pw_gid)
    with _Keeper(folder, account) as keeper:
        _make_cluster(where, folder, account)
        for _attempt in range(_PORTS_TRIED):
            port = _free_port()
            server = _start(where, folder, account, port)
            with keeper.told_of(server):
                if _is_ready(server, folder):
                    yield PostgreSQL(port)
                    return
        log = (folder / "log").read_text(errors="replace")
        raise RuntimeError(f"PostgreSQL did not start:\n{log}")


class _Keeper:
    """A process that outlives this one if need be."""

    def __init__(self, folder: Path, account: str | None) -> None:
        self._process = subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", folder],
            cwd="/",
            user=account,
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    @contextmanager
    def told_of(self, server: "subprocess.Popen[bytes]") -> Iterator[None]:
        """Have it know of a server for the block, and end the server with the block."""
        self._tell(str(server.pid))
        try:
            yield
        finally:
            server.send_signal(signal.SIGQUIT)
            try:
                server.wait(_STOP_SECONDS)
            finally:
                server.kill()
                server.wait()
                self._tell("")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()


def _make_cluster(where: Path, folder: Path, account: str | None) -> None:
    made = subprocess.run(
        [
            *(where / "initdb", "--pgdata", folder / "data", "--username", _ACCOUNT),
            *("--encoding=UTF8", "--locale=C", "--auth=trust", "--no-sync", "--no-instructions"),
        ],
        cwd=folder,
        user=account,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"initdb failed:\n{made.stdout}{made.stderr}")
    (folder / "data" / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _start(where: Path, folder: Path, account: str | None, port: int) -> "subprocess.Popen[bytes]":
    options = [f"--{name}={value}" for name, value in _OPTIONS.items()]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            [where / "postgres", "-D", folder / "data", "-p", str(port), *options],
            cwd=folder,
            user=account,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Ctrl-C in a terminal reaches the tests alone, which then end it.
            start_new_session=True,
        )


def _is_ready(server: "subprocess.Popen[bytes]", folder: Path) -> bool:
    """Wait until it takes connections; False where it has ended, as it does when somebody else was
    quicker to take the port."""
    state = folder / "data" / "postmaster.pid"
    give_up = time.monotonic() + _START_SECONDS
    while server.poll() is None and time.monotonic() < give_up:
        # Its eighth line tells; the server removes the file when it ends.
        if _lines(state)[7:8] == ["ready   "]:
            return True
        time.sleep(0.01)
    return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []
