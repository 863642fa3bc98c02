"""Changed outside: accepting and restoring."""

from typing import Any

import pytest
from django.db import connection

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from chatbots.caigunn import NotFound
from chatbots.sandbox import Chatbot
from chatbots.services import details, outcomes, settling
from chatbots.services import outside as service
from tests.conftest import Joining, connect

from .conftest import Desk
from .settings_calls import KEYS, held, ready, save
from .undoing import NEW, OLD, THIRD, loses_answer, webhook

pytestmark = pytest.mark.django_db
FIELD = "webhook_url"


@pytest.fixture
def bot(desk: Desk) -> Chatbot:
    """A chatbot whose webhook was set from here."""
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, webhook_url=OLD)
    webhook(desk, bot, NEW)
    desk.forget_calls()
    return bot


def found(desk: Desk, bot: Chatbot) -> dict[str, service.Outside]:
    """What was changed outside, read now."""
    reading = details.chatbot(desk.access(), bot.id, fresh_is_enough=False)
    return {one.field: one for one in service.of_chatbot(bot.id, reading)}


def in_rows(desk: Desk, *bots: Chatbot) -> dict[str, service.Outside]:
    """Whose webhook was changed outside, read now."""
    for bot in bots:
        details.forget(desk.access(), bot.id)
    return service.webhooks_of(details.chatbots(desk.access(), [bot.id for bot in bots]))


def accept(desk: Desk, bot: Chatbot, field: str, seen: Any, key: str = "") -> Change:
    return service.accept(desk.access(), bot.id, field, seen, form_key=key or next(KEYS))


def restore(desk: Desk, bot: Chatbot, field: str, seen: Any, key: str = "") -> Change | None:
    """What was left here last, restored by whoever was shown it."""
    left = LeftValue.objects.filter(chatbot_id=bot.id, field=field).first()
    wanted = left.value if left else None
    return service.restore(desk.access(), bot.id, field, seen, wanted, form_key=key or next(KEYS))


def writes(desk: Desk) -> int:
    return desk.count("PUT") + desk.count("DELETE")


def test_accepted(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    change = accept(desk, bot, FIELD, THIRD)
    assert (change.kind, change.outcome, change.member) == (
        Kind.ACCEPT,
        Outcome.DONE,
        desk.member,
    )
    assert (change.before, change.asked, change.after) == (
        {FIELD: NEW},
        {FIELD: THIRD},
        {FIELD: THIRD},
    )
    assert (found(desk, bot), in_rows(desk, bot), writes(desk)) == ({}, {}, 0)
    desk.sandbox.edit(bot.id, webhook_url=NEW)
    assert found(desk, bot)[FIELD].left == THIRD


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [("title", "Ours", "Theirs"), ("prompt", "Ours", None), ("is_shared", True, False)],
)
def test_a_setting_is_accepted(desk: Desk, field: str, ours: Any, theirs: Any) -> None:
    bot = ready(desk)
    save(desk, bot, {field: ours})
    desk.sandbox.edit(bot.id, **{field: theirs})
    accept(desk, bot, field, theirs)
    assert found(desk, bot) == {}


def test_accepting_once_more_is_the_same(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    assert accept(desk, bot, FIELD, THIRD, "one") == accept(desk, bot, FIELD, THIRD, "one")
    assert Change.objects.filter(kind=Kind.ACCEPT).count() == 1


def test_a_form_that_was_used_for_something_else(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    restore(desk, bot, FIELD, THIRD, "one")
    with pytest.raises(outcomes.FormUsedError):
        accept(desk, bot, FIELD, NEW, "one")


@pytest.mark.parametrize("act", [accept, restore])
def test_what_was_changed_once_more_is_refused(desk: Desk, bot: Chatbot, act: Any) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    desk.sandbox.edit(bot.id, webhook_url=f"{THIRD}/2")
    with pytest.raises(outcomes.ClashError) as caught:
        act(desk, bot, FIELD, THIRD)
    assert caught.value.current == f"{THIRD}/2"
    assert (bot.webhook_url, writes(desk)) == (f"{THIRD}/2", 0)
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()
    assert found(desk, bot)[FIELD].left == NEW


def test_restored_with_one_write(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    change = restore(desk, bot, FIELD, THIRD, "one")
    assert change is not None
    assert (change.before, change.asked, change.outcome) == (
        {FIELD: THIRD},
        {FIELD: NEW},
        Outcome.DONE,
    )
    assert restore(desk, bot, FIELD, THIRD, "one") == change
    assert (bot.webhook_url, writes(desk), found(desk, bot)) == (NEW, 1, {})


def test_no_webhook_is_restored_too(desk: Desk, bot: Chatbot) -> None:
    webhook(desk, bot, None)
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    assert found(desk, bot)[FIELD].can_restore
    restore(desk, bot, FIELD, THIRD)
    assert bot.webhook_url is None


@pytest.mark.parametrize(
    ("field", "ours", "theirs"),
    [
        ("title", "Ours", "Theirs"),
        ("prompt", "Ours", None),
        ("prompt", "", "Theirs"),
        ("is_shared", True, False),
        ("is_shared", False, True),
    ],
)
def test_a_setting_is_restored(desk: Desk, field: str, ours: Any, theirs: Any) -> None:
    bot = ready(desk)
    desk.sandbox.edit(bot.id, is_shared=not ours)
    save(desk, bot, {field: ours})
    desk.sandbox.edit(bot.id, **{field: theirs})
    desk.forget_calls()
    restore(desk, bot, field, theirs)
    assert (held(bot, field) or None, writes(desk)) == (ours or None, 1)
    assert found(desk, bot) == {}


def test_a_model_is_restored(desk: Desk) -> None:
    bot = ready(desk)
    second, third = (model.reference for model in desk.sandbox.models[1:3])
    save(desk, bot, {"model_id": second["id"]})
    desk.sandbox.edit(bot.id, model=third)
    restore(desk, bot, "model_id", third["id"])
    assert held(bot, "model_id") == second["id"]


def test_after_somebody_has_accepted_it_nothing_is_restored(desk: Desk, bot: Chatbot) -> None:
    """Two tabs: what the second would restore is no longer what was left here."""
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    accept(desk, bot, FIELD, THIRD)
    with pytest.raises(outcomes.ClashError):
        restore(desk, bot, FIELD, THIRD)
    assert (bot.webhook_url, writes(desk)) == (THIRD, 0)


def test_what_cannot_be_written_is_not_restored(desk: Desk) -> None:
    bot = ready(desk)
    change = save(desk, bot, {"title": "Ours"}).change
    LeftValue.objects.filter(field="title").update(value=None)
    one = found(desk, bot)["title"]
    assert not one.can_restore
    with pytest.raises(service.NotRestorableError):
        restore(desk, bot, "title", "Ours")
    assert change is not None
    change.delete()
    with pytest.raises(service.NotRestorableError):
        restore(desk, bot, "title", "Ours")


def test_a_restore_whose_answer_was_lost(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    loses_answer(desk, "reset_after")
    with pytest.raises(outcomes.UnsettledError) as caught:
        restore(desk, bot, FIELD, THIRD)
    desk.sandbox.clear_faults()
    # It was made: what Caigunn reports is what was left here.
    assert found(desk, bot) == {}
    settling.settle(desk.access(), caught.value.change)
    assert found(desk, bot) == {}


def test_a_deleted_chatbot(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    bot.delete()
    for act in (accept, restore):
        with pytest.raises(outcomes.DeletedError):
            act(desk, bot, FIELD, THIRD)
    assert writes(desk) == 0


def test_through_another_access_token_nothing_is_reached(
    desk: Desk, bot: Chatbot, join: Joining
) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    stranger = join("admin", "stranger@example.com")
    theirs = Desk(desk.sandbox, stranger, connect(stranger, desk.sandbox.users[1].token))
    for act in (accept, restore):
        with pytest.raises(NotFound):
            act(theirs, bot, FIELD, THIRD)
    assert bot.webhook_url == THIRD
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()


def test_an_acceptance_is_never_left_open(desk: Desk, bot: Chatbot) -> None:
    """What dies between its two halves leaves nothing: no *Check now* could settle it."""
    desk.sandbox.edit(bot.id, webhook_url=THIRD)

    def dies(execute: Any, sql: str, *rest: Any) -> Any:
        if "activity_leftvalue" in sql and sql.startswith(("UPDATE", "INSERT")):
            raise SystemExit
        return execute(sql, *rest)

    access = desk.access()
    with pytest.raises(SystemExit), connection.execute_wrapper(dies):
        service.accept(access, bot.id, FIELD, THIRD, form_key=next(KEYS))
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()
