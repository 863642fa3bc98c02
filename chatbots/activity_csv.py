"""Changes as CSV: one line for each field, safe to open in a spreadsheet."""

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import QuerySet

from caigunn_admin.activity.models import Change
from chatbots.story import lines, plain

COLUMNS = (
    "time",
    "member",
    "kind",
    "outcome",
    "chatbot_id",
    "chatbot_title",
    "field",
    "before",
    "asked",
    "reported",
    "detail",
    "reason",
    "request_id",
    "change_id",
)
# What a spreadsheet takes for the beginning of a formula, full-width and look-alike forms included,
# after whatever it may drop before that: spaces, and characters that nobody sees.
_FORMULA = re.compile(r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@|＝＋－＠﹦﹢﹣﹫−]|[\t\r\n]")


class _Echo:
    def write(self, text: str) -> str:
        return text


def rows(changes: QuerySet[Change]) -> Iterator[str]:
    """The lines of the file, the heading first."""
    # Each cell in quotes: where another character divides cells, one in a text must not.
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_ALL)
    # Without the mark a spreadsheet takes Chinese for something else.
    yield "\ufeff" + writer.writerow(COLUMNS)
    for change in changes.iterator(chunk_size=500):
        for cells in _of(change):
            yield writer.writerow([safe(cell) for cell in cells])


def safe(cell: str) -> str:
    """The text of a cell, which no spreadsheet runs."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _of(change: Change) -> Iterable[list[str]]:
    head = [
        change.created_at.isoformat(),
        change.member_email,
        change.kind,
        change.outcome,
        change.chatbot_id,
        change.chatbot_title,
    ]
    tail = [change.said, change.reason, change.request_id, str(change.pk)]
    found = lines(change)
    if not found:
        yield [*head, "", "", "", "", *tail]
    for line in found:
        reported = plain(change.after.get(line.name))
        yield [*head, line.name, plain(line.before), plain(line.asked), reported, *tail]
