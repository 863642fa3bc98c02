"""Sentences that are stored in English, for readers of any language."""

import re

from django.utils.translation import gettext as _

_WITH_STATUS = re.compile(r"(?P<sentence>.+) \(HTTP (?P<status>\d{3})\)\.")
_WITH_NAMES = re.compile(r"(?P<start>[^:]+): (?P<names>.+)\.")


def read(text: str) -> str:
    """A stored sentence in the language of whoever reads it. What is no sentence of ours, such as
    Caigunn's own words, stays as it is."""
    # gettext makes all line ends alike, whether it knows the text or not.
    plain = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text:
        return ""
    if (told := _(text)) != plain:
        return told
    if match := _WITH_STATUS.fullmatch(text):
        sentence, status = match.groups()
        return _("%(sentence)s (HTTP %(status)s).") % {"sentence": _(sentence), "status": status}
    if (match := _WITH_NAMES.fullmatch(text)) and (
        told := _(f"{match['start']}: %(names)s.")
    ) != f"{match['start']}: %(names)s.":
        return told % {"names": match["names"]}
    if text.endswith(".") and (told := _(text[:-1])) != text[:-1]:
        return _("%(sentence)s.") % {"sentence": told}
    return text
