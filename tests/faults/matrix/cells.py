"""What a cell is: who met which trouble where, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import URLPattern, URLResolver, get_resolver

from .stage import BRIEFLY


@dataclass(frozen=True)
class Cell:
    """One cell of the matrix; `breaches` are the rules that it breaks."""

    subject: str
    where: str
    trouble: str
    status: str
    sees: str
    written: str
    sent: int
    """How many requests that may change something have reached Caigunn."""
    input: str
    """kept, lost, saved; empty where nothing was typed."""
    breaches: tuple[str, ...] = ()


NOT_MET = "the fault was not met: the cell shows nothing"


def played(play: Callable[[float], Cell], *, is_slow: bool) -> Cell:
    """The cell that `play` gives; with more patience where its fault was not even met."""
    for seconds in BRIEFLY if is_slow else (0.0,):
        cell = play(seconds)
        if NOT_MET not in cell.breaches:
            break
    return cell


def routes() -> set[str]:
    """The routes of this site, signing in excepted."""
    return {route for route in _routes(get_resolver(), "") if not route.startswith("account/")}


def _routes(resolver: URLResolver, before: str) -> set[str]:
    found: set[str] = set()
    for entry in resolver.url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLPattern):
            found.add(route)
        else:
            found |= _routes(entry, route)
    return found
