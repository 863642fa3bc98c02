"""Lists of servers that cap, repeat, shift, ignore the offset or never end: whoever goes from page
to page comes to an end, sees nothing twice, and is told how far it went (reliability §8.31)."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from tests.client.servers import Exchange, RawServer, answer
from tests.conftest import Browsing, Joining
from tests.pages.calls import CHATBOTS, PLANS
from tests.pages.drawn import Drawn, assert_page

Row = dict[str, object]
Slicing = Callable[[Sequence[Row], int, int], Sequence[Row]]
END = "This is the end of the list"
STOPPED = "the search stopped there"
MOST_PAGES = 120


def honest(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    return rows[offset : offset + limit]


def capped(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Never more than 20."""
    return rows[offset : offset + min(limit, 20)]


def generous(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """More than was asked for."""
    return rows[offset : offset + limit + 7]


def deaf(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Knows no offset."""
    return rows[:limit]


def overlapping(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Begins each answer with rows that have come before."""
    return rows[max(0, offset - 5) : offset + limit]


def stuck(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Has its last row for whoever goes past the end."""
    return rows[offset : offset + limit] or rows[-1:]


def holed(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Counts rows that it does not send."""
    return [row for row in rows[offset : offset + limit] if int(str(row["number"])) % 10 != 3]


def endless(rows: Sequence[Row], offset: int, limit: int) -> Sequence[Row]:
    """Makes up rows for ever."""
    return named(*range(offset, offset + limit))


def named(*numbers: int) -> list[Row]:
    """Rows of chatbots and of plans."""
    return [
        {"id": f"row-{number:05}", "title": f"Desk {number}", "number": number}
        for number in numbers
    ]


class Lists:
    """A server whose lists are these rows, and how often it was asked for them."""

    def __init__(self, server: RawServer) -> None:
        self._server = server
        self.url = server.url

    def calls(self, path: str) -> int:
        """How often this path was asked for."""
        return sum(seen.path == path for seen in self._server.seen)

    def forget(self) -> None:
        """Count from here on."""
        self._server.seen.clear()


@contextmanager
def serving(rows: Sequence[Row], slicing: Slicing) -> Iterator[Lists]:
    """Lists of chatbots and plans; each chatbot can be read as well."""

    def reply(exchange: Exchange) -> bytes:
        parts = urlsplit(exchange.seen.target)
        name = parts.path.rpartition("/")[2]
        if parts.path not in {CHATBOTS, PLANS}:
            return answer(json.dumps({"id": name, "webhook_url": f"https://{name}.example/"}))
        query = parse_qs(parts.query)
        found = slicing(rows, int(query["offset"][0]), int(query["limit"][0]))
        return answer(json.dumps({f"{name}s": list(found)}))

    with RawServer(reply) as server:
        yield Lists(server)


Visiting = Callable[[Lists], Client]


@pytest.fixture
def visit(browse: Browsing, join: Joining, settings: LazySettings) -> Visiting:
    """A browser whose member is connected to the server of these lists."""
    member = join("viewer")

    def connected(lists: Lists) -> Client:
        settings.CAIGUNN_API_BASE_URL = lists.url
        client = browse(member, "a-token-of-nobody")
        lists.forget()
        return client

    return connected


def ids_of(page: Drawn) -> list[str]:
    """The ids of the rows, in their order."""
    return re.findall(r'<code class="id">(row-\d+)</code>', page.html)


def walk(client: Client, address: str) -> list[Drawn]:
    """The pages, from the first one through *Next* to the one that has none."""
    path = address.partition("?")[0]
    found = [assert_page(client.get(address))]
    while following := [
        attrs["href"] for tag, attrs in found[-1].tags if tag == "a" and attrs.get("rel") == "next"
    ]:
        assert len(found) < MOST_PAGES, "it does not end"
        (following_one,) = following
        assert following_one.startswith((path, "?"))
        found.append(assert_page(client.get(path + following_one.removeprefix(path))))
    return found


LISTS = {"chatbots": ("/chatbots/?size=30", CHATBOTS), "plans": ("/plans/", PLANS)}


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("slicing", [honest, capped, generous])
def test_every_row_comes_once_whatever_an_answer_holds(
    visit: Visiting, slicing: Slicing, what: str
) -> None:
    address, path = LISTS[what]
    for count in (0, 1, 29, 30, 31, 60, 95):
        rows = named(*range(count))
        with serving(rows, slicing) as lists:
            pages = walk(visit(lists), address)
        ids = [one for page in pages for one in ids_of(page)]
        assert ids == [row["id"] for row in rows]
        # A full page may be the last one: the empty one after it says that it was.
        assert len(pages) == count // 30 + 1
        assert (END in pages[-1].text) == (count > 0 and count % 30 == 0)
        # Two answers for a page where 20 are the most, and the empty one.
        assert lists.calls(path) <= 2 * len(pages) + 1


@pytest.mark.parametrize("what", LISTS)
@pytest.mark.parametrize("slicing", [overlapping, stuck, holed])
def test_rows_that_are_repeated_or_left_out_come_to_an_end(
    visit: Visiting, slicing: Slicing, what: str
) -> None:
    """No page has a row twice; every row that the server sends at all is on some page."""
    address, path = LISTS[what]
    for count in (1, 29, 30, 31, 60, 95):
        rows = named(*range(count))
        with serving(rows, slicing) as lists:
            pages = walk(visit(lists), address)
        shown = [ids_of(page) for page in pages]
        assert all(len(ids) == len(set(ids)) for ids in shown)
        assert set().union(*shown) == {row["id"] for row in slicing(rows, 0, count)}
        assert len(pages) <= count // 30 + 2
        assert lists.calls(path) <= 3 * len(pages)


@pytest.mark.parametrize("what", LISTS)
def test_a_server_that_ignores_the_offset_has_one_page(visit: Visiting, what: str) -> None:
    address, path = LISTS[what]
    for count in (1, 29, 30, 31, 95):
        rows = named(*range(count))
        with serving(rows, deaf) as lists:
            pages = walk(visit(lists), address)
        assert ids_of(pages[0]) == [row["id"] for row in rows[:30]]
        # It cannot be told from a full page before the next one was asked for, which then says so.
        assert [ids_of(page) for page in pages[1:]] == ([[]] if count >= 30 else [])
        assert (END in pages[-1].text) == (count >= 30)
        assert lists.calls(path) <= 3


def test_ten_thousand_rows_come_once(visit: Visiting) -> None:
    rows = named(*range(10_000))
    with serving(rows, honest) as lists:
        pages = walk(visit(lists), "/chatbots/?size=100")
    assert [one for page in pages for one in ids_of(page)] == [row["id"] for row in rows]
    assert END in pages[-1].text
    assert (len(pages), lists.calls(CHATBOTS)) == (101, 101)


@pytest.mark.parametrize("count", [3, 30])
def test_a_row_that_comes_twice_is_read_once(visit: Visiting, count: int) -> None:
    """Its webhook URL costs a call."""
    rows = [row for row in named(*range(count)) for _twice in range(2)]
    with serving(rows, honest) as lists:
        page = assert_page(visit(lists).get("/chatbots/?size=100&webhooks=1"))
        found = {row["id"]: lists.calls(f"{CHATBOTS}/{row['id']}") for row in rows}
    assert ids_of(page) == list(found)
    assert set(found.values()) == {1}
    for chatbot_id in found:
        assert f"https://{chatbot_id}.example/" in page.attribute("title")


# Searching walks the whole list

SEARCH = "/chatbots/?q=desk&size=100"
EVERYBODY = (honest, capped, generous, deaf, overlapping, stuck, holed)


@pytest.mark.parametrize("slicing", EVERYBODY)
def test_a_search_finds_every_row_once_and_says_how_many_there_were(
    visit: Visiting, slicing: Slicing
) -> None:
    rows = named(*range(95))
    with serving(rows, slicing) as lists:
        page = assert_page(visit(lists).get(SEARCH))
    sent = slicing(rows, 0, 95) if slicing is holed else rows
    assert ids_of(page) == [row["id"] for row in sent]
    assert f"{len(ids_of(page))} chatbots searched by title and id" in page.text
    assert STOPPED not in page.text
    assert lists.calls(CHATBOTS) <= 6


@pytest.mark.parametrize("slicing", [*EVERYBODY, endless])
def test_a_search_of_a_list_that_is_too_long_stops_and_says_so(
    visit: Visiting, slicing: Slicing, settings: LazySettings
) -> None:
    settings.SEARCH_BOUND = 500
    with serving(named(*range(10_000)), slicing) as lists:
        pages = walk(visit(lists), SEARCH)
    ids = [one for page in pages for one in ids_of(page)]
    assert len(ids) == len(set(ids))
    for page in pages:
        # Of one that ignores the offset there is no more than its first answer.
        assert (STOPPED in page.text) == (slicing is not deaf)
        assert f"{len(ids)} matches for “desk”" in page.text
        assert f"{len(ids)} chatbots searched by title and id" in page.text
    assert len(ids) == 100 if slicing is deaf else 500 <= len(ids) <= 600
    assert lists.calls(CHATBOTS) <= 25


def test_the_bound_in_use_is_reached(visit: Visiting) -> None:
    """However small the answers: it fits the time of a page."""
    with serving(named(*range(10_000)), capped) as lists:
        page = assert_page(visit(lists).get(SEARCH))
        assert f"5000 chatbots searched by title and id; {STOPPED}" in page.text
        assert lists.calls(CHATBOTS) == 250
