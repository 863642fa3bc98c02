"""Every component in all its states, on one page: for those who build the pages, in DEBUG alone."""

from typing import Any

from django import forms
from django.contrib.messages import constants
from django.contrib.messages.storage.base import Message
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from caigunn_admin.http import MemberRequest
from chatbots.rendering import draw


class _Fields(forms.Form):
    """A field of each kind."""

    title = forms.CharField(help_text="One line says what it does.")
    prompt = forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), required=False)
    shared = forms.ChoiceField(choices=[("", "Leave as it is"), ("true", "Yes"), ("false", "No")])
    until = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), required=False)
    shortcuts = forms.BooleanField(label="Keyboard shortcuts", required=False)
    locked = forms.CharField(disabled=True, initial="Cannot be changed", required=False)


def _cell(name: str, **reading: Any) -> dict[str, Any]:
    """One webhook as a row shows it."""
    info = {"is_deleted": reading.pop("is_deleted", False)}
    found = {"is_read": True, "webhook_is_known": True, "webhook_url": None, "info": info}
    return {"says": name, "id": name.replace(" ", "-"), "reading": found | reading}


def _cells() -> list[dict[str, Any]]:
    url = "https://hooks.example.com/caigunn/501712d8"
    return [
        _cell("set", webhook_url=url),
        {**_cell("just saved", webhook_url=url), "said": "Saved."},
        _cell("plain http", webhook_url="http://hooks.example.com/in"),
        _cell("private host", webhook_url="http://192.168.10.24:8080/hook"),
        _cell("changed outside", webhook_url=url),
        _cell("none"),
        _cell("unknown", webhook_is_known=False),
        _cell("last known", webhook_url=url, is_stale=True, read_at=timezone.now()),
        _cell("deleted", webhook_url=url, is_deleted=True),
        _cell("unreadable", is_read=False),
        _cell("gone", is_read=False, is_gone=True),
    ]


@require_safe
def styleguide(request: MemberRequest) -> HttpResponse:
    """The page. Its words are in English alone, and nothing on it does anything."""
    wrong = _Fields({"title": "", "shared": "perhaps", "until": "never"})
    context = {
        "form": _Fields(auto_id="right_%s"),
        "wrong": wrong,
        "cells": _cells(),
        "changed_outside": {"changed-outside"},
        "toasts": [
            Message(level, f"This is what {name} looks like.")
            for level, name in constants.DEFAULT_TAGS.items()
            if name != "debug"
        ],
        "outcomes": ["done", "failed", "unknown", "pending", "undone"],
        "stale": {"is_stale": True},
        "error": {
            "title": "Caigunn does not answer",
            "message": "It is not known whether the change arrived.",
            "detail": "Service unavailable",
            "links": [("Try again", "#error")],
        },
        "request_id": "0123456789ab",
    }
    return draw(request, "styleguide.html", context)
