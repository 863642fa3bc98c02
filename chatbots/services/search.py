"""Searching: Caigunn has no search, so all pages are walked once and kept for a minute."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from chatbots.caigunn import ChatbotSummary, Unavailable
from chatbots.services import details, kept
from chatbots.services.access import Access
from chatbots.services.catalogue import WALK, ChatbotRow, chatbot_row

WALK_LIMIT = 100  # asked for in one call; a server that caps it is walked by what it sends


@dataclass(frozen=True)
class SearchResult:
    """One page of what was found, and how far the search went."""

    rows: tuple[ChatbotRow, ...]
    page: int
    size: int
    found: int
    searched: int
    """How many chatbots were looked at."""
    is_whole: bool
    """False where the search stopped at its bound or at the deadline."""
    webhooks_read: int | None
    """How many webhook URLs were looked at; None where only titles and ids were searched."""
    unreadable: int
    read_at: datetime
    is_stale: bool

    @property
    def has_next(self) -> bool:
        """Whether there is another page of results."""
        return self.page * self.size < self.found

    @property
    def first(self) -> int:
        """The position of the first row, counted from 1."""
        return (self.page - 1) * self.size + 1

    @property
    def last(self) -> int:
        """The position of the last row, counted from 1."""
        return self.first + len(self.rows) - 1


def search(
    access: Access, query: str, page: int, size: int, *, in_webhooks: bool = False
) -> SearchResult:
    """The chatbots whose title or id, or on request webhook URL, contains the query.

    Case and width of letters make no difference. Raises CaigunnError.
    """
    walk, is_stale = _walk(access)
    rows = [ChatbotRow(**row) for row in walk.data["rows"]]
    wanted = folded(query)
    webhooks_read = None
    by_webhook: set[str] = set()
    if in_webhooks:
        # A title that matches needs no reading.
        unmatched = [row.id for row in rows if not _matches(row, wanted)]
        ids = unmatched[: settings.SEARCH_READ_BOUND]
        by_webhook, webhooks_read = _in_webhooks(access, ids, wanted)
    found = [row for row in rows if _matches(row, wanted) or row.id in by_webhook]
    return SearchResult(
        rows=tuple(found[(page - 1) * size : page * size]),
        page=page,
        size=size,
        found=len(found),
        searched=len(rows),
        is_whole=bool(walk.data["is_whole"]),
        webhooks_read=webhooks_read,
        unreadable=walk.data["unreadable"],
        read_at=walk.read_at,
        is_stale=is_stale,
    )


def _matches(row: ChatbotRow, wanted: str) -> bool:
    return wanted in folded(row.title or "") or wanted in folded(row.id)


def folded(text: str) -> str:
    """Text as it is compared: without case, width of letters, and space around it."""
    return unicodedata.normalize("NFKC", text).casefold().strip()


def _in_webhooks(access: Access, ids: Iterable[str], wanted: str) -> tuple[set[str], int]:
    readings = details.chatbots(access, ids)
    read = {
        chatbot_id: reading
        for chatbot_id, reading in readings.items()
        if isinstance(reading, details.ChatbotReading)
    }
    matching = {key for key, one in read.items() if wanted in folded(one.webhook_url or "")}
    return matching, len(read)


def of_title(access: Access, title: str) -> tuple[ChatbotSummary, ...]:
    """The chatbots that have this title now, of the first SEARCH_BOUND. Raises CaigunnError."""
    found: list[ChatbotSummary] = []
    walked = 0
    for page in access.client.iter_chatbots(limit=WALK_LIMIT):
        found += [item for item in page.items if folded(item.title or "") == folded(title)]
        walked += page.received
        if walked >= settings.SEARCH_BOUND:
            break
    return tuple(found)


def ids_of_title(access: Access, title: str) -> set[str]:
    """The ids of the chatbots that have this title, read now. Raises CaigunnError."""
    return {item.id for item in of_title(access, title)}


def _walk(access: Access) -> tuple[kept.Kept, bool]:
    found = kept.get(access.scope, WALK)
    if found and found.is_fresh:
        return found, False
    try:
        return kept.put(access.scope, WALK, _all(access)), False
    except Unavailable:
        if found is None:
            raise
        return found, True


def _all(access: Access) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    unreadable = 0
    is_whole = True
    pages = access.client.iter_chatbots(limit=WALK_LIMIT)
    while True:
        try:
            answer = next(pages, None)
        except Unavailable:
            # Out of time midway: what was walked is an honest part, and is called one.
            if not rows or not access.deadline.expired:
                raise
            is_whole = False
            break
        if answer is None:
            break
        rows.extend(chatbot_row(item) for item in answer.items)
        unreadable += answer.unreadable
        if len(rows) >= settings.SEARCH_BOUND:
            is_whole = False
            break
    return {"rows": rows, "unreadable": unreadable, "is_whole": is_whole}
