"""Two members who edit the same fields of one chatbot at random moments, each through a server of
their own: nobody's value is overwritten by somebody who has not seen it (reliability §8.25)."""

import json
import random
import re
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from chatbots.sandbox import Chatbot, RecordedRequest, Sandbox
from tests.browser.dashboard import collect_static
from tests.pages.calls import WEBHOOK
from tests.pages.drawn import Drawn, Form

from .conftest import OpenHouse
from .visiting import Person, dashboards

NAMES = ("one", "other")
FIELDS = ("title", "prompt", "webhook_url")
FORMS = {"edit/": FIELDS, "webhook/": ("webhook_url",)}
ROUNDS = 15
TOGETHER = 3  # rounds in which both have the same form open before either sends it
SECONDS = 60.0
THEIRS = r"Theirs, what Caigunn reports now (\S+) Yours (\S+)"
REFUSED = (
    *("Somebody else has changed this", "Somebody else has changed the webhook"),
    *("is still being written", "waits for the settings"),
)


@dataclass
class Attempt:
    """A form that was sent: what the member saw in the fields that they changed, what they typed,
    and what they were told."""

    seen: dict[str, str]
    typed: dict[str, str]
    told: Drawn
    is_taken: bool


@dataclass
class Writer:
    """A member at work on one chatbot, at `address`."""

    name: str
    person: Person
    address: str
    attempts: list[Attempt] = field(default_factory=list)
    _number: int = 0

    def __post_init__(self) -> None:
        self.chance = random.Random(self.name)

    def edit(self, gate: threading.Barrier, *, both: bool) -> None:
        """Open a form and send it; with `both`, all fields of it, and only once the other has it
        open too. What clashes then is insisted on, or left to them."""
        gate.wait()
        page = "edit/" if both else self.chance.choice(list(FORMS))
        form, there = self.person.form(self.address + page), FORMS[page]
        chosen = there if both else self.chance.sample(there, self.chance.randint(1, len(there)))
        self._number += 1
        typed = {name: self._value(name) for name in chosen}
        seen = {name: form.fields[name] for name in typed}
        if both:
            gate.wait()
        else:
            self._think()
        told = self._send(form, seen, typed)
        if not told.is_taken and (both or self.chance.random() < 0.7):
            self._think()
            self._settle(told)

    def _think(self) -> None:
        """As long as so many other pages take."""
        for _page in range(self.chance.randrange(4)):
            self.person.open("/token/")

    def _value(self, name: str) -> str:
        """A value that nobody else types."""
        start = "https://" if name == "webhook_url" else ""
        return f"{start}{self.name}-{self._number}.{name.partition('_')[0]}.example"

    def _send(
        self, form: Form, seen: dict[str, str], typed: dict[str, str], **more: str
    ) -> Attempt:
        visit = self.person.send(form, None, **typed, **more)
        assert visit.status in {302, 422}, visit.status
        told = Drawn(visit.text, form.action)
        attempt = Attempt(seen, typed, told, visit.status == 302)
        if not attempt.is_taken:
            assert any(words in told.text for words in REFUSED), told.text
            # The input stays, whoever wrote meanwhile.
            again = told.form(form.action).fields
            assert {name: again[name] for name in typed} == typed
        self.attempts.append(attempt)
        return attempt

    def _settle(self, refused: Attempt) -> None:
        """Send it again: theirs, as the page shows it, in some fields, mine in the others."""
        shown = {mine: theirs for theirs, mine in re.findall(THEIRS, refused.told.text)}
        form = next(one for one in refused.told.forms if one.action.startswith(self.address))
        has_choices = form.action.endswith("edit/")
        seen, typed, uses = {}, {}, {}
        for name, mine in refused.typed.items():
            theirs = shown.get(mine)
            takes = has_choices and theirs is not None and self.chance.random() < 0.3
            if has_choices and theirs is not None:
                uses[f"use_{name}"] = "theirs" if takes else "mine"
            if not takes:
                typed[name] = mine
                seen[name] = refused.seen[name] if theirs is None else theirs
        self._send(form, seen, typed, **uses)


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    """One that takes its time, so that they meet."""
    with Sandbox(chatbots=1, latency_ms=5) as running:
        yield running
        assert running.refusals == []


@pytest.fixture
def writers(
    caigunn: Sandbox,
    open_house: OpenHouse,
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[list[Writer]]:
    """Two of them, who are connected to the same chatbot."""
    collect_static(tmp_path_factory.getbasetemp().parent)
    bot, token = caigunn.users[0].chatbots[0], caigunn.users[0].token
    house = open_house()
    people = {f"{name}@example.com": token for name in NAMES}
    sessions = house.ask("join_crowd", json.dumps(people))
    with dashboards(house, tmp_path, len(NAMES)) as running:
        yield [
            Writer(
                name,
                Person(server.url, email, session=sessions[email]),
                f"/chatbots/{bot.id}/",
            )
            for name, email, server in zip(NAMES, people, running, strict=True)
        ]


def work(writers: list[Writer]) -> list[Attempt]:
    """What all of them sent, in rounds that they begin at the same moment."""
    gate = threading.Barrier(len(writers), timeout=SECONDS)

    def at_it(writer: Writer) -> None:
        try:
            for number in range(ROUNDS):
                writer.edit(gate, both=number < TOGETHER)
        except BaseException:
            gate.abort()
            raise

    with ThreadPoolExecutor(len(writers)) as pool:
        for done in [pool.submit(at_it, writer) for writer in writers]:
            done.result()
    return [attempt for writer in writers for attempt in writer.attempts]


def written(caigunn: Sandbox, bot: Chatbot) -> dict[str, list[str]]:
    """The values of each field in the order in which Caigunn took them."""
    found: dict[str, list[str]] = {name: [] for name in FIELDS}
    for one in caigunn.requests:
        if one.method != "GET":
            assert (one.method, one.status) == ("PUT", 200)
            for name, value in values_of(one).items():
                found[name].append(value)
    assert {name: bot.fields[name] for name in FIELDS} == {
        name: values[-1] for name, values in found.items()
    }
    return found


def values_of(request: RecordedRequest) -> dict[str, str]:
    """What a request writes."""
    if request.path == WEBHOOK:
        return dict(json.loads(request.body))
    part = re.compile(r'name="(\w+)"\r\n\r\n(.*?)\r\n--', re.DOTALL)
    return dict(part.findall(request.body.decode()))


def test_nobody_overwrites_what_they_have_not_seen(caigunn: Sandbox, writers: list[Writer]) -> None:
    bot = caigunn.users[0].chatbots[0]
    before = {name: str(bot.fields[name]) for name in FIELDS}
    caigunn.clear_requests()
    attempts = work(writers)
    for name, values in written(caigunn, bot).items():
        for earlier, value in pairwise([before[name], *values]):
            assert any(
                attempt.typed.get(name) == value and attempt.seen[name] == earlier
                for attempt in attempts
            ), f"{value} was written over {earlier}, which its writer had not seen"
        # Whoever was told that it was saved has had it saved.
        taken = [one.typed[name] for one in attempts if one.is_taken and name in one.typed]
        assert set(taken) <= set(values)
    for writer in writers:
        assert any(attempt.is_taken for attempt in writer.attempts)
    assert sum(not attempt.is_taken for attempt in attempts) >= TOGETHER
