"""Two processes at one chatbot, and one that is killed while it writes (design §9)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbots.sandbox import Fault, Sandbox

from .processes import House, wait_for

OLD = "https://old.example.com/hook"


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    with Sandbox(chatbots=1) as running:
        running.edit(running.users[0].chatbots[0].id, webhook_url=OLD)
        yield running


@pytest.fixture
def house(caigunn: Sandbox, tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, caigunn.url, lease=0.5) as opened:
        opened.ask("connect", caigunn.users[0].token)
        yield opened


def writes(caigunn: Sandbox) -> int:
    return sum(one.method == "PUT" for one in caigunn.requests)


def saving(caigunn: Sandbox, url: str, key: str) -> tuple[str, ...]:
    return ("save", caigunn.users[0].chatbots[0].id, url, OLD, key)


@pytest.mark.parametrize(
    ("urls", "keys", "found"),
    [
        (("https://a.example/", "https://b.example/"), "12", {"ClashError"}),
        (("https://a.example/", "https://a.example/"), "12", {"https://a.example/"}),
        (("https://a.example/", "https://a.example/"), "11", {"https://a.example/"}),
        (("https://a.example/", "https://b.example/"), "11", {"FormUsedError"}),
    ],
    ids=["two members", "two members agree", "a double click", "one form with two values"],
)
def test_two_at_once_write_once(
    caigunn: Sandbox, house: House, urls: tuple[str, str], keys: str, found: set[str]
) -> None:
    one, two = (saving(caigunn, url, key) for url, key in zip(urls, keys, strict=True))
    with house.start(*one) as first, house.start(*two) as second:
        first.wait_ready()
        second.wait_ready()
        first.let_go()
        second.let_go()
        told = [first.result(), second.result()]
    now = caigunn.users[0].chatbots[0].webhook_url
    assert writes(caigunn) == 1
    assert now in told
    assert set(told) - {now} == found - {now}


def test_what_a_killed_process_left_is_settled(caigunn: Sandbox, house: House) -> None:
    """It had written and not read back: the Change is pending, and the lease ends by itself."""
    caigunn.order(Fault("hang", method="PUT", path="/webhook$", applied=True))
    with house.start(*saving(caigunn, "https://a.example/", "1")) as child:
        child.go()
        wait_for(lambda: writes(caigunn) == 1)
        child.kill()
    assert house.ask(*saving(caigunn, "https://a.example/", "1")) == "UnsettledError"
    assert house.ask("settle_pending") == ["unknown", "done"]
    assert house.ask(*saving(caigunn, "https://a.example/", "1")) == "https://a.example/"
    assert writes(caigunn) == 1
