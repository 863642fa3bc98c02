"""The days under which Changes stand: those of the member's own calendar."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from caigunn_admin.activity.models import Change
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot
from tests.pages.changing import opened, webhook_url
from tests.pages.drawn import assert_page


@pytest.mark.parametrize(("zone", "hour"), [("Asia/Taipei", 18), ("America/Los_Angeles", 3)])
@pytest.mark.parametrize(("ago", "day"), [(5, "Today"), (24 * 60, "Yesterday")])
def test_a_day_is_named_where_the_member_is(
    zone: str, hour: int, ago: int, day: str, editor: Client, bot: Chatbot
) -> None:
    """At an hour when the server's calendar shows another day than the member's."""
    opened(editor, webhook_url(bot)).submit(editor, webhook_url="https://hooks.example.org/mine")
    Member.objects.update(time_zone=zone)
    today = datetime.now(UTC).replace(hour=hour, minute=0, second=0, microsecond=0)
    Change.objects.update(created_at=today - timedelta(minutes=ago))
    with time_machine.travel(today, tick=True):
        page = assert_page(editor.get(f"/chatbots/{bot.id}/history/"))
    named = {name for name in ("Today", "Yesterday", "Tomorrow") if name in page.text}
    assert named == {day}
