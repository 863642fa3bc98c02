"""Caigunn away (reliability §8.30): pages answer at once, say how old they are, and recover.

What is asserted is what was sent: while Caigunn is known to be away, nothing but a probe.
"""

import re
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.bench.__main__ import sign_in
from tests.bench.visitor import Visitor
from tests.browser.dashboard import Dashboard, collect_static
from tests.conftest import Browsing
from tests.faults.away import (
    ALWAYS,
    NO_ANSWER,
    Log,
    Outage,
    break_it,
    breaker_in_use,
    caigunn_that_goes,
    give_the_probe_its_turn,
    probe_is_over,
    restart,
    wait_for,
)
from tests.pages.drawn import assert_error, assert_page, drawn

CANNOT_BE_REACHED = "It cannot be reached at the moment."
UNSEEN = "a page nobody has seen"
LIST = "/chatbots/"


@pytest.fixture(autouse=True)
def _breaker_in_use(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with breaker_in_use(settings, monkeypatch):
        yield


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


@pytest.fixture
def outage(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[Outage]:
    """A 503 from a gateway, where a test does not ask for another kind."""
    with caigunn_that_goes(getattr(request, "param", "503"), settings) as found:
        yield found


@pytest.fixture
def admin(browse: Browsing, outage: Outage) -> Client:
    """An Admin, connected to Caigunn."""
    return browse("admin", outage.token)


@pytest.fixture
def bot(outage: Outage) -> Chatbot:
    """The first chatbot; it has a webhook."""
    return outage.running.users[0].chatbots[0]


every_kind = pytest.mark.parametrize("outage", ["503", "hang", "refused"], indirect=True)


def pages(bot: Chatbot) -> dict[str, tuple[str, int]]:
    """Every page, and how it answers while Caigunn is away and was there five minutes ago."""
    one = f"/chatbots/{bot.id}/"
    return {
        "list": ("/chatbots/", 200),
        "list with webhooks": ("/chatbots/?webhooks=1", 200),
        "search": ("/chatbots/?q=a", 200),
        UNSEEN: ("/chatbots/?page=9", 503),
        "chatbot": (one, 200),
        "plans": ("/plans/", 200),
        "edit": (f"{one}edit/", 503),
        "webhook": (f"{one}webhook/", 503),
        "new": ("/chatbots/new/", 200),
        "delete": (f"{one}delete/", 200),
        "token": ("/token/", 200),
    }


AGED = ["list", "list with webhooks", "search", "chatbot", "plans", "new", "delete"]


@every_kind
def test_every_page_answers_without_a_call(
    outage: Outage, admin: Client, bot: Chatbot, settings: LazySettings, log: Log
) -> None:
    with time_machine.travel(timezone.now() - timedelta(minutes=5)):
        for name, (address, _) in pages(bot).items():
            if name != UNSEEN:
                admin.get(address)
    break_it(admin, outage, log)
    for name, (address, status) in pages(bot).items():
        response = admin.get(address)
        if status == 503:
            page = assert_error(response, 503, NO_ANSWER)
            assert CANNOT_BE_REACHED in page.text, name
            assert address in page.hrefs, name
        else:
            page = assert_page(response)
        if name in AGED:
            assert re.search("last known copy, read 5\\sminutes ago", page.text), name
        if name == "list with webhooks":
            cells = re.findall("last known, read 5\\sminutes ago", page.text)
            assert len(cells) == len(rows(page.html)) == 5
    log.assert_nothing_sent()


def rows(html: str) -> set[str]:
    """The chatbots that have a row."""
    return set(re.findall(r'href="/chatbots/([\w-]{36})/"', html))


def test_fragments_answer_without_a_call(outage: Outage, admin: Client, log: Log) -> None:
    admin.get("/chatbots/?webhooks=1")
    break_it(admin, outage, log)
    for target in ("results", "webhooks"):
        headers = {"HX-Request": "true", "HX-Target": target}
        parts = drawn(admin.get("/chatbots/", headers=headers))
        assert not parts.is_page
        assert rows(parts.html) or target == "webhooks"
    log.assert_nothing_sent()


def test_somebody_without_a_copy_is_told_so_without_a_call(
    outage: Outage, admin: Client, bot: Chatbot, log: Log, browse: Browsing
) -> None:
    other = browse("viewer", outage.running.users[1].token)
    admin.get("/chatbots/")
    break_it(admin, outage, log)
    page = assert_error(other.get("/chatbots/"), 503, NO_ANSWER)
    assert bot.id not in page.html
    log.assert_nothing_sent()


# Recovery


@every_kind
def test_it_recovers_without_a_restart(
    outage: Outage, admin: Client, settings: LazySettings, log: Log
) -> None:
    settings.BREAKER_PROBE_SECONDS = 0.0
    admin.get("/chatbots/")
    break_it(admin, outage, log)
    assert "last known copy" in assert_page(admin.get("/chatbots/")).text
    outage.end()
    log.clear()
    wait_for(lambda: "last known copy" not in assert_page(admin.get("/chatbots/")).text)
    assert len(log.probes) == 1
    assert log.says("Caigunn is back")
    log.clear()
    assert_page(admin.get("/chatbots/"))
    assert log.attempts
    assert log.probes == []


@every_kind
def test_one_probe_is_enough_for_every_process(outage: Outage, admin: Client, log: Log) -> None:
    admin.get("/chatbots/")
    break_it(admin, outage, log)
    restart()
    assert "last known copy" in assert_page(admin.get("/chatbots/")).text
    log.assert_nothing_sent()
    outage.end()
    give_the_probe_its_turn(outage)
    for _ in range(3):
        assert "last known copy" not in assert_page(admin.get("/chatbots/")).text
        restart()
    assert len(log.probes) == 1


def test_a_chatbot_that_hangs_alone_takes_the_list_away_for_a_probe_at_most(
    outage: Outage, admin: Client, bot: Chatbot, log: Log
) -> None:
    admin.get("/chatbots/")
    outage.running.order(Fault("hang", path=f"{bot.id}$", times=ALWAYS))
    for alarms in (1, 2):
        for _ in range(3):
            assert_error(admin.get(f"/chatbots/{bot.id}/"), 503, NO_ANSWER)
        probe_is_over()
        assert len(log.probes) == alarms
        assert "last known copy" not in assert_page(admin.get("/chatbots/")).text


def test_rows_that_hang_beside_rows_that_answer_are_no_outage(
    outage: Outage, admin: Client, log: Log
) -> None:
    hanging = [one.id for one in outage.running.users[0].chatbots[:4]]
    for chatbot_id in hanging:
        outage.running.order(Fault("hang", path=f"{chatbot_id}$", times=ALWAYS))
    page = assert_page(admin.get("/chatbots/?webhooks=1"))
    assert page.text.count("Could not be read") == len(hanging)
    assert not log.says("Caigunn is away")
    assert log.probes == []


# Real workers

# However busy the machine is, a second probe is no matter of time.
SELDOM = """
from caigunn_admin.settings import *
BREAKER_PROBE_SECONDS = 600.0
"""


def test_two_servers_share_what_one_of_them_finds(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    collect_static(tmp_path_factory.getbasetemp().parent)
    (tmp_path / "beside").mkdir()
    with ExitStack() as stack:
        caigunn = stack.enter_context(Sandbox(chatbots=3))
        (tmp_path / "seldom.py").write_text(SELDOM)
        place = {"DJANGO_SETTINGS_MODULE": "seldom", "PYTHONPATH": str(tmp_path)}
        first = Dashboard(tmp_path, caigunn.url, **place)
        first.release()
        stack.enter_context(first)
        second = stack.enter_context(first.beside(tmp_path / "beside"))
        visitor = sign_in(first, caigunn.users[0].token)
        elsewhere = Visitor(second.url, **visitor._cookies)
        both = [visitor, elsewhere]
        # Every worker of either server has met the page, and knows that all is well.
        assert visit(both) == {"fresh"}
        caigunn.clear_requests()
        caigunn.order(Fault("status", status=503, times=ALWAYS))
        assert visit([visitor]) == {"old"}
        # A worker hears of it within a second.
        wait_for(lambda: visit(both) == {"old"} and not caigunn_was_asked(caigunn))
        assert visit(both) == {"old"}
        assert not caigunn_was_asked(caigunn)
        caigunn.clear_faults()
        wait_for(lambda: end_turn(first.database) and visit(both) == {"fresh"})
        assert elsewhere.get(LIST).status == 200


def visit(visitors: list[Visitor]) -> set[str]:
    """How the list looks to each, in enough visits for every worker to have had some."""
    found = set()
    for visitor in visitors * 10:
        answer = visitor.get(LIST)
        assert answer.status == 200
        found.add("old" if "last known copy" in answer.text else "fresh")
    return found


def caigunn_was_asked(caigunn: Sandbox) -> bool:
    """Whether anything but a probe reached it since this was last asked."""
    asked = [one.path for one in caigunn.requests if not one.path.endswith("/plan")]
    assert len(caigunn.requests) - len(asked) <= 1, "more than one probe"
    caigunn.clear_requests()
    return bool(asked)


def end_turn(database: Path) -> bool:
    """Let the time between two probes be over."""
    with closing(sqlite3.connect(database, timeout=20)) as opened, opened:
        opened.execute("DELETE FROM caigunn_cache WHERE cache_key LIKE '%breaker:probed%'")
    return True
