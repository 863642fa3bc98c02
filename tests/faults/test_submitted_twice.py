"""One form, sent twice (reliability §8.9): by a double click, from two tabs, by a reload."""

import pytest

from chatbots.sandbox import Fault, Sandbox

from .conftest import OpenHouse
from .writes import WRITES, Write, made, prepare


@pytest.mark.parametrize("seconds", [0.001, 0.2], ids=["quick", "slow"])
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_two_processes_with_one_form_write_once(
    caigunn: Sandbox, open_house: OpenHouse, write: Write, seconds: float
) -> None:
    """20 ms apart, while Caigunn takes `seconds` for the write; whoever comes second is told the
    same. So is whoever reloads the answer."""
    prepare(caigunn)
    house = open_house()
    caigunn.order(Fault("delay", method=write.method, seconds=seconds))
    command = write.command(caigunn, "one")
    told = house.at_once(command, command, apart=0.02)
    told.append(house.ask(*command))
    assert told == [write.told(caigunn)] * 3
    assert write.is_done(caigunn)
    assert write.count(caigunn) == 1
    (change,) = house.ask("changes")
    assert (change["outcome"], change["after"]) == ("done", write.holds(caigunn))


@pytest.mark.parametrize(
    ("urls", "keys", "found"),
    [
        (("https://a.example/", "https://b.example/"), "12", {"ClashError"}),
        (("https://a.example/", "https://a.example/"), "12", {"https://a.example/"}),
        (("https://a.example/", "https://b.example/"), "11", {"FormUsedError"}),
    ],
    ids=["two members", "two members agree", "one form with two values"],
)
def test_two_webhooks_at_once_write_once(
    caigunn: Sandbox, open_house: OpenHouse, urls: tuple[str, str], keys: str, found: set[str]
) -> None:
    prepare(caigunn)
    house = open_house()
    bot = caigunn.users[0].chatbots[0]
    old = str(bot.webhook_url)
    told = house.at_once(
        *[("save_webhook", bot.id, url, old, key) for url, key in zip(urls, keys, strict=True)]
    )
    assert WRITES["webhook"].count(caigunn) == 1
    assert bot.webhook_url in told
    assert set(told) - {bot.webhook_url} == found - {bot.webhook_url}


def test_two_forms_of_one_title_make_one_chatbot(caigunn: Sandbox, open_house: OpenHouse) -> None:
    """Two tabs, or a page that the browser went back to: whoever comes second is asked."""
    create = WRITES["create"]
    house = open_house()
    told = house.at_once(*[create.command(caigunn, key) for key in ("one", "two")])
    assert sorted(told) == sorted([made(caigunn), ["TwiceError"]])
    assert create.count(caigunn) == 1
