"""Connections that know the attempt they work for, and the pool that hands them out."""

import ipaddress
import logging
import queue
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection  # noqa: TID251
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool  # noqa: TID251
from urllib3.exceptions import (  # noqa: TID251
    ConnectTimeoutError,
    NameResolutionError,
    NewConnectionError,
)

from .deadline import Deadline
from .errors import Kind
from .watchdog import Attempt, current_attempt, watchdog

# A server that is about to close an idle connection makes the next request on it fail. A read is
# simply sent again; a write would end as "unknown", so it takes only a connection that was used a
# moment ago, and what must never be repeated takes none.
MAX_IDLE_SECONDS: dict[Kind, float] = {"read": 30.0, "write": 2.0, "once": 0.0}

_Address = tuple[int, int, int, str, Any]


def _addresses(host: str, port: int, by: Deadline) -> Sequence[_Address]:
    """Looks the name up without waiting longer than `by`; the system's own limit is far longer."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    answers: queue.SimpleQueue[Sequence[_Address] | OSError | UnicodeError] = queue.SimpleQueue()

    def look_up() -> None:
        try:
            answers.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=look_up, name="caigunn-look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=by.remaining())
    except queue.Empty:
        raise TimeoutError("The name was not resolved in time.") from None
    if isinstance(answer, Exception):
        raise answer
    return answer


def _dial(host: str, port: int, by: Deadline) -> socket.socket:
    """A connected socket. Addresses share the time, so that a dead one does not use all of it."""
    addresses = _addresses(host, port, by)
    problem: OSError = OSError("The name has no address.")
    for left, (family, kind, protocol, _, address) in zip(
        range(len(addresses), 0, -1), addresses, strict=True
    ):
        share = min(by.remaining(), max(1.0, by.remaining() / left))
        try:
            sock = _connected(family, kind, protocol, address, max(0.001, share))
        except OSError as error:
            problem = error
        else:
            # What is left for the TLS handshake, which takes it as the limit of the whole exchange.
            sock.settimeout(max(0.001, by.remaining()))
            return sock
        if by.expired:
            break
    raise problem


def _connected(
    family: int, kind: int, protocol: int, address: Any, seconds: float
) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.settimeout(seconds)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.connect(address)
    except OSError:
        sock.close()
        raise
    return sock


class _Watched(HTTPConnection):
    """The part that plain and TLS connections share."""

    owner: Attempt | None = None
    idle_since: float = 0.0

    def _new_conn(self) -> socket.socket:
        attempt = current_attempt()
        if attempt is None:
            return super()._new_conn()
        attempt.connecting = True
        try:
            return _dial(self._dns_host, self.port, attempt.connect_by)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "No connection in time.") from error
        except (OSError, UnicodeError) as error:
            raise NewConnectionError(self, "No connection.") from error

    def send(self, data: Any) -> None:
        attempt = current_attempt()
        if self.sock is None:
            self.connect()
        if attempt is not None and self.sock is not None:
            if self.owner is not attempt:
                watchdog().adopt(attempt, self, self.sock)
            # One limit for all of it: an upload may take longer than one read may.
            self.sock.settimeout(max(0.001, attempt.deadline.remaining()))
            attempt.connecting = False
        super().send(data)


class PlainConnection(_Watched):
    pass


class TLSConnection(_Watched, HTTPSConnection):
    pass


class _FreshEnough(HTTPConnectionPool):
    """Hands a kept connection out only while it is young enough for this kind of call."""

    def _get_conn(self, timeout: float | None = None) -> Any:
        connection = super()._get_conn(timeout)
        attempt = current_attempt()
        if attempt is not None and isinstance(connection, _Watched) and connection.sock:
            idle = time.monotonic() - connection.idle_since
            if idle >= MAX_IDLE_SECONDS[attempt.kind]:
                connection.close()
        return connection

    def _put_conn(self, conn: Any) -> None:
        if isinstance(conn, _Watched):
            conn.idle_since = time.monotonic()
        super()._put_conn(conn)


class PlainPool(_FreshEnough):
    ConnectionCls = PlainConnection


class TLSPool(_FreshEnough, HTTPSConnectionPool):
    ConnectionCls = TLSConnection


class _WithoutQuery(logging.Filter):
    """urllib3 writes whole request lines to its debug log; titles do not belong there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(
                arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args
            )
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_WithoutQuery())
