"""Reading lists: plans and chatbots, a page at a time (design §8, notes §4)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from chatbots.caigunn import ChatbotSummary, Page, Plan, Unavailable
from chatbots.services import kept
from chatbots.services.access import Access, note_worked
from chatbots.services.masking import last4

PLANS_SIZE = 30
CHATBOT_SIZES = (30, 50, 100)
WALK = "walk"  # what the walk over all chatbots is kept under
_FORGOTTEN_PAGES = 20
R = TypeVar("R")
T = TypeVar("T", Plan, ChatbotSummary)
Asker = Callable[[int, int], Page[T]]


@dataclass(frozen=True)
class _Range:
    """The positions of a list that one page shows."""

    what: str
    page: int
    size: int

    @property
    def start(self) -> int:
        return (self.page - 1) * self.size

    @property
    def end(self) -> int:
        return self.page * self.size

    @property
    def name(self) -> str:
        """What the page is kept under."""
        return f"{self.what}:{self.page}:{self.size}"


@dataclass(frozen=True)
class PlanRow:
    """A plan as the list shows it. What is None is unknown."""

    id: str
    title: str | None
    crawler_limit: int | None
    character_limit: int | None
    training_limit: int | None
    price: float | None


@dataclass(frozen=True)
class ChatbotRow:
    """A chatbot as the list shows it; `key_hint` is the end of its API key, never the key."""

    id: str
    title: str | None
    has_key: bool
    key_hint: str


@dataclass(frozen=True)
class Listing(Generic[R]):
    """One page of a list: the items at the positions from `(page - 1) * size` on."""

    rows: tuple[R, ...]
    page: int
    size: int
    has_next: bool
    unreadable: int
    """Items of this page that have no usable id."""
    read_at: datetime
    is_stale: bool = False
    """True where Caigunn did not answer and this is the last known copy."""

    @property
    def first(self) -> int:
        """The position of the first row, counted from 1."""
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The position of the last row, counted from 1."""
        return self.first + len(self.rows) - 1


def plans(access: Access, page: int = 1) -> Listing[PlanRow]:
    """One page of plans, from what is kept while that is fresh. Raises CaigunnError."""
    client = access.client

    def ask(offset: int, limit: int) -> Page[Plan]:
        return client.list_plans(offset=offset, limit=limit)

    def read() -> dict[str, Any]:
        return _collect(access, ask, _Range("plans", page, PLANS_SIZE), _plan_row)

    name = _Range("plans", page, PLANS_SIZE).name
    return _listing(access, name, read, PlanRow, page, PLANS_SIZE, fresh_is_enough=True)


def plan_titles(access: Access) -> dict[str, str]:
    """Titles of the plans that were read before, by id. Never asks Caigunn."""
    found = kept.get(access.scope, _Range("plans", 1, PLANS_SIZE).name)
    rows = found.data["rows"] if found else []
    return {row["id"]: row["title"] for row in rows if row["title"]}


def chatbots(
    access: Access, page: int = 1, size: int = 30, *, fresh_is_enough: bool = False
) -> Listing[ChatbotRow]:
    """One page of chatbots: one call where Caigunn honours the limit.

    `fresh_is_enough` takes what is kept while it is fresh, for a fragment of a page just drawn.
    Raises CaigunnError; Unavailable only where there is no last known copy.
    """
    client = access.client

    def ask(offset: int, limit: int) -> Page[ChatbotSummary]:
        return client.list_chatbots(offset=offset, limit=limit)

    def read() -> dict[str, Any]:
        return _collect(access, ask, _Range("chatbots", page, size), chatbot_row)

    return _listing(
        access,
        _Range("chatbots", page, size).name,
        read,
        ChatbotRow,
        page,
        size,
        fresh_is_enough=fresh_is_enough,
    )


def forget_chatbots(access: Access) -> None:
    """Drop the kept lists: a chatbot was added, deleted or given another title.

    Of pages far down the last known copy stays; it is shown only while Caigunn is away.
    """
    pages = [
        _Range("chatbots", page, size).name
        for size in CHATBOT_SIZES
        for page in range(1, _FORGOTTEN_PAGES + 1)
    ]
    kept.drop(access.scope, WALK, *pages)


def chatbot_row(summary: ChatbotSummary) -> dict[str, Any]:
    """What may be kept of a chatbot in the list: everything but the key itself."""
    return {
        "id": summary.id,
        "title": summary.title,
        "has_key": summary.api_key is not None,
        "key_hint": last4(summary.api_key),
    }


def _plan_row(plan: Plan) -> dict[str, Any]:
    return {
        "id": plan.id,
        "title": plan.title,
        "crawler_limit": plan.crawler_limit,
        "character_limit": plan.character_limit,
        "training_limit": plan.training_limit,
        "price": plan.price,
    }


def _listing(
    access: Access,
    name: str,
    read: Callable[[], dict[str, Any]],
    row_type: Callable[..., R],
    page: int,
    size: int,
    *,
    fresh_is_enough: bool,
) -> Listing[R]:
    found = kept.get(access.scope, name) if fresh_is_enough else None
    is_stale = False
    if found is None or not found.is_fresh:
        try:
            found = kept.put(access.scope, name, read())
            note_worked(access.record)
        except Unavailable:
            found = kept.get(access.scope, name)
            if found is None:
                raise
            is_stale = True
    data = found.data
    rows = tuple(row_type(**row) for row in data["rows"])
    return Listing(rows, page, size, data["has_next"], data["unreadable"], found.read_at, is_stale)


def _collect(
    access: Access, ask: Asker[T], wanted: _Range, row: Callable[[T], dict[str, Any]]
) -> dict[str, Any]:
    """The rows of a range of positions, asked for until the range is full or the list ends.

    A short answer may mean that Caigunn caps the limit, or leaves rows out of what it counted, so
    it is followed by another call: only an empty answer is the end (notes §4).
    """
    position, unreadable, has_next = wanted.start, 0, True
    rows: dict[str, dict[str, Any]] = {}
    while position < wanted.end and has_next:
        answer = ask(position, wanted.end - position)
        if position == wanted.start and _ignores_offset(access, ask, wanted, answer):
            return _cut_out(answer, wanted, row)
        new = [item for item in answer.items if item.id not in rows]
        if answer.items and not new:
            # The page again is a server that knows no offset, and so no next page either; rows
            # from its end again are one that counts rows which it does not send.
            has_next = answer.items[0].id != next(iter(rows))
            break
        rows.update((item.id, row(item)) for item in new)
        unreadable += answer.unreadable
        position += answer.received
        has_next = answer.received > 0
    return {
        "rows": list(rows.values())[: wanted.size],
        "has_next": has_next,
        "unreadable": unreadable,
    }


def _ignores_offset(access: Access, ask: Asker[T], wanted: _Range, answer: Page[T]) -> bool:
    """Whether a later page begins as the list does, and as the list still does when asked again.

    What is kept of the first page raises the suspicion, so that an ordinary page costs no call.
    """
    if wanted.start == 0 or not answer.items:
        return False
    beginning = kept.get(access.scope, _Range(wanted.what, 1, wanted.size).name)
    first = beginning.data["rows"][:1] if beginning else []
    if [item["id"] for item in first] != [answer.items[0].id]:
        return False
    again = ask(0, wanted.size)
    return [item.id for item in again.items] == [item.id for item in answer.items]


def _cut_out(answer: Page[T], wanted: _Range, row: Callable[[T], dict[str, Any]]) -> dict[str, Any]:
    """The page out of an answer that begins at position 0: empty where that was page one again."""
    rows = [row(item) for item in answer.items[wanted.start : wanted.end]]
    return {"rows": rows, "has_next": len(answer.items) > wanted.end, "unreadable": 0}
