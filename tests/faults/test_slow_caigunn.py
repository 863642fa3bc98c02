"""Slow and oversized answers in front of real workers (reliability §8.11 and §8.13)."""

import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from chatbots.sandbox import Fault, Sandbox
from tests.bench.visitor import Visit, Visitor, value_of
from tests.browser.dashboard import PASSWORD, Dashboard, collect_static

SECONDS = 30.0
LIST = "/chatbots/"
LIST_CALL = "/user/chatbot$"
ALWAYS = 999
NO_ANSWER = "Caigunn does not answer"
ENOUGH = 16  # requests after which each of two workers has surely had some
# Short, so that nobody waits long; far longer than another member's page takes.
LIMITS = {
    "CAIGUNN_CONNECT_TIMEOUT": "1",
    "CAIGUNN_READ_TIMEOUT": "3",
    "CAIGUNN_TOTAL_TIMEOUT": "4",
}
MEGABYTES = 1024 * 1024


@dataclass
class Site:
    """The dashboard under gunicorn as in production, its Caigunn, and two members."""

    caigunn: Sandbox
    dashboard: Dashboard
    one: Visitor
    other: Visitor

    def settle(self) -> None:
        """All is well, and nothing is known of what was before."""
        self.caigunn.clear_faults()
        self.dashboard.forget()
        wait_for(lambda: all(is_fresh(self.one.get(LIST)) for _ in range(ENOUGH)))
        self.dashboard.forget()
        self.caigunn.clear_requests()

    @contextmanager
    def same_workers(self) -> Iterator[None]:
        """Nothing in the block costs a worker its life."""
        before = self.dashboard.workers
        assert len(before) == 2
        yield
        assert self.dashboard.workers == before


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < until, "it did not come to pass"
        time.sleep(0.01)


def is_fresh(visit: Visit) -> bool:
    return visit.status == 200 and "last known copy" not in visit.text


def signed_in(dashboard: Dashboard, email: str, token: str) -> Visitor:
    dashboard.add_member(email, "editor")
    visitor = Visitor(dashboard.url)
    visitor.get("/account/login/")
    visitor.post("/account/login/", {"login": email, "password": PASSWORD})
    visitor.get("/token/")
    visitor.post("/token/", {"access_token": token})
    visit = visitor.get(LIST)
    assert visit.status == 200, visit
    return visitor


@pytest.fixture(scope="module")
def running_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    collect_static(tmp_path_factory.getbasetemp().parent)
    with ExitStack() as stack:
        caigunn = stack.enter_context(Sandbox(chatbots=3))
        dashboard = Dashboard(tmp_path_factory.mktemp("site"), caigunn.url, **LIMITS)
        dashboard.release()
        stack.enter_context(dashboard)
        users = caigunn.users
        one = signed_in(dashboard, "one@example.com", users[0].token)
        other = signed_in(dashboard, "other@example.com", users[1].token)
        site = Site(caigunn, dashboard, one, other)
        yield site
        site.caigunn.close()


@pytest.fixture
def site(running_site: Site) -> Site:
    running_site.settle()
    return running_site


class Under:
    """A visit under way in a thread of its own."""

    def __init__(self, visit: Callable[[], Visit]) -> None:
        self._found: list[Visit] = []
        self._thread = threading.Thread(target=lambda: self._found.append(visit()))
        self._thread.start()

    @property
    def is_under_way(self) -> bool:
        return self._thread.is_alive()

    def answer(self) -> Visit:
        self._thread.join(SECONDS)
        assert self._found, "it was not answered"
        return self._found[0]


SLOW = {
    "no answer": Fault("hang", path=LIST_CALL, times=ALWAYS),
    "headers": Fault("drip_headers", path=LIST_CALL, times=ALWAYS, seconds=1.0),
    "a byte a second": Fault(
        "drip_body", path=LIST_CALL, times=ALWAYS, seconds=1.0, body=" " * 1_000
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_a_slow_answer_is_given_up_while_others_are_served(site: Site, name: str) -> None:
    site.caigunn.order(SLOW[name])
    with site.same_workers():
        slow = [Under(lambda: site.one.get(f"{LIST}?page=3")) for _ in range(2)]
        wait_for(lambda: len(site.caigunn.requests) == 2)
        for page in range(4):
            assert site.other.get(f"/plans/?page={page}").status == 200
        assert all(one.is_under_way for one in slow)
        for one in slow:
            visit = one.answer()
            assert (visit.status, NO_ANSWER in visit.text) == (503, True)
            assert "It did not answer in time." in visit.text
    site.caigunn.clear_faults()
    assert site.one.get(LIST).status == 200


def test_a_slow_write_is_given_up_as_unknown(site: Site) -> None:
    bot = site.caigunn.users[0].chatbots[0]
    address = f"/chatbots/{bot.id}/webhook/"
    state = value_of(site.one.get(address).text, "state")
    site.caigunn.order(Fault("hang", method="PUT", times=ALWAYS))
    wanted = "https://new.example.com/hook"
    with site.same_workers():
        slow = Under(lambda: site.one.post(address, {"state": state, "webhook_url": wanted}))
        wait_for(lambda: any(one.method == "PUT" for one in site.caigunn.requests))
        assert site.other.get(LIST).status == 200
        assert slow.is_under_way
        visit = slow.answer()
        assert (visit.status, "Caigunn may have saved this" in visit.text) == (504, True)
        assert wanted in visit.text


@pytest.mark.parametrize(("status", "says"), [(429, "in 3600 seconds"), (503, NO_ANSWER)])
def test_an_hour_that_caigunn_asks_for_is_not_waited(site: Site, status: int, says: str) -> None:
    wait = {"Retry-After": "3600"}
    site.caigunn.order(Fault("status", path=LIST_CALL, times=2, status=status, headers=wait))
    with site.same_workers():
        for page in (4, 5):
            visit = site.one.get(f"{LIST}?page={page}")
            assert (visit.status, says in visit.text) == (503, True)
    assert len(site.caigunn.requests) == 2
    assert site.one.get(LIST).status == 200


def test_a_slow_connection_is_given_up_while_others_are_served(site: Site) -> None:
    known = site.other.get(LIST)
    port = int(site.caigunn.url.rpartition(":")[2])
    site.caigunn.close()
    try:
        # Nobody accepts, and the queue is full: the connection is neither made nor refused.
        with full_queue(port), site.same_workers():
            slow = [Under(lambda: site.one.get(f"{LIST}?page=6")) for _ in range(2)]
            assert site.other.get("/token/").status == 200
            assert all(one.answer().status == 503 for one in slow)
            # By now it is known to be away, and the last known copy is shown.
            visit = site.other.get(LIST)
            assert (visit.status, "last known copy" in visit.text) == (200, True)
            assert rows(visit) == rows(known)
    finally:
        site.caigunn = Sandbox(chatbots=3, port=port)
        site.caigunn.start()


def rows(visit: Visit) -> list[str]:
    return sorted(set(re.findall(r'href="/chatbots/([\w-]{36})/"', visit.text)))


@contextmanager
def full_queue(port: int) -> Iterator[socket.socket]:
    """A listener at the port whose queue is full."""
    with ExitStack() as stack:
        listener = socket.socket()
        stack.enter_context(listener)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(("127.0.0.1", port))
        yield listener


# Size


def memory(pid: int, name: str) -> int:
    """A number of /proc/<pid>/status, in bytes: VmRSS is now, VmHWM was the most."""
    found = re.search(rf"{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) * 1024


def begin_again(pid: int) -> None:
    """Let the most begin at what is used now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@pytest.mark.parametrize("kind", ["huge", "bomb"])
@pytest.mark.parametrize("shown", ["list", "chatbot"])
def test_300_megabytes_cost_a_worker_less_than_20(site: Site, kind: str, shown: str) -> None:
    bot = site.caigunn.users[0].chatbots[0]
    address = LIST if shown == "list" else f"/chatbots/{bot.id}/?fresh=1"
    with ThreadPoolExecutor(8) as pool:
        # What a worker needs for its threads and its templates, it has from here on.
        assert {one.status for one in pool.map(site.one.get, [address] * 64)} == {200}
    fault = Fault(kind, size=300_000_000, times=ALWAYS)  # type: ignore[arg-type]
    site.caigunn.order(fault)
    # Packing it takes the sandbox seconds, once: longer than the dashboard waits for an answer.
    with urllib.request.urlopen(f"{site.caigunn.url}/packed") as answer:  # noqa: S310
        answer.read(1)
    site.caigunn.clear_requests()
    workers = site.dashboard.workers
    for pid in workers:
        begin_again(pid)
    before = {pid: memory(pid, "VmRSS") for pid in workers}
    with site.same_workers():
        for _ in range(ENOUGH):
            visit = site.one.get(address)
            assert visit.status == 502
            assert "Caigunn answered in a way" in visit.text
    grown = {pid: memory(pid, "VmHWM") - before[pid] for pid in workers}
    assert max(grown.values()) < 20 * MEGABYTES, grown
    assert len(site.caigunn.requests) >= ENOUGH
