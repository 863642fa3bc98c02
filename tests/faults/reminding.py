"""What the children of `processes` can do about reminders."""

from collections.abc import Callable
from io import StringIO
from typing import Any

from django.core.management import CommandError, call_command

from chatbots.models import Reminder

Act = Callable[[], Any]


def send_reminders() -> Act:
    """`manage.py send_reminders`: what it says."""

    def act() -> str:
        out = StringIO()
        try:
            call_command("send_reminders", stdout=out)
        except CommandError as error:
            return f"{out.getvalue()}{error}"
        return out.getvalue()

    return act


def claims() -> Act:
    """For each claim of a step, from the first to the last: the step, and whether it was sent."""

    def act() -> list[tuple[int, bool]]:
        found = Reminder.objects.order_by("claimed_at")
        return [(one.days_before, one.sent_at is not None) for one in found]

    return act
