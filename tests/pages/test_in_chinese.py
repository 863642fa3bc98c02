"""The pages in Traditional Chinese: nothing English is left in what they say."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.test import Client

from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.calls import REFRESH, only
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
from tests.pages.spoken import ASKED, asking, both_languages, check, english_in

RESET = "/account/password/reset/"


@pytest.fixture(autouse=True)
def _chinese(settings: LazySettings) -> Iterator[None]:
    with both_languages(settings):
        yield


@pytest.fixture
def admin(admin: Client) -> Client:
    """An Admin whose browser asks for Chinese."""
    return asking(admin)


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


def test_a_new_passkey(admin: Client) -> None:
    check(admin.get("/account/2fa/webauthn/add/"))


def test_a_passkey_that_was_not_used(admin: Client) -> None:
    Authenticator.objects.create(
        user=Member.objects.get(), type="webauthn", data={"name": "鑰匙", "credential": {}}
    )
    check(admin.get("/account/2fa/webauthn/"))


def test_numbers_are_grouped_as_in_taiwan(admin: Client) -> None:
    assert "2,000,000" in drawn(admin.get("/plans/")).text


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
