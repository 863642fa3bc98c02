"""A page as a tree of elements: what stands where."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.pages.drawn import UNSEEN, VOID


@dataclass
class Element:
    """An element; `words` are texts and elements in their order."""

    tag: str
    attrs: dict[str, str]
    words: "list[Element | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """What can be read in it."""
        return " ".join(self.raw.split())

    @property
    def raw(self) -> str:
        """The same with its line breaks."""
        if self.tag in UNSEEN:
            return ""
        parts = (
            word if isinstance(word, str) else word.raw + (" " if word.tag not in _INLINE else "")
            for word in self.words
        )
        return "".join(parts)

    @property
    def classes(self) -> set[str]:
        """Its classes."""
        return set(self.attrs.get("class", "").split())

    def all(self, is_it: "Callable[[Element], bool]") -> "Iterator[Element]":
        """Whatever in it is looked for, in the order of the page."""
        for word in self.words:
            if isinstance(word, Element) and word.tag != "template":
                if is_it(word):
                    yield word
                yield from word.all(is_it)

    def tags(self, tag: str) -> "list[Element]":
        """The elements of a tag."""
        return list(self.all(lambda one: one.tag == tag))

    def with_class(self, name: str) -> "list[Element]":
        """The elements with a class."""
        return list(self.all(lambda one: name in one.classes))

    def with_id(self, name: str) -> "Element | None":
        """The element with an id."""
        return next(self.all(lambda one: one.attrs.get("id") == name), None)


_INLINE = frozenset({"b", "code", "i", "q", "strong", "span", "a", "bdi"})


class _Builder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open = [Element("", {})]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].words.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_data(self, data: str) -> None:
        self.open[-1].words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if any(element.tag == tag for element in self.open[1:]):
            while self.open.pop().tag != tag:
                pass


def tree(html: str) -> Element:
    """The page as a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.open[0]
