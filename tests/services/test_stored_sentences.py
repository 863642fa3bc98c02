"""What a Change or an Event says is stored in English, and read in the reader's language."""

import pytest
from django.conf import LazySettings
from django.utils import translation

from caigunn_admin.activity import stored
from caigunn_admin.activity.models import Change, Event, EventKind
from chatbots.caigunn import CaigunnError, Rejected, TokenRejected, Unavailable
from chatbots.services.outcomes import in_english


def in_chinese(text: str) -> str:
    with translation.override("zh-hant"):
        return stored.read(text)


@pytest.mark.parametrize(
    "text",
    [
        "It was not saved.",
        "Caigunn reports another value: title, prompt.",
        "Caigunn could not be reached (HTTP 503).",
        "Caigunn could not be reached.",
        *(in_english(kind(status=500)) for kind in (CaigunnError, TokenRejected, Unavailable)),
        *(in_english(kind()) for kind in (CaigunnError, TokenRejected, Unavailable)),
    ],
)
def test_a_sentence_of_ours_is_read_in_the_language(text: str) -> None:
    with translation.override("en"):
        assert stored.read(text) == text
    told = in_chinese(text)
    assert told != text
    assert told.endswith("。")
    for part in ("title, prompt", "503"):
        assert (part in told) is (part in text)


@pytest.mark.parametrize(
    "text", ["", "Not a sentence of ours.", "Odd: thing.", "a (HTTP 9).", "%(names)s %s", "100 %"]
)
def test_other_words_stay_as_they_are(text: str) -> None:
    assert in_chinese(text) == text


def test_caigunns_own_words_are_kept() -> None:
    assert in_english(Rejected(detail="自己的話", status=400)) == "自己的話"


def test_a_change_and_an_event_say_it(settings: LazySettings) -> None:
    with translation.override("zh-hant"):
        assert Change(detail="It still exists.").said != "It still exists."
        event = Event(kind=EventKind.ROLE_CHANGED, detail="Viewer → Admin")
        assert event.said == "檢視者 → 管理員"
        # What a member or Caigunn chose is no word of ours.
        assert Event(kind=EventKind.SECRET_REVEALED, detail="Viewer").said == "Viewer"
