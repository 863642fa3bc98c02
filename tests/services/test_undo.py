"""Undo: what it writes, and what it refuses."""

import pytest

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from chatbots.caigunn import NotFound, Rejected
from chatbots.sandbox import Chatbot, Fault
from chatbots.services import outcomes, settling
from chatbots.services import undo as service
from tests.conftest import Joining, connect

from .conftest import WEBHOOK, Desk
from .settings_calls import KEYS, held, picture, ready, save
from .undoing import NEW, OLD, THIRD, loses_answer, webhook

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(desk: Desk) -> Chatbot:
    """A chatbot whose webhook is the old one."""
    desk.sandbox.edit(desk.bots[0].id, webhook_url=OLD)
    return desk.bots[0]


@pytest.fixture
def change(desk: Desk, bot: Chatbot) -> Change:
    """Its webhook, changed from here."""
    done = webhook(desk, bot, NEW)
    desk.forget_calls()
    return done


def undo(desk: Desk, change: Change, key: str = "") -> Change | None:
    change.refresh_from_db()
    return service.undo(desk.access(), change, form_key=key or next(KEYS))


def outcome(change: Change) -> str:
    change.refresh_from_db()
    return change.outcome


def writes(desk: Desk) -> int:
    return desk.count("PUT") + desk.count("DELETE")


UNDONE = "It has been undone."


@pytest.mark.parametrize(("before", "wanted"), [(OLD, NEW), (None, NEW), (OLD, None)])
def test_a_webhook_is_written_back(desk: Desk, before: str | None, wanted: str | None) -> None:
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, webhook_url=before)
    change = webhook(desk, bot, wanted)
    done = undo(desk, change)
    assert done is not None
    assert bot.webhook_url == before
    assert (done.outcome, done.undoes, outcome(change)) == (Outcome.DONE, change, Outcome.UNDONE)
    assert (done.before, done.asked) == ({"webhook_url": wanted}, {"webhook_url": before})
    left = LeftValue.objects.get(chatbot_id=bot.id, field="webhook_url")
    assert (left.value, left.change) == (before, done)


def test_settings_are_written_back_as_far_as_they_can_be(desk: Desk) -> None:
    bot = ready(desk)
    model = desk.sandbox.models[1].id
    values = {
        "title": "New",
        "prompt": "",
        "is_shared": True,
        "model_id": model,
        "main_color": "#123456",
        "avatar": picture(),
    }
    save(desk, bot, values)
    change = Change.objects.get(kind=Kind.SETTINGS)
    desk.forget_calls()
    done = undo(desk, change)
    assert done is not None
    assert {name: held(bot, name) for name in ("title", "prompt", "is_shared", "model_id")} == {
        "title": "Old",
        "prompt": "Old prompt",
        "is_shared": False,
        "model_id": desk.sandbox.models[0].id,
    }
    assert done.asked.keys() == {"title", "prompt", "is_shared", "model_id"}
    assert bot.settings["main_color"] == "#123456"
    assert (writes(desk), outcome(change)) == (1, Outcome.UNDONE)
    assert service.plan(change).left_out == ("main_color", "avatar")


def test_an_undo_can_be_undone(desk: Desk, bot: Chatbot, change: Change) -> None:
    first = undo(desk, change)
    assert first is not None
    second = undo(desk, first)
    assert second is not None
    assert bot.webhook_url == NEW
    assert (second.undoes, outcome(first), outcome(second)) == (
        first,
        Outcome.UNDONE,
        Outcome.DONE,
    )
    assert undo(desk, second) is not None
    assert bot.webhook_url == OLD


def test_the_same_form_writes_once(desk: Desk, bot: Chatbot, change: Change) -> None:
    """A double click, and a reload of the answer."""
    assert undo(desk, change, "one form") == undo(desk, change, "one form")
    assert undo(desk, change, "one form") is not None
    assert (writes(desk), bot.webhook_url) == (1, OLD)
    assert Change.objects.filter(undoes=change).count() == 1


def test_a_form_of_settings_sent_again_writes_once(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"title": "New", "main_color": "#123456"})
    change = Change.objects.get(kind=Kind.SETTINGS)
    desk.forget_calls()
    assert undo(desk, change, "one form") == undo(desk, change, "one form")
    assert (writes(desk), bot.title) == (1, "Old")


def test_two_forms_write_once(desk: Desk, bot: Chatbot, change: Change) -> None:
    undo(desk, change)
    with pytest.raises(ValueError, match="cannot be undone"):
        undo(desk, change)
    assert (writes(desk), bot.webhook_url) == (1, OLD)


def test_two_forms_at_the_same_moment_write_once(desk: Desk, bot: Chatbot, change: Change) -> None:
    """The second has read the Change before the first closed it."""
    as_it_was = Change.objects.get(pk=change.pk)
    undo(desk, change)
    assert service.undo(desk.access(), as_it_was, form_key=next(KEYS)) is None
    assert (writes(desk), bot.webhook_url) == (1, OLD)


def test_it_is_refused_where_the_value_is_another_now(
    desk: Desk, bot: Chatbot, change: Change
) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    with pytest.raises(outcomes.ClashError) as caught:
        undo(desk, change)
    assert (caught.value.current, bot.webhook_url, writes(desk)) == (THIRD, THIRD, 0)
    assert outcome(change) == Outcome.DONE
    assert not Change.objects.filter(undoes=change).exists()


def test_one_setting_that_is_another_now_keeps_all_from_being_written(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"title": "New", "is_shared": True})
    change = Change.objects.get(kind=Kind.SETTINGS)
    desk.sandbox.edit(bot.id, title="Theirs")
    desk.forget_calls()
    with pytest.raises(outcomes.ClashError) as caught:
        undo(desk, change)
    assert caught.value.current == {"title": "Theirs"}
    assert (bot.fields["is_shared"], writes(desk)) == (True, 0)


def test_another_spelling_is_the_same_value(desk: Desk, bot: Chatbot, change: Change) -> None:
    desk.sandbox.edit(bot.id, webhook_url="HTTPS://NEW.example.com:443/hook")
    assert undo(desk, change) is not None
    assert bot.webhook_url == OLD


def test_model_ids_with_and_without_hyphens(desk: Desk) -> None:
    bot = ready(desk)
    first, second = (model.reference for model in desk.sandbox.models[:2])
    save(desk, bot, {"model_id": second["id"]})
    change = Change.objects.get(kind=Kind.SETTINGS)
    plain = second["id"].replace("-", "").upper()
    desk.sandbox.edit(bot.id, model={**second, "id": plain})
    assert undo(desk, change) is not None
    assert held(bot, "model_id") == first["id"]


def test_nothing_is_written_where_it_is_so_already(
    desk: Desk, bot: Chatbot, change: Change
) -> None:
    desk.sandbox.edit(bot.id, webhook_url=OLD)
    assert undo(desk, change) is None
    assert writes(desk) == 0


def test_a_lost_answer_and_check_now(desk: Desk, bot: Chatbot, change: Change) -> None:
    loses_answer(desk, "reset_after")
    with pytest.raises(outcomes.UnsettledError) as caught:
        undo(desk, change)
    lost = caught.value.change
    assert (lost.outcome, lost.undoes, outcome(change)) == (Outcome.UNKNOWN, change, Outcome.DONE)
    assert service.unsettled(change) == lost
    desk.sandbox.clear_faults()
    settling.settle(desk.access(), lost)
    assert (outcome(lost), outcome(change)) == (Outcome.DONE, Outcome.UNDONE)
    assert (bot.webhook_url, service.unsettled(change)) == (OLD, None)


def test_a_lost_answer_to_a_write_that_was_not_made(
    desk: Desk, bot: Chatbot, change: Change
) -> None:
    loses_answer(desk, "reset_before")
    with pytest.raises(outcomes.UnsettledError) as caught:
        undo(desk, change, "one form")
    desk.sandbox.clear_faults()
    # The form once more does not write unseen.
    with pytest.raises(outcomes.UnsettledError):
        undo(desk, change, "one form")
    settling.settle(desk.access(), caught.value.change)
    assert (outcome(caught.value.change), outcome(change)) == (Outcome.FAILED, Outcome.DONE)
    assert undo(desk, change) is not None
    assert bot.webhook_url == OLD


def test_what_caigunn_refuses_leaves_the_change_done(
    desk: Desk, bot: Chatbot, change: Change
) -> None:
    body = {"detail": [{"loc": ["body", "webhook_url"], "msg": "No", "type": "value_error"}]}
    desk.sandbox.order(Fault("status", method="PUT", status=422, body=body, times=3))
    with pytest.raises(Rejected):
        undo(desk, change)
    assert (outcome(change), bot.webhook_url) == (Outcome.DONE, NEW)


def test_what_does_not_hold_leaves_the_change_done(
    desk: Desk, bot: Chatbot, change: Change
) -> None:
    desk.sandbox.order(Fault("status", path=WEBHOOK, status=200, body={"detail": "ok"}))
    desk.sandbox.order(Fault("status", method="PUT", status=200, body={"detail": "ok"}))
    with pytest.raises(outcomes.NotHeldError):
        undo(desk, change)
    assert (outcome(change), bot.webhook_url) == (Outcome.DONE, NEW)


def test_a_deleted_chatbot(desk: Desk, bot: Chatbot, change: Change) -> None:
    bot.delete()
    with pytest.raises(outcomes.DeletedError):
        undo(desk, change)
    assert writes(desk) == 0


def test_through_another_access_token_nothing_is_reached(
    desk: Desk, bot: Chatbot, change: Change, join: Joining
) -> None:
    stranger = join("admin", "stranger@example.com")
    record = connect(stranger, desk.sandbox.users[1].token)
    desk.forget_calls()
    with pytest.raises(NotFound):
        undo(Desk(desk.sandbox, stranger, record), change)
    assert (writes(desk), bot.webhook_url) == (0, NEW)


def test_who_asked_and_why_is_written_down(desk: Desk, bot: Chatbot, change: Change) -> None:
    access = desk.access()
    done = service.undo(
        type(access)(**{**access.__dict__, "reason": "It was wrong"}), change, form_key=next(KEYS)
    )
    assert done is not None
    assert (done.reason, done.member, done.access_token_id) == (
        "It was wrong",
        desk.member,
        desk.record.pk,
    )
