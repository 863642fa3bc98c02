"""`manage.py rotate_token_keys [--check | --forget-unreadable [--yes]]`"""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chatbots import checks, vault
from chatbots.services import key_rotation


class Command(BaseCommand):
    """Seal everything anew with the first of TOKEN_KEYS; exit code 1 where something is left."""

    help = "Seals everything anew with the first key of TOKEN_KEYS. Run again, it continues."

    def add_arguments(self, parser: ArgumentParser) -> None:
        chosen = parser.add_mutually_exclusive_group()
        chosen.add_argument(
            "--check",
            action="store_true",
            help="write nothing; tell what is sealed with which key; exit code 1 unless all of it "
            "is with the first",
        )
        chosen.add_argument(
            "--forget-unreadable",
            action="store_true",
            help="the key is lost for good: delete what no key opens, and go by the keys of now",
        )
        parser.add_argument("--yes", action="store_true", help="do not ask before deleting")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002 - Django's signature
        if options["forget_unreadable"]:
            self._forget(is_agreed=options["yes"])
        if not options["check"]:
            self._rotate()
        self._tell()

    def _rotate(self) -> None:
        try:
            done = key_rotation.rotate()
        except key_rotation.KeysDoNotFitError as error:
            raise CommandError(
                f"Nothing was changed. {error}\n"
                "Put the key back into TOKEN_KEYS. If it is lost for good: "
                "manage.py rotate_token_keys --forget-unreadable"
            ) from None
        expired = done.pop(key_rotation.EXPIRED, 0)
        self.stdout.write(f"Sealed anew: {key_rotation.listed(done)}.")
        if expired:
            self.stdout.write(f"Deleted, since it had ended: {expired} kept input.")

    def _forget(self, *, is_agreed: bool) -> None:
        lost = key_rotation.lost()
        if not lost:
            self.stdout.write("Everything opens: nothing is deleted.")
            return
        self.stdout.write(
            f"No key in TOKEN_KEYS opens: {key_rotation.listed(lost)}.\n"
            "They are deleted, for good. Members whose access token is among them connect again; "
            "those whose two-factor secret is among them sign in without it until they set it up "
            "anew."
        )
        if not (is_agreed or _says_yes()):
            raise CommandError("Nothing was deleted.")
        gone = key_rotation.forget_unreadable()
        self.stdout.write(f"Deleted: {key_rotation.listed(gone)}.")

    def _tell(self) -> None:
        first = vault.ring().first
        stocks = key_rotation.take_stock()
        for stock in stocks:
            self.stdout.write(f"{stock.noun}: {_phrase(stock)}")
        cause = checks.keys_fit_database()
        closed = sum(stock.closed.total() for stock in stocks)
        if closed or cause:
            why = cause or f"{closed} sealed values open with no key"
            raise CommandError(
                f"{why}. Put their keys back into TOKEN_KEYS. If they are lost for good: "
                "manage.py rotate_token_keys --forget-unreadable"
            )
        if any(stock.behind for stock in stocks):
            raise CommandError(
                f"Not all of it is sealed with {first}, the first key: "
                "manage.py rotate_token_keys seals it anew. Keep the other keys until then."
            )
        self.stdout.write(f"All of it is sealed with {first}, the first key.")


def _phrase(stock: key_rotation.Stock) -> str:
    counts = [f"{number} with {key}" for key, number in sorted(stock.opened.items())]
    counts += [
        f"{number} with {key} that no key opens" for key, number in sorted(stock.closed.items())
    ]
    return ", ".join(counts) or "none"


def _says_yes() -> bool:
    try:
        return input("Type yes to delete them: ").strip().lower() == "yes"
    except EOFError:
        return False
