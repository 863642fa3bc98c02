"""Two processes with one form of a new chatbot, and one that is killed while it creates."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from chatbots.sandbox import Fault, Sandbox

from .conftest import CHATBOTS
from .processes import House, wait_for

TITLE = "新客服"


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    with Sandbox(chatbots=2) as running:
        running.edit(running.users[0].chatbots[0].id, title=TITLE)
        yield running


@pytest.fixture
def house(caigunn: Sandbox, tmp_path: Path) -> Iterator[House]:
    with House(tmp_path, caigunn.url, lease=0.5) as opened:
        opened.ask("connect", caigunn.users[0].token)
        yield opened


def creating(caigunn: Sandbox, title: str, key: str) -> tuple[str, ...]:
    return ("create", title, caigunn.users[0].plans[0].id, key)


def posts(caigunn: Sandbox) -> int:
    return sum(one.method == "POST" for one in caigunn.requests)


def test_one_form_in_two_processes_makes_one_chatbot(caigunn: Sandbox, house: House) -> None:
    asked = creating(caigunn, TITLE, "1")
    with house.start(*asked) as first, house.start(*asked) as second:
        first.wait_ready()
        second.wait_ready()
        first.let_go()
        second.let_go()
        told = [first.result(), second.result()]
    assert told == [[caigunn.users[0].chatbots[-1].id]] * 2
    assert (posts(caigunn), len(caigunn.users[0].chatbots)) == (1, 3)


def test_two_forms_of_one_title_make_one(caigunn: Sandbox, house: House) -> None:
    """Two tabs, or a page that the browser went back to."""
    told = [house.ask(*creating(caigunn, TITLE, key)) for key in "12"]
    assert told == [[caigunn.users[0].chatbots[-1].id], ["TwiceError"]]
    assert posts(caigunn) == 1


@pytest.mark.parametrize("is_made", [True, False])
def test_what_a_killed_process_may_have_made_is_looked_for(
    caigunn: Sandbox, house: House, *, is_made: bool
) -> None:
    caigunn.order(Fault("hang", method="POST", path=CHATBOTS, applied=is_made))
    asked = creating(caigunn, TITLE, "1")
    with house.start(*asked) as child:
        child.go()
        wait_for(lambda: posts(caigunn) == 1)
        wait_for(lambda: len(caigunn.users[0].chatbots) == 2 + is_made)
        child.kill()
    made = [bot.id for bot in caigunn.users[0].chatbots[2:]]
    assert house.ask(*asked) == ["LostAnswerError", *made]
    assert posts(caigunn) == 1
