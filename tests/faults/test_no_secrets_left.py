"""After a run through everything, on either database and at the loudest log level, no access token,
no API key and no password that was typed stands in clear in the database, its cache, the log, an
address, or a page that was not asked to reveal one (reliability §8.2)."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.core import signing

from chatbots.sandbox import Sandbox
from tests.browser.dashboard import collect_static

from .processes import House, Nursery
from .secrets_run import Run, dump, unpacked
from .visiting import Person, dashboards

# What an administrator who looks for a fault may set. Neither the templates' debug lines, which
# print whole contexts, nor urllib3's, which name whole URLs, are let through by production's own.
LOUD = """
LOGGING = {
    **LOGGING,
    "root": {**LOGGING["root"], "level": "DEBUG"},
    "loggers": {
        **LOGGING["loggers"],
        "chatbots": {"level": "DEBUG"},
        "caigunn_admin": {"level": "DEBUG"},
        "django": {"level": "DEBUG"},
        "django.template": {"level": "INFO"},
    },
}
"""


@dataclass
class Left:
    """What a run has left behind; its servers have ended."""

    run: Run
    cells: list[tuple[str, str]]
    log: str


@pytest.fixture
def left(
    nursery: Nursery, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Left]:
    collect_static(tmp_path_factory.getbasetemp().parent)
    with Sandbox(chatbots=4) as caigunn, House(nursery, caigunn.url) as house:
        with dashboards(house, tmp_path, settings=LOUD) as (dashboard,):
            email = "admin-here@example.com"
            dashboard.add_member(email, "admin")
            run = Run(caigunn, Person(dashboard.url, email))
            run.everything()
        cells = list(dump(dashboard.environment["DATABASE_URL"]))
        yield Left(run, cells, "".join(file.read_text() for file in tmp_path.rglob("*.log")))
        assert caigunn.refusals == []


def test_none_stands_anywhere_in_clear(left: Left) -> None:
    """One run for all: it is the long part."""
    assert [hit for hits in (in_cells, in_log, in_addresses, in_pages) for hit in hits(left)] == []


def in_cells(left: Left) -> list[str]:
    """In the database, its cache among the tables."""
    tables = {table for table, _text in left.cells}
    known = {"caigunn_cache", "activity_change", "chatbots_accesstoken", "chatbots_keptinput"}
    assert known | {"django_session", "team_member"} <= tables
    # What may be kept is found in the same way.
    kept = [text for table, text in left.cells if table == "caigunn_cache"]
    assert any(left.run.bots[0].id in text for text in kept)
    return [hit for where, text in left.cells for hit in left.run.found_in(where, text)]


def in_log(left: Left) -> list[str]:
    """In what the servers have written."""
    lines = left.log.splitlines()
    assert any("/user/chatbot" in line for line in lines)
    assert any("Gateway Timeout" in line for line in lines)
    return [hit for line in lines for hit in left.run.found_in(f"log: {line[:80]}", line)]


def in_addresses(left: Left) -> list[str]:
    """In what was asked of Caigunn, and in where pages lead."""
    run = left.run
    urls = [f"{one.path}?{one.query}" for one in run.caigunn.requests]
    for address, visit in run.admin.visits:
        urls += [address, visit.headers.get("location", ""), visit.headers.get("hx-redirect", "")]
        urls += re.findall(r'(?:href|action|src|hx-\w+)="([^"]*)"', visit.text)
    assert len(urls) > 500
    return [hit for url in urls for hit in run.found_in(f"address: {url[:20]}", url)]


def in_pages(left: Left) -> list[str]:
    """In pages that were not asked for one."""
    run = left.run
    reveals = ("reveal/", "?created=", run.keyed.id)
    pages = [one for one in run.admin.visits if not any(mark in one[0] for mark in reveals)]
    assert 50 < len(pages) < len(run.admin.visits)
    return [
        hit
        for address, visit in pages
        for hit in run.found_in(f"page: {address}", f"{visit.text} {visit.headers}")
    ]


@pytest.mark.parametrize(
    "pack",
    [
        str,
        lambda text: base64.b64encode(f"\x80{text}".encode("latin-1")).decode(),
        lambda text: signing.dumps({"a": text}),
        lambda text: signing.dumps({"a": [text] * 50}, compress=True),
        lambda text: json.dumps({"a": {"b": f"https://a.example/?key={text}"}}),
    ],
    ids=["as it is", "cached", "signed", "compressed", "in a Change"],
)
def test_one_that_is_left_would_be_found(pack: Callable[[str], str]) -> None:
    run = Run(Sandbox(), Person("http://localhost", ""), {"a-secret-of-a-test"})
    assert run.found_in("here", unpacked(pack("a-secret-of-a-test")))
    assert not run.found_in("here", unpacked(pack("something-else-0001")))
