"""What the pages say of chatbots, as somebody who reads them."""

import json
import re
from dataclasses import dataclass
from typing import Any

from .random_model import HOOK, REPORTED, Held
from .random_tree import Element, tree

_NO_WEBHOOK = "No webhook"
_SAID_NOTHING = "—"
_NUMBER = r"[0-9a-f-]{36}"


@dataclass(frozen=True)
class Row:
    """A chatbot in the list."""

    title: str
    webhook_url: str | None
    is_marked: bool
    """Whether it says that the webhook was changed outside."""


def detail(html: str) -> Held:
    """The fields of a chatbot that its page shows."""
    page = tree(html)
    told = {line.words_of("dt"): line for line in _lines(page)}
    shared = told["Shared"].words_of("dd")
    return {
        "title": page.tags("h1")[0].text,
        HOOK: _webhook(page),
        "prompt": _pre(told["Prompt"].element),
        "is_shared": {"Yes": True, "No": False}.get(shared),
        "model_id": _model(told["Model"].element),
        "is_deleted": "This chatbot was deleted" in page.text,
    }


def says(held: Held, chatbot_id: str) -> Held:
    """What the page of a chatbot ought to show of what Caigunn holds."""
    shown = {name: held[name] for name in (*REPORTED, "is_deleted")}
    shown["title"] = " ".join((held["title"] or chatbot_id).split())
    shown["prompt"] = held["prompt"] or ""
    return shown


def rows(html: str) -> dict[str, Row]:
    """What the list says of each chatbot."""
    found = {}
    for row in tree(html).tags("tr"):
        heads = [head for head in row.tags("th") if head.attrs.get("scope") == "row"]
        if heads:
            chatbot_id = heads[0].with_class("id")[0].text
            marks = [link for link in row.tags("a") if "#outside-" in link.attrs.get("href", "")]
            found[chatbot_id] = Row(heads[0].tags("a")[0].text, _webhook(row), bool(marks))
    return found


def outside(html: str) -> dict[str, bool]:
    """Which fields the page calls changed outside; whether it asks to check a Change first."""
    return {
        notice.attrs["id"].removeprefix("outside-"): "a change is not settled" in notice.text
        for notice in tree(html).with_class("notice")
        if notice.attrs.get("id", "").startswith("outside-")
    }


def claims(html: str) -> list[str]:
    """What the page says has been done."""
    page = tree(html)
    told = [*page.with_class("notice-success"), *page.with_class("said")]
    return [one.text for one in told]


def outcomes(html: str) -> dict[str, str]:
    """The outcome of each Change in a history, by its id, in the words of the page."""
    return {
        change.attrs["id"].removeprefix("change-"): change.with_class("badge")[0].text
        for change in tree(html).with_class("change")
    }


def undo_links(html: str) -> list[str]:
    """Where *Undo* leads, in the order of the page."""
    links = [link.attrs.get("href", "") for link in tree(html).tags("a")]
    return [link for link in links if re.match(rf"/changes/{_NUMBER}/undo/", link)]


@dataclass(frozen=True)
class _Line:
    element: Element

    def words_of(self, tag: str) -> str:
        return self.element.tags(tag)[0].text


def _lines(page: Element) -> list[_Line]:
    found = [
        _Line(element)
        for panel in page.with_class("panel")
        for element in panel.tags("div")
        if element.tags("dt") and element.tags("dd")
    ]
    # The model's own line is the only one of its name that stands for an object.
    return sorted(found, key=lambda line: bool(line.element.tags("pre")))


def _webhook(part: Element) -> str | None:
    (cell,) = part.with_class("webhook")
    for url in cell.with_class("url"):
        return url.attrs["title"]
    assert _NO_WEBHOOK in cell.text, cell.text
    return None


def _pre(line: Element) -> str:
    found = line.tags("pre")
    return found[0].raw.removeprefix("\n") if found else ""


def _model(line: Element) -> Any:
    found = line.tags("pre")
    return json.loads(found[0].raw)["id"] if found else None
