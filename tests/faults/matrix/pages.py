"""The pages that read Caigunn, each with every fault that a read can meet."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Literal

from django.test.utils import override_settings

from tests.pages.drawn import htmx

from .cells import NOT_MET, Cell, played, routes
from .forms import undo_address
from .stage import READS, Answer, NoAnswer, Stage, is_unsafe
from .troubles import OF_READS, Trouble

Where = Literal["every read", "later reads", "with a copy"]


@dataclass(frozen=True)
class Page:
    """`route` as the URL conf has it; `address` with `{id}` for the chatbot. `fragment` is the id
    that htmx asks for. `reads_again`: after its first read come others; `is_kept`: a copy of what
    was read before stands in for an answer."""

    name: str
    route: str
    address: str
    fragment: str = ""
    reads_again: bool = False
    is_kept: bool = False
    leads_there: Callable[[Stage], str] | None = None
    """What is done first, and the address that it leads to, where that is not `address`."""

    @property
    def places(self) -> tuple[Where, ...]:
        """Where a fault can meet it."""
        more: list[Where] = ["every read"]
        if self.reads_again:
            more.append("later reads")
        if self.is_kept:
            more.append("with a copy")
        return tuple(more)


_BOT = "chatbots/<chatbot:chatbot_id>/"
_ALL = (
    Page("list", "chatbots/", "/chatbots/", is_kept=True, reads_again=True),
    Page(
        "list with webhooks",
        "chatbots/",
        "/chatbots/?webhooks=1",
        is_kept=True,
        reads_again=True,
    ),
    Page("list, searched", "chatbots/", "/chatbots/?q=a", is_kept=True, reads_again=True),
    Page(
        "list, webhooks searched",
        "chatbots/",
        "/chatbots/?q=hook&search_webhooks=1",
        is_kept=True,
        reads_again=True,
    ),
    Page(
        "webhooks of the list",
        "chatbots/",
        "/chatbots/",
        fragment="webhooks",
        is_kept=True,
        reads_again=True,
    ),
    Page("detail", _BOT, "/chatbots/{id}/", is_kept=True),
    Page("plans", "plans/", "/plans/", is_kept=True, reads_again=True),
    Page("new", "chatbots/new/", "/chatbots/new/", is_kept=True, reads_again=True),
    Page("new like another", "chatbots/new/", "/chatbots/new/?from={id}", reads_again=True),
    Page("edit", f"{_BOT}edit/", "/chatbots/{id}/edit/", reads_again=True),
    Page("webhook form", f"{_BOT}webhook/", "/chatbots/{id}/webhook/"),
    Page("webhook form in a row", f"{_BOT}webhook/", "/chatbots/{id}/webhook/", "webhook-{id}"),
    Page(
        "webhook cell",
        f"{_BOT}webhook/",
        "/chatbots/{id}/webhook/?show=1",
        fragment="webhook-{id}",
        is_kept=True,
    ),
    Page("delete form", f"{_BOT}delete/", "/chatbots/{id}/delete/", is_kept=True),
    Page("history", f"{_BOT}history/", "/chatbots/{id}/history/", is_kept=True),
    Page("undo", "changes/<uuid:change_id>/undo/", "", leads_there=undo_address),
)

# These ask Caigunn nothing: route to address.
SILENT = {
    "": "/",
    "token/": "/token/",
    "activity/": "/activity/",
    "activity/sign-ins/": "/activity/sign-ins/",
    "team/": "/team/",
    "healthz": "/healthz",
    "readyz": "/readyz",
}


def pages() -> list[Page]:
    """Those that the site has."""
    known = routes()
    return [page for page in _ALL if page.route in known]


def cells(stage: Stage, page: Page, where: Where) -> Iterator[Cell]:
    """The cells of one page and place. Raises AssertionError where the place is not one of the
    page's when all is well."""
    reads = _healthy(stage, page)
    assert reads > (where == "later reads"), f"{page.name} reads Caigunn {reads} times"
    for trouble in OF_READS:
        play = partial(_cell, stage, page, where, trouble)
        yield played(play, is_slow=trouble.is_slow)


def _healthy(stage: Stage, page: Page) -> int:
    stage.set_back()
    address = _address(stage, page)
    answer = _open(stage, page, address)
    assert answer.status == 200, f"{page.name} answers {answer.status} when all is well"
    assert not answer.seen.error
    return len(stage.sandbox.requests)


def _address(stage: Stage, page: Page) -> str:
    if page.leads_there is None:
        return page.address.format(id=stage.bot.id)
    address = page.leads_there(stage)
    stage.sandbox.clear_requests()
    return address


def _open(stage: Stage, page: Page, address: str) -> Answer:
    headers = htmx(page.fragment.format(id=stage.bot.id)) if page.fragment else None
    return stage.get(address, headers)


def _cell(stage: Stage, page: Page, where: Where, trouble: Trouble, seconds: float) -> Cell:
    stage.set_back()
    address = _address(stage, page)
    if where == "with a copy":
        _open(stage, page, address)
        stage.sandbox.clear_requests()
    passing = 1 if where == "later reads" else 0
    before = stage.holds()
    stage.fail_reads(trouble.fault("GET", READS), passing)
    answer: Answer | None = None
    fresh = 0.0 if where == "with a copy" else 60.0
    with stage.patience(seconds), override_settings(FRESH_SECONDS=fresh), suppress(NoAnswer):
        answer = _open(stage, page, address)
    stage.all_is_well()
    requests, after = stage.sandbox.requests, stage.holds()
    sent = sum(is_unsafe(one.method, one.path) for one in requests)
    breaches = [*_breaches(answer, sent, is_met=len(requests) > passing)]
    if after != before:
        breaches.append("a page has changed something at Caigunn")
    later = _open(stage, page, address)
    if later.status != 200 or later.seen.error or "last known" in later.html:
        breaches.append(f"once all is well again it answers {later.statuses} {later.seen.said!r}")
    return Cell(
        page.name,
        where,
        trouble.name,
        answer.statuses if answer else "none",
        answer.seen.said if answer else "",
        "nothing" if after == before else "something",
        sent,
        "",
        tuple(breaches),
    )


def _breaches(answer: Answer | None, sent: int, *, is_met: bool) -> Iterator[str]:
    if answer is None:
        yield "no answer in time"
        return
    if 500 in {answer.status, answer.final_status}:
        yield f"500: {answer.trace}"
    if not is_met:
        yield NOT_MET
    if sent:
        yield f"a page has sent {sent} requests that may change something"
    if answer.final_status >= 400 and not answer.seen.error:
        yield "an error without a word about it"
