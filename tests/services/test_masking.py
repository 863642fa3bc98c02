"""Secrets stay out of what is kept, wherever Caigunn puts them."""

import json

import pytest

from chatbots.services import details, kept
from chatbots.services.masking import HIDDEN, without_secrets

from .conftest import Desk


@pytest.mark.django_db
def test_a_key_inside_another_field_is_cut_out(desk: Desk) -> None:
    bot = desk.bots[0]
    link = f"https://caigunn.example/chat?key={bot.api_key}"
    desk.sandbox.edit(bot.id, share_link=link, embed=[f"<script data-k='{bot.api_key}'>"])
    info, reading = details.read(desk.access(), bot.id)
    assert info.share_link == link
    assert reading.info.share_link == f"https://caigunn.example/chat?key={HIDDEN}"
    copy = kept.get(desk.access().scope, f"chatbot:{bot.id}")
    assert copy is not None
    assert bot.api_key not in json.dumps(copy.data)


def test_a_short_secret_does_not_tear_words_apart() -> None:
    assert without_secrets("a banana", secrets=("an",)) == "a banana"
