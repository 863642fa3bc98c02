"""Two-factor sign-in: who has to, what they may do before, and what stands in the database."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.contrib.sessions.models import Session
from django.test import Client

from caigunn_admin.team.models import Member
from chatbots.sandbox import Sandbox
from tests.conftest import PASSWORD, Browsing, Joining
from tests.pages.drawn import assert_page, drawn, htmx
from tests.pages.people import (
    CODE_PAGE,
    TOTP_PAGE,
    code_of,
    every_row,
    is_in,
    kinds,
    later,
    set_up_totp,
    shown_secret,
    sign_in,
    signed_in,
    visitor,
    with_code,
)

INDEX = "/account/2fa/"
CODES = "/account/2fa/recovery-codes/"
OFF = "/account/2fa/totp/deactivate/"


@pytest.fixture(autouse=True)
def _no_end_of_a_half_minute() -> Iterator[None]:
    """A code stays good while it is sent."""
    with later():
        yield


def recovery_codes(browser: Client) -> list[str]:
    """The codes that their page shows."""
    found = re.findall(r"\b\d{8}\b", assert_page(browser.get(CODES)).html)
    assert len(set(found)) == 10
    return sorted(set(found))


def half_in(member: Member) -> Client:
    """A browser with the right password and no code yet."""
    browser = visitor()
    assert sign_in(browser, member)["Location"] == CODE_PAGE
    return browser


def wrong(code: str, by: int = 1) -> str:
    return f"{(int(code) + by) % 1_000_000:06}"


# Who has to


@pytest.mark.parametrize(
    ("required", "role", "has_to"),
    [
        ("nobody", "admin", False),
        ("admins", "viewer", False),
        ("admins", "editor", False),
        ("admins", "admin", True),
        ("everybody", "viewer", True),
        ("everybody", "admin", True),
    ],
)
def test_who_has_to_is_a_setting(
    required: str, role: str, has_to: bool, join: Joining, settings: LazySettings
) -> None:
    settings.TWO_FACTOR_REQUIRED = required
    browser = signed_in(join(role))
    response = browser.get("/token/")
    assert (response.status_code == 302) is has_to
    assert not has_to or response["Location"] == INDEX


def test_whoever_has_to_reaches_nothing_else_before(
    browse: Browsing, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.TWO_FACTOR_REQUIRED = "admins"
    admin = browse("admin", sandbox.users[0].token)
    bot = sandbox.users[0].chatbots[0]
    sandbox.clear_requests()
    for path in ("/", "/chatbots/", f"/chatbots/{bot.id}/", "/plans/", "/team/", "/activity/"):
        assert admin.get(path)["Location"] == INDEX
        assert admin.get(path, headers=htmx("rows", path))["HX-Redirect"] == INDEX
    values = {"email": "new@example.com", "role": "admin", "access_token": "x" * 40}
    for path in ("/team/", "/token/", "/token/disconnect/", f"/chatbots/{bot.id}/reveal/"):
        assert admin.post(path, values)["Location"] == INDEX
    assert sandbox.requests == []
    assert "new@example.com" not in every_row()
    page = assert_page(admin.get(INDEX))
    assert page.text.count("Your role needs two-factor sign-in") == 1
    for page_of_their_own in (TOTP_PAGE, "/account/2fa/webauthn/add/", "/account/sessions/"):
        assert_page(admin.get(page_of_their_own))
    set_up_totp(admin)
    assert_page(admin.get("/chatbots/"))
    assert_page(admin.get("/team/"))


def test_whoever_has_to_can_still_sign_out(join: Joining, settings: LazySettings) -> None:
    settings.TWO_FACTOR_REQUIRED = "everybody"
    browser = signed_in(join("viewer"))
    form = assert_page(browser.get(INDEX)).form("/account/logout/")
    assert form.submit(browser)["Location"] == "/account/login/"
    assert not is_in(browser)


def test_whoever_becomes_an_admin_has_to_from_then_on(
    join: Joining, settings: LazySettings
) -> None:
    settings.TWO_FACTOR_REQUIRED = "admins"
    browser = signed_in(join("viewer"))
    assert_page(browser.get("/token/"))
    Member.objects.update(role="admin")
    assert browser.get("/token/")["Location"] == INDEX


@pytest.mark.parametrize(("required", "stays"), [("admins", True), ("nobody", False)])
def test_whoever_has_to_keeps_one(
    required: str, stays: bool, join: Joining, settings: LazySettings
) -> None:
    settings.TWO_FACTOR_REQUIRED = required
    browser = signed_in(join("admin"))
    set_up_totp(browser)
    response = browser.post(OFF)
    assert Authenticator.objects.filter(type="totp").exists() is stays
    assert ("Add a passkey or security key first" in drawn(response).text) is stays


def test_recovery_codes_alone_are_no_second_factor(join: Joining, settings: LazySettings) -> None:
    settings.TWO_FACTOR_REQUIRED = "admins"
    browser = signed_in(join("admin"))
    set_up_totp(browser)
    Authenticator.objects.filter(type="totp").delete()
    assert browser.get("/token/")["Location"] == INDEX


# At rest


def test_the_secret_stands_nowhere_in_clear(join: Joining) -> None:
    browser = signed_in(join("viewer"))
    page = assert_page(browser.get(TOTP_PAGE))
    secret = shown_secret(page)
    assert secret in repr(dict(browser.session.items())), "it is where it was looked for"
    assert Session.objects.get().session_data.startswith("v1.tests."), "it is sealed"
    assert secret not in every_row()
    form = page.form(TOTP_PAGE)
    assert form.submit(browser, code=wrong(code_of(secret))).status_code == 200
    assert secret not in every_row()
    form.submit(browser, code=code_of(secret))
    codes = recovery_codes(browser)
    assert Authenticator.objects.count() == 2
    rows = every_row()
    assert not any(one in rows for one in (secret, *codes))
    for row in Authenticator.objects.all():
        sealed = row.data.get("secret") or row.data["seed"]
        assert sealed.startswith("v1.tests."), row.type


def test_the_code_of_one_member_is_no_code_of_another(join: Joining) -> None:
    one, two = join("viewer"), join("editor")
    secret = set_up_totp(signed_in(one))
    set_up_totp(signed_in(two))
    browser = half_in(two)
    with_code(browser, code_of(secret))
    assert not is_in(browser)


# Signing in


def test_the_password_alone_is_half_the_way(join: Joining) -> None:
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    browser = half_in(member)
    for page in ("/chatbots/", "/token/", "/account/sessions/", INDEX, TOTP_PAGE):
        assert browser.get(page)["Location"].startswith("/account/login/")
    with_code(browser, wrong(code_of(secret)))
    assert not is_in(browser)
    code = code_of(secret)
    assert with_code(browser, f" {code[:3]} {code[3:]}")["Location"] == "/"
    assert is_in(browser)


def test_a_code_works_once(join: Joining) -> None:
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    first, second = half_in(member), half_in(member)
    with later(seconds=120):
        code = code_of(secret)
        with_code(first, code)
        with_code(second, code)
        assert (is_in(first), is_in(second)) == (True, False)
    with later(seconds=180):
        with_code(second, code_of(secret))
        assert is_in(second)


def test_a_code_of_another_time_is_refused(join: Joining) -> None:
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    with later(minutes=5):
        old = code_of(secret)
    with later(minutes=10):
        browser = half_in(member)
        assert code_of(secret) != old
        with_code(browser, old)
        assert not is_in(browser)


def test_five_wrong_codes_are_the_most(join: Joining) -> None:
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    answers = []
    # A new half-way sign-in for each: what is counted belongs to the member.
    for number in range(7):
        browser = half_in(member)
        answers.append(drawn(with_code(browser, wrong(code_of(secret), number + 1))).text)
    assert ["Incorrect code" in one for one in answers] == [True] * 5 + [False] * 2
    assert "Too many" in answers[-1]
    with_code(browser, code_of(secret))
    assert not is_in(browser)
    with later(minutes=6):
        browser = half_in(member)
        with_code(browser, code_of(secret))
        assert is_in(browser)


def test_a_recovery_code_works_once(join: Joining) -> None:
    member = join("viewer")
    mine = signed_in(member)
    set_up_totp(mine)
    code, other = recovery_codes(mine)[:2]
    first, second = half_in(member), half_in(member)
    with_code(first, code)
    with_code(second, code)
    assert (is_in(first), is_in(second)) == (True, False)
    with_code(second, other)
    assert is_in(second)


def test_new_recovery_codes_end_the_old_ones(join: Joining) -> None:
    member = join("viewer")
    mine = signed_in(member)
    set_up_totp(mine)
    old = recovery_codes(mine)
    url = f"{CODES}generate/"
    drawn(mine.get(url)).form(url).submit(mine)
    assert not set(old) & set(recovery_codes(mine))
    browser = half_in(member)
    with_code(browser, old[0])
    assert not is_in(browser)


@pytest.mark.parametrize("path", [CODES, f"{CODES}download/", f"{CODES}generate/"])
def test_recovery_codes_need_a_proof_and_are_not_kept_by_the_browser(
    path: str, join: Joining
) -> None:
    browser = signed_in(join("viewer"))
    set_up_totp(browser)
    assert "no-store" in browser.get(path)["Cache-Control"]
    with later(minutes=31):
        assert browser.get(path)["Location"].startswith("/account/reauthenticate/")


def test_an_admin_takes_a_lost_one_away_in_the_middle_of_a_sign_in(join: Joining) -> None:
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    browser = half_in(member)
    admin = signed_in(join("admin"))
    admin.post(f"/team/{member.pk}/two-factor/")
    response = browser.post(CODE_PAGE, {"code": code_of(secret)})
    assert response["Location"] == "/account/login/"
    assert not is_in(browser)
    assert is_in(signed_in(member))


def test_thrown_out_between_password_and_code(join: Joining) -> None:
    """Not in, no sign-in in the record, and no session that comes to life when they are back."""
    member = join("viewer")
    secret = set_up_totp(signed_in(member))
    browser = half_in(member)
    admin = signed_in(join("admin"))
    before = kinds(member).count("signed_in")
    admin.post(f"/team/{member.pk}/deactivate/")
    assert with_code_of(browser, secret)["Location"] == "/account/inactive/"
    assert not is_in(browser)
    assert kinds(member).count("signed_in") == before
    admin.post(f"/team/{member.pk}/reactivate/")
    assert not is_in(browser)


def with_code_of(browser: Client, secret: str) -> Any:
    return browser.post(CODE_PAGE, {"code": code_of(secret)})


def test_a_new_password_by_a_link_does_not_pass_the_second_factor(join: Joining) -> None:
    member = join("viewer")
    set_up_totp(signed_in(member))
    admin = signed_in(join("admin"))
    (link,) = drawn(admin.post(f"/team/{member.pk}/password-link/")).attribute("data-copy")
    browser, new = visitor(), "another-password-9"
    form = assert_page(browser.get(link.removeprefix("http://localhost"), follow=True)).forms[0]
    form.submit(browser, password1=new, password2=new)
    assert not is_in(browser)
    assert sign_in(browser, member, new)["Location"] == CODE_PAGE
    assert not is_in(browser)
    assert sign_in(visitor(), member, PASSWORD).status_code == 200
