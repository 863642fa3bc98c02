"""Forms that are sent while Caigunn is away: nothing is lost, and nothing is sent."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Outcome
from chatbots.sandbox import Chatbot, Fault
from tests.conftest import Browsing
from tests.faults.away import (
    ALWAYS,
    NO_ANSWER,
    Log,
    Outage,
    break_it,
    breaker_in_use,
    caigunn_that_goes,
    give_the_probe_its_turn,
    probe_is_over,
)
from tests.pages.drawn import Form, assert_error, assert_page

CHATBOT = r"/user/chatbot/[^/]+$"
HOOK = "https://new.example.com/hook"


@pytest.fixture(autouse=True)
def _breaker_in_use(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with breaker_in_use(settings, monkeypatch):
        yield


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Log:
    return Log(caplog)


@pytest.fixture
def outage(request: pytest.FixtureRequest, settings: LazySettings) -> Iterator[Outage]:
    """A 503 from a gateway, where a test does not ask for another kind."""
    with caigunn_that_goes(getattr(request, "param", "503"), settings) as found:
        yield found


@pytest.fixture
def admin(browse: Browsing, outage: Outage) -> Client:
    """An Admin, connected to Caigunn."""
    return browse("admin", outage.token)


@pytest.fixture
def bot(outage: Outage) -> Chatbot:
    """The first chatbot; it has a webhook."""
    return outage.running.users[0].chatbots[0]


def opened(client: Client, page: str, action: str, **typed: Any) -> tuple[Form, dict[str, Any]]:
    return assert_page(client.get(page)).form(action), typed


def form_of(name: str, client: Client, bot: Chatbot) -> tuple[Form, dict[str, Any]]:
    """A form that is open in the browser, and what is typed into it."""
    one = f"/chatbots/{bot.id}/"
    match name:
        case "webhook":
            return opened(client, f"{one}webhook/", f"{one}webhook/", webhook_url=HOOK)
        case "edit":
            return opened(client, f"{one}edit/", f"{one}edit/", prompt="Answer kindly.\nAlways.")
        case "new":
            return opened(client, "/chatbots/new/", "/chatbots/new/", title="A new <one> & more")
        case "delete":
            return opened(client, f"{one}delete/", f"{one}delete/", confirm_title=bot.title)
        case "connect":
            typed = {"access_token": "another-token", "label": "From the <ops> & team"}
            return opened(client, "/token/", "/token/", **typed)
    return opened(client, "/token/", "/token/refresh/", expired_date="2099-01-31")


@pytest.mark.parametrize("name", ["webhook", "edit", "new", "delete", "connect", "refresh"])
def test_a_form_sent_meanwhile_keeps_its_input_and_sends_nothing(
    name: str, outage: Outage, admin: Client, bot: Chatbot, log: Log
) -> None:
    form, typed = form_of(name, admin, bot)
    if name == "new":
        # A choice of plans is part of the form.
        typed["plan_id"] = outage.running.users[0].plans[1].id
    break_it(admin, outage, log)
    page = assert_error(form.submit(admin, **typed), 503, NO_ANSWER)
    kept = page.form(form.action).fields
    secret = typed.pop("access_token", None)
    assert {field: kept[field].replace("\r\n", "\n") for field in typed} == typed
    assert secret is None or secret not in page.html
    log.assert_nothing_sent()
    open_changes = Change.objects.filter(outcome__in=[Outcome.PENDING, Outcome.UNKNOWN])
    assert not open_changes.exists()


WRITES = {"webhook": "PUT", "edit": "PUT", "new": "POST", "delete": "DELETE", "refresh": "GET"}


@pytest.mark.parametrize("name", WRITES)
def test_the_same_form_is_good_when_it_is_back(
    name: str, outage: Outage, admin: Client, bot: Chatbot, log: Log
) -> None:
    form, typed = form_of(name, admin, bot)
    if name == "new":
        typed["plan_id"] = outage.running.users[0].plans[1].id
    break_it(admin, outage, log)
    again = assert_error(form.submit(admin, **typed), 503, NO_ANSWER).form(form.action)
    outage.end()
    give_the_probe_its_turn(outage)
    outage.running.clear_requests()
    assert again.submit(admin, **typed).status_code == 302
    sent = [
        one
        for one in outage.running.requests
        if one.method == WRITES[name] and (one.method != "GET" or one.path.endswith("refresh"))
    ]
    assert len(sent) == 1
    assert Change.objects.latest("created_at").outcome == Outcome.DONE


def test_written_and_then_away_is_unknown_until_it_can_be_read(
    outage: Outage, admin: Client, bot: Chatbot, log: Log
) -> None:
    form, typed = form_of("webhook", admin, bot)
    # The read before the write passes, then the write; its read-back finds nobody.
    outage.running.order(Fault("delay", path=CHATBOT, seconds=0.001))
    outage.running.order(Fault("status", status=503, method="GET", times=ALWAYS))
    page = assert_page(form.submit(admin, **typed), 504)
    assert "Caigunn may have saved this" in page.text
    assert log.says("Caigunn is away")
    probe_is_over()
    change = Change.objects.get(kind="webhook")
    assert change.outcome == Outcome.UNKNOWN
    log.clear()
    check = f"/changes/{change.pk}/check/"
    assert admin.post(check).status_code == 503
    log.assert_nothing_sent()
    change.refresh_from_db()
    assert change.outcome == Outcome.UNKNOWN
    outage.end()
    give_the_probe_its_turn(outage)
    assert admin.post(check).status_code == 302
    change.refresh_from_db()
    assert change.outcome == Outcome.DONE
    assert sum(one.method == "PUT" for one in outage.running.requests) == 1
