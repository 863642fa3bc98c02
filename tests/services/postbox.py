"""A mail server of the tests' own, over a real socket."""

import socketserver
import threading
from types import TracebackType
from typing import Self


class Postbox(socketserver.ThreadingTCPServer):
    """Takes mail on a free port of 127.0.0.1 and keeps it.

    It refuses those in `refused`, and says nothing more once it has taken a mail for one of those
    in `dropped`.
    """

    daemon_threads = False
    block_on_close = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.mails: list[str] = []
        self.refused: set[str] = set()
        self.dropped: set[str] = set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Conversation(socketserver.StreamRequestHandler):
    server: Postbox
    timeout = 30

    def handle(self) -> None:
        recipient = ""
        self._say("220 postbox")
        while line := self.rfile.readline().decode().strip():
            command = line.upper()
            if command.startswith("RCPT TO:"):
                recipient = line.partition("<")[2].partition(">")[0]
                self._say("550 nobody" if recipient in self.server.refused else "250 ok")
            elif command == "DATA":
                self._say("354 go on")
                self._take()
                if recipient in self.server.dropped:
                    return
                self._say("250 taken")
            elif command == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _take(self) -> None:
        lines = iter(self.rfile.readline, b".\r\n")
        self.server.mails.append(b"".join(lines).decode())

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())
