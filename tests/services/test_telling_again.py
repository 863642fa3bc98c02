"""A form that was sent before: its answer is what Caigunn reports now, not what was true then."""

import pytest

from chatbots.services import details, outcomes, webhooks

from .conftest import Desk

pytestmark = pytest.mark.django_db
MINE = "https://mine.example/"
THEIRS = "https://theirs.example/"


def save(desk: Desk) -> webhooks.Saved:
    bot = desk.bots[0]
    start = details.chatbot(desk.access(), bot.id, fresh_is_enough=False).webhook_url
    return webhooks.save(desk.access(), bot.id, MINE, started_from=start, form_key="the-form")


def test_the_same_form_again_is_answered_alike_without_a_write(desk: Desk) -> None:
    first = save(desk)
    again = save(desk)
    assert again == first
    assert desk.count("PUT") == 1


def test_what_somebody_else_saved_since_is_not_called_saved(desk: Desk) -> None:
    save(desk)
    desk.sandbox.edit(desk.bots[0].id, webhook_url=THEIRS)
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk)
    assert caught.value.current == THEIRS
    assert desk.count("PUT") == 1
