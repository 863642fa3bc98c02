"""What Caigunn posts to a webhook (notes §9)."""

import json
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_EVENT_ID = "7b0e6f4c-52a1-4d7e-9d0b-1f3a2c5d8e90"
_DATA = "3f1d2c4b-8a7e-4b6c-9e5d-0a1b2c3d4e5f"
_MODEL = "c2a9f6d1-47b3-4e8a-b5c0-6d7e8f9a0b1c"
_FILE = {"id": _DATA, "filename": "faq.pdf"}
_FAILED_FILE = {
    "id": _EVENT_ID,
    "filename": "old.pdf",
    "status": "failed",
    "detail": "…",
}


@dataclass(frozen=True)
class WebhookEvent:
    """One of the eight: `name` as `event.status`, what it says, and a body as Caigunn sends it."""

    name: str
    says: Promise
    body: str


_ALL: tuple[tuple[str, str, Promise, dict[str, Any]], ...] = (
    ("crawling", "initial", _("Caigunn begins to read a website."), {}),
    (
        "crawling",
        "completed",
        _("The website has been read."),
        {"training_data_ids": [_DATA]},
    ),
    ("uploading", "initial", _("Caigunn begins to take in files."), {}),
    (
        "uploading",
        "completed",
        _("The files have been taken in; one that failed says so itself."),
        {"training_data_ids": [_FILE, _FAILED_FILE]},
    ),
    ("uploading", "failed", _("No file could be taken in."), {}),
    ("training", "initial", _("Caigunn begins to train the chatbot."), {}),
    (
        "training",
        "completed",
        _("The chatbot has been trained, and has a new model."),
        {"model_id": _MODEL, "training_data_ids": [_DATA]},
    ),
    (
        "training",
        "failed",
        _("The training failed; the detail says why."),
        {"detail": "Character limit exceeded"},
    ),
)


def events_of(chatbot_id: str) -> list[WebhookEvent]:
    """The eight events, with a sample body of each about this chatbot."""
    return [
        WebhookEvent(
            f"{event}.{status}",
            says,
            json.dumps(
                {
                    "event": event,
                    "status": status,
                    "event_id": _EVENT_ID,
                    "data": {"chatbot_id": chatbot_id, **data},
                },
                indent=2,
                ensure_ascii=False,
            ),
        )
        for event, status, says, data in _ALL
    ]
