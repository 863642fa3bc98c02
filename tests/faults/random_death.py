"""The end of a process in the middle of a page request, as its database and Caigunn see it.

At some point of the wire everything stops: nothing is sent any more, and no SQL is run any more,
not even by what cleans up on the way out. A transaction that is open then is rolled back, as a
database does when its client is gone.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import requests.adapters  # noqa: TID251 - the wire that breaks
from django.db import connection

from .random_values import Death

_ROLLING_BACK = ("ROLLBACK", "RELEASE SAVEPOINT")
_CLOSING = 'UPDATE "activity_change"'


class Died(BaseException):
    """The process is dead."""


class Dying:
    """A process that dies where it is told to, if it comes so far."""

    def __init__(self, death: Death) -> None:
        self._death = death
        self._left = death.skip
        self._has_written = False
        self.is_dead = False

    def die(self) -> None:
        """Nothing happens any more."""
        self.is_dead = True
        raise Died

    def on_send(self, send: Callable[..., Any], request: Any, **how: Any) -> Any:
        """Whatever goes over the wire."""
        if self.is_dead:
            raise Died
        if request.method == "GET":
            if self._has_written and self._death.at == "reading":
                self.die()
            return send(request, **how)
        if self._left:
            self._left -= 1
            return send(request, **how)
        if self._death.at == "before":
            self.die()
        response = send(request, **how)
        self._has_written = True
        if self._death.at == "after":
            response.raw.read()
            response.close()
            self.die()
        return response

    def on_sql(self, execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        """Whatever is asked of the database."""
        if self.is_dead and not sql.startswith(_ROLLING_BACK):
            raise Died
        if self._has_written and self._death.at == "closing" and sql.startswith(_CLOSING):
            self.die()
        return execute(sql, *rest)


@contextmanager
def dying(death: Death) -> Iterator[Dying]:
    """For the length of the block this process dies where `death` says; `Died` comes out of it."""
    process = Dying(death)
    send = requests.adapters.HTTPAdapter.send

    def sent(adapter: Any, request: Any, **how: Any) -> Any:
        return process.on_send(lambda *args, **more: send(adapter, *args, **more), request, **how)

    with (
        patch.object(requests.adapters.HTTPAdapter, "send", sent),
        connection.execute_wrapper(process.on_sql),
    ):
        yield process
