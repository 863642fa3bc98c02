"""What a browser would send for a form of settings: to draw one with its input again."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from chatbots.services.settings import FIELDS


@dataclass(frozen=True)
class Input:
    """The input of a form. `files` names the fields that had a file: it has to be chosen again."""

    data: QueryDict
    files: tuple[str, ...] = field(default=())


def of_settings(start: Mapping[str, Any], asked: Mapping[str, Any]) -> Input:
    """The edit form as it starts now, with what a Change had asked for in place; the title, which
    a creation has set already, excepted."""
    data = QueryDict(mutable=True)
    files = []
    for name, value in {**start, **asked}.items():
        if name == "title":
            data[name] = start.get(name) or ""
        elif isinstance(value, dict):
            files.append(name)
        elif name == "initial_messages":
            data.setlist(name, [message["value"] for message in value])
        elif name == "allowed_domains":
            data[name] = "\n".join(value)
        elif name in FIELDS or name == "webhook_url":
            data[name] = _text(value)
    return Input(data, tuple(files))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value or "")
