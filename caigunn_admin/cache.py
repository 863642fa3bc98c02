"""Django's database cache, quick enough for a list, and with an `add` that lets one of many win."""

import base64
import pickle  # noqa: TID251 - Django's own format: what it wrote, it reads
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT
from django.core.cache.backends.db import DatabaseCache
from django.db import connections, router, transaction
from django.utils import timezone

# Counting all rows before each write, as Django does, costs more than the write itself.
_ONE_WRITE_IN = 50
_NEVER = datetime(9999, 12, 31, tzinfo=UTC)


class UpsertDatabaseCache(DatabaseCache):
    """A database cache whose writes are upserts, `set_many` in one transaction.

    Django's takes four statements and a transaction for each value. Both SQLite and PostgreSQL
    know `ON CONFLICT`. MAX_ENTRIES is looked at now and then, so it may be passed by a little.
    """

    def set(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> None:
        self.set_many({key: value}, timeout, version)

    def add(
        self, key: Any, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        """Whether nothing was there, or only what had ended: of several at once, one is told so.

        Django's looks first and then overwrites what has ended, so several can be told so.
        """
        with self._statement() as (cursor, table, connection):
            now = connection.ops.adapt_datetimefield_value(timezone.now().replace(microsecond=0))
            cursor.execute(
                f"INSERT INTO {table} (cache_key, value, expires) VALUES (%s, %s, %s) "  # noqa: S608 - the table's name is a setting
                "ON CONFLICT (cache_key) "
                "DO UPDATE SET value = excluded.value, expires = excluded.expires "
                f"WHERE {table}.expires < %s",
                (*self._row(connection, key, value, timeout, version), now),
            )
            return bool(cursor.rowcount)

    def set_many(
        self,
        data: Mapping[Any, Any],
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> list[Any]:
        if not data:
            return []
        with self._statement() as (cursor, table, connection):
            cursor.executemany(
                f"INSERT INTO {table} (cache_key, value, expires) VALUES (%s, %s, %s) "  # noqa: S608 - the table's name is a setting
                "ON CONFLICT (cache_key) "
                "DO UPDATE SET value = excluded.value, expires = excluded.expires",
                [
                    self._row(connection, key, value, timeout, version)
                    for key, value in data.items()
                ],
            )
            if random.randrange(_ONE_WRITE_IN) == 0:  # noqa: S311 - chance, not secrecy
                cursor.execute(f"SELECT COUNT(*) FROM {table}")  # noqa: S608
                count = cursor.fetchone()[0]
                if count > self._max_entries:
                    now = timezone.now().replace(microsecond=0)
                    self._cull(connection.alias, cursor, now, count)  # type: ignore[attr-defined]
        return []

    @contextmanager
    def _statement(self) -> Iterator[tuple[Any, str, Any]]:
        """A cursor in a transaction of its own, the quoted name of the table, the connection."""
        connection = connections[router.db_for_write(self.cache_model_class)]
        table = connection.ops.quote_name(self._table)  # type: ignore[attr-defined]  # not in the stubs
        with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
            yield cursor, table, connection

    def _row(
        self, connection: Any, key: Any, value: Any, timeout: Any, version: int | None
    ) -> tuple[str, str, Any]:
        ends = self.get_backend_timeout(timeout)
        expires = _NEVER if ends is None else datetime.fromtimestamp(ends, UTC)
        stored = connection.ops.adapt_datetimefield_value(expires.replace(microsecond=0))
        return self.make_and_validate_key(key, version=version), _packed(value), stored


def _packed(value: Any) -> str:
    return base64.b64encode(pickle.dumps(value, pickle.HIGHEST_PROTOCOL)).decode("ascii")
