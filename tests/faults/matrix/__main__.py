"""Prints the fault matrix: `python -m tests.faults.matrix [part of a name …]`.

Needs nothing but this project: each of its processes has a database in memory and a sandbox.
Ends with 1 where a cell breaks a rule.
"""

import multiprocessing
import os
import sys
import unicodedata
from collections.abc import Iterable

from .worker import begin, played

PROCESSES = min(4, os.cpu_count() or 1)
_WIDTHS = (26, 9, 56, 32, 5, 6)
_HEADS = ("fault", "status", "the member sees", "written", "sent", "input")


def _row(texts: Iterable[str]) -> str:
    return (
        "  "
        + " ".join(
            _fitted(text, width) for text, width in zip(texts, _WIDTHS, strict=True)
        ).rstrip()
    )


def _fitted(text: str, width: int) -> str:
    """Cut or filled to a number of columns; Chinese characters take two."""
    shown, taken = "", 0
    for letter in text:
        wide = 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        if taken + wide > width:
            break
        shown, taken = shown + letter, taken + wide
    return shown + " " * (width - taken)


def main(wanted: list[str]) -> int:
    """The exit code."""
    begin()
    from tests.faults.matrix import pieces  # noqa: PLC0415 - after the settings

    names = [name for name in pieces.names() if not wanted or any(one in name for one in wanted)]
    broken: list[str] = []
    count = 0
    # Not forked: a copy of Django's connections and of threads is of no use.
    spawning = multiprocessing.get_context("spawn")
    with spawning.Pool(PROCESSES, initializer=begin) as pool:
        for piece, rows, breaches in pool.imap(played, names):
            sys.stdout.write("\n".join([f"\n{piece}", _row(_HEADS), *map(_row, rows)]) + "\n")
            sys.stdout.flush()
            broken += breaches
            count += len(rows)
    told = "\n".join(f"  {one}" for one in broken)
    sys.stdout.write(f"\n{count} cells, {len(broken)} times a rule is broken\n{told}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
