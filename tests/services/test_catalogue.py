"""Pages of plans and chatbots: no call too many, nothing hidden by a cap, an end (notes §4)."""

import pytest

from chatbots.caigunn import Unavailable, UnexpectedAnswer
from chatbots.sandbox import Fault
from chatbots.services import catalogue, kept
from chatbots.services.access import access_of
from tests.conftest import Joining, connect

from .conftest import CHATBOTS, PLANS, Desk, OpenDesk

pytestmark = pytest.mark.django_db


def ids(listing: catalogue.Listing[catalogue.ChatbotRow]) -> list[str]:
    return [row.id for row in listing.rows]


def all_ids(desk: Desk) -> list[str]:
    return [bot.id for bot in desk.bots]


def served(desk: Desk, start: int, end: int) -> dict[str, object]:
    """What Get All Chatbots answers for these positions."""
    bots = desk.bots[start:end]
    return {"chatbots": [{"id": bot.id, "title": bot.title, "api_key": "k"} for bot in bots]}


def order(desk: Desk, *answers: object, times: int = 1) -> None:
    """Have the next calls for chatbots be answered so."""
    for body in answers:
        desk.sandbox.order(Fault("delay", path=CHATBOTS, seconds=0.001, body=body, times=times))


@pytest.mark.parametrize("size", catalogue.CHATBOT_SIZES)
def test_a_full_page_costs_one_call(open_desk: OpenDesk, size: int) -> None:
    desk = open_desk(chatbots=230)
    first = catalogue.chatbots(desk.access(), 1, size)
    second = catalogue.chatbots(desk.access(), 2, size)
    assert [dict(one.query) for one in desk.sandbox.requests] == [
        {"offset": "0", "limit": str(size)},
        {"offset": str(size), "limit": str(size)},
    ]
    assert ids(first) + ids(second) == all_ids(desk)[: 2 * size]
    assert (first.first, first.last, second.first, second.last) == (1, size, size + 1, 2 * size)
    assert first.has_next
    assert second.has_next
    assert not first.is_stale
    assert desk.sandbox.refusals == []


def test_a_first_short_page_is_followed_by_a_call_for_more(desk: Desk) -> None:
    listing = catalogue.chatbots(desk.access(), 1, 30)
    assert (ids(listing), listing.has_next) == (all_ids(desk), False)
    assert [dict(one.query)["offset"] for one in desk.sandbox.requests] == ["0", "5"]


def test_after_a_full_page_that_was_the_last_an_empty_one_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=30)
    assert catalogue.chatbots(desk.access(), 1, 30).has_next
    end = catalogue.chatbots(desk.access(), 2, 30)
    assert (end.rows, end.has_next) == ((), False)
    assert len(desk.calls()) == 2


def test_a_cap_hides_nothing(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=75, max_limit=20)
    pages = [catalogue.chatbots(desk.access(), number, 30) for number in (1, 2, 3)]
    assert [len(page.rows) for page in pages] == [30, 30, 15]
    assert [found for page in pages for found in ids(page)] == all_ids(desk)
    assert [page.has_next for page in pages] == [True, True, False]
    # The last page asks once more: only an empty answer is the end.
    assert len(desk.calls()) == 6


def test_a_server_that_leaves_rows_out_hides_no_later_page(open_desk: OpenDesk) -> None:
    """It counts two rows of page 2 that it does not send."""
    desk = open_desk(chatbots=90)
    catalogue.chatbots(desk.access(), 1, 30)
    order(desk, served(desk, 30, 58), served(desk, 56, 58))
    second = catalogue.chatbots(desk.access(), 2, 30)
    assert (ids(second), second.has_next) == (all_ids(desk)[30:58], True)
    assert ids(catalogue.chatbots(desk.access(), 3, 30)) == all_ids(desk)[60:]


def test_a_cap_that_was_lowered_is_noticed_where_rows_go_missing(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=45)
    catalogue.chatbots(desk.access(), 1, 30)
    order(desk, served(desk, 0, 20), served(desk, 20, 30))
    again = catalogue.chatbots(desk.access(), 1, 30)
    assert (ids(again), again.has_next) == (all_ids(desk)[:30], True)
    order(desk, served(desk, 30, 45))
    assert len(catalogue.chatbots(desk.access(), 2, 30).rows) == 15


def test_repeated_ids_are_dropped(open_desk: OpenDesk) -> None:
    """Items shift between two calls while somebody else edits."""
    desk = open_desk(chatbots=40)
    order(desk, served(desk, 0, 20), served(desk, 19, 29))
    listing = catalogue.chatbots(desk.access(), 1, 30)
    assert ids(listing) == all_ids(desk)[:29]


def test_a_server_that_ignores_offset_ends(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=40)
    order(desk, served(desk, 0, 30), times=9)
    first = catalogue.chatbots(desk.access(), 1, 30)
    assert (len(first.rows), first.has_next) == (30, True)
    second = catalogue.chatbots(desk.access(), 2, 30)
    assert (second.rows, second.has_next) == ((), False)
    assert len(desk.calls()) == 3


def test_a_server_that_ignores_offset_within_a_page_counts_nothing_twice(
    open_desk: OpenDesk,
) -> None:
    desk = open_desk(chatbots=40)
    body = served(desk, 0, 20)
    body["chatbots"] = [*desk_rows(body), {"id": None}]
    order(desk, body, times=9)
    listing = catalogue.chatbots(desk.access(), 1, 30)
    assert (len(listing.rows), listing.unreadable, listing.has_next) == (20, 1, False)
    assert len(desk.calls()) == 2


def desk_rows(body: dict[str, object]) -> list[object]:
    rows = body["chatbots"]
    assert isinstance(rows, list)
    return rows


def test_a_server_that_ignores_offset_and_limit_is_cut_into_pages(open_desk: OpenDesk) -> None:
    desk = open_desk(chatbots=70)
    order(desk, served(desk, 0, 70), times=9)
    pages = [catalogue.chatbots(desk.access(), number, 30) for number in (1, 2, 3, 4)]
    assert [found for page in pages for found in ids(page)] == all_ids(desk)
    assert [page.has_next for page in pages] == [True, True, False, False]


def test_thirty_new_ones_in_front_are_no_ignored_offset(open_desk: OpenDesk) -> None:
    """The second page now begins as the first did: asking again tells the two apart."""
    desk = open_desk(chatbots=90)
    order(desk, served(desk, 30, 60))
    catalogue.chatbots(desk.access(), 1, 30)
    second = catalogue.chatbots(desk.access(), 2, 30)
    assert ids(second) == all_ids(desk)[30:60]


@pytest.mark.parametrize("bad", [None, 7, "", "a/b", "x" * 65, {}, ["id"]])
def test_a_row_without_a_usable_id_is_counted_and_its_neighbours_stay(
    desk: Desk, bad: object
) -> None:
    rows = desk_rows(served(desk, 0, 3))
    order(desk, {"chatbots": [rows[0], {"id": bad}, "no row", rows[1]]}, {"chatbots": []})
    listing = catalogue.chatbots(desk.access(), 1, 30)
    assert ids(listing) == all_ids(desk)[:2]
    assert listing.unreadable == 2


def test_other_wrong_fields_are_unknown(desk: Desk) -> None:
    bot_id = desk.bots[0].id
    order(desk, {"chatbots": [{"id": bot_id, "title": 7, "api_key": []}]}, {"chatbots": []})
    (row,) = catalogue.chatbots(desk.access()).rows
    assert row == catalogue.ChatbotRow(bot_id, None, has_key=False, key_hint="")


def test_a_key_is_known_by_its_end_alone(desk: Desk) -> None:
    row = catalogue.chatbots(desk.access()).rows[0]
    assert (row.has_key, row.key_hint) == (True, desk.bots[0].api_key[-4:])
    assert desk.bots[0].api_key not in repr(kept.get(desk.access().scope, "chatbots:1:30"))


def test_the_list_is_read_anew_and_a_fragment_takes_what_is_fresh(desk: Desk) -> None:
    catalogue.chatbots(desk.access())
    desk.forget_calls()
    catalogue.chatbots(desk.access(), fresh_is_enough=True)
    assert desk.calls() == []
    catalogue.chatbots(desk.access())
    assert desk.calls() != []


def test_while_caigunn_is_away_the_last_copy_is_shown_as_such(desk: Desk) -> None:
    before = catalogue.chatbots(desk.access())
    desk.sandbox.order(Fault("status", path=CHATBOTS, status=503, times=3))
    stale = catalogue.chatbots(desk.access())
    assert stale.is_stale
    assert (stale.rows, stale.read_at) == (before.rows, before.read_at)
    assert not catalogue.chatbots(desk.access()).is_stale


def test_without_a_copy_the_fault_is_told(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", path=CHATBOTS, status=503, times=3))
    with pytest.raises(Unavailable):
        catalogue.chatbots(desk.access())
    desk.sandbox.order(Fault("wrong_shape", path=CHATBOTS))
    with pytest.raises(UnexpectedAnswer):
        catalogue.chatbots(desk.access())


def test_members_see_only_their_own_copy(desk: Desk, join: Joining) -> None:
    catalogue.chatbots(desk.access())
    other = join("viewer", "other@example.com")
    connect(other, desk.sandbox.users[1].token)
    desk.sandbox.order(Fault("status", path=CHATBOTS, status=503, times=3))
    with pytest.raises(Unavailable):
        catalogue.chatbots(access_of(other, "r"), fresh_is_enough=True)


def test_plans_are_read_once_while_fresh(desk: Desk) -> None:
    plans = catalogue.plans(desk.access())
    assert [plan.title for plan in plans.rows] == [
        plan.title for plan in desk.sandbox.users[0].plans
    ]
    assert plans.rows[4].price == 49.5
    assert plans.rows[-1].price is None
    desk.forget_calls()
    assert catalogue.plans(desk.access()) == plans
    assert desk.calls() == []


def test_titles_of_plans_never_cost_a_call(desk: Desk) -> None:
    assert catalogue.plan_titles(desk.access()) == {}
    assert desk.calls() == []
    catalogue.plans(desk.access())
    assert catalogue.plan_titles(desk.access()) == {
        plan.id: plan.title for plan in desk.sandbox.users[0].plans
    }


def test_an_odd_plan_is_unknown_in_what_is_odd(desk: Desk) -> None:
    rows = [{"id": "p", "title": None, "price": "free", "crawler_limit": 1.5}, {"title": "x"}]
    desk.sandbox.order(Fault("delay", path=PLANS, seconds=0.001, body={"plans": rows}))
    desk.sandbox.order(Fault("delay", path=PLANS, seconds=0.001, body={"plans": []}))
    listing = catalogue.plans(desk.access())
    assert listing.rows == (catalogue.PlanRow("p", None, None, None, None, None),)
    assert listing.unreadable == 1
