"""Changed outside: when it is said."""

import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from chatbots.sandbox import Chatbot, Fault
from chatbots.services import details, outcomes, settling
from chatbots.services import outside as service
from chatbots.services import undo as undo_service
from chatbots.services.masking import HIDDEN

from .conftest import CHATBOT, Desk
from .settings_calls import KEYS, ready, save
from .undoing import NEW, OLD, THIRD, loses_answer, takes_only, webhook

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


def test_what_was_left_here_is_no_news(desk: Desk, bot: Chatbot) -> None:
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})


@pytest.mark.parametrize("how", ["one", "rows"])
def test_a_read_is_as_old_as_its_question(desk: Desk, bot: Chatbot, how: str) -> None:
    """Caigunn may answer a slow read with what was there before a write of ours ended."""
    details.forget(desk.access(), bot.id)
    now, clock = timezone.now(), time.monotonic()
    if how == "one":
        reading: Any = details.chatbot(desk.access(), bot.id)
    else:
        reading = details.chatbots(desk.access(), [bot.id])[bot.id]
    (asked,) = desk.sandbox.requests
    assert reading.read_at <= now + timedelta(seconds=asked.at - clock)
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    LeftValue.objects.update(at=reading.read_at, value=OLD)
    assert service.of_chatbot(bot.id, reading) == ()


def test_what_was_never_written_here_is_no_news(desk: Desk) -> None:
    bot = desk.bots[1]
    desk.sandbox.edit(bot.id, webhook_url=THIRD, title="Theirs")
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})


@pytest.mark.parametrize("now", [THIRD, None])
def test_another_value_is_told_with_what_was_left_when_and_by_whom(
    desk: Desk, bot: Chatbot, now: str | None
) -> None:
    desk.sandbox.edit(bot.id, webhook_url=now)
    one = found(desk, bot)[FIELD]
    change = Change.objects.get(kind=Kind.WEBHOOK)
    assert change.closed_at is not None
    assert abs(one.since - change.closed_at) < timedelta(seconds=1)
    assert (one.left, one.now, one.by) == (NEW, now, "editor@example.com")
    assert (one.can_restore, one.open_change) == (True, None)
    assert in_rows(desk, bot).keys() == {bot.id}


def test_each_setting_that_can_be_read(desk: Desk) -> None:
    bot = ready(desk)
    first, second, third = (model.reference for model in desk.sandbox.models[:3])
    values = {"title": "New", "prompt": "New", "is_shared": True, "model_id": second["id"]}
    save(desk, bot, {**values, "main_color": "#123456"})
    assert found(desk, bot) == {}
    desk.sandbox.edit(bot.id, title="T", prompt=None, is_shared=False, model=third)
    told = found(desk, bot)
    assert {name: (one.left, one.now) for name, one in told.items()} == {
        "title": ("New", "T"),
        "prompt": ("New", None),
        "is_shared": (True, False),
        "model_id": (second["id"], third["id"]),
    }
    assert first["id"] not in str(told)
    # Those of the webhook alone stand in the list.
    assert in_rows(desk, bot) == {}


@pytest.mark.parametrize(
    "spelled", ["HTTPS://NEW.example.com/hook", "https://new.example.com:443/hook"]
)
def test_another_spelling_is_no_news(desk: Desk, bot: Chatbot, spelled: str) -> None:
    desk.sandbox.edit(bot.id, webhook_url=spelled)
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})


def test_another_spelling_of_settings_is_no_news(desk: Desk) -> None:
    bot = ready(desk)
    model = desk.sandbox.models[1].reference
    save(desk, bot, {"title": "Café", "prompt": "One\nTwo", "model_id": model["id"]})
    plain = {**model, "id": model["id"].replace("-", "").upper()}
    desk.sandbox.edit(bot.id, title="Cafe\u0301 ", prompt="One\r\nTwo\n", model=plain)
    assert found(desk, bot) == {}


@pytest.mark.parametrize("field", ["title", "is_shared", "prompt", "model", FIELD])
@pytest.mark.parametrize("how", ["missing", "of a wrong type"])
def test_what_caigunn_does_not_tell_is_no_difference(desk: Desk, field: str, how: str) -> None:
    bot = ready(desk)
    model = desk.sandbox.models[1].id
    save(desk, bot, {"title": "New", "prompt": "New", "is_shared": True, "model_id": model})
    webhook(desk, bot, NEW)
    body = desk.access().client.get_chatbot(bot.id).model_dump(mode="json")
    body = {name: value for name, value in body.items() if name != field}
    if how == "of a wrong type":
        body[field] = [{"what": 5}]
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOT, status=200, body=body))
    assert found(desk, bot) == {}


def test_what_a_secret_was_cut_out_of_is_not_compared(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=f"https://new.example.com/hook?key={bot.api_key}")
    reading = details.chatbot(desk.access(), bot.id, fresh_is_enough=False)
    assert HIDDEN in (reading.webhook_url or "")
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})
    with pytest.raises(outcomes.ClashError):
        accept(desk, bot, FIELD, reading.webhook_url)


def test_a_copy_from_before_the_write_knows_nothing_of_it(desk: Desk) -> None:
    bot = desk.bots[0]
    before = details.chatbot(desk.access(), bot.id)
    webhook(desk, bot, NEW)
    assert service.of_chatbot(bot.id, before) == ()
    assert service.webhooks_of({bot.id: before}) == {}


def test_a_stale_copy_and_a_deleted_chatbot_are_not_told(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    assert found(desk, bot)
    desk.sandbox.order(Fault("status", path=CHATBOT, status=503, times=9))
    stale = details.chatbot(desk.access(), bot.id, fresh_is_enough=False)
    assert stale.is_stale
    assert service.of_chatbot(bot.id, stale) == ()
    assert service.webhooks_of({bot.id: stale}) == {}
    desk.sandbox.clear_faults()
    bot.delete()
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})


def test_what_could_not_be_read_is_not_told(desk: Desk, bot: Chatbot) -> None:
    unread = details.Unread(is_gone=False)
    assert service.webhooks_of({bot.id: unread}) == {}


def test_a_change_of_ours_that_is_open_comes_first(desk: Desk, bot: Chatbot) -> None:
    loses_answer(desk, "reset_after")
    with pytest.raises(outcomes.UnsettledError) as caught:
        webhook(desk, bot, THIRD)
    desk.sandbox.clear_faults()
    assert found(desk, bot)[FIELD].open_change == caught.value.change
    assert in_rows(desk, bot) == {}
    settling.settle(desk.access(), caught.value.change)
    assert (found(desk, bot), in_rows(desk, bot)) == ({}, {})


def test_an_open_change_of_another_field_says_nothing(desk: Desk, bot: Chatbot) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    Change.objects.create(
        kind=Kind.SETTINGS,
        outcome=Outcome.PENDING,
        chatbot_id=bot.id,
        asked={"title": "New"},
    )
    assert found(desk, bot)[FIELD].open_change is None
    assert in_rows(desk, bot).keys() == {bot.id}


def test_what_a_change_took_in_part_was_not_changed_outside(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"title": "Ours", "prompt": "Ours"})
    takes_only(desk, bot, title="New")
    with pytest.raises(outcomes.NotHeldError):
        save(desk, bot, {"title": "New", "prompt": "New"}, started_from={})
    desk.sandbox.edit(bot.id, title="New")
    assert found(desk, bot) == {}
    assert LeftValue.objects.get(field="prompt").value == "Ours"


def test_a_change_that_failed_over_a_change_from_outside_leaves_it_told(
    desk: Desk, bot: Chatbot
) -> None:
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    desk.sandbox.order(
        Fault("status", method="PUT", status=200, body={"detail": "update successfully"}, times=2)
    )
    with pytest.raises(outcomes.NotHeldError):
        webhook(desk, bot, OLD)
    assert found(desk, bot)[FIELD].left == NEW


def test_undo_leaves_a_value_too(desk: Desk, bot: Chatbot) -> None:
    change = Change.objects.get(kind=Kind.WEBHOOK)
    undo_service.undo(desk.access(), change, form_key=next(KEYS))
    assert found(desk, bot) == {}
    desk.sandbox.edit(bot.id, webhook_url=NEW)
    assert found(desk, bot)[FIELD].left == OLD


@pytest.mark.parametrize("are_changed", [False, True])
def test_the_number_of_queries_does_not_grow_with_the_rows(desk: Desk, are_changed: bool) -> None:
    reading = details.chatbot(desk.access(), desk.bots[0].id)
    at = timezone.now() - timedelta(hours=1)

    def queries(rows: int) -> int:
        ids = [f"bot-{rows}-{number}" for number in range(rows)]
        for chatbot_id in ids:
            change = Change.objects.create(
                kind=Kind.WEBHOOK,
                outcome=Outcome.DONE,
                member=desk.member,
                chatbot_id=chatbot_id,
                asked={FIELD: NEW},
            )
            value = NEW if are_changed else reading.webhook_url
            LeftValue.objects.create(
                chatbot_id=chatbot_id, field=FIELD, value=value, change=change, at=at
            )
        with CaptureQueriesContext(
            connection,
        ) as seen:
            told = service.webhooks_of(dict.fromkeys(ids, reading))
        assert len(told) == (rows if are_changed else 0)
        return len(seen)

    assert queries(2) == queries(100) == (2 if are_changed else 1)
