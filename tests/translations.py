"""The catalogue of Traditional Chinese: made from the source, and compiled. `make messages`.

Babel does both, so that neither xgettext nor msgfmt has to be installed. What is written depends on
the messages alone: no dates, no line numbers, no name of a tool, so that a diff shows what changed.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from itertools import takewhile
from pathlib import Path
from typing import Any

from babel.messages import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from tests.translations_of_others import OTHERS

ROOT = Path(__file__).resolve().parent.parent
LOCALE = "zh_Hant"
PO = ROOT / "locale" / LOCALE / "LC_MESSAGES" / "django.po"
MO = PO.with_suffix(".mo")

_PYTHON = ("caigunn_admin", "chatbots")
_TEMPLATES = "templates"
_WITH_CONTEXT: tuple[Any, ...] = ((1, "c"), 2)
_KEYWORDS: dict[str, Any] = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": _WITH_CONTEXT,
    "pgettext_lazy": _WITH_CONTEXT,
    "npgettext": (*_WITH_CONTEXT, 3),
    "npgettext_lazy": (*_WITH_CONTEXT, 3),
}
_COMMENT_TAG = "Translators:"

Key = tuple[str, str]
"""What tells messages apart: context (empty: none) and the English singular."""


@dataclass
class Found:
    """A message as it stands in the source: in English, and where."""

    singular: str
    plural: str = ""
    context: str = ""
    files: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)

    @property
    def key(self) -> Key:
        """What tells it from other messages."""
        return self.context, self.singular

    @property
    def id(self) -> str | tuple[str, str]:
        """How Babel names it."""
        return (self.singular, self.plural) if self.plural else self.singular


class Headers(Catalog):
    """A catalogue whose headers say no more than a reader of it needs."""

    @property
    def mime_headers(self) -> list[tuple[str, str]]:
        """Encoding and plurals; Babel would add today's date and its own version."""
        return [
            ("Language", LOCALE),
            ("MIME-Version", "1.0"),
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Transfer-Encoding", "8bit"),
            ("Plural-Forms", self.plural_forms),
        ]


def messages_in_source() -> dict[Key, Found]:
    """Every message that the source marks for translation, then those of `OTHERS`."""
    found: dict[Key, Found] = {}
    for one in [*_marked(), *_of_others()]:
        known = found.setdefault(one.key, one)
        known.plural = known.plural or one.plural
        known.files += [name for name in one.files if name not in known.files]
        known.comments += [said for said in one.comments if said not in known.comments]
    return found


def _marked() -> Iterator[Found]:
    for folder in _PYTHON:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found = messages_of_python(_name(path), path.read_text(encoding="utf-8"))
            yield from sorted(found, key=_by_text)
    for path in sorted((ROOT / _TEMPLATES).rglob("*")):
        if path.suffix in {".html", ".txt"}:
            found = messages_of_template(_name(path), path.read_text(encoding="utf-8"))
            yield from sorted(found, key=_by_text)


def _by_text(found: Found) -> Key:
    # Not by where they stand: a sentence that moves within its file changes nothing.
    return found.key


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def messages_of_template(name: str, source: str) -> Iterator[Found]:
    """The messages of a template, whose file is called `name`."""
    # Brackets, because in what is left of a template the indentation means nothing.
    return messages_of_python(name, f"({templatize(source, name)}\n)")


def messages_of_python(name: str, source: str) -> Iterator[Found]:
    """The messages of a module, whose file is called `name`."""
    calls = extract("python", BytesIO(source.encode()), _KEYWORDS, [_COMMENT_TAG])
    for _line, said, comments, context in calls:
        singular, plural = (said[0], said[1]) if isinstance(said, tuple) else (said, "")
        yield Found(singular, plural, context or "", [name], comments)


def _of_others() -> Iterator[Found]:
    for package, texts in OTHERS.items():
        for text in texts:
            yield Found(*text, files=[package])


def saved(path: Path = PO) -> Catalog:
    """The catalogue as it is saved."""
    text = path.read_bytes()
    catalogue = read_po(BytesIO(text), locale=LOCALE)
    # As it stands: Babel drops blank lines and indentation of the comment at the top.
    lines = text.decode().splitlines()
    catalogue.header_comment = "\n".join(takewhile(lambda line: line[:2] in {"#", "# "}, lines))
    return catalogue


def merged(found: Iterable[Found], known: Catalog) -> Catalog:
    """The messages of the source in their order, each with the translation it has had."""
    catalogue = Headers(locale=LOCALE, header_comment=known.header_comment, fuzzy=False)
    for one in found:
        entry = catalogue.add(
            one.id,
            locations=[(name, 0) for name in one.files],
            auto_comments=one.comments,
            context=one.context or None,
        )
        before = known.get(one.singular, one.context or None)
        if before is not None and before.pluralizable == entry.pluralizable:
            entry.string = before.string
            entry.user_comments = before.user_comments
            entry.flags |= before.flags & {"fuzzy"}
    return catalogue


def as_po(catalogue: Catalog) -> bytes:
    """The text that translators read and write."""
    file = BytesIO()
    write_po(file, catalogue, width=0, include_lineno=False)
    return file.getvalue()


def as_mo(catalogue: Catalog) -> bytes:
    """What the program reads. Fuzzy and untranslated messages are not in it."""
    file = BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def entries(catalogue: Catalog) -> list[Message]:
    """The messages of the catalogue, without its headers."""
    return [message for message in catalogue if message.id]


def untranslated(catalogue: Catalog) -> list[str]:
    """The English of what has no translation, or one that somebody should look at."""
    return [
        str(message.id)
        for message in entries(catalogue)
        if message.fuzzy or not all(strings(message))
    ]


def strings(message: Message) -> list[str]:
    """The translation of the message; Chinese has one form for any number."""
    said = message.string
    return [str(one or "") for one in (said if isinstance(said, (list, tuple)) else [said])]


def main() -> int:
    """Bring the catalogue up to date; says what changed, and 1 if anything is untranslated."""
    before = saved()
    after = merged(messages_in_source().values(), before)
    PO.write_bytes(as_po(after))
    MO.write_bytes(as_mo(after))
    kept = {(message.context, message.id) for message in entries(after)}
    for message in entries(before):
        if (message.context, message.id) not in kept:
            print(f"gone: {message.id!r}: {message.string!r}")  # noqa: T201
    missing = untranslated(after)
    for said in missing:
        print(f"untranslated: {said}")  # noqa: T201
    print(f"{len(kept)} messages, {len(missing)} of them untranslated")  # noqa: T201
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main())
