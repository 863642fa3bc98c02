"""Sends an answer over a socket, in the way that a fault orders."""

import socket
import struct
import threading
from http import HTTPStatus

from .faults import Fault
from .messages import Answer

_CHUNK = b"0" * 65_536
_RESET = struct.pack("ii", 1, 0)


def deliver(
    connection: socket.socket, answer: Answer, fault: Fault | None, stopping: threading.Event
) -> bool:
    """Send `answer`; True if the connection may serve another request.

    Waits end early when `stopping` is set. Raises OSError when the client is gone.
    """
    if fault is None:
        _send(connection, answer)
        return True
    if leaves_no_answer(fault):
        _end_without_answer(connection, fault)
        return False
    match fault.kind:
        case "cut":
            _send_cut(connection, answer)
            return False
        case "huge":
            _send_huge(connection, answer, fault.amount)
        case "drip_body" | "drip_headers":
            _send_dripping(connection, answer, fault, stopping)
        case "delay":
            stopping.wait(fault.wait)
            _send(connection, answer)
        case _:
            _send(connection, answer)
    return True


def leaves_no_answer(fault: Fault) -> bool:
    """Whether the client gets no status at all."""
    return fault.kind in {"reset_before", "reset_after", "close", "hang"}


def _head(answer: Answer, length: int) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}", "Server: caigunn-sandbox"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if not any(name.lower() == "content-length" for name in answer.headers):
        lines.append(f"Content-Length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _send(connection: socket.socket, answer: Answer) -> None:
    connection.sendall(_head(answer, len(answer.body)) + answer.body)


def _end_without_answer(connection: socket.socket, fault: Fault) -> None:
    if fault.kind == "hang":
        while connection.recv(len(_CHUNK)):
            pass
    elif fault.kind != "close":
        # With a linger time of 0 the kernel sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.close()


def _send_cut(connection: socket.socket, answer: Answer) -> None:
    body = answer.body or b"{}"
    connection.sendall(_head(answer, len(body)) + body[: len(body) // 2])


def _send_huge(connection: socket.socket, answer: Answer, size: int) -> None:
    start, end = b'{"detail": "', b'"}'
    filler = max(0, size - len(start) - len(end))
    connection.sendall(_head(answer, len(start) + filler + len(end)) + start)
    while filler > 0:
        connection.sendall(_CHUNK[:filler])
        filler -= len(_CHUNK)
    connection.sendall(end)


def _send_dripping(
    connection: socket.socket, answer: Answer, fault: Fault, stopping: threading.Event
) -> None:
    head = _head(answer, len(answer.body))
    slow, rest = (head, answer.body) if fault.kind == "drip_headers" else (answer.body, b"")
    if fault.kind == "drip_body":
        connection.sendall(head)
    for start in range(0, len(slow), fault.amount):
        connection.sendall(slow[start : start + fault.amount])
        stopping.wait(fault.wait)
    connection.sendall(rest)
