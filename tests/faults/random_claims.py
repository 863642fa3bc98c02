"""What pages claim to have been done, or not to have been, held against what Caigunn holds."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from caigunn_admin.activity.models import Change, Kind
from chatbots.settings_form import SettingsForm

from .random_model import HOOK, REPORTED, Caigunn, Held, same
from .random_pages import claims
from .random_stage import Page
from .random_values import PICTURE

_LABELS = {str(one.label): name for name, one in SettingsForm.base_fields.items()}
_NAMED = re.compile(r"(?:Read back|which does not report it): ([^.]*)\.")
_CREATED = re.compile(r"/chatbots/([^/]+)/\?created=")


@dataclass(frozen=True)
class Asked:
    """What a member asked for with a form: the values of its fields as they were sent; what an
    undo would write back, `restored` what restoring would; the Change that was checked."""

    chatbot_id: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    undone: Mapping[str, Any] = field(default_factory=dict)
    restored: Mapping[str, Any] = field(default_factory=dict)
    checked: Change | None = None


def meant(name: str, value: Any) -> Any:
    """What a value of a form means to Caigunn."""
    if name in {"is_shared", "is_default_visible", "is_fixed", "show_history"}:
        return {"true": True, "false": False}[value]
    if name == "initial_messages":
        rows = [value] if isinstance(value, str) else value
        return [{"type": "text", "value": row} for row in rows if row.strip()]
    if name == "allowed_domains":
        return value.split()
    return value


def assert_true(page: Page, asked: Asked, now: Caigunn) -> None:
    """Whatever the page says was done is what Caigunn holds at this moment."""
    for claim in claims(page.html):
        check = next((check for words, check in _CLAIMS.items() if words in claim), None)
        assert check, f"a claim that no test knows: {claim}"
        check(page, claim, asked, now)
    if "no longer exists at Caigunn." in page.html:
        assert now[asked.chatbot_id]["is_deleted"]
    if "Nothing to undo: Caigunn reports the earlier value already." in page.html:
        _holds(now[asked.chatbot_id], asked.undone)


def _holds(held: Held, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if value == PICTURE:
            assert held[name]["name"] == "face.png"
        else:
            assert same(name, held.get(name), value), (name, held.get(name), value)


def _settings(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    names = [_LABELS[label] for found in _NAMED.findall(claim) for label in found.split(", ")]
    assert names, claim
    _holds(now[asked.chatbot_id], {name: meant(name, asked.values[name]) for name in names})


def _webhook(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    wanted = "" if "clear" in asked.values else asked.values[HOOK]
    _holds(now[asked.chatbot_id], {HOOK: wanted})


def _deleted(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    assert now[asked.chatbot_id]["is_deleted"]


def _undone(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    assert asked.undone
    _holds(now[asked.chatbot_id], asked.undone)


def _restored(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    assert asked.restored
    _holds(now[asked.chatbot_id], asked.restored)


def _accepted(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    """That it is what it should be is in the Change; there is nothing to be held."""


def _checked(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    assert asked.checked
    held = now[asked.chatbot_id]
    if asked.checked.kind == Kind.CREATE:
        return
    _holds(held, {k: v for k, v in asked.checked.asked.items() if k in (*REPORTED, "is_deleted")})


def _created(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    found = _CREATED.search(page.address)
    assert found
    assert not now[found[1]]["is_deleted"]
    if "title" in asked.values and "reports another title" not in page.html:
        _holds(now[found[1]], {"title": asked.values["title"]})


def _created_webhook(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    if found := _CREATED.search(page.address):
        _holds(now[found[1]], {HOOK: asked.values[HOOK]} if HOOK in asked.values else {})


def _created_settings(page: Page, claim: str, asked: Asked, now: Caigunn) -> None:
    found = _CREATED.search(page.address)
    assert found
    labels = claim.removeprefix("The settings were sent.").replace(" ,", ",").split(", ")
    names = [_LABELS[label.strip()] for label in labels]
    if asked.values:
        _holds(now[found[1]], {name: meant(name, asked.values[name]) for name in names})


_CLAIMS: dict[str, Callable[[Page, str, Asked, Caigunn], None]] = {
    "Settings saved.": _settings,
    "Webhook saved and read back.": _webhook,
    "Webhook cleared and read back.": _webhook,
    "Saved. Caigunn reports this webhook now.": _webhook,
    "Cleared. Caigunn reports no webhook now.": _webhook,
    "Nothing to change: Caigunn reports this value already.": _webhook,
    "is deleted. Caigunn confirms it.": _deleted,
    "Undone. Caigunn reports the earlier value again.": _undone,
    "Caigunn reports the earlier value of the rest again.": _undone,
    "Restored. Caigunn reports it again.": _restored,
    "Accepted. This is what it should be": _accepted,
    "Checked: Caigunn has what was asked for.": _checked,
    "Created. Caigunn reports it.": _created,
    "The webhook is set and read back.": _created_webhook,
    "The settings were sent.": _created_settings,
}
# What pages say of what was not done, and the fields that nothing may have become of then.
_DENIALS: dict[str, tuple[str, ...]] = {
    "Nothing was saved": (),
    "Nothing of yours was saved": (),
    "Nothing was changed": (),
    "Nothing was deleted": (),
    "Nothing was created": (),
    "Nothing was undone": (),
    "It was not undone": (),
    "The settings were not saved": ("settings",),
    "The webhook was not saved": ("webhook",),
}


def assert_nothing_denied(page: Page, before: Caigunn, now: Caigunn) -> None:
    """Whatever the page says was not done was not: `before` is what Caigunn held when the form was
    sent."""
    if "Nothing was changed, so nothing was sent." in page.html:
        assert now == before
    if page.was_redirected:
        # Then it speaks of what came after the write.
        return
    text = " ".join(re.sub(r"<[^>]+>", " ", page.html).split())
    for words, halves in _DENIALS.items():
        if words not in text:
            continue
        if not halves:
            assert now == before, words
            continue
        for chatbot_id, was in before.items():
            for name, value in {**was, **now[chatbot_id]}.items():
                is_of_it = (name == HOOK) == (halves == ("webhook",))
                assert not is_of_it or value == was.get(name), (words, name)
