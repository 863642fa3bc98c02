"""The matrix in pieces that can be played by themselves: a page or a write, and a place in it."""

from collections.abc import Iterator
from typing import Final

from . import pages
from . import play as writing
from .cells import Cell
from .pages import Page, Where
from .stage import Stage
from .writes import Write, writes

SEPARATOR: Final = " | "


def _of_pages() -> dict[str, tuple[Page, Where]]:
    return {
        SEPARATOR.join(("page", page.name, place)): (page, place)
        for page in pages.pages()
        for place in page.places
    }


def _of_writes() -> dict[str, tuple[Write, str]]:
    return {
        SEPARATOR.join(("write", write.name, place)): (write, place)
        for write in writes()
        for place in write.places
    }


def names() -> list[str]:
    """The pieces, in the order in which they are printed."""
    return [*_of_pages(), *_of_writes()]


def play(stage: Stage, name: str) -> Iterator[Cell]:
    """The cells of a piece. Raises KeyError for an unknown one, AssertionError where its page or
    write does not work even when all is well."""
    if found := _of_pages().get(name):
        return pages.cells(stage, *found)
    return writing.cells(stage, *_of_writes()[name])
