"""Search: all pages walked once, by title and id, and by webhook URL on request."""

import pytest
from django.conf import LazySettings

from chatbots.caigunn import Unavailable
from chatbots.sandbox import Fault
from chatbots.services.search import SearchResult, search

from .conftest import CHATBOTS, Desk, OpenDesk

pytestmark = pytest.mark.django_db


def found(desk: Desk, query: str, *, in_webhooks: bool = False) -> SearchResult:
    return search(desk.access(), query, 1, 30, in_webhooks=in_webhooks)


def titles(result: SearchResult) -> list[str | None]:
    return [row.title for row in result.rows]


def name(desk: Desk, number: int, title: str | None, **fields: object) -> str:
    desk.sandbox.edit(desk.bots[number].id, title=title, **fields)
    return desk.bots[number].id


@pytest.mark.parametrize(
    ("title", "query"),
    [
        ("Repairs Desk", "repairs d"),
        ("Repairs Desk", "  REPAIRS DESK "),
        ("ＡＢＣ 商店", "abc"),
        ("abc", "ＡＢＣ"),
        ("門市客服", "市客"),
        ("STRASSE", "straße"),
        ("Cafe\u0301", "café"),
        ("a.b*c", ".b*"),
    ],
)
def test_case_and_width_make_no_difference(desk: Desk, title: str, query: str) -> None:
    name(desk, 2, title)
    assert titles(found(desk, query)) == [title]


def test_an_id_is_found_and_an_untitled_one_is_no_error(desk: Desk) -> None:
    bot_id = name(desk, 0, None)
    result = found(desk, bot_id[4:16].upper())
    assert [row.id for row in result.rows] == [bot_id]
    assert (result.found, result.searched, result.webhooks_read) == (1, 5, None)
    assert desk.count("GET") == 2


def test_all_pages_are_walked_once_a_minute(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=120, max_limit=50)
    result = found(desk, "")
    assert (result.searched, result.found, result.is_whole) == (120, 120, True)
    assert len(desk.calls()) == 4
    found(desk, "something else")
    assert len(desk.calls()) == 4


def test_results_come_in_pages(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=70)
    pages = [search(desk.access(), "", number, 30) for number in (1, 2, 3, 4)]
    assert [len(page.rows) for page in pages] == [30, 30, 10, 0]
    assert [page.has_next for page in pages] == [True, True, False, False]
    assert (pages[1].first, pages[1].last) == (31, 60)
    assert len({row.id for page in pages for row in page.rows}) == 70


def test_webhooks_are_read_on_request_and_only_where_the_title_does_not_match(desk: Desk) -> None:
    name(desk, 0, "Relay one", webhook_url=None)
    for number in range(1, 5):
        name(desk, number, f"Bot {number}", webhook_url=f"https://hooks.example/{number}")
    name(desk, 1, "Bot", webhook_url="https://RELAY.example/in")
    result = found(desk, "relay", in_webhooks=True)
    assert titles(result) == ["Relay one", "Bot"]
    assert result.webhooks_read == 4
    desk.forget_calls()
    assert found(desk, "hooks.example", in_webhooks=True).found == 3
    assert desk.calls() == [f"GET chatbot/{desk.bots[0].id}"]


def test_a_webhook_that_could_not_be_read_is_not_counted(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", path=f"{desk.bots[0].id}$", status=503, times=3))
    assert found(desk, "no such thing", in_webhooks=True).webhooks_read == 4


def test_the_search_stops_at_its_bounds_and_says_so(
    open_desk: OpenDesk, settings: LazySettings
) -> None:
    desk = open_desk(chatbots=50, max_limit=10)
    settings.SEARCH_BOUND = 30
    settings.SEARCH_READ_BOUND = 7
    result = found(desk, "no such thing", in_webhooks=True)
    assert (result.searched, result.is_whole, result.webhooks_read) == (30, False, 7)


def test_a_deadline_midway_leaves_an_honest_part(
    open_desk: OpenDesk, settings: LazySettings
) -> None:
    desk = open_desk(chatbots=40, max_limit=20)
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.8
    desk.sandbox.order(Fault("delay", path=CHATBOTS, seconds=0.001))
    desk.sandbox.order(Fault("hang", path=CHATBOTS))
    result = found(desk, "")
    assert (result.searched, result.is_whole) == (20, False)


def test_a_fault_midway_is_told(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=40, max_limit=20)
    desk.sandbox.order(Fault("delay", path=CHATBOTS, seconds=0.001))
    desk.sandbox.order(Fault("status", path=CHATBOTS, status=503, times=3))
    with pytest.raises(Unavailable):
        found(desk, "")


def test_while_caigunn_is_away_the_last_walk_is_searched(
    desk: Desk, settings: LazySettings
) -> None:
    before = found(desk, "")
    settings.FRESH_SECONDS = 0.0
    desk.sandbox.order(Fault("status", path=CHATBOTS, status=503, times=3))
    stale = found(desk, "")
    assert stale.is_stale
    assert (stale.rows, stale.read_at) == (before.rows, before.read_at)


def test_a_server_that_ignores_offset_is_walked_once(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=3)
    rows = [{"id": bot.id, "title": bot.title} for bot in desk.bots]
    body = {"chatbots": [*rows, {"id": None}]}
    desk.sandbox.order(Fault("delay", path=CHATBOTS, seconds=0.001, body=body, times=9))
    result = found(desk, "")
    assert (result.found, result.unreadable) == (3, 1)
    assert len(desk.calls()) == 2
