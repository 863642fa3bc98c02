"""The report of a creation says of each step what Caigunn reports now."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.conf import LazySettings
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Fault
from chatbots.services import creation_report, lifecycle
from tests.conftest import Joining

from .conftest import CHATBOT, Desk, OpenDesk
from .creating import WEBHOOK_URL, create, wanted
from .settings_calls import all_settings, change, save

pytestmark = pytest.mark.django_db

SETTINGS = {"prompt": "你是客服。", "main_color": "#0f766e"}


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """An admin at a Caigunn with one chatbot."""
    return open_desk("admin", chatbots=1)


def report(desk: Desk, created: lifecycle.Created) -> creation_report.CreationReport | None:
    info = desk.access().client.get_chatbot(created.chatbot_id)
    return creation_report.report(desk.member, created.change.pk, created.chatbot_id, info)


def outcomes(desk: Desk, created: lifecycle.Created) -> dict[str, Outcome]:
    found = report(desk, created)
    assert found is not None
    assert found.change == created.change
    return {step.name: step.outcome for step in found.steps}


def test_a_bare_creation_has_no_steps(desk: Desk) -> None:
    assert outcomes(desk, create(desk, wanted(desk))) == {}


def test_all_steps_that_were_done_are_done(desk: Desk) -> None:
    values = {name: one for name, one in all_settings(desk).items() if name != "title"}
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=values))
    found = report(desk, created)
    assert found is not None
    webhook, settings = found.steps
    assert (webhook.outcome, settings.outcome) == (Outcome.DONE, Outcome.DONE)
    assert set(settings.fields) == set(values)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault("status", method="PUT", path=CHATBOT, status=422), Outcome.FAILED),
        (Fault("status", method="PUT", path=CHATBOT, status=429), Outcome.FAILED),
        (Fault("reset_after", method="PUT", path=CHATBOT), Outcome.UNKNOWN),
    ],
    ids=["422", "429", "reset"],
)
def test_settings_that_failed_are_said_with_the_reason(
    desk: Desk, fault: Fault, expected: Outcome
) -> None:
    desk.sandbox.order(fault)
    values = {"main_color": "#0f766e"}
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=values))
    found = report(desk, created)
    assert found is not None
    webhook, settings = found.steps
    assert (webhook.outcome, settings.outcome) == (Outcome.DONE, expected)
    assert settings.fields == ("main_color",)
    assert settings.detail == created.failed["settings"] == change(Kind.SETTINGS).detail
    assert settings.change == change(Kind.SETTINGS)


def test_what_caigunn_said_of_each_field_is_written_down(desk: Desk) -> None:
    body = {
        "detail": [
            {"loc": ["body", "main_color"], "msg": "No such colour", "type": "value_error"},
            {"loc": ["body", "main_color"], "msg": "Nor this", "type": "value_error"},
            {"loc": ["body", "is_fixed"], "msg": "Not a choice", "type": "value_error"},
        ]
    }
    fault = Fault("status", method="PUT", path=CHATBOT, status=422, body=body)
    desk.sandbox.order(fault)
    create(desk, wanted(desk, settings={"main_color": "#0f766e", "is_fixed": True}))
    refused = change(Kind.SETTINGS)
    assert refused.refused == {
        "main_color": ["No such colour", "Nor this"],
        "is_fixed": ["Not a choice"],
    }
    assert (refused.was_accepted, change(Kind.CREATE).was_accepted) == (False, True)


def test_of_settings_that_are_not_done_those_still_missing_are_named(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", method="PUT", path=CHATBOT, status=422))
    created = create(desk, wanted(desk, settings=SETTINGS | {"is_fixed": True}))
    assert fields(desk, created) == {"prompt", "main_color", "is_fixed"}
    save(desk, desk.bots[-1], {"main_color": "#000000"})
    assert fields(desk, created) == {"prompt", "is_fixed"}
    desk.sandbox.edit(created.chatbot_id, prompt=SETTINGS["prompt"])
    assert fields(desk, created) == {"is_fixed"}


def fields(desk: Desk, created: lifecycle.Created) -> set[str]:
    found = report(desk, created)
    assert found is not None
    (step,) = found.steps
    assert step.outcome == Outcome.FAILED
    return set(step.fields)


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.UNKNOWN, Outcome.PENDING])
def test_only_a_later_change_that_was_made_overtakes_a_step(desk: Desk, outcome: Outcome) -> None:
    desk.sandbox.order(Fault("status", method="PUT", status=400, times=2))
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings={"prompt": "Asked"}))
    desk.sandbox.clear_faults()
    both = {"webhook": Outcome.FAILED, "settings": Outcome.FAILED}
    for kind, asked in ((Kind.WEBHOOK, {"webhook_url": None}), (Kind.SETTINGS, {"prompt": "x"})):
        Change.objects.create(
            kind=kind, outcome=outcome, chatbot_id=created.chatbot_id, asked=asked, request_id="2"
        )
    assert outcomes(desk, created) == both
    Change.objects.filter(request_id="2").update(outcome=Outcome.DONE)
    assert outcomes(desk, created) == dict.fromkeys(both, Outcome.DONE)
    Change.objects.filter(request_id="2").update(outcome=Outcome.UNDONE)
    assert outcomes(desk, created) == dict.fromkeys(both, Outcome.DONE)
    # That of another chatbot says nothing of this one.
    Change.objects.filter(request_id="2").update(chatbot_id="another-chatbot")
    assert outcomes(desk, created) == both


def test_unfinished_steps_are_those_of_a_creation_that_is_over(
    desk: Desk, settings: LazySettings
) -> None:
    desk.sandbox.order(Fault("status", method="PUT", path=CHATBOT, status=422))
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=SETTINGS))
    info = desk.access().client.get_chatbot(created.chatbot_id)
    assert creation_report.unfinished(created.chatbot_id, info) == ()
    settings.LEASE_SECONDS = -1.0
    (step,) = creation_report.unfinished(created.chatbot_id, info)
    assert (step.name, step.change) == ("settings", change(Kind.SETTINGS))
    assert set(step.fields) == set(SETTINGS)
    assert creation_report.unfinished("another-chatbot", info) == ()
    Change.objects.filter(kind=Kind.CREATE).update(outcome=Outcome.UNKNOWN)
    assert creation_report.unfinished(created.chatbot_id, info) == ()


def test_a_webhook_that_did_not_hold_is_said(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", webhook_route="none", chatbots=0)
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=SETTINGS))
    found = report(desk, created)
    assert found is not None
    webhook, settings = found.steps
    assert (webhook.outcome, settings.outcome) == (Outcome.FAILED, Outcome.DONE)
    assert webhook.detail == change(Kind.WEBHOOK).detail != ""


def test_a_step_that_was_never_begun_failed(desk: Desk) -> None:
    """The process died right after the creation."""
    created = create(desk, wanted(desk))
    created.change.asked |= {"webhook_url": WEBHOOK_URL} | SETTINGS
    created.change.save()
    assert outcomes(desk, created) == {"webhook": Outcome.FAILED, "settings": Outcome.FAILED}


def test_a_step_that_was_made_good_is_done(desk: Desk) -> None:
    """Caigunn's present answer counts, not what came of the first attempt."""
    desk.sandbox.order(Fault("status", method="PUT", status=400, times=2))
    values = {"prompt": "你是客服。"}
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=values))
    assert outcomes(desk, created) == {"webhook": Outcome.FAILED, "settings": Outcome.FAILED}
    desk.sandbox.edit(created.chatbot_id, webhook_url=WEBHOOK_URL, prompt="你是客服。")
    assert outcomes(desk, created) == {"webhook": Outcome.DONE, "settings": Outcome.DONE}


def test_what_cannot_be_read_is_done_once_it_was_taken(desk: Desk) -> None:
    desk.sandbox.order(Fault("status", method="PUT", path=CHATBOT, status=422))
    values = {"main_color": "#0f766e"}
    created = create(desk, wanted(desk, settings=values))
    assert outcomes(desk, created) == {"settings": Outcome.FAILED}
    save(desk, desk.bots[-1], values)
    assert outcomes(desk, created) == {"settings": Outcome.DONE}


def test_only_the_member_who_asked_sees_it_and_not_for_long(desk: Desk, join: Joining) -> None:
    created = create(desk, wanted(desk))
    info = desk.access().client.get_chatbot(created.chatbot_id)
    other, pk = join("editor"), created.change.pk
    assert creation_report.report(other, pk, created.chatbot_id, info) is None
    assert creation_report.report(desk.member, uuid4(), created.chatbot_id, info) is None
    assert creation_report.report(desk.member, pk, "another-chatbot", info) is None
    assert report(desk, created) is not None
    Change.objects.filter(pk=pk).update(created_at=timezone.now() - timedelta(minutes=16))
    assert report(desk, created) is None
