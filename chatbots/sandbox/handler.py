"""Speaks HTTP/1.1 for the sandbox: one instance for each connection."""

import logging
from collections import Counter
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from .control import PREFIX
from .delivery import deliver, leaves_no_answer
from .messages import Answer, RefusedError, Request
from .spoiling import spoil, stand_in

if TYPE_CHECKING:
    from .server import SandboxServer

logger = logging.getLogger(__name__)

_MAX_BODY_BYTES = 64 * 1024 * 1024


class Handler(BaseHTTPRequestHandler):
    """Reads requests, lets the API or the control requests answer, and sends the answer."""

    server: "SandboxServer"
    protocol_version = "HTTP/1.1"
    # Without it a keep-alive client waits for the delayed ACK of every second answer.
    disable_nagle_algorithm = True

    def _serve(self) -> None:
        request = self._read_head()
        try:
            request = replace(request, body=self._read_body())
        except RefusedError as refused:
            self.server.journal.refuse(request, str(refused))
            self._send(refused.answer)
            self.close_connection = True
            return
        if request.path.startswith(PREFIX):
            self._serve_control(request)
        elif not self._serve_api(request):
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def _read_head(self) -> Request:
        path, _, query = self.path.partition("?")
        counts = Counter(name.lower() for name in self.headers)
        return Request(
            method=self.command,
            path=path,
            query=parse_qsl(query, keep_blank_values=True),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=b"",
            repeated_headers=frozenset(name for name, count in counts.items() if count > 1),
        )

    def _read_body(self) -> bytes:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            raise RefusedError(411, "Length Required")
        if int(length) > _MAX_BODY_BYTES:
            raise RefusedError(413, "Request Entity Too Large")
        body = self.rfile.read(int(length))
        if len(body) < int(length):
            raise ConnectionAbortedError("the client left within its request")
        return body

    def _serve_control(self, request: Request) -> None:
        if not ip_address(self.client_address[0]).is_loopback:
            self._send(RefusedError(403, "Only from this machine").answer)
            return
        try:
            answer = self.server.control.respond(request)
        except RefusedError as refused:
            answer = refused.answer
        self._send(answer)

    def _serve_api(self, request: Request) -> bool:
        server = self.server
        user = server.api.user_of(request)
        entry = server.journal.record(request, user.name if user else None)
        fault = server.faults.take(request)
        server.stopping.wait(server.latency)
        answer = self._respond(request) if fault is None or fault.is_applied else stand_in()
        if fault is not None:
            answer = spoil(answer, fault)
        if fault is None or not leaves_no_answer(fault):
            entry.status = answer.status
        logger.debug("%s %s %s", request.method, request.path, entry.status or "no answer")
        if request.method == "HEAD":
            answer = replace(answer, body=b"")
        return deliver(self.connection, answer, fault, server.stopping)

    def _respond(self, request: Request) -> Answer:
        try:
            return self.server.api.respond(request)
        except RefusedError as refused:
            if refused.why is not None:
                self.server.journal.refuse(request, refused.why)
                logger.info("Refused %s %s: %s", request.method, request.path, refused.why)
            return refused.answer

    def _send(self, answer: Answer) -> None:
        deliver(self.connection, answer, None, self.server.stopping)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keeps http.server from printing queries to stderr."""
        logger.debug(format, *args)
