"""Reminders from several processes at once, and from one that is killed: one mail for each step."""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chatbots.sandbox import Sandbox

from .conftest import OpenHouse
from .processes import House

SENT = "Reminders sent: 1.\n"
NONE = "Reminders sent: 0.\n"
PERHAPS = "Perhaps sent, and therefore not sent again: 1.\n"


@pytest.fixture
def letterbox(tmp_path: Path) -> Callable[[], int]:
    """How many mails have gone out."""
    return lambda: sum(one.read_text().count("\nTo: ") for one in tmp_path.iterdir())


@pytest.fixture
def house(open_house: OpenHouse, caigunn: Sandbox, tmp_path: Path) -> House:
    """A house whose member is connected with a token that ends in three days."""
    end = datetime.now(UTC) + timedelta(days=3, hours=1)
    parts = ({"alg": "none"}, {"exp": int(end.timestamp())}, {"by": "the test"})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()) for part in parts]
    caigunn.users[0].token = b".".join(encoded).decode().replace("=", "")
    return open_house(
        MAIL_IS_SENT=True,
        EMAIL_BACKEND="django.core.mail.backends.filebased.EmailBackend",
        EMAIL_FILE_PATH=str(tmp_path),
    )


def test_four_runs_at_once_send_one_mail(house: House, letterbox: Callable[[], int]) -> None:
    told = house.at_once(*[["send_reminders"]] * 4)
    # Whoever looks while another sends cannot know yet how that ends.
    assert sorted(one.splitlines()[0] for one in told) == [NONE.strip()] * 3 + [SENT.strip()]
    assert letterbox() == 1
    assert house.ask("claims") == [[3, True]]
    assert house.ask("send_reminders") == NONE


@pytest.mark.parametrize(
    ("stop_at", "sent", "then", "claims"),
    [
        ('^INSERT INTO "chatbots_reminder"', 0, SENT, [[3, True]]),
        # After the claim, before the mail.
        ('^SELECT .*"team_member"."email".* FROM "chatbots_connection"', 0, NONE, [[3, False]]),
        # After the mail.
        ('^UPDATE "chatbots_reminder"', 1, NONE, [[3, False]]),
    ],
    ids=["before the claim", "before the mail", "after the mail"],
)
def test_a_run_that_is_killed_leads_to_no_second_mail(
    house: House,
    letterbox: Callable[[], int],
    stop_at: str,
    sent: int,
    then: str,
    claims: list[list[int]],
) -> None:
    with house.start("send_reminders", stop_at=stop_at) as child:
        child.go()
        child.wait_come()
        child.kill()
    assert letterbox() == sent
    says = then if then == SENT else then + PERHAPS
    assert house.ask("send_reminders") == says
    assert letterbox() == max(sent, then == SENT)
    assert house.ask("claims") == claims
