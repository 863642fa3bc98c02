"""What goes wrong, and what becomes of forms, in Traditional Chinese: nothing English is left."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from chatbots.models import AccessToken
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Joining
from tests.pages.calls import ALWAYS, CHATBOTS, info_path, refuse_token
from tests.pages.changes import saved, undo_url
from tests.pages.changing import NEW, delete_url, edit_url, everything, opened, webhook_url
from tests.pages.drawn import drawn
from tests.pages.people import visitor
from tests.pages.spoken import ASKED, asking, both_languages, check, data_of, english_in


@pytest.fixture(autouse=True)
def _chinese(settings: LazySettings) -> Iterator[None]:
    with both_languages(settings):
        yield


@pytest.fixture
def admin(admin: Client) -> Client:
    """An Admin whose browser asks for Chinese."""
    return asking(admin)


# What goes wrong


BUSY = {"detail": "忙線中"}
FAULTS = {
    "refused": Fault("status", status=403, times=ALWAYS, body=BUSY),
    "down": Fault("status", status=503, times=ALWAYS, body=BUSY),
    "busy": Fault("status", status=429, times=ALWAYS, headers={"Retry-After": "30"}, body=BUSY),
    "not understood": Fault("not_json", times=ALWAYS),
    "not found": Fault("status", status=404, times=ALWAYS, body=BUSY),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_caigunn(name: str, admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    sandbox.order(FAULTS[name])
    for path in ("/chatbots/", edit_url(bot), NEW):
        response = admin.get(path)
        check(response, sandbox, response.status_code)


def test_a_token_that_is_refused(admin: Client, sandbox: Sandbox) -> None:
    refuse_token(sandbox)
    for path in ("/chatbots/", "/chatbots/", "/token/", "/team/"):
        response = admin.get(path)
        check(response, sandbox, response.status_code)


def test_the_last_known_copy(admin: Client, sandbox: Sandbox, settings: LazySettings) -> None:
    admin.get("/chatbots/?webhooks=1")
    settings.FRESH_SECONDS = 0.0
    sandbox.order(FAULTS["down"])
    check(admin.get("/chatbots/?webhooks=1"), sandbox)


def test_rows_that_cannot_be_read(admin: Client, sandbox: Sandbox) -> None:
    sandbox.order(Fault("not_json", path=rf"^{CHATBOTS}/.+", times=ALWAYS))
    check(admin.get("/chatbots/?webhooks=1"), sandbox)


@pytest.mark.parametrize("days", [-2.5, 0.5, 3.5])
def test_a_token_that_ends(days: float, admin: Client, sandbox: Sandbox) -> None:
    AccessToken.objects.update(ends_at=timezone.now() + timedelta(days=days))
    for path in ("/plans/", "/token/", "/team/"):
        check(admin.get(path), sandbox)


def test_pages_that_there_are_not(admin: Client, viewer: Client) -> None:
    check(admin.get("/no/such/page/"), status=404)
    check(admin.get("/token/disconnect/"), status=405)
    check(asking(viewer).get("/team/"), status=403)
    check(
        visitor(Accept_Language=ASKED).get("/account/invitation/nobody-has-this-key/"), status=404
    )


def test_a_form_that_is_out_of_date(join: Joining) -> None:
    strict = asking(Client(SERVER_NAME="localhost", enforce_csrf_checks=True))
    strict.force_login(join("admin"))
    check(strict.post("/token/disconnect/"), status=403)


# Forms, and what becomes of them


@pytest.mark.parametrize(
    "url", ["not a url", "https：//a.example", "ftp://a", "https://", "x" * 3000]
)
def test_a_webhook_that_is_no_address(
    url: str, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    response = opened(admin, webhook_url(bot)).submit(admin, webhook_url=url)
    html = response.content.decode().replace(url, "")
    assert response.status_code == 422
    assert english_in(html, data_of(sandbox)) == []


def test_a_webhook_that_is_saved(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    change = saved(admin, bot, "http://10.0.0.1/hook#x", reason="因為")
    sandbox.edit(bot.id, webhook_url="https://other.example/")
    for path in (f"/chatbots/{bot.id}/?fresh=1", "/chatbots/?webhooks=1", "/activity/"):
        check(admin.get(path), sandbox)
    check(admin.get(f"/chatbots/{bot.id}/history/"), sandbox)
    check(admin.get(undo_url(change)), sandbox)


def test_a_webhook_that_somebody_else_changed(
    admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = opened(admin, webhook_url(bot))
    sandbox.edit(bot.id, webhook_url="https://other.example/")
    check(form.submit(admin, webhook_url="https://mine.example/"), sandbox, 422)


@pytest.mark.parametrize("kind", ["reset_after", "reset_before"])
def test_a_webhook_whose_answer_is_lost(
    kind: Any, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = opened(admin, webhook_url(bot))
    sandbox.order(Fault("delay", method="GET", path=info_path(bot), seconds=0.001))
    sandbox.order(Fault(kind, method="PUT", times=ALWAYS))
    sandbox.order(Fault("status", method="GET", status=503, times=ALWAYS, body=BUSY))
    response = form.submit(admin, webhook_url="https://mine.example/")
    check(response, sandbox, 504)
    sandbox.clear_faults()
    check(admin.get(f"/chatbots/{bot.id}/history/"), sandbox)


def test_settings_that_are_saved(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    response = opened(admin, edit_url(bot)).submit(admin, **everything())
    assert response.status_code == 302, drawn(response).text
    for path in (response["Location"], edit_url(bot), f"/chatbots/{bot.id}/history/"):
        html = admin.get(path).content.decode()
        assert english_in(html, data_of(sandbox) | {"avatar.png", "button.png"}) == []


def test_settings_that_are_wrong(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    wrong = {"title": "", "main_color": "red", "allowed_domains": "9", "prompt": "長" * 30_000}
    response = opened(admin, edit_url(bot)).submit(admin, **wrong)
    check(response, sandbox, 422)


def test_settings_that_somebody_else_changed(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = opened(admin, edit_url(bot))
    sandbox.edit(bot.id, title="別人", prompt="別的")
    check(form.submit(admin, title="我的", main_color="#123abc"), sandbox, 422)


def test_a_chatbot_that_is_made_and_deleted(admin: Client, sandbox: Sandbox) -> None:
    plan = sandbox.users[0].plans[0].id
    check(admin.post(NEW, opened(admin, NEW).fields), sandbox, 422)
    response = opened(admin, NEW).submit(admin, title="新的", plan_id=plan)
    assert response.status_code == 302, drawn(response).text
    check(admin.get(response["Location"]), sandbox)
    made = sandbox.users[0].chatbots[-1]
    check(opened(admin, delete_url(made)).submit(admin, confirm_title="不是"), sandbox, 422)
    response = opened(admin, delete_url(made)).submit(admin, confirm_title="新的")
    check(admin.get(response["Location"]), sandbox)
    check(admin.get("/activity/"), sandbox)


def test_a_creation_whose_answer_is_lost(admin: Client, sandbox: Sandbox) -> None:
    form = opened(admin, NEW)
    sandbox.order(Fault("reset_after", method="POST"))
    plan = sandbox.users[0].plans[0].id
    check(form.submit(admin, title="遺失的", plan_id=plan), sandbox, 504)
