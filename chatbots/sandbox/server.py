"""Starts and stops the sandbox, and gives tests a hand on it."""

import logging
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self, get_args

from .api import Api
from .control import Control
from .faults import Fault, FaultQueue
from .handler import Handler
from .journal import Journal, RecordedRequest, Refusal
from .operations import AsOf, Dialect, WebhookRoute
from .seed import make_world
from .world import Model, User

logger = logging.getLogger(__name__)

_JOIN_SECONDS = 10


class SandboxServer(ThreadingHTTPServer):
    """A thread for each connection; knows its connections, so that it can end them."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self, address: tuple[str, int], dialect: Dialect, chatbots: int, latency: float
    ) -> None:
        self.dialect = dialect
        self.chatbots = chatbots
        self.latency = latency
        self.journal = Journal()
        self.faults = FaultQueue()
        self.stopping = threading.Event()
        self._connections: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self.start_over()
        super().__init__(address, Handler)

    def start_over(self) -> None:
        """The first world again, no faults, no requests."""
        self.faults.clear()
        self.journal.clear()
        self.world = make_world(self.dialect.as_of, self.chatbots)
        self.api = Api(self.dialect, self.world)
        self.control = Control(self.world, self.faults, self.journal, self.start_over)

    def server_bind(self) -> None:
        """Like HTTPServer's, without its look-up of the host's name in DNS."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        with self._lock:
            self._connections[request] = thread
        thread.start()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection that has been served."""
        with self._lock:
            self._connections.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """A client that went away is no news; anything else is a defect of the sandbox."""
        error = sys.exception()
        if not isinstance(error, OSError):
            logger.error("The sandbox failed to answer", exc_info=error)

    def drop_connections(self) -> list[threading.Thread]:
        """End all connections as they are; the threads that served them are about to end."""
        with self._lock:
            connections = dict(self._connections)
        for connection in connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                logger.debug("A connection had ended already")
        return list(connections.values())


class Sandbox:
    """A Caigunn on 127.0.0.1 for as long as the `with` block lasts.

    `as_of` is the date of the documentation that it follows and `webhook_route` the request of
    notes §1 that has an effect; `latency_ms` passes before every answer; `chatbots` is how many
    the first user has; `max_limit` is the largest page; `port` 0 takes a free one.
    Raises ValueError for an unknown date or route, OSError if the port is taken.
    """

    def __init__(
        self,
        *,
        as_of: AsOf = "2024-11",
        webhook_route: WebhookRoute = "line",
        latency_ms: float = 0,
        chatbots: int = 30,
        port: int = 0,
        host: str = "127.0.0.1",
        max_limit: int = 100,
    ) -> None:
        if as_of not in get_args(AsOf) or webhook_route not in get_args(WebhookRoute):
            raise ValueError(f"unknown: as_of={as_of!r}, webhook_route={webhook_route!r}")
        self._dialect = Dialect(as_of, webhook_route, max_limit)
        self._address = (host, port)
        self._latency = latency_ms / 1000
        self._chatbots = chatbots
        self._server: SandboxServer | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def start(self) -> None:
        """Listen and serve, in threads of their own."""
        self._server = SandboxServer(self._address, self._dialect, self._chatbots, self._latency)
        # The interval is what close() may have to wait.
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="sandbox", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening, end all connections and their threads. Harmless when done twice."""
        if self._server is None or self._thread is None:
            return
        server, self._server = self._server, None
        server.stopping.set()
        server.shutdown()
        server.server_close()
        for thread in (self._thread, *server.drop_connections()):
            thread.join(_JOIN_SECONDS)

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        host, port = self._running.server_address[:2]
        return f"http://{host!s}:{port}"

    @property
    def users(self) -> list[User]:
        """The users as they are now; the first one has the most chatbots, the last one none."""
        return self._running.world.users

    @property
    def models(self) -> list[Model]:
        """The models of the model list."""
        return self._running.world.models

    @property
    def requests(self) -> list[RecordedRequest]:
        """What reached the API since the last `clear_requests`, in order of arrival."""
        return self._running.journal.requests

    @property
    def refusals(self) -> list[Refusal]:
        """The requests among them that the documentation does not know."""
        return self._running.journal.refusals

    def clear_requests(self) -> None:
        """Forget requests and refusals."""
        self._running.journal.clear()

    def order(self, fault: Fault) -> None:
        """Have something go wrong; see Fault."""
        self._running.faults.order(fault)

    def clear_faults(self) -> None:
        """Drop the faults that nothing has met yet."""
        self._running.faults.clear()

    @property
    def waiting_faults(self) -> list[Fault]:
        """The faults that nothing has met yet."""
        return self._running.faults.waiting

    def edit(self, chatbot_id: str, **fields: object) -> None:
        """Change fields of Get Chatbot Info as somebody else would, of whatever type.

        Raises KeyError for an unknown chatbot.
        """
        world = self._running.world
        with world.lock:
            {bot.id: bot for bot in world.chatbots()}[chatbot_id].write(**fields)

    def drop_connections(self) -> None:
        """Close the connections that clients keep, as a server does with idle ones."""
        self._running.drop_connections()

    def reset(self) -> None:
        """Start over: the first users, tokens and chatbots, no requests, no faults."""
        self._running.start_over()

    @property
    def _running(self) -> SandboxServer:
        if self._server is None:
            raise RuntimeError("The sandbox is not running")
        return self._server
