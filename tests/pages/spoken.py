"""What a page says to people, and what of it is not Chinese."""

import re
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Any

from django.conf import LazySettings
from django.test import Client
from django.utils import translation

from chatbots.sandbox import Sandbox
from tests.pages.drawn import UNSEEN, VOID, drawn

ASKED = "zh-TW,zh;q=0.9,en;q=0.8"
"""What a browser in Taiwan asks for."""

# The same in Chinese: names, kinds of files, keys, units.
NAMES = frozenset(
    {"Caigunn", "Admin", "OpenTalk", "Webhook", "JavaScript", "caigunn-access-token"}
    | {"API", "CSV", "ID", "IP", "JSON", "PIN", "detail", "QR", "Code", "UTC", "http", "https"}
    | {"GIF", "JPEG", "KB", "MB", "PNG", "WebP", "Ctrl", "Enter", "English"}
)
_CODE = frozenset({"code", "pre", "kbd", "q", "del", "ins"})
_SPOKEN = frozenset({"alt", "aria-label", "data-copied", "placeholder", "title"})
_DATA = re.compile(
    r"https?://\S*"
    r"|[\w.+-]+@[\w.-]+"  # an address
    r"|[\w*-]+(?:\.[\w-]+)+(?:/\S*)?"  # a host, with what follows it
    r"|(?<!\S)/[\w./?=&%-]+"  # a path
    r"|\b[0-9a-f-]{8,}\b"  # an id
    r"|\b[A-Z2-7]{32}\b"  # a secret of TOTP
    r"|\b[a-z]+(?:_[a-z]+)+\b"  # a name of Caigunn's API
)
_WORD = re.compile(r"[A-Za-z][A-Za-z’'-]+")
_GLUED = re.compile(r"[\u4e00-\u9fff」）][,;:!?.]|[,;:!?][\u4e00-\u9fff「（]|。\.")


@contextmanager
def both_languages(settings: LazySettings) -> Iterator[None]:
    """The site speaks English and Chinese; afterwards this thread has its language again, which a
    request leaves behind."""
    settings.LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
    with translation.override("en"):
        yield


def asking(browser: Client) -> Client:
    """The browser, which asks for Chinese from now on."""
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = ASKED
    return browser


def check(response: Any, sandbox: Sandbox | None = None, status: int = 200) -> None:
    """It answered this status, and says nothing in English."""
    html = response.content.decode()
    assert response.status_code == status, drawn(response).text[:1000]
    assert ("<html" not in html) or '<html lang="zh-hant"' in html
    wrong = english_in(html, data_of(sandbox)) + glued_in(html)
    assert not wrong, wrong


class _Spoken(HTMLParser):
    """Text, labels and title of a page, node by node; code is left out."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.said += [value or "" for name, value in attrs if name in _SPOKEN]
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            while self._open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["title"] or not (UNSEEN | _CODE) & set(self._open):
            self.said.append(data)


def said_by(html: str) -> list[str]:
    """What a page says, node by node."""
    return [text for said in _Spoken(html).said if (text := " ".join(said.split()))]


def english_in(html: str, data: set[str]) -> list[str]:
    """What a page says with a word of English in it; what stands in `data`, addresses and ids are
    no words."""
    known = sorted(data, key=len, reverse=True)
    return [said for said in said_by(html) if _words(said, known)]


def glued_in(html: str) -> list[str]:
    """What a page says with half-width punctuation at Chinese."""
    return [said for said in said_by(html) if _GLUED.search(said)]


def _words(text: str, known: list[str]) -> set[str]:
    if not re.search("[A-Za-z]{2}", text):
        return set()
    for one in known:
        text = text.replace(one, " ")
    return set(_WORD.findall(_DATA.sub(" ", text))) - NAMES


def data_of(sandbox: Sandbox | None) -> set[str]:
    """What Caigunn says of plans, models, chatbots and tokens, and the names of the time zones."""
    found = {zone for zone in zoneinfo.available_timezones() if "/" in zone}
    if sandbox is None:
        return found
    found |= {"Invalid access token"}
    found |= {text for model in sandbox.models for text in (model.title, model.model_name)}
    for user in sandbox.users:
        found |= {plan.title for plan in user.plans}
        found |= {text for bot in user.all_chatbots for text in _texts(bot.fields)}
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str) and len(value) > 1:
        yield " ".join(value.split())
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
