"""The pages in Traditional Chinese: nothing English is left in what they say."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.test import Client
from django.utils import timezone, translation

from caigunn_admin.team.models import Member
from chatbots.models import AccessToken
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.calls import ALWAYS, CHATBOTS, REFRESH, info_path, only, refuse_token
from tests.pages.changes import saved, undo_url
from tests.pages.changing import delete_url, edit_url, everything, opened, webhook_url
from tests.pages.drawn import drawn
from tests.pages.people import (
    CODE_PAGE,
    LOGIN,
    TOTP_PAGE,
    link_in,
    set_up_totp,
    sign_in,
    signed_in,
    visitor,
)
from tests.pages.spoken import data_of, english_in, glued_in

ASKED = "zh-TW,zh;q=0.9,en;q=0.8"
NEW = "/chatbots/new/"
RESET = "/account/password/reset/"


@pytest.fixture(autouse=True)
def _chinese(settings: LazySettings) -> Iterator[None]:
    settings.LANGUAGES = [("en", "English"), ("zh-hant", "繁體中文")]
    # A request leaves its language behind in the thread.
    with translation.override("en"):
        yield


@pytest.fixture
def admin(admin: Client) -> Client:
    """An Admin whose browser asks for Chinese."""
    return asking(admin)


def asking(browser: Client) -> Client:
    """The browser, which asks for Chinese as spoken in Taiwan."""
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = ASKED
    return browser


def check(response: Any, sandbox: Sandbox | None = None, status: int = 200) -> None:
    """It answered this status, and says nothing in English."""
    html = response.content.decode()
    assert response.status_code == status, drawn(response).text[:1000]
    assert ("<html" not in html) or '<html lang="zh-hant"' in html
    assert english_in(html, data_of(sandbox)) == []
    assert glued_in(html) == []


PAGES = {
    "list": "/chatbots/",
    "list, webhooks drawn": "/chatbots/?webhooks=1",
    "no match": "/chatbots/?q=___&search_webhooks=1",
    "end of the list": "/chatbots/?page=99",
    "detail": "/chatbots/{id}/",
    "edit": "/chatbots/{id}/edit/",
    "new": "/chatbots/new/",
    "new like another": "/chatbots/new/?from={id}",
    "webhook": "/chatbots/{id}/webhook/",
    "delete": "/chatbots/{id}/delete/",
    "history": "/chatbots/{id}/history/",
    "plans": "/plans/",
    "end of the plans": "/plans/?page=9",
    "activity": "/activity/",
    "activity filtered": "/activity/?from=2026-02-02&until=2026-01-01&kind=webhook",
    "sign-ins": "/activity/sign-ins/",
    "token": "/token/",
    "team": "/team/",
    "preferences": "/account/preferences/",
    "keyboard": "/account/keyboard/",
    "sessions": "/account/sessions/",
    "two-factor": "/account/2fa/",
    "authenticator app": "/account/2fa/totp/activate/",
    "passkey": "/account/2fa/webauthn/add/",
    "passkeys": "/account/2fa/webauthn/",
    "change password": "/account/password/change/",
    "email": "/account/email/",
    "sign out": "/account/logout/",
    "is it you": "/account/reauthenticate/",
}


@pytest.mark.parametrize("name", PAGES)
def test_nothing_english_is_left_on(
    name: str, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    check(admin.get(PAGES[name].format(id=bot.id)), sandbox)


@pytest.mark.parametrize("path", [LOGIN, RESET, "/account/signup/", RESET + "done/"])
@pytest.mark.parametrize("sends_mail", [False, True])
def test_nothing_english_is_left_for_a_stranger_on(
    path: str, sends_mail: bool, join: Joining, settings: LazySettings
) -> None:
    join("viewer")
    settings.MAIL_IS_SENT = sends_mail
    check(visitor(Accept_Language=ASKED).get(path))


def test_the_first_sign_in_page(db: None) -> None:
    check(visitor(Accept_Language=ASKED).get(LOGIN))


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


# The team, and signing in


def test_a_token_that_is_connected_refreshed_and_disconnected(
    browse: Browsing, sandbox: Sandbox, join: Joining
) -> None:
    admin = signed_in(join("admin"), Accept_Language=ASKED)
    check(admin.get("/token/"), sandbox)
    check(admin.post("/token/", {"access_token": "wrong token"}), sandbox, 422)
    check(admin.post("/token/", {"access_token": "refused"}), sandbox, 422)
    admin.post("/token/", {"access_token": sandbox.users[2].token, "label": "標籤"})
    for path in ("/token/", "/chatbots/"):
        check(admin.get(path), sandbox)
    browse("viewer", sandbox.users[2].token)
    check(admin.get("/token/"), sandbox)
    form = drawn(admin.get("/token/")).form("/token/refresh/")
    check(form.submit(admin, expired_date="2001-01-01"), sandbox, 422)
    sandbox.order(Fault("reset_after", path=only(REFRESH)))
    check(form.submit(admin), sandbox, 504)


def test_a_team(join: Joining, sandbox: Sandbox, settings: LazySettings) -> None:
    lead, viewer = signed_in(join("admin"), Accept_Language=ASKED), join("viewer")
    signed_in(viewer, Accept_Language=ASKED)
    response = lead.post("/team/", {"email": "new@example.com", "role": "editor"})
    check(response)
    guest = visitor(Accept_Language=ASKED)
    link = link_in(drawn(response))
    check(guest.get(link))
    check(lead.get(link), status=409)
    check(guest.post(link, {"password": "short", "password_again": "other"}), status=422)
    check(guest.post(link, {"password": "1234567", "password_again": "1234567"}), status=422)
    page = f"/team/{viewer.pk}/"
    check(lead.get(page))
    check(lead.post(f"{page}password-link/"))
    for act in ("role", "sessions", "deactivate", "reactivate", "two-factor"):
        lead.post(f"{page}{act}/", {"role": "editor"})
        check(lead.get(page))
    for path in ("/team/", "/activity/sign-ins/"):
        check(lead.get(path))


def test_a_sign_in_that_fails(join: Joining) -> None:
    browser, member = visitor(Accept_Language=ASKED), join("viewer")
    for _ in range(7):
        response = sign_in(browser, member, "wrong")
        check(response, status=response.status_code)
    Member.objects.filter(pk=member.pk).update(is_active=False)
    check(browser.get("/account/inactive/"))


def test_a_sign_in_with_a_code(join: Joining) -> None:
    member = join("viewer")
    first = signed_in(member, Accept_Language=ASKED)
    check(first.post(TOTP_PAGE, {"code": "000000"}))
    set_up_totp(first)
    paths = ("", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/")
    for path in paths:
        check(first.get(f"/account/2fa/{path}"))
    browser = visitor(Accept_Language=ASKED)
    sign_in(browser, member)
    check(browser.get(CODE_PAGE))
    check(browser.post(CODE_PAGE, {"code": "000000"}))


def test_a_password_that_is_changed(join: Joining) -> None:
    browser = signed_in(join("viewer"), Accept_Language=ASKED)
    page = "/account/password/change/"
    check(browser.post(page, {"oldpassword": "x", "password1": "1", "password2": "2"}))
    check(browser.get(f"{RESET}key/1-set-password/"))


def test_mails_are_in_chinese(
    join: Joining, settings: LazySettings, mailoutbox: list[EmailMessage]
) -> None:
    settings.MAIL_IS_SENT = True
    lead = signed_in(join("admin"), Accept_Language=ASKED)
    lead.post("/team/", {"email": "new@example.com", "role": "editor"})
    for address in ("admin@example.com", "nobody@example.com"):
        check(visitor(Accept_Language=ASKED).post(RESET, {"email": address}, follow=True))
    assert len(mailoutbox) == 3
    for mail in mailoutbox:
        assert english_in(f"<p>{mail.subject}</p><p>{mail.body}</p>", {"localhost"}) == []
