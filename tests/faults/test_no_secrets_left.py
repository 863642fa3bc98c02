"""After a run through everything, on either database and at the loudest log level, no access token,
no API key and no password that was typed stands in clear in the database, its cache, the log, an
address, or a page that was not asked to reveal one (reliability §8.2)."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

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


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)]
)
def left(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Left]:
    collect_static(tmp_path_factory.getbasetemp().parent)
    nursery: Nursery = request.getfixturevalue(f"{request.param}_nursery")
    folder = tmp_path_factory.mktemp("secrets")
    with Sandbox(chatbots=4) as caigunn, House(nursery, caigunn.url) as house:
        with dashboards(house, folder, settings=LOUD) as (dashboard,):
            email = "admin-here@example.com"
            dashboard.add_member(email, "admin")
            run = Run(caigunn, Person(dashboard.url, email))
            run.everything()
        url = dashboard.environment["DATABASE_URL"]
        yield Left(
            run, list(dump(url)), "".join(file.read_text() for file in folder.rglob("*.log"))
        )
        assert caigunn.refusals == []


def test_none_in_the_database_and_its_cache(left: Left) -> None:
    tables = {table for table, _text in left.cells}
    known = {"caigunn_cache", "activity_change", "chatbots_accesstoken", "chatbots_keptinput"}
    assert known | {"django_session", "team_member"} <= tables
    # What may be kept is found in the same way.
    kept = [text for table, text in left.cells if table == "caigunn_cache"]
    assert any(left.run.bots[0].id in text for text in kept)
    assert [hit for where, text in left.cells for hit in left.run.found_in(where, text)] == []


def test_none_in_the_log(left: Left) -> None:
    lines = left.log.splitlines()
    assert any("/user/chatbot" in line for line in lines)
    assert any("DEBUG" in line for line in lines)
    assert [hit for line in lines for hit in left.run.found_in(line[:60], line)] == []


def test_none_in_an_address(left: Left) -> None:
    run = left.run
    urls = [f"{one.path}?{one.query}" for one in run.caigunn.requests]
    for address, visit in run.admin.visits:
        urls += [address, visit.headers.get("location", ""), visit.headers.get("hx-redirect", "")]
        urls += re.findall(r'(?:href|action|src|hx-\w+)="([^"]*)"', visit.text)
    assert len(urls) > 500
    assert [hit for url in urls for hit in run.found_in("an address", url)] == []


def test_none_in_a_page_that_does_not_reveal_it(left: Left) -> None:
    run = left.run
    reveals = ("reveal/", "?created=", run.keyed.id)
    pages = [
        (address, visit)
        for address, visit in run.admin.visits
        if not any(mark in address for mark in reveals)
    ]
    assert len(pages) > 50
    found = [
        hit
        for address, visit in pages
        for hit in run.found_in(address, f"{visit.text} {visit.headers}")
    ]
    assert found == []


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
