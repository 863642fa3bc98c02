"""What was last sent from here, by whom and when; and nothing secret in what is kept."""

import base64
import logging

import pytest
from django.db import connection

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Fault
from chatbots.services import outcomes
from chatbots.services import settings as service
from chatbots.services.last_sent import last_sent
from tests.conftest import Joining, connect

from .conftest import CHATBOT, Desk, OpenDesk
from .creating import create, wanted
from .settings_calls import all_settings, change, picture_bytes, ready, save

pytestmark = pytest.mark.django_db


def test_every_unreadable_field_says_what_was_sent(desk: Desk) -> None:
    bot, values = ready(desk), all_settings(desk)
    saved = save(desk, bot, values)
    assert saved.change is not None
    found = last_sent(bot.id)
    assert set(found) == set(values) - set(service.READABLE)
    for name, sent in found.items():
        assert (sent.by, sent.at) == (str(desk.member), saved.change.created_at)
        assert sent.is_certain
        if name not in {"avatar", "button_image"}:
            assert sent.value == values[name]


def test_a_picture_is_kept_as_name_size_and_small_copy_alone(desk: Desk) -> None:
    bot, values = ready(desk), all_settings(desk)
    save(desk, bot, {"avatar": values["avatar"]})
    sent = last_sent(bot.id)["avatar"].value
    upload = values["avatar"].upload
    assert sent == {
        "name": upload.name,
        "size": len(upload.content),
        "type": "image/png",
        "thumbnail": values["avatar"].thumbnail,
    }


def test_the_latest_of_each_field_counts_whoever_sent_it(desk: Desk, join: Joining) -> None:
    bot = ready(desk)
    save(desk, bot, {"main_color": "#111111", "is_fixed": True})
    other = join("admin")
    connect(other, desk.sandbox.users[0].token)
    save(Desk(desk.sandbox, other, desk.record), bot, {"main_color": "#222222"})
    found = last_sent(bot.id)
    assert (found["main_color"].value, found["main_color"].by) == ("#222222", str(other))
    assert (found["is_fixed"].value, found["is_fixed"].by) == (True, str(desk.member))
    other.delete()
    assert last_sent(bot.id)["main_color"].by == "admin@example.com"
    assert last_sent(desk.bots[1].id) == {}


def test_what_was_refused_was_not_sent_and_what_is_unknown_says_so(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"main_color": "#111111", "is_fixed": True})
    desk.sandbox.order(Fault("status", method="PUT", path=CHATBOT, status=422))
    with pytest.raises(Exception, match="422"):
        save(desk, bot, {"main_color": "#222222"})
    desk.sandbox.order(Fault("reset_after", method="PUT", path=CHATBOT))
    with pytest.raises(outcomes.UnsettledError):
        save(desk, bot, {"is_fixed": False})
    found = last_sent(bot.id)
    assert (found["main_color"].value, found["main_color"].is_certain) == ("#111111", True)
    assert (found["is_fixed"].value, found["is_fixed"].is_certain) == (False, False)


def test_what_was_accepted_counts_although_something_else_did_not_hold(desk: Desk) -> None:
    """Caigunn said yes; what it then reports of the title says nothing of the colour."""
    bot = ready(desk)
    accept = {"detail": "update successfully"}
    save(desk, bot, {"main_color": "#111111"})
    desk.sandbox.order(Fault("status", method="PUT", path=CHATBOT, status=200, body=accept))
    with pytest.raises(outcomes.NotHeldError):
        save(desk, bot, {"title": "Not held", "main_color": "#222222", "is_fixed": True})
    found = last_sent(bot.id)
    assert (found["main_color"].value, found["main_color"].is_certain) == ("#222222", True)
    assert (found["is_fixed"].value, found["is_fixed"].is_certain) == (True, True)


def test_many_that_were_refused_do_not_hide_what_was_sent(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"main_color": "#111111"})
    sent = change()
    Change.objects.bulk_create(
        Change(
            kind=Kind.SETTINGS,
            outcome=Outcome.FAILED,
            chatbot_id=bot.id,
            asked={"main_color": f"#{number:06}"},
        )
        for number in range(250)
    )
    assert last_sent(bot.id)["main_color"].at == sent.created_at


def test_what_was_sent_at_the_creation_counts_too(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=0)
    created = create(desk, wanted(desk, settings={"main_color": "#111111"}))
    assert last_sent(created.chatbot_id)["main_color"].value == "#111111"


def test_neither_secrets_nor_files_are_kept_or_logged(
    open_desk: OpenDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Of all that a creation with everything leaves: Changes, cache, log."""
    caplog.set_level(logging.DEBUG)
    desk = open_desk("admin", chatbots=1)
    values = {name: one for name, one in all_settings(desk).items() if name != "title"}
    prompt = "a prompt that is nobody's business"
    created = create(desk, wanted(desk, settings=values | {"prompt": prompt}))
    bot = desk.bots[-1]
    save(desk, bot, {"title": "Renamed quietly"})
    content = picture_bytes()
    kept = repr(list(Change.objects.values()))
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM caigunn_cache")
        cached = repr(cursor.fetchall())
    for secret in (desk.sandbox.users[0].token, bot.api_key):
        for place in (kept, cached, caplog.text, repr(created)):
            assert secret not in place
    for text in (base64.b64encode(content).decode()[:60], repr(content)[2:40]):
        for place in (kept, cached, caplog.text):
            assert text not in place
    for text in (prompt, "Renamed quietly", "#0f766e"):
        assert text not in caplog.text
    assert change(Kind.CREATE).asked["avatar"]["name"]
