"""What a member sees of an answer: titles, notices, links and buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.pages.drawn import VOID

_GOOD = frozenset({"notice-success", "said"})
_BAD = frozenset({"notice-error", "notice-warning"})


@dataclass
class _Element:
    tag: str
    classes: frozenset[str]
    id: str
    href: str
    words: list[str] = field(default_factory=list)


class Seen(HTMLParser):
    """The parts of a page that tell what became of something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.error = ""
        self.good: list[str] = []
        """What is said to have been done."""
        self.bad: list[str] = []
        """Errors and warnings, and the messages beside fields."""
        self.remarks: list[str] = []
        self.unreadable: list[str] = []
        self.heading = ""
        self.controls: list[tuple[str, str]] = []
        """Links and buttons: their words, and where a link leads."""
        self._open: list[_Element] = []
        self.feed(html)
        self.close()

    @property
    def said(self) -> str:
        """In a few words what the member reads first."""
        for words in (
            self.error,
            *self.bad,
            *self.good,
            *self.remarks,
            *self.unreadable,
            self.heading,
        ):
            if words:
                return words
        return ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            known = dict(attrs)
            classes = frozenset((known.get("class") or "").split())
            element = _Element(tag, classes, known.get("id") or "", known.get("href") or "")
            self._open.append(element)

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.words.append(data)

    def handle_endtag(self, tag: str) -> None:
        while tag in {element.tag for element in self._open}:
            element = self._open.pop()
            self._note(element)
            if element.tag == tag:
                break

    def _note(self, element: _Element) -> None:
        if "template" in {element.tag, *(outer.tag for outer in self._open)}:
            return
        words = " ".join("".join(element.words).split())
        within = {outer.id for outer in self._open}
        if element.tag == "h2" and "error-message" in within and not self.error:
            self.error = words
        elif element.tag == "h1" and not self.heading:
            self.heading = words
        elif element.classes & _BAD or (element.tag == "ul" and "errors" in element.classes):
            self.bad.append(words)
        elif element.classes & _GOOD:
            self.good.append(words)
        elif "notice-info" in element.classes:
            self.remarks.append(words)
        elif "unreadable" in element.classes or "badge" in element.classes:
            self.unreadable.append(words)
        elif element.tag in {"a", "button"}:
            self.controls.append((words, element.href))
