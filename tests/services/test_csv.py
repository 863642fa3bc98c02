"""Changes as CSV: whole, and harmless in a spreadsheet."""

import csv
import io
import tracemalloc
from typing import Any

import pytest
from django.db.models import QuerySet
from hypothesis import given
from hypothesis import strategies as st

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.activity_csv import COLUMNS, rows, safe

pytestmark = pytest.mark.django_db


def made(**fields: Any) -> Change:
    values = {
        "kind": Kind.WEBHOOK,
        "outcome": Outcome.DONE,
        "member_email": "editor@example.com",
        "chatbot_id": "bot",
        "chatbot_title": "Orders",
        "before": {"webhook_url": None},
        "asked": {"webhook_url": "https://example.com/"},
        "after": {"webhook_url": "https://example.com/"},
        "request_id": "abc",
    }
    return Change.objects.create(**(values | fields))


def read(changes: QuerySet[Change] | None = None) -> list[dict[str, str]]:
    """The file as a spreadsheet reads it."""
    text = "".join(rows(Change.objects.all() if changes is None else changes))
    assert text.startswith("\ufeff")
    found = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert all(None not in line and None not in line.values() for line in found)
    return found


def test_a_change_with_all_that_is_known_of_it() -> None:
    change = made(detail="As asked", reason="Moved house")
    assert read() == [
        {
            "time": change.created_at.isoformat(),
            "member": "editor@example.com",
            "kind": "webhook",
            "outcome": "done",
            "chatbot_id": "bot",
            "chatbot_title": "Orders",
            "field": "webhook_url",
            "before": "",
            "asked": "https://example.com/",
            "reported": "https://example.com/",
            "detail": "As asked",
            "reason": "Moved house",
            "request_id": "abc",
            "change_id": str(change.pk),
        }
    ]


def test_without_changes_there_is_the_heading() -> None:
    assert "".join(rows(Change.objects.none())).count("\r\n") == 1
    assert read() == []


def test_a_line_for_each_field() -> None:
    made(
        kind=Kind.SETTINGS,
        before={"title": "Old", "is_shared": False},
        asked={
            "title": "New",
            "is_shared": True,
            "avatar": {"name": "face.png", "size": 120, "type": "image/png", "thumbnail": "data:x"},
            "initial_messages": [
                {"type": "text", "value": "Hi"},
                {"type": "text", "value": "您好"},
            ],
            "allowed_domains": ["https://a.example", "https://b.example"],
        },
        after={"title": "New", "is_shared": True},
    )
    told = [(one["field"], one["before"], one["asked"], one["reported"]) for one in read()]
    assert told == [
        ("title", "Old", "New", "New"),
        ("is_shared", "false", "true", "true"),
        ("avatar", "", "face.png (120 B)", ""),
        ("initial_messages", "", "Hi\n您好", ""),
        ("allowed_domains", "", "https://a.example\nhttps://b.example", ""),
    ]


def test_a_change_without_fields_has_a_line_too() -> None:
    change = made(kind=Kind.TOKEN_DISCONNECT, chatbot_id="", before={}, asked={}, after={})
    (line,) = read()
    assert (line["change_id"], line["field"], line["before"]) == (str(change.pk), "", "")


def test_no_thumbnail_and_no_list_of_ids() -> None:
    made(
        kind=Kind.CREATE,
        before={"ids_of_title": ["one-of-another"]},
        asked={"title": "New", "avatar": {"name": "a.png", "size": 1, "thumbnail": "data:secret"}},
    )
    text = "".join(rows(Change.objects.all()))
    assert "data:" not in text
    assert "one-of-another" not in text


@pytest.mark.parametrize("text", ['say "hi"', "a,b;c\td", "one\r\ntwo\rthree\nfour", "訂單 ☕ é"])
@pytest.mark.parametrize("column", ["chatbot_title", "detail", "reason"])
def test_quotes_separators_line_breaks_and_other_scripts_stay_what_they_are(
    text: str, column: str
) -> None:
    made(**{column: text})
    assert read()[0][column] == text


FORMULAS = [
    "=1+1",
    '=HYPERLINK("https://evil.example","x")',
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "|cmd",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(A1)",
    " =1+1",
    "   +1",
    "\u3000=1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x0b=1+1",
    "\x01@x",
]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-1", "https://example.com/?a=+1", " a", "'=1", "—"])
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.text(max_size=20))
def test_nothing_that_is_left_begins_a_formula(text: str) -> None:
    assert safe(text).strip()[:1] not in set("=+-@|＝＋－＠") or not text.strip()


@pytest.mark.parametrize("text", ["=1+1", "\t=1", "＝1"])
def test_every_column_that_somebody_fills_in_is_safe(text: str) -> None:
    made(
        member_email=text,
        chatbot_title=text,
        before={"webhook_url": text},
        asked={"webhook_url": text},
        after={"webhook_url": text},
        detail=text,
        reason=text,
    )
    made(
        kind=Kind.SETTINGS, asked={text: text, "allowed_domains": [text], "avatar": {"name": text}}
    )
    for line in read():
        for column in set(COLUMNS) - {"time", "change_id"}:
            assert not line[column].lstrip().startswith(("=", "＝")), column


def test_a_separator_of_another_country_begins_no_cell() -> None:
    """Where a semicolon divides cells, a text must not begin one: each cell stands in quotes."""
    made(chatbot_title="a;=1+1")
    lines = "".join(rows(Change.objects.all())).split("\r\n")
    assert '"a;=1+1"' in lines[1]
    assert all(line.startswith(('"', "\ufeff")) for line in lines if line)


def test_many_changes_are_never_all_in_memory() -> None:
    one = Change(
        kind=Kind.WEBHOOK,
        outcome=Outcome.DONE,
        member_email="editor@example.com",
        before={"webhook_url": "https://example.com/" + "x" * 200},
        asked={"webhook_url": None},
    )
    fields = {name: getattr(one, name) for name in ("kind", "outcome", "before", "asked")}
    Change.objects.bulk_create([Change(**fields) for _number in range(6_000)], batch_size=500)
    tracemalloc.start()
    try:
        lines = sum(1 for _line in rows(Change.objects.select_related("member")))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines == 6_001
    # All of them together take 16 MB.
    assert peak < 6_000_000
