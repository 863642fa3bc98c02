"""A refresh in several processes, and in one that is killed (reliability §2, §8.6 and §8.7)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from chatbots.sandbox import Fault, Sandbox
from tests.services.processes import House, wait_for

REFRESH = "/token/refresh$"
PATH = "/api/external/user/token/refresh"


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    with Sandbox(chatbots=1) as running:
        yield running


@contextmanager
def connected(caigunn: Sandbox, folder: Path, *, lease: float = 30.0) -> Iterator[House]:
    """A database whose only member is connected with the first user's token."""
    with House(folder, caigunn.url, lease=lease) as house:
        house.ask("connect", caigunn.users[0].token)
        yield house


def refreshes(caigunn: Sandbox) -> int:
    return sum(one.path == PATH for one in caigunn.requests)


def test_twenty_refreshes_in_four_processes_are_one_call(caigunn: Sandbox, tmp_path: Path) -> None:
    with connected(caigunn, tmp_path) as house:
        old = caigunn.users[0].token
        caigunn.order(Fault("delay", path=REFRESH, seconds=0.3))
        with ExitStack() as stack:
            children = [stack.enter_context(house.start("refresh", "5")) for _ in range(4)]
            for child in children:
                child.wait_ready()
            for child in children:
                child.let_go()
            found = Counter(name for child in children for name in child.result())
        assert found == {"refreshed": 1, "RefreshRunningError": 19}
        assert refreshes(caigunn) == 1
        known = house.ask("look")
        assert known["token"] == caigunn.users[0].token != old
        assert (known["held"], known["previous"], known["outcomes"]) == (False, "", ["done"])


def test_killed_between_answer_and_commit_it_is_unknown_with_a_way_out(
    caigunn: Sandbox, tmp_path: Path
) -> None:
    with connected(caigunn, tmp_path, lease=0.01) as house:
        old = caigunn.users[0].token
        # Long enough to take the lock while the answer is on its way.
        caigunn.order(Fault("delay", path=REFRESH, seconds=2.0))
        with house.start("refresh", "1") as child:
            child.go()
            wait_for(lambda: refreshes(caigunn) == 1)
            with house.write_lock():
                child.wait_logged(f"GET {PATH}: 200")
                child.kill()
        known = house.ask("look")
        assert (known["token"], known["unknown"]) == (old, True)
        assert known["outcomes"] == ["pending"]
        assert house.ask("refresh", "1") == ["RefreshRunningError"]
        assert refreshes(caigunn) == 1
        assert house.ask("settle") is False
        known = house.ask("look")
        assert (known["held"], known["unknown"], known["rejected"]) == (False, False, True)
        assert known["outcomes"] == ["failed"]
        house.ask("connect", caigunn.users[0].token)
        known = house.ask("look")
        assert (known["token"], known["rejected"]) == (caigunn.users[0].token, False)


def test_killed_before_caigunn_did_anything_the_old_token_is_found_to_work(
    caigunn: Sandbox, tmp_path: Path
) -> None:
    with connected(caigunn, tmp_path, lease=0.01) as house:
        caigunn.order(Fault("hang", path=REFRESH))
        with house.start("refresh", "1") as child:
            child.go()
            wait_for(lambda: refreshes(caigunn) == 1)
            child.kill()
        assert house.ask("look")["unknown"] is True
        assert house.ask("settle") is True
        known = house.ask("look")
        assert (known["held"], known["rejected"], known["outcomes"]) == (False, False, ["failed"])
        assert house.ask("refresh", "1") == ["refreshed"]
        assert house.ask("look")["token"] == caigunn.users[0].token


def test_killed_after_the_commit_the_new_token_is_there(caigunn: Sandbox, tmp_path: Path) -> None:
    with connected(caigunn, tmp_path) as house:
        old = caigunn.users[0].token
        caigunn.clear_requests()
        caigunn.order(Fault("hang", path="/plan$"))
        with house.start("refresh", "1") as child:
            child.go()
            wait_for(lambda: any(one.path.endswith("/plan") for one in caigunn.requests))
            child.kill()
        known = house.ask("look")
        assert (known["token"], known["previous"]) == (caigunn.users[0].token, old)
        assert (known["held"], known["unknown"]) == (False, False)
        assert house.ask("refresh", "1") == ["refreshed"]
        assert house.ask("look")["token"] == caigunn.users[0].token
