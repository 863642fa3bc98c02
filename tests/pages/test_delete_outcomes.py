"""`/chatbots/<id>/delete/`: what a member sees of a deletion that does not go as asked."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.models import WriteLease
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import ALWAYS, NO_ANSWER, TOKEN_REFUSED, fail, refuse_token, writes
from tests.pages.changing import count, delete_url, follow, opened
from tests.pages.drawn import Form, assert_error, assert_page
from tests.pages.keeping import after_reconnecting, leads_to_kept

MAY_BE_GONE = "Caigunn may have deleted this chatbot"


MAY_BE_GONE = "Caigunn may have deleted this chatbot"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return delete_url(bot)


@pytest.fixture
def form(admin: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> Form:
    """The form with the right title typed, not sent yet."""
    form = opened(admin, url)
    form.fields["confirm_title"] = bot.title
    sandbox.clear_requests()
    return form


# What does not go as asked


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", method="DELETE", status=500, applied=True),
        Fault("reset_after", method="DELETE"),
        Fault("close", method="DELETE"),
        Fault("not_json", method="DELETE"),
        Fault("reset_before", method="DELETE"),
        Fault("status", method="DELETE", status=503),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_an_unclear_answer_is_settled_by_reading(
    fault: Fault, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form
) -> None:
    sandbox.order(fault)
    assert "is deleted. Caigunn confirms it." in follow(admin, form.submit(admin)).text
    assert bot.is_deleted
    assert count(sandbox, "DELETE") == (1 if fault.is_applied else 2)


def test_it_stays_unknown(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.order(Fault("delay", path=bot.id, method="GET", times=2, seconds=0.001))
    fail(sandbox, bot.id, 503, method="GET")
    page = assert_error(form.submit(admin), 504, MAY_BE_GONE)
    assert "Try again" not in page.text
    assert page.form(url).fields["confirm_title"] == bot.title
    change = Change.objects.get(kind=Kind.DELETE)
    assert change.outcome == Outcome.UNKNOWN
    sandbox.clear_faults()
    # Sent again, it deletes nothing; *Check now* tells.
    assert_error(page.form(url).submit(admin), 504, MAY_BE_GONE)
    assert count(sandbox, "DELETE") == 1
    told = follow(admin, page.form(f"/changes/{change.pk}/check/").submit(admin))
    assert "Checked: Caigunn has what was asked for." in told.text
    change.refresh_from_db()
    assert change.outcome == Outcome.DONE


def test_a_stranger_settles_nothing(
    admin: Client, browse: Browsing, sandbox: Sandbox, bot: Chatbot, form: Form
) -> None:
    sandbox.order(Fault("reset_before", method="DELETE", times=ALWAYS))
    assert_error(form.submit(admin), 504, MAY_BE_GONE)
    change = Change.objects.get(kind=Kind.DELETE)
    stranger = browse("editor", sandbox.users[1].token)
    response = stranger.post(f"/changes/{change.pk}/check/")
    assert_error(response, 404, "This chatbot no longer exists")
    change.refresh_from_db()
    assert change.outcome == Outcome.UNKNOWN


def test_caigunn_says_yes_and_keeps_it(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    body = {"detail": "Delete chatbot successfully"}
    sandbox.order(Fault("status", method="DELETE", status=200, body=body))
    page = assert_page(form.submit(admin), 422)
    assert "Caigunn accepted the deletion, but still reports the chatbot." in page.text
    assert page.form(url).fields["confirm_title"] == bot.title


@pytest.mark.parametrize("status", [400, 403, 405, 422])
def test_refused(
    status: int, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    fail(sandbox, bot.id, status, method="DELETE")
    page = assert_error(form.submit(admin), 403 if status == 403 else 422, f"Said with {status}")
    assert page.form(url).fields["confirm_title"] == bot.title
    sandbox.clear_faults()
    assert page.form(url).submit(admin).status_code == 302


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_rate_limited(
    method: str, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    fail(sandbox, bot.id, 429, method=method, headers={"Retry-After": "9"})
    response = form.submit(admin)
    page = assert_error(response, 503, "Try again in 9 seconds. Nothing was changed.")
    assert response["Retry-After"] == "9"
    assert page.form(url).fields["confirm_title"] == bot.title
    sandbox.clear_faults()
    assert page.form(url).submit(admin).status_code == 302


def test_a_refused_token(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    refuse_token(sandbox)
    page = assert_error(form.submit(admin), 403, TOKEN_REFUSED)
    assert leads_to_kept(after_reconnecting(page), url)
    assert page.form(url).fields["confirm_title"] == bot.title
    assert writes(sandbox) == []


@pytest.mark.parametrize("is_kept", [True, False])
def test_caigunn_is_down(
    is_kept: bool, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    if is_kept:
        admin.get(f"/chatbots/{bot.id}/")
    sandbox.close()
    page = assert_error(form.submit(admin), 503, NO_ANSWER)
    assert page.form(url).fields["confirm_title"] == bot.title
    assert "Try again" not in page.text


def test_busy(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, settings: LazySettings
) -> None:
    WriteLease.objects.create(
        name=f"{sandbox.url}:{bot.id}",
        holder="00000000-0000-0000-0000-000000000001",
        expires_at=timezone.now() + timedelta(minutes=1),
    )
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.3
    page = assert_page(form.submit(admin), 422)
    assert "is still being written. Nothing was deleted" in page.text
    assert writes(sandbox) == []
