"""Nine bodies that nobody can read, on every page that reads Caigunn: a readable error or a page
that says what is missing, and whoever met it is still signed in and connected (reliability §8.12).
"""

from collections.abc import Iterator

import pytest
from django.core.cache import caches

from tests.faults.matrix import forms
from tests.faults.matrix.pages import Page, pages
from tests.faults.matrix.stage import READS, Answer, Stage
from tests.pages.calls import BAD_BODIES, NO_ANSWER, NOT_UNDERSTOOD
from tests.pages.drawn import htmx

PAGES = {page.name: page for page in pages()} | {
    "list drawn anew": Page("", "", "/chatbots/", fragment="results"),
    "plans drawn anew": Page("", "", "/plans/", fragment="plans"),
    "detail read anew": Page("", "", "/chatbots/{id}/?fresh=1"),
}
# Beside their first read they need others: those of the list prove where it ends.
READS_AGAIN = [name for name, page in PAGES.items() if page.reads_again]
FORMS = {"reveal": forms.reveal, "token connect": forms.connecting}
# What can be read of a chatbot whose fields are of other types than documented is shown.
WRONG_TYPES = "wrong types"
OF_ONE_CHATBOT = {
    *("detail", "detail read anew", "edit", "webhook form", "webhook form in a row"),
    *("delete form", "history", "undo", "reveal"),
}
UNREADABLE = {"Caigunn sent something that cannot be read", "Could not be read", "Unknown"}


@pytest.fixture
def stage(db: None) -> Iterator[Stage]:
    with Stage() as ready:
        yield ready


def test_they_are_nine() -> None:
    assert len(BAD_BODIES) == 9


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_reads_nothing_good(stage: Stage, name: str) -> None:
    stage.set_back()
    address = address_of(stage, PAGES[name])
    for body, fault in BAD_BODIES.items():
        forget()
        stage.fail_reads(fault(READS), 0)
        shown = look(stage, PAGES[name], address)
        if name == "webhook cell":
            # Part of a page that is there: a word in its place.
            assert (body, shown.status) == (body, 200)
            assert UNREADABLE & {*shown.seen.unreadable}
        elif body == WRONG_TYPES and name in OF_ONE_CHATBOT:
            assert_partial(shown, body)
        else:
            assert_readable_error(shown, body)
        if name.startswith("detail") and shown.status == 200:
            assert UNREADABLE & {*shown.seen.unreadable}
        assert_all_is_well_again(stage, PAGES[name], address, body)


@pytest.mark.parametrize("name", READS_AGAIN)
def test_a_page_that_reads_one_good_answer(stage: Stage, name: str) -> None:
    stage.set_back()
    address = address_of(stage, PAGES[name])
    for body, fault in BAD_BODIES.items():
        forget()
        stage.fail_reads(fault(READS), 1)
        shown = look(stage, PAGES[name], address)
        if name == "edit":
            # Where the models cannot be read, the id of one can be typed.
            assert_partial(shown, body)
        else:
            assert_readable_error(shown, body)
        assert_all_is_well_again(stage, PAGES[name], address, body)


@pytest.mark.parametrize("webhooks", ["/chatbots/?webhooks=1", "/chatbots/?q=a&webhooks=1"])
def test_a_list_whose_webhooks_are_all_bad_shows_the_rest(stage: Stage, webhooks: str) -> None:
    stage.set_back()
    for body, fault in BAD_BODIES.items():
        forget()
        stage.sandbox.order(fault("/user/chatbot/[^/]+$"))
        shown = stage.get(webhooks)
        stage.all_is_well()
        assert_partial(shown, body)
        assert stage.bot.title in shown.page.text
        assert UNREADABLE & {*shown.seen.unreadable}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_only_reads(stage: Stage, name: str) -> None:
    stage.set_back()
    for body, fault in BAD_BODIES.items():
        forget()
        filled = FORMS[name](stage)
        stage.fail_reads(fault(READS), 0)
        shown = stage.send(filled.form, filled.press, filled.typed)
        if body == WRONG_TYPES and name in OF_ONE_CHATBOT:
            assert_partial(shown, body)
        else:
            assert_readable_error(shown, body)
        stage.all_is_well()
        again = stage.send(filled.form, filled.press, filled.typed)
        assert (again.final_status, again.seen.error) == (200, "")


def address_of(stage: Stage, page: Page) -> str:
    """Where the page is; nothing of what it reads is known here."""
    if page.leads_there is None:
        return page.address.format(id=stage.bot.id)
    return page.leads_there(stage)


def forget() -> None:
    """Nothing is known of what was read before."""
    for cache in caches.all(initialized_only=True):
        cache.clear()


def look(stage: Stage, page: Page, address: str) -> Answer:
    """The page, or the part of it that htmx asks for."""
    headers = htmx(page.fragment.format(id=stage.bot.id)) if page.fragment else None
    return stage.get(address, headers)


def assert_readable_error(shown: Answer, body: str) -> None:
    """It says what is wrong, and has a number to be found by."""
    status, said = (503, NO_ANSWER) if body == "cut" else (502, NOT_UNDERSTOOD)
    assert (body, shown.final_status, shown.seen.error) == (body, status, said)
    assert "Number of this request" in shown.page.text
    assert "Sign out" in shown.page.text


def assert_partial(shown: Answer, body: str) -> None:
    """It shows what it can."""
    assert (body, shown.final_status, shown.seen.error) == (body, 200, "")
    assert shown.page.text


def assert_all_is_well_again(stage: Stage, page: Page, address: str, body: str) -> None:
    """For the same browser: nothing was kept of it, nobody was signed out or disconnected."""
    stage.all_is_well()
    shown = look(stage, page, address)
    assert (shown.status, shown.seen.error) == (200, "")
    # What could be read in part is an answer, and as good as another for a minute.
    assert body == WRONG_TYPES or not UNREADABLE & {*shown.seen.unreadable}
    assert "last known" not in shown.page.text
    mine = stage.get("/token/")
    assert mine.status == 200
    assert "Caigunn refused this token" not in mine.page.text
