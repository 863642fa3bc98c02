"""Several calls at once: a standing pool of threads, a bounded share of it for each page."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import lru_cache
from typing import TypeVar

from chatbots.caigunn import Deadline, Unavailable

T = TypeVar("T")
R = TypeVar("R")

# Room for four pages that fan out at the same time. A fifth waits for them, its deadline at most.
THREADS = 64


@lru_cache(maxsize=1)
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="fan-out")


def each(
    function: Callable[[T], R], items: Iterable[T], *, at_once: int, deadline: Deadline
) -> Iterator[tuple[T, Future[R]]]:
    """Each item with its finished future, in the order in which they finish.

    At most `at_once` run at a time. Whoever stops iterating starts no further ones. What has not
    finished at the deadline comes with a future that raises Unavailable.
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
        finished, _ = wait(running, deadline.remaining(), return_when=FIRST_COMPLETED)
        if not finished:
            break
        done = [(running.pop(future), future) for future in finished]
        # Whoever takes the results may be slow with them: the next ones begin before.
        start()
        yield from done
    for future in running:
        # One that waits for a thread never begins; one that has begun ends by its own deadline.
        future.cancel()
    for item in [*running.values(), *waiting]:
        yield item, _too_late()


def _too_late() -> Future[R]:
    future: Future[R] = Future()
    future.set_exception(Unavailable(timed_out=True))
    return future
