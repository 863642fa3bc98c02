"""Several calls at once: a standing pool of threads, a bounded share of it for each page."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")

# Room for four pages that fan out at the same time, so that one slow page does not stop the others.
THREADS = 64


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="fan-out")


def each(
    function: Callable[[T], R], items: Iterable[T], *, at_once: int
) -> Iterator[tuple[T, Future[R]]]:
    """Each item with its finished future, in the order in which they finish.

    At most `at_once` run at a time. Whoever stops iterating starts no further ones.
    """
    waiting = iter(items)
    running: dict[Future[R], T] = {}

    def start() -> None:
        for item in waiting:
            running[_pool().submit(function, item)] = item
            if len(running) >= at_once:
                return

    start()
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        done = [(running.pop(future), future) for future in finished]
        # Whoever takes the results may be slow with them: the next ones begin before.
        start()
        yield from done
