"""`/chatbots/<id>/?created=<Change>`: what became of a creation, step by step."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind
from caigunn_admin.team.models import Member
from chatbots.sandbox import Fault, Sandbox
from tests.conftest import PASSWORD, Browsing
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    TOKEN_REFUSED,
    WEBHOOK,
    fail,
    refuse_token,
    writes,
)
from tests.pages.changing import HOOK, NEW, edit_url, everything, follow, opened, refused
from tests.pages.drawn import Drawn, assert_error, assert_page

PANEL = "This chatbot is new"


@pytest.fixture
def plan(sandbox: Sandbox) -> str:
    return sandbox.users[0].plans[0].id


@pytest.fixture
def made(admin: Client, plan: str) -> str:
    """Where the creation of a chatbot with a webhook and a colour led to."""
    typed = {"title": "New", "plan_id": plan, "webhook_url": HOOK, "main_color": "#123abc"}
    return str(opened(admin, NEW).submit(admin, **typed)["Location"])


def test_the_steps(admin: Client, made: str) -> None:
    page = assert_page(admin.get(made))
    assert PANEL in page.text
    assert "Created. Caigunn reports it." in page.text
    assert "The webhook is set and read back." in page.text
    assert "It has no webhook yet." not in page.text
    assert "The settings were sent. Main colour" in page.text
    assert "Try again" not in page.text
    assert page.inline == []


def test_one_without_a_webhook_leads_to_it(admin: Client, plan: str) -> None:
    where = opened(admin, NEW).submit(admin, title="New", plan_id=plan)["Location"]
    page = assert_page(admin.get(where))
    assert "It has no webhook yet." in page.text
    assert f"{where.partition('?')[0]}webhook/" in page.hrefs
    # It is of the creation: the page of the chatbot does not go on about it.
    assert "It has no webhook yet." not in assert_page(admin.get(where.partition("?")[0])).text


def test_the_key_is_shown_and_kept_nowhere(admin: Client, sandbox: Sandbox, made: str) -> None:
    key = sandbox.users[0].chatbots[-1].api_key
    response = admin.get(made, headers={"Accept-Encoding": "gzip"})
    assert key in response.content.decode()
    assert "Content-Encoding" not in response
    assert "no-store" in response["Cache-Control"]
    page = assert_page(response)
    assert key in page.attribute("data-copy")
    # Read anew each time; nothing else shows it.
    assert key not in assert_page(admin.get(made.partition("?")[0])).html
    assert key not in str(dict(admin.session.items()))
    assert not any(key in str(values) for values in Change.objects.values())


def test_only_for_a_quarter_of_an_hour(admin: Client, made: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(minutes=14), tick=True):
        assert PANEL in assert_page(admin.get(made)).text
    with time_machine.travel(timezone.now() + timedelta(minutes=16), tick=True):
        assert admin.get(made)["Location"] == made.partition("?")[0]


def test_only_for_the_creator(
    viewer: Client, editor: Client, browse: Browsing, sandbox: Sandbox, made: str
) -> None:
    other = Member.objects.create_user("second@example.com", PASSWORD, role="admin")
    key = sandbox.users[0].chatbots[-1].api_key
    for client in (viewer, editor, browse(other, sandbox.users[0].token)):
        response = client.get(made)
        assert response["Location"] == made.partition("?")[0]
        page = follow(client, response)
        assert PANEL not in page.text
        assert key not in page.html
    stranger = Member.objects.create_user("stranger@example.com", PASSWORD, role="admin")
    response = browse(stranger, sandbox.users[1].token).get(made)
    assert_error(response, 404, "This chatbot no longer exists")


def test_a_creator_who_is_a_viewer_now_sees_no_key(
    admin: Client, sandbox: Sandbox, made: str
) -> None:
    Member.objects.filter(email="admin@example.com").update(role="viewer")
    body = follow_if_led(admin, made).html
    assert sandbox.users[0].chatbots[-1].api_key not in body


def follow_if_led(client: Client, url: str) -> Drawn:
    response = client.get(url)
    return follow(client, response) if response.status_code == 302 else assert_page(response)


@pytest.mark.parametrize("name", ["", "nonsense", "00000000-0000-4000-8000-000000000001"])
def test_no_such_creation(name: str, admin: Client, made: str) -> None:
    page_url = made.partition("?")[0]
    assert admin.get(page_url, {"created": name})["Location"] == page_url


def test_of_another_chatbot(admin: Client, sandbox: Sandbox, made: str) -> None:
    other = f"/chatbots/{sandbox.users[0].chatbots[0].id}/"
    assert admin.get(f"{other}?{made.partition('?')[2]}")["Location"] == other


def test_failed_settings_can_be_tried_again(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    body = refused("main_color", "No <b>such</b> colour")
    sandbox.order(Fault("status", method="PUT", path=f"{CHATBOTS}/", status=422, body=body))
    values = everything(title="Half", plan_id=plan, webhook_url=HOOK)
    page = follow(admin, form.submit(admin, **values))
    made = sandbox.users[0].chatbots[-1]
    change = Change.objects.get(kind=Kind.SETTINGS)
    assert "The settings were not saved." in page.text
    assert "No <b>such</b> colour" in page.text
    assert "The webhook is set and read back." in page.text
    again = f"{edit_url(made)}?again={change.pk}"
    assert again in page.hrefs
    form = opened(admin, again)
    for name in ("prompt", "is_shared", "main_color", "button_style", "is_fixed"):
        assert form.fields[name] == values[name], name
    assert form.rows["initial_messages"] == ["Hello <b>&</b>", "您好", ""]
    assert form.fields["allowed_domains"] == "https://a.example\nhttp://localhost:3000"
    assert form.fields["webhook_url"] == HOOK
    follow(admin, form.submit(admin))
    assert made.settings["main_color"] == "#123abc"
    assert made.fields["prompt"] == values["prompt"]


def test_a_failed_webhook_can_be_tried_again(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    for path in (WEBHOOK, f"{CHATBOTS}/"):
        body = refused("webhook_url", "Host not allowed")
        sandbox.order(Fault("status", method="PUT", path=path, status=422, body=body))
    values = {"title": "Half", "plan_id": plan, "webhook_url": HOOK}
    response = form.submit(admin, **values)
    page = follow(admin, response)
    made = sandbox.users[0].chatbots[-1]
    change = Change.objects.get(kind=Kind.WEBHOOK)
    assert "The webhook was not set." in page.text
    assert "Host not allowed" in page.text
    assert HOOK in page.text
    again = f"/chatbots/{made.id}/webhook/?again={change.pk}"
    assert again in page.hrefs
    form = opened(admin, again)
    assert form.fields["webhook_url"] == HOOK
    follow(admin, form.submit(admin))
    assert made.webhook_url == HOOK
    # The panel tells what holds now.
    page = assert_page(admin.get(response["Location"]))
    assert "The webhook is set and read back." in page.text


def test_an_unknown_webhook_can_be_checked(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    sandbox.order(Fault("reset_before", path=WEBHOOK, times=ALWAYS))
    values = {"title": "Half", "plan_id": plan, "webhook_url": HOOK}
    response = form.submit(admin, **values)
    page = follow(admin, response)
    assert "The webhook may have been set:" in page.text
    change = Change.objects.get(kind=Kind.WEBHOOK)
    sandbox.clear_faults()
    told = follow(admin, page.form(f"/changes/{change.pk}/check/").submit(admin))
    assert "Checked: it was not saved." in told.text
    page = assert_page(admin.get(response["Location"]))
    assert "The webhook was not set." in page.text
    assert "Try again" in page.text


def test_unknown_settings_can_be_checked(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    sandbox.order(Fault("reset_before", method="PUT", path=f"{CHATBOTS}/", times=ALWAYS))
    page = follow(admin, form.submit(admin, title="Half", plan_id=plan, prompt="Be kind."))
    assert "The settings may have been saved:" in page.text
    change = Change.objects.get(kind=Kind.SETTINGS)
    assert page.has_form(f"/changes/{change.pk}/check/")


def test_caigunn_fails_then(admin: Client, sandbox: Sandbox, made: str) -> None:
    sandbox.clear_requests()
    fail(sandbox, f"{CHATBOTS}/.", 503)
    assert_error(admin.get(made), 503, "The chatbot was created")
    sandbox.clear_faults()
    refuse_token(sandbox)
    assert_error(admin.get(made), 403, TOKEN_REFUSED)
    sandbox.clear_faults()
    assert PANEL in assert_page(admin.get(made)).text
    assert writes(sandbox) == []
