"""Small servers for what a stub cannot show: raw sockets that answer byte by byte."""

import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

Handler = Callable[["Exchange"], bytes | None]


@dataclass(frozen=True)
class Seen:
    """One request as it came over the wire."""

    connection: int
    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    @property
    def token(self) -> str:
        return self.headers.get("caigunn-access-token", "")


class Exchange:
    """A request and its socket. A handler answers with bytes, or with None to hang up."""

    def __init__(self, server: "RawServer", sock: socket.socket, seen: Seen, number: int) -> None:
        self.server = server
        self.socket = sock
        self.seen = seen
        self.number = number

    def reset(self) -> None:
        """Hangs up with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def drip(self, piece: bytes) -> None:
        """Sends the piece again and again until the other side is gone."""
        with contextlib.suppress(OSError):
            while not self.server.closing.wait(0.01):
                self.socket.sendall(piece)

    def wait_for_hang_up(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.recv(1)


def answer(
    body: bytes | str = b"{}",
    status: int = 200,
    *headers: tuple[str, str],
    length: int | None = None,
) -> bytes:
    content = body.encode() if isinstance(body, str) else body
    lines = [
        f"HTTP/1.1 {status} Status",
        f"Content-Length: {len(content) if length is None else length}",
        *(f"{name}: {value}" for name, value in headers),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


class RawServer:
    """Serves on a free port of 127.0.0.1, one thread for each connection, until it is closed."""

    def __init__(self, handler: Handler, tls: ssl.SSLContext | None = None) -> None:
        self.handler = handler
        self.tls = tls
        self.seen: list[Seen] = []
        self.connections = 0
        self.closing = threading.Event()
        self.ended = threading.Semaphore(0)
        """Released once for each connection that the server has closed."""
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            sockets = list(self._sockets)
        for sock in sockets:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def hang_up(self) -> None:
        """Ends every connection that is open now, as a server does that restarts."""
        with self._lock:
            for sock in self._sockets:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            with self._lock:
                self._sockets.append(sock)
            self._start(self._serve, sock, self.connections)

    def _serve(self, sock: socket.socket, connection: int) -> None:
        self._converse(sock, connection)
        self.ended.release()

    def _converse(self, sock: socket.socket, connection: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.enter_context(sock)
            if self.tls is not None:
                sock = stack.enter_context(self.tls.wrap_socket(sock, server_side=True))
                with self._lock:
                    self._sockets.append(sock)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while (seen := _read_request(sock, connection)) is not None:
                with self._lock:
                    self.seen.append(seen)
                    number = len(self.seen)
                reply = self.handler(Exchange(self, sock, seen, number))
                if reply is None:
                    return
                sock.sendall(reply)


def _read_request(sock: socket.socket, connection: int) -> Seen | None:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65_536)
        if not piece:
            return None
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    while len(body) < int(headers.get("content-length", "0")):
        body += sock.recv(65_536)
    return Seen(connection, method, target, headers, body)


def refused_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
