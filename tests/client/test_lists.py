"""Walking a list against servers that cap, shift, repeat and ignore (notes §4)."""

import json
from collections.abc import Callable, Sequence
from urllib.parse import parse_qs, urlsplit

import pytest
import responses
from requests import PreparedRequest  # noqa: TID251 - what `responses` hands over

from chatbots.caigunn import CaigunnClient, RateLimited

from .conftest import STUB

CHATBOTS = f"{STUB}/api/external/user/chatbot"
PLANS = f"{STUB}/api/external/user/plan"
Slicing = Callable[[Sequence[object], int, int], Sequence[object]]


def serve(
    stub: responses.RequestsMock, rows: Sequence[object], slicing: Slicing, name: str = "chatbots"
) -> None:
    def reply(request: PreparedRequest) -> tuple[int, dict[str, str], str]:
        query = parse_qs(urlsplit(str(request.url)).query)
        part = slicing(rows, int(query["offset"][0]), int(query["limit"][0]))
        return 200, {}, json.dumps({name: list(part)})

    stub.add_callback("GET", CHATBOTS if name == "chatbots" else PLANS, reply)


def named(*numbers: int) -> list[object]:
    return [{"id": f"c-{number}", "title": str(number)} for number in numbers]


def honest(rows: Sequence[object], offset: int, limit: int) -> Sequence[object]:
    return rows[offset : offset + limit]


def capped(rows: Sequence[object], offset: int, limit: int) -> Sequence[object]:
    return rows[offset : offset + min(limit, 20)]


def generous(rows: Sequence[object], offset: int, limit: int) -> Sequence[object]:
    return rows[offset : offset + limit + 5]


def deaf(rows: Sequence[object], offset: int, limit: int) -> Sequence[object]:
    return rows[:limit]


@pytest.mark.parametrize(("slicing", "calls"), [(honest, 5), (capped, 7), (generous, 4)])
def test_all_are_read_once_whatever_a_page_holds(
    client: CaigunnClient, slicing: Slicing, calls: int
) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, named(*range(105)), slicing)
        pages = list(client.iter_chatbots())
        assert len(stub.calls) == calls
    ids = [item.id for page in pages for item in page.items]
    assert ids == [f"c-{number}" for number in range(105)]


def test_plans_are_walked_alike(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, named(*range(45)), capped, "plans")
        pages = list(client.iter_plans(limit=30))
    assert [page.received for page in pages] == [20, 20, 5]


def test_an_empty_list_is_no_page(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, [], honest)
        assert list(client.iter_chatbots()) == []


def test_a_server_that_ignores_the_offset_is_left(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, [*named(*range(50)), {"id": None}], deaf)
        pages = list(client.iter_chatbots(limit=60))
        assert len(stub.calls) == 2
    assert [len(page.items) for page in pages] == [50, 0]
    assert sum(page.unreadable for page in pages) == 1


def test_repeated_ids_come_once(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, named(1, 2, 2, 3, 3, 1, 4), honest)
        pages = list(client.iter_chatbots(limit=3))
    assert [item.id for page in pages for item in page.items] == ["c-1", "c-2", "c-3", "c-4"]
    assert sum(page.received for page in pages) == 7


def test_unreadable_rows_are_counted_and_passed(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, [{"id": "/"}, None, *named(1), {}, *named(2)], honest)
        pages = list(client.iter_chatbots(limit=3))
    assert [(len(page.items), page.unreadable) for page in pages] == [(1, 2), (1, 1)]


def test_a_walk_begins_where_it_is_told_and_stops_when_left(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, named(*range(100)), honest)
        walk = client.iter_chatbots(offset=90, limit=5)
        assert [item.id for item in next(walk).items] == [f"c-{n}" for n in range(90, 95)]
        assert len(stub.calls) == 1


def test_ten_thousand_items_end(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        serve(stub, named(*range(10_000)), honest)
        assert sum(len(page.items) for page in client.iter_chatbots(limit=1_000)) == 10_000


def test_a_fault_on_the_way_is_not_the_end(client: CaigunnClient) -> None:
    with responses.RequestsMock() as stub:
        stub.get(CHATBOTS, json={"chatbots": named(1)})
        stub.get(CHATBOTS, status=429)
        walk = client.iter_chatbots()
        next(walk)
        with pytest.raises(RateLimited):
            next(walk)
