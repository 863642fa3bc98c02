"""A creation whose chatbot Caigunn had named, and which could not be read then: known as soon as it
can be read, by whoever looks."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import CHATBOTS, fail
from tests.pages.changing import HOOK, NEW, creations, follow, opened
from tests.pages.drawn import Drawn, Form, assert_error

MAY_EXIST = "Caigunn may have created this chatbot"
PANEL = "This chatbot is new"


@pytest.fixture
def form(admin: Client, sandbox: Sandbox) -> Form:
    form = opened(admin, NEW)
    form.fields |= {"title": "New", "plan_id": sandbox.users[0].plans[0].id, "webhook_url": HOOK}
    return form


def creation() -> Change:
    return Change.objects.get(kind=Kind.CREATE)


def made(sandbox: Sandbox) -> Chatbot:
    return sandbox.users[0].chatbots[-1]


@pytest.fixture
def named(admin: Client, sandbox: Sandbox, form: Form) -> Drawn:
    """The page of a creation whose chatbot has an id, and could not be read."""
    fail(sandbox, f"{CHATBOTS}/.", 503)
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    sandbox.clear_faults()
    assert creation().chatbot_id == made(sandbox).id
    return page


def test_it_is_not_asked_which_one(named: Drawn) -> None:
    assert "It named the new chatbot, which could not be read yet." in named.text
    assert not named.has_form(f"/changes/{creation().pk}/adopt/")


def test_the_form_sent_again_settles_it(
    admin: Client, sandbox: Sandbox, form: Form, named: Drawn
) -> None:
    response = named.form(NEW).submit(admin)
    assert response["Location"] == f"/chatbots/{made(sandbox).id}/?created={creation().pk}"
    page = follow(admin, response)
    assert PANEL in page.text
    assert "The webhook was not set." in page.text
    assert creation().outcome == Outcome.DONE
    assert creations(sandbox) == 1


def test_while_it_still_cannot_be_read_it_stays_unknown(
    admin: Client, sandbox: Sandbox, named: Drawn
) -> None:
    fail(sandbox, f"{CHATBOTS}/.", 503)
    page = assert_error(named.form(NEW).submit(admin), 504, MAY_EXIST)
    assert f"/chatbots/{made(sandbox).id}/" in page.hrefs
    assert creation().outcome == Outcome.UNKNOWN
    assert creations(sandbox) == 1


def test_check_now_leads_to_what_was_made(admin: Client, sandbox: Sandbox, named: Drawn) -> None:
    response = named.form(f"/changes/{creation().pk}/check/").submit(admin)
    assert response["Location"] == f"/chatbots/{made(sandbox).id}/?created={creation().pk}"
    assert PANEL in follow(admin, response).text


def test_somebody_elses_check_settles_it_and_shows_them_no_key(
    editor: Client, sandbox: Sandbox, named: Drawn
) -> None:
    response = editor.post(f"/changes/{creation().pk}/check/")
    assert response["Location"] == f"/chatbots/{made(sandbox).id}/"
    page = follow(editor, response)
    assert PANEL not in page.text
    assert made(sandbox).api_key not in page.html
    assert creation().outcome == Outcome.DONE
