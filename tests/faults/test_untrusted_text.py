"""Whatever Caigunn calls a chatbot, a plan, a model or a webhook, and whatever it says of an error,
is text on every page that shows it: no markup, no script, no such link (reliability §8.15)."""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from chatbots.sandbox import Fault
from tests.faults.matrix import forms
from tests.faults.matrix.forms import Filled
from tests.faults.matrix.pages import Page, pages
from tests.faults.matrix.stage import READS, Answer, Stage
from tests.pages.calls import ALWAYS, full_of_text
from tests.pages.drawn import Drawn, htmx

MARK = "wildly-named"
WILD = {
    "markup": f"</title></textarea></script><script>alert(1)</script><x-{MARK} onclick=alert(1)>",
    "attribute": f"\"'><img src=x-{MARK} onerror=alert(1) data-x=\"'",
    "javascript": f"javascript:alert('{MARK}')",
    "hidden javascript": f" \x01JaVa\tScRiPt:alert('{MARK}')//https://a.example/",
    "data": f"data:text/html,<script>alert('{MARK}')</script>",
    "control characters": f"bell \x07, escape \x1b[31m, delete \x7f\x9b {MARK}",
    "right-to-left override": f"safe-{MARK}\u202egnp.exe\u2066 isolated",
    "template": "{{ 7|add:7 }} {% now 'Y' %} {# " + MARK + " #}",
    "an address with markup": f'https://{MARK}.example/"><script>alert(1)</script>?a=<b>',
    "an address of nobody": f"https://[{MARK}/x",
    "without an end": f"{MARK} " + "長" * 3_000,
}
# The undo and what comes after it stand after a write.
PAGES = (
    {
        "list drawn anew": Page("", "", "/chatbots/", fragment="results"),
        "plans drawn anew": Page("", "", "/plans/", fragment="plans"),
        "new with a webhook": Page("", "", "/chatbots/new/?from={id}&webhook=1"),
    }
    | {page.name: page for page in pages()}
    | {
        "list, webhooks searched": Page("", "", f"/chatbots/?q={MARK}&search_webhooks=1"),
        "history of it": Page("", "", "/chatbots/{id}/history/"),
        "activity": Page("", "", "/activity/"),
    }
)
LINKS = frozenset({"href", "src", "action", "formaction", "hx-get", "hx-post", "data-copy-from"})
TITLE, WEBHOOK, PROMPT, PLAN, MODEL = "title", "webhook_url", "prompt", "plan", "model"
# What each page shows, at least; the detail page also whatever nobody documented.
SHOWS = {name: {TITLE} for name in PAGES} | {
    "list with webhooks": {TITLE, WEBHOOK},
    "webhooks of the list": {WEBHOOK},
    "detail": {TITLE, WEBHOOK, PROMPT, PLAN, MODEL, "share_link", "opentalk_host", "new"},
    "plans": {PLAN},
    "plans drawn anew": {PLAN},
    "new": {PLAN},
    "new like another": {TITLE, PROMPT, PLAN},
    "new with a webhook": {TITLE, WEBHOOK, PROMPT, PLAN},
    "edit": {TITLE, WEBHOOK, PROMPT, MODEL},
    "webhook form": {TITLE, WEBHOOK},
    "webhook form in a row": {WEBHOOK},
    "webhook cell": {WEBHOOK},
    "delete form": {TITLE, WEBHOOK},
    "undo": {TITLE, WEBHOOK},
    "history of it": {TITLE, WEBHOOK},
    "activity": {TITLE, WEBHOOK},
}
# These ask Caigunn nothing, are led to by a write, or say no more than that it cannot be read.
WITHOUT_A_WORD = {"activity", "undo", "webhook cell"}
# What is said of writes.
SAID = ("markup", "javascript", "control characters")


@pytest.fixture
def stage(db: None) -> Iterator[Stage]:
    with Stage() as ready:
        yield ready


def plant(stage: Stage, wild: str) -> None:
    """From now on whatever is text at Caigunn is this text, with the name of its field."""
    user, bot = stage.sandbox.users[0], stage.bot
    user.plans[:] = [replace(plan, title=of(PLAN, wild)) for plan in user.plans]
    named = {"title": of(MODEL, wild), "model_name": of(MODEL, wild)}
    stage.sandbox.models[:] = [replace(model, **named) for model in stage.sandbox.models]
    values: dict[str, Any] = {name: of(name, wild) for name in full_of_text(stage.sandbox, bot)}
    values |= {"plan_id": user.plans[0].id, "model": stage.sandbox.models[0].reference}
    values |= {"new": of("new", wild), f"<b>{wild}</b>": wild, "coupon": {wild: [wild]}}
    stage.sandbox.edit(bot.id, **values)


def of(name: str, wild: str) -> str:
    """What a field of this name says."""
    return f"{wild} ({name})"


@pytest.mark.parametrize("wild", WILD.values(), ids=WILD)
def test_a_name_or_an_address_is_text_on_every_page(stage: Stage, wild: str) -> None:
    stage.set_back()
    plant(stage, wild)
    # The page of a chatbot names its plan once the plans were read.
    stage.get("/plans/")
    for name, page in PAGES.items():
        shown = look(stage, page)
        assert (name, shown.status) == (name, 200)
        assert_only_text(shown.page)
        missing = {field for field in SHOWS[name] if not is_shown(shown.page, of(field, wild))}
        assert (name, missing) == (name, set())


@pytest.mark.parametrize("wild", WILD.values(), ids=WILD)
def test_what_caigunn_says_of_a_read_is_text(stage: Stage, wild: str) -> None:
    stage.set_back()
    body = {"detail": wild}
    stage.sandbox.order(Fault("status", path=READS, status=400, body=body, times=ALWAYS))
    asking = {name: page for name, page in PAGES.items() if name not in WITHOUT_A_WORD}
    for name, page in asking.items():
        shown = look(stage, page)
        assert (name, shown.status) == (name, 422)
        assert_only_text(shown.page)
        assert as_said(wild) in shown.page.text


@pytest.mark.parametrize("wild", [WILD[name] for name in SAID], ids=SAID)
@pytest.mark.parametrize("write", [forms.webhook, forms.readable, forms.new, forms.deletion])
def test_what_caigunn_says_of_a_write_is_text(
    stage: Stage, write: Callable[[Stage], Filled], wild: str
) -> None:
    """Beside the form, and later in the history."""
    stage.set_back()
    filled = write(stage)
    field = next(iter(filled.parts[0].typed))
    for detail in (wild, [{"loc": ["body", field], "msg": wild}], [{"loc": [wild], "msg": wild}]):
        for method in ("POST", "PUT", "DELETE"):
            body = {"detail": detail}
            stage.sandbox.order(Fault("status", method=method, status=422, body=body, times=3))
        shown = stage.send(filled.form, filled.press, filled.typed)
        stage.all_is_well()
        assert_only_text(shown.page)
        assert as_said(wild) in shown.page.text
        for address in ("/activity/", f"/chatbots/{stage.bot.id}/history/"):
            told = stage.get(address)
            assert told.status == 200
            assert_only_text(told.page)
        filled = write(stage)


def look(stage: Stage, page: Page) -> Answer:
    """The page, or the part of it that htmx asks for."""
    address = page.leads_there(stage) if page.leads_there else page.address.format(id=stage.bot.id)
    headers = htmx(page.fragment.format(id=stage.bot.id)) if page.fragment else None
    return stage.get(address, headers)


def is_shown(page: Drawn, wild: str) -> bool:
    """Whether the whole of it stands on the page: in its text, as it is or as JSON has it, or in
    an attribute."""
    texts = [page.text, *(value for _tag, attrs in page.tags for value in attrs.values())]
    in_json = json.dumps(wild, ensure_ascii=False)[1:-1]
    found = (" ".join(one.split()) for one in (wild, in_json))
    return any(words in " ".join(text.split()) for words in found for text in texts)


def as_said(wild: str) -> str:
    """The beginning of Caigunn's words as a quotation: one line, without what cannot be seen."""
    seen = (char for char in " ".join(wild.split()) if unicodedata.category(char)[0] != "C")
    return " ".join("".join(seen)[:400].split())


def assert_only_text(page: Drawn) -> None:
    """Nothing of it is a tag, runs, or leads somewhere."""
    assert page.inline == []
    tags = {tag for tag, _attrs in page.tags}
    assert not {tag for tag in tags if MARK in tag}
    for tag, attrs in page.tags:
        assert not [name for name in attrs if name.startswith("on") or MARK in name]
        for name in LINKS & attrs.keys():
            is_icon = tag == "link" and attrs[name].startswith("data:image/svg+xml,")
            assert is_icon or leads_to_the_web(attrs[name]), (tag, name, attrs[name])
        assert not (tag in {"img", "iframe", "object", "embed"} and MARK in attrs.get("src", ""))


def leads_to_the_web(address: str) -> bool:
    """As a browser understands it: spaces and control characters before and in a scheme do not
    count."""
    bare = re.sub(r"[\x00-\x20]", "", address).casefold()
    scheme = re.match(r"[a-z][a-z0-9+.-]*:", bare)
    return scheme is None or scheme[0] in {"http:", "https:"}
