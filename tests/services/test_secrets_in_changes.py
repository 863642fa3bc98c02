"""A webhook URL or a text may hold the chatbot's own API key: no Change keeps it."""

import json

import pytest
from django.db import connection

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from chatbots.sandbox import Chatbot
from chatbots.services import deletion, outcomes, settling, webhooks
from chatbots.services import outside as outside_service
from chatbots.services import undo as undo_service
from chatbots.services.masking import HIDDEN

from .conftest import Desk, OpenDesk
from .settings_calls import KEYS, ready, save
from .undoing import NEW, THIRD, loses_answer, webhook

pytestmark = pytest.mark.django_db


def with_key(bot: Chatbot) -> str:
    return f"https://hooks.example.com/?key={bot.api_key}&more=1"


def assert_not_kept(bot: Chatbot) -> None:
    for model in (Change, LeftValue):
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT * FROM {model._meta.db_table}")  # noqa: S608
            assert bot.api_key not in json.dumps(cursor.fetchall(), default=str)


def test_a_webhook_with_the_key_in_it_is_saved_and_the_key_not_kept(desk: Desk) -> None:
    bot = desk.bots[0]
    change = webhook(desk, bot, with_key(bot))
    assert bot.webhook_url == with_key(bot)
    assert change.outcome == Outcome.DONE
    assert HIDDEN in change.asked["webhook_url"]
    webhook(desk, bot, NEW)
    assert_not_kept(bot)
    for one in Change.objects.filter(kind=Kind.WEBHOOK):
        assert undo_service.plan(one).why_not == "The value held a secret, which is not kept."


def test_the_form_sent_again_is_the_same(desk: Desk) -> None:
    bot = desk.bots[0]
    before = bot.webhook_url
    for _time in range(2):
        webhooks.save(desk.access(), bot.id, with_key(bot), started_from=before, form_key="one")
    with pytest.raises(outcomes.FormUsedError):
        webhooks.save(desk.access(), bot.id, NEW, started_from=before, form_key="one")
    assert desk.count("PUT") == 1


@pytest.mark.parametrize("was_made", [True, False])
def test_it_is_settled_all_the_same(desk: Desk, was_made: bool) -> None:
    bot = desk.bots[0]
    loses_answer(desk, "reset_after" if was_made else "reset_before")
    with pytest.raises(outcomes.UnsettledError) as caught:
        webhook(desk, bot, with_key(bot))
    desk.sandbox.clear_faults()
    settled = settling.settle(desk.access(), caught.value.change)
    assert settled.outcome == (Outcome.DONE if was_made else Outcome.FAILED)
    assert_not_kept(bot)


def test_what_was_left_with_a_key_in_it_is_not_restored(desk: Desk) -> None:
    bot = desk.bots[0]
    webhook(desk, bot, with_key(bot))
    desk.sandbox.edit(bot.id, webhook_url=THIRD)
    with pytest.raises(outside_service.NotRestorableError):
        outside_service.restore(
            desk.access(), bot.id, "webhook_url", THIRD, with_key(bot), form_key=next(KEYS)
        )
    assert bot.webhook_url == THIRD


def test_settings(desk: Desk) -> None:
    bot = ready(desk)
    desk.sandbox.edit(bot.id, prompt=f"The key is {bot.api_key}.")
    messages = [{"type": "text", "value": f"Call with {bot.api_key}"}]
    values = {"prompt": f"It was {bot.api_key}", "initial_messages": messages}
    for _time in range(2):
        done = save(desk, bot, values, form_key="one")
    assert bot.settings["initial_messages"] == messages
    assert done.change is not None
    assert done.change.outcome == Outcome.DONE
    assert desk.count("PUT") <= 1
    assert_not_kept(bot)


def test_a_deletion(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=2)
    bot = desk.bots[0]
    desk.sandbox.edit(bot.id, webhook_url=with_key(bot))
    deletion.delete(desk.access(), bot.id, form_key=next(KEYS))
    assert Change.objects.get(kind=Kind.DELETE).outcome == Outcome.DONE
    assert_not_kept(bot)
