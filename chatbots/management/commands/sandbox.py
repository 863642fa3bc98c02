"""`manage.py sandbox`: a stand-in for Caigunn, served until it is told to stop."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any, get_args

from django.core.management.base import BaseCommand, CommandError, CommandParser

from chatbots.sandbox import AsOf, Sandbox, WebhookRoute


class Command(BaseCommand):
    """Serves a sandbox; Ctrl-C or SIGTERM ends it."""

    help = "Serves a stand-in for Caigunn on this machine, and prints its URL and tokens."
    # It is a server by itself: neither this site's settings nor its database matter.
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser | ArgumentParser) -> None:
        """The sandbox's own options."""
        parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default)")
        parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
        parser.add_argument(
            "--as-of",
            choices=get_args(AsOf),
            default="2024-11",
            help="the date of the documentation that it follows (default: %(default)s)",
        )
        parser.add_argument(
            "--webhook-route",
            choices=get_args(WebhookRoute),
            default="line",
            help="the documented webhook request that has an effect (default: %(default)s)",
        )
        parser.add_argument(
            "--latency", type=float, default=0, metavar="MS", help="before every answer"
        )
        parser.add_argument(
            "--chatbots",
            type=int,
            default=30,
            metavar="N",
            help="how many the first user has (default: %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Serve. Raises CommandError if the port cannot be had."""
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        sandbox = Sandbox(
            as_of=options["as_of"],
            webhook_route=options["webhook_route"],
            latency_ms=options["latency"],
            chatbots=options["chatbots"],
            port=options["port"],
            host=options["host"],
        )
        try:
            sandbox.start()
        except OSError as error:
            raise CommandError(f"{options['host']}:{options['port']}: {error}") from None
        try:
            self._introduce(sandbox)
            stop.wait()
        finally:
            sandbox.close()

    def _introduce(self, sandbox: Sandbox) -> None:
        lines = [f"Sandbox of Caigunn at {sandbox.url}"]
        lines += [
            f"{user.name}, {len(user.chatbots)} chatbots: {user.token}" for user in sandbox.users
        ]
        lines.append("Ctrl-C ends it.")
        self.stdout.write("\n".join(lines))
        self.stdout.flush()
