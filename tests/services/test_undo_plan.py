"""What can be undone, and why not."""

from typing import Any

import pytest

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.services import outcomes
from chatbots.services import undo as service
from chatbots.services.masking import HIDDEN

from .conftest import Desk
from .settings_calls import ready, save
from .undoing import NEW, OLD, takes_only

pytestmark = pytest.mark.django_db
CUT = f"https://old.example.com/hook?key={HIDDEN}"
NOT_SAVED = "It was not saved, so there is nothing to undo."
BEING_WRITTEN = "It is still being written."
NOT_KNOWN = "Whether it was saved is not known: check it first."
UNDONE = "It has been undone."
NOT_REPORTED = "Caigunn does not report what these settings were before."
BY_KIND = {
    Kind.CREATE: "To undo a creation, delete the chatbot.",
    Kind.DELETE: "Caigunn has no way to bring a deleted chatbot back.",
    Kind.ACCEPT: "It wrote nothing, so there is nothing to write back.",
    Kind.TOKEN_CONNECT: "A token that was replaced is not kept.",
    Kind.TOKEN_REFRESH: "The token before has ended at Caigunn.",
    Kind.TOKEN_DISCONNECT: "A token that was disconnected is not kept.",
}
BY_OUTCOME = {
    Outcome.FAILED: NOT_SAVED,
    Outcome.PENDING: BEING_WRITTEN,
    Outcome.UNKNOWN: NOT_KNOWN,
    Outcome.UNDONE: UNDONE,
}


def written(kind: Kind, outcome: Outcome) -> Change:
    """A Change of the kind, as it would have been written down."""
    about = {"webhook_url": OLD} if kind == Kind.WEBHOOK else {"title": "Old"}
    asked = {"webhook_url": NEW} if kind == Kind.WEBHOOK else {"title": "New"}
    is_done = outcome in {Outcome.DONE, Outcome.UNDONE}
    chatbot_id = "" if kind.value.startswith("token") else "bot"
    return Change(
        kind=kind,
        outcome=outcome,
        chatbot_id=chatbot_id,
        before=about,
        asked=asked,
        after=asked if is_done else {},
    )


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("kind", Kind)
def test_what_can_be_undone_and_why_not(kind: Kind, outcome: Outcome) -> None:
    plan = service.plan(written(kind, outcome))
    if kind in {Kind.WEBHOOK, Kind.SETTINGS} and outcome == Outcome.DONE:
        name, before = ("webhook_url", OLD) if kind == Kind.WEBHOOK else ("title", "Old")
        assert plan == service.Plan({name: before})
        return
    assert plan.values == {}
    if outcome == Outcome.DONE:
        assert plan.why_not == BY_KIND[kind]
    elif outcome == Outcome.UNKNOWN and kind.value.startswith("token"):
        # Nothing settles it by reading a chatbot.
        assert plan.why_not == "Whether it was done is not known."
    else:
        assert plan.why_not == BY_OUTCOME[outcome]


@pytest.mark.parametrize(
    ("before", "asked", "after", "plan"),
    [
        pytest.param(
            {"title": "Old"},
            {"title": "New", "main_color": "#123456"},
            {"title": "New"},
            service.Plan({"title": "Old"}, ("main_color",)),
            id="the rest is left out",
        ),
        pytest.param(
            {},
            {"main_color": "#123456"},
            {},
            service.Plan({}, ("main_color",), NOT_REPORTED),
            id="nothing is reported",
        ),
        pytest.param(
            {"title": "Same", "prompt": "Old"},
            {"title": "Same", "prompt": "New"},
            {"title": "Same", "prompt": "New"},
            service.Plan({"prompt": "Old"}),
            id="what was there already is no part of it",
        ),
        pytest.param(
            {"prompt": None},
            {"prompt": "New"},
            {"prompt": "New"},
            service.Plan({"prompt": ""}),
            id="a prompt is cleared again",
        ),
        pytest.param(
            {"prompt": "Old"},
            {"prompt": ""},
            {"prompt": None},
            service.Plan({"prompt": "Old"}),
            id="a cleared prompt comes back",
        ),
        pytest.param(
            {"is_shared": False},
            {"is_shared": True},
            {"is_shared": True},
            service.Plan({"is_shared": False}),
            id="no is a value",
        ),
        pytest.param(
            {"title": "", "model_id": None, "is_shared": None},
            {"title": "New", "model_id": "m", "is_shared": True},
            {"title": "New", "model_id": "m", "is_shared": True},
            service.Plan(
                {},
                ("title", "model_id", "is_shared"),
                "Caigunn has no way to take these values away again.",
            ),
            id="nothing to take away",
        ),
        pytest.param(
            {"model_id": "aaaabbbb", "prompt": "Old"},
            {"model_id": "aaaa-bbbb", "prompt": "New"},
            {"model_id": "AAAA-bbbb", "prompt": "New"},
            service.Plan({"prompt": "Old"}),
            id="another spelling is no change",
        ),
        pytest.param(
            {"prompt": f"The key is {HIDDEN}"},
            {"prompt": "New"},
            {"prompt": "New"},
            service.Plan({}, ("prompt",), "The value held a secret, which is not kept."),
            id="a secret is not kept",
        ),
    ],
)
def test_settings(
    before: dict[str, Any], asked: dict[str, Any], after: dict[str, Any], plan: service.Plan
) -> None:
    done = Change(
        kind=Kind.SETTINGS,
        outcome=Outcome.DONE,
        chatbot_id="bot",
        before=before,
        asked=asked,
        after=after,
    )
    assert service.plan(done) == plan


def test_of_what_is_undone_it_is_told_what_was_not() -> None:
    undone = Change(
        kind=Kind.SETTINGS,
        outcome=Outcome.UNDONE,
        before={"title": "Old"},
        asked={"title": "New", "avatar": {"name": "a.png"}},
        after={"title": "New"},
    )
    assert service.plan(undone) == service.Plan({}, ("avatar",), UNDONE)


def test_what_was_saved_in_part_is_not_called_unsaved(desk: Desk) -> None:
    bot = ready(desk)
    takes_only(desk, bot, title="New")
    with pytest.raises(outcomes.NotHeldError):
        save(desk, bot, {"title": "New", "prompt": "New prompt"}, started_from={})
    failed = Change.objects.get(kind=Kind.SETTINGS)
    assert (failed.outcome, failed.after["title"]) == (Outcome.FAILED, "New")
    assert service.plan(failed).why_not.startswith("Only a part of it was saved")


@pytest.mark.parametrize("which", ["before", "after"])
def test_a_webhook_where_a_secret_was_cut_out(which: str) -> None:
    done = written(Kind.WEBHOOK, Outcome.DONE)
    setattr(done, which, {"webhook_url": CUT})
    plan = service.plan(done)
    assert plan == service.Plan({}, (), "The value held a secret, which is not kept.")
