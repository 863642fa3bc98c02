"""`/chatbots/new/`: the form, what it makes, and what it does not take."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core.cache import caches
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from chatbots.sandbox import AsOf, Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import ALWAYS, CHATBOTS, PLANS, calls, fail, writes
from tests.pages.changing import (
    HOOK,
    HOSTILE,
    NEVER,
    NEW,
    creations,
    errors_of,
    everything,
    follow,
    opened,
    refused,
)
from tests.pages.drawn import assert_error, assert_leads_to_sign_in, assert_page, drawn


@pytest.fixture
def plan(sandbox: Sandbox) -> str:
    return sandbox.users[0].plans[1].id


def test_the_form(admin: Client, sandbox: Sandbox) -> None:
    page = assert_page(admin.get(NEW))
    for plan in sandbox.users[0].plans:
        assert plan.title in page.text
        assert plan.id in page.attribute("value")
    form = page.form(NEW)
    assert "plan_id" not in form.fields  # nobody's plan is chosen for them
    assert form.method == "post"
    assert page.inline == []
    assert writes(sandbox) == []


def test_from_a_plan(admin: Client, plan: str) -> None:
    assert f"{NEW}?plan_id={plan}" in drawn(admin.get("/plans/")).hrefs
    assert opened(admin, f"{NEW}?plan_id={plan}").fields["plan_id"] == plan


def test_links_for_those_who_may(
    viewer: Client, editor: Client, admin: Client, bot: Chatbot
) -> None:
    for client, may in ((viewer, False), (editor, False), (admin, True)):
        for address in ("/chatbots/", "/plans/", f"/chatbots/{bot.id}/"):
            hrefs = drawn(client.get(address)).hrefs
            assert any(href.startswith(NEW) for href in hrefs) is may, address
    hrefs = drawn(editor.get(f"/chatbots/{bot.id}/")).hrefs
    assert f"/chatbots/{bot.id}/edit/" in hrefs
    assert f"/chatbots/{bot.id}/delete/" not in hrefs
    assert f"/chatbots/{bot.id}/edit/" not in drawn(viewer.get(f"/chatbots/{bot.id}/")).hrefs


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
def test_title_and_plan(as_of: AsOf, browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(as_of=as_of) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        user = caigunn.users[0]
        admin = browse("admin", user.token)
        assert_page(admin.get("/chatbots/?q=Fresh"))
        response = opened(admin, NEW).submit(admin, title="Fresh & new", plan_id=user.plans[2].id)
        page = follow(admin, response)
        made = user.chatbots[-1]
        assert response["Location"].startswith(f"/chatbots/{made.id}/?created=")
        assert (made.title, made.fields["plan_id"]) == ("Fresh & new", user.plans[2].id)
        assert made.settings == {}
        assert made.webhook_url is None
        assert "Created. Caigunn reports it." in page.text
        assert made.id in assert_page(admin.get("/chatbots/?q=Fresh")).text
        assert caigunn.refusals == []


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
def test_everything_at_once(as_of: AsOf, browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(as_of=as_of) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        user = caigunn.users[0]
        admin = browse("admin", user.token)
        model = caigunn.models[1]
        values = everything(
            title="All of it", plan_id=user.plans[0].id, webhook_url=HOOK, model_id=model.id
        )
        page = follow(admin, opened(admin, NEW).submit(admin, **values))
        made = user.chatbots[-1]
        assert "The webhook is set and read back." in page.text
        assert "The settings were sent." in page.text
        assert made.webhook_url == HOOK
        assert made.fields["prompt"] == "Answer kindly.\nIn 繁體中文."
        assert made.fields["is_shared"] is True
        assert made.fields["model"] == model.reference
        assert made.settings["main_color"] == "#123abc"
        assert made.settings["is_default_visible"] is False
        assert made.settings["is_fixed"] is True
        assert made.settings["show_history"] is False
        assert made.settings["button_style"] == "image"
        assert made.settings["initial_messages"] == [
            {"type": "text", "value": "Hello <b>&</b>"},
            {"type": "text", "value": "您好"},
        ]
        assert made.settings["allowed_domains"] == ["https://a.example", "http://localhost:3000"]
        assert getattr(made.settings["avatar"], "name", "") == "avatar.png"
        assert getattr(made.settings["button_image"], "size", 0) > 0
        assert caigunn.refusals == []


@pytest.mark.parametrize(
    "title", [HOSTILE, "a&b#c%20d+e", "\"'<>", "機器人 🤖", "x" * 300, "50% off?&=#"]
)
def test_a_title_arrives_unchanged(title: str, admin: Client, sandbox: Sandbox, plan: str) -> None:
    page = follow(admin, opened(admin, NEW).submit(admin, title=title, plan_id=plan))
    made = sandbox.users[0].chatbots[-1]
    assert made.title == title
    assert " ".join(title.split()) in page.text
    assert "<script>alert" not in page.html
    assert " ".join(title.split()) in assert_page(admin.get("/chatbots/", {"q": made.id})).text


WRONG: dict[str, dict[str, Any]] = {
    "title": {"title": "  "},
    "plan_id": {"plan_id": ""},
    "webhook_url": {"webhook_url": "ftp://x.example/"},
    "main_color": {"main_color": "teal"},
    "model_id": {"model_id": "gpt"},
    "allowed_domains": {"allowed_domains": "https://ok.example\nexample.com"},
    "initial_messages": {"initial_messages": [f"message {n}" for n in range(21)]},
    "is_shared": {"is_shared": "perhaps"},
    "button_style": {"button_style": "round"},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_beside_its_field_and_all_input_is_kept(
    name: str, admin: Client, sandbox: Sandbox, plan: str
) -> None:
    typed = everything(title="Kept", plan_id=plan, webhook_url=HOOK) | WRONG[name]
    form = opened(admin, NEW)
    sandbox.clear_requests()
    page = assert_page(form.submit(admin, **typed), 422)
    assert errors_of(page, name)
    again = page.form(NEW)
    for field, value in typed.items():
        if field == name or field in {"avatar", "button_image"}:
            continue
        if field == "initial_messages":
            assert again.rows[field] == [*(text for text in value if text), ""]
        else:
            assert again.fields[field] == value, field
    assert page.text.count("Choose the picture again") == 2
    assert writes(sandbox) == []
    right = everything(title="Kept", plan_id=plan, webhook_url=HOOK)
    assert again.submit(admin, **{name: right.get(name, "")}).status_code == 302
    assert creations(sandbox) == 1


@pytest.mark.parametrize("name", ["avatar", "button_image"])
def test_what_is_no_picture(name: str, admin: Client, sandbox: Sandbox, plan: str) -> None:
    fake = SimpleUploadedFile("face.png", b"<svg onload=alert(1)>" * 9, "image/png")
    form = opened(admin, NEW)
    values: dict[str, Any] = {"title": "T", "plan_id": plan, name: fake}
    page = assert_page(form.submit(admin, **values), 422)
    assert errors_of(page, name)
    assert writes(sandbox) == []


def test_add_row(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    page = assert_page(form.submit(admin, "add_row", plan_id=plan, initial_messages="One"))
    again = page.form(NEW)
    assert again.rows["initial_messages"] == ["One", ""]
    assert again.fields["plan_id"] == plan
    assert again.fields["state"] == form.fields["state"]
    # What is not filled in yet is not called wrong.
    assert "error" not in " ".join(page.ids)
    page = assert_page(again.submit(admin, "add_row", initial_messages=["One", "Two"]))
    assert page.form(NEW).rows["initial_messages"] == ["One", "Two", ""]
    assert writes(sandbox) == []


@pytest.mark.parametrize("name", ["title", "plan_id"])
def test_caigunn_refuses_a_field(name: str, admin: Client, sandbox: Sandbox, plan: str) -> None:
    for loc in ("query", "body"):
        form = opened(admin, NEW)
        body = {"detail": [{"loc": [loc, name], "msg": "Taken <b>!", "type": "value_error"}]}
        fail_once(sandbox, 422, body)
        page = assert_page(form.submit(admin, title="Mine", plan_id=plan), 422)
        assert errors_of(page, name)
        assert "Taken <b>!" in page.text
        assert page.form(NEW).fields["title"] == "Mine"
        assert page.form(NEW).fields["plan_id"] == plan
    # Nothing was made, so the same form is good still.
    assert page.form(NEW).submit(admin).status_code == 302
    assert creations(sandbox) == 3


def fail_once(sandbox: Sandbox, status: int, body: object) -> None:
    sandbox.order(Fault("status", method="POST", status=status, body=body))


def test_a_plan_that_is_none(admin: Client, sandbox: Sandbox) -> None:
    page = assert_page(opened(admin, NEW).submit(admin, title="T", plan_id=NEVER), 422)
    assert errors_of(page, "plan_id")
    fields = page.form(NEW).fields
    assert (fields["title"], fields["plan_id"]) == ("T", NEVER)


def test_plans_that_cannot_be_read_can_be_typed(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    caches["reads"].clear()
    fail(sandbox, PLANS, 503)
    page = assert_page(form.submit(admin, title="", plan_id=plan), 422)
    assert "The plans cannot be read now; the ID of the plan can be typed." in page.text
    assert page.form(NEW).fields["plan_id"] == plan
    assert page.form(NEW).submit(admin, title="Typed").status_code == 302
    assert sandbox.users[0].chatbots[-1].fields["plan_id"] == plan


def test_an_account_without_plans(admin: Client, sandbox: Sandbox, plan: str) -> None:
    """That there are none is another thing than that they cannot be read."""
    form = opened(admin, NEW)
    caches["reads"].clear()
    body: dict[str, list[str]] = {"plans": []}
    sandbox.order(Fault("status", path=PLANS, status=200, body=body, times=ALWAYS))
    pages = [assert_page(admin.get(NEW)), assert_page(form.submit(admin, plan_id=plan), 422)]
    for page in pages:
        assert "Caigunn lists no plans for you; the ID of a plan can be typed." in page.text
        assert "cannot be read" not in page.text
    assert pages[1].form(NEW).fields["plan_id"] == plan


def test_roles(viewer: Client, editor: Client, sandbox: Sandbox, plan: str, admin: Client) -> None:
    form = opened(admin, NEW)
    sandbox.clear_requests()
    for client in (viewer, editor):
        assert_error(client.get(NEW), 403, "This needs the role Admin")
        assert_error(form.submit(client, title="T", plan_id=plan), 403, "needs the role Admin")
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get(NEW), NEW)
    assert client.post(NEW, {"title": "T"}).status_code == 302


def test_wrong_method(admin: Client, sandbox: Sandbox) -> None:
    for method in (admin.put, admin.patch, admin.delete):
        assert method(NEW).status_code == 405
    assert admin.head(NEW).status_code == 200
    assert writes(sandbox) == []


def test_the_plans_cannot_be_read_at_first(admin: Client, sandbox: Sandbox) -> None:
    fail(sandbox, PLANS, 503)
    assert_error(admin.get(NEW), 503, "Caigunn does not answer")


def test_a_refused_setting_leaves_the_chatbot(admin: Client, sandbox: Sandbox, plan: str) -> None:
    form = opened(admin, NEW)
    fault = Fault(
        "status", method="PUT", path=f"{CHATBOTS}/", status=422, body=refused("main_color")
    )
    sandbox.order(fault)
    typed = {"title": "Half", "plan_id": plan, "main_color": "#123abc", "webhook_url": HOOK}
    page = follow(admin, form.submit(admin, **typed))
    assert "The settings were not saved." in page.text
    assert "The webhook is set and read back." in page.text
    assert Change.objects.filter(kind=Kind.CREATE).count() == 1
