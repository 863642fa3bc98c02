"""`/chatbots/<id>/webhook/`: what a member sees of a write whose answer says nothing."""

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Outcome
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.calls import (
    ALWAYS,
    MAY_HAVE_SAVED,
    WEBHOOK,
    fail,
    writes,
)
from tests.pages.drawn import assert_error, assert_fragment, assert_page
from tests.pages.editing import NEW, PAGE_OR_FRAGMENT, Editing

UNCLEAR = [
    Fault("status", status=500, path=WEBHOOK, applied=True),
    Fault("status", status=504, path=WEBHOOK, applied=True),
    Fault("reset_after", path=WEBHOOK),
    Fault("close", path=WEBHOOK),
    Fault("cut", path=WEBHOOK),
    Fault("not_json", path=WEBHOOK),
    Fault("empty", path=WEBHOOK),
    Fault("redirect", path=WEBHOOK, headers={"Location": "https://x.example/"}, applied=True),
]
NOT_MADE = [
    Fault("status", status=500, path=WEBHOOK, times=ALWAYS),
    Fault("status", status=503, path=WEBHOOK, times=ALWAYS),
    Fault("reset_before", path=WEBHOOK, times=ALWAYS),
    Fault("redirect", path=WEBHOOK, headers={"Location": "https://x.example/"}, times=ALWAYS),
    Fault("not_json", path=WEBHOOK, applied=False, times=ALWAYS),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda fault: f"{fault.kind}-{fault.status}")
@PAGE_OR_FRAGMENT
def test_an_unclear_answer_is_settled_by_reading(
    fault: Fault, is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(fault)
    response = editing.send()
    if is_htmx:
        assert "Saved." in assert_fragment(response).text
    assert "Saved." in assert_page(editor.get(f"/chatbots/{bot.id}/")).text or is_htmx
    assert bot.webhook_url == NEW
    assert writes(sandbox) == ["PUT"]


@pytest.mark.parametrize("fault", NOT_MADE, ids=lambda fault: f"{fault.kind}-{fault.status}")
@PAGE_OR_FRAGMENT
def test_an_outcome_that_stays_unknown_is_said_to_be(
    fault: Fault, is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(fault)
    page = editing.fails(504, MAY_HAVE_SAVED)
    change = Change.objects.get(chatbot_id=bot.id)
    assert change.outcome == Outcome.UNKNOWN
    assert page.has_form(f"/changes/{change.pk}/check/")
    assert "Check now" in page.text
    assert "Try again" not in page.text


@PAGE_OR_FRAGMENT
def test_too_slow(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.5
    sandbox.order(Fault("hang", path=WEBHOOK, times=ALWAYS))
    editing.fails(504, MAY_HAVE_SAVED)


@PAGE_OR_FRAGMENT
def test_the_read_back_fails(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(Fault("delay", path=bot.id, seconds=0.001))
    fail(sandbox, bot.id, 503)
    page = editing.fails(504, MAY_HAVE_SAVED)
    assert "Try again" not in page.text
    assert bot.webhook_url == NEW


def test_sending_an_unsettled_form_again_writes_nothing(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=False)
    sandbox.order(Fault("delay", path=bot.id, seconds=0.001))
    fail(sandbox, bot.id, 503)
    page = editing.fails(504, MAY_HAVE_SAVED)
    sandbox.clear_faults()
    sandbox.clear_requests()
    again = page.form(editing.url).submit(editor)
    assert_error(again, 504, MAY_HAVE_SAVED)
    assert writes(sandbox) == []
