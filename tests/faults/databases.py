"""The databases that processes work on: made once with all tables, then copied for each test."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg

from tests.servers import PostgreSQL

_LOCK_SECONDS = 30.0


class Databases(Protocol):
    """A kind of database. A database's name is what DATABASES calls NAME."""

    def url(self) -> str:
        """The DATABASE_URL of the template, which is empty at first."""

    def name(self) -> str:
        """The name of the template."""

    def copy(self) -> str:
        """The name of a new copy of the template, which nobody may have open."""

    def drop(self, name: str) -> None:
        """Remove a copy, whoever still has it open."""

    def write_lock(self, name: str) -> AbstractContextManager[None]:
        """Keep everybody else from writing to a database for the block; reading goes on."""


class SQLiteFiles:
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count(1)

    def name(self) -> str:
        return str(self._folder / "template.sqlite3")

    def url(self) -> str:
        return f"sqlite:///{self.name()}"

    def copy(self) -> str:
        copied = self._folder / f"house_{next(self._numbers)}.sqlite3"
        shutil.copyfile(self.name(), copied)
        return str(copied)

    def drop(self, name: str) -> None:
        for end in ("", "-wal", "-shm"):
            Path(f"{name}{end}").unlink(missing_ok=True)

    @contextmanager
    def write_lock(self, name: str) -> Iterator[None]:
        connection = sqlite3.connect(name, isolation_level=None, timeout=_LOCK_SECONDS)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("ROLLBACK")
        finally:
            connection.close()


class PostgreSQLDatabases:
    """Databases of a server."""

    def __init__(self, server: PostgreSQL) -> None:
        self._server = server
        self._template = server.new_database()

    def name(self) -> str:
        return self._template

    def url(self) -> str:
        return self._server.url(self._template)

    def copy(self) -> str:
        return self._server.new_database(self._template)

    def drop(self, name: str) -> None:
        self._server.drop_database(name)

    @contextmanager
    def write_lock(self, name: str) -> Iterator[None]:
        # Left by an error or not, the transaction changes nothing.
        with psycopg.connect(self._server.url(name)) as connection:
            tables = connection.execute(
                "SELECT string_agg(quote_ident(tablename), ', ') FROM pg_tables "
                "WHERE schemaname = 'public'"
            ).fetchone()
            assert tables is not None
            connection.execute(f"LOCK TABLE {tables[0]} IN EXCLUSIVE MODE")
            yield
