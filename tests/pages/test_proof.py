"""Who they are, proved once more: a proof is good for 30 minutes, in its own session, for the pages
as for the forms of tokens, deletion and the team."""

from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.team.models import Invitation, Member
from chatbots.models import AccessToken, Connection, KeptInput
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import PASSWORD, Browsing, Joining
from tests.pages.calls import writes
from tests.pages.changing import delete_url, opened
from tests.pages.drawn import assert_page, drawn, htmx
from tests.pages.keeping import is_back, leads_to_kept, next_of
from tests.pages.people import (
    PROOF_PAGE,
    code_of,
    every_row,
    is_in,
    kinds,
    later,
    set_up_totp,
    signed_in,
)

SECRET = "an-access-token-that-nobody-may-keep-0123456789"


def prove(browser: Client, back: str = "", password: str = PASSWORD) -> Any:
    """The answer to the password, given once more on the way back to a page."""
    page = assert_page(browser.get(f"{PROOF_PAGE}?{urlencode({'next': back})}"))
    return page.form(PROOF_PAGE).submit(browser, password=password)


def asked(response: Any) -> str:
    """Where whoever is asked for a proof comes back to."""
    assert response.status_code == 302, drawn(response).text
    return next_of(response["Location"], PROOF_PAGE)


def other_member(join: Joining) -> Member:
    return join("viewer", "other@example.com")


# What asks for it


def test_the_team_asks_for_its_pages(admin: Client, join: Joining) -> None:
    pages = ["/team/", f"/team/{other_member(join).pk}/"]
    for number, page in enumerate(pages, 1):
        with later(minutes=31 * number):
            assert asked(admin.get(page)) == page
            answer = admin.get(page, headers=htmx("rows", page))
            assert next_of(answer["HX-Redirect"], PROOF_PAGE) == page
            assert prove(admin, page)["Location"] == page
            assert_page(admin.get(page))


@pytest.mark.parametrize(
    "action", ["role", "deactivate", "reactivate", "sessions", "two-factor", "password-link"]
)
def test_the_team_asks_for_what_is_done_to_a_member(
    action: str, admin: Client, join: Joining
) -> None:
    member = other_member(join)
    page = f"/team/{member.pk}/"
    before = every_row_of(member)
    with later(minutes=31):
        response = admin.post(
            f"{page}{action}/", {"role": "admin"}, headers={"Referer": f"http://localhost{page}"}
        )
        assert asked(response) == page
    assert every_row_of(member) == before
    assert kinds(member) == []


def every_row_of(member: Member) -> dict[str, Any]:
    return dict(Member.objects.filter(pk=member.pk).values().get())


def test_the_team_asks_before_it_invites(admin: Client) -> None:
    values = {"email": "new@example.com", "role": "editor"}
    with later(minutes=31):
        back = asked(admin.post("/team/", values))
        assert back.partition("?")[0] == "/team/"
        assert not Invitation.objects.exists()
        assert prove(admin, back)["Location"] == back
        form = assert_page(admin.get(back)).form("/team/")
        assert not Invitation.objects.exists(), "the way back invites nobody by itself"
        assert {name: form.fields[name] for name in values} == values
        assert_page(form.submit(admin))
    assert Invitation.objects.get().role == "editor"


def test_an_access_token_that_comes_too_late_is_neither_tried_nor_kept(
    admin: Client, sandbox: Sandbox
) -> None:
    before = AccessToken.objects.get().sealed
    form = drawn(admin.get("/token/")).form("/token/")
    with later(minutes=31):
        for headers in ({"Referer": "http://localhost/token/"}, htmx("form", "/token/")):
            values = form.fields | {"access_token": SECRET, "label": "mine"}
            response = admin.post("/token/", values, headers=headers)
            leads_to = response.headers.get("HX-Redirect") or response["Location"]
            assert next_of(leads_to, PROOF_PAGE) == "/token/"
        assert SECRET not in repr(dict(admin.session.items()))
    assert SECRET not in every_row()
    assert not KeptInput.objects.exists()
    assert AccessToken.objects.get().sealed == before
    assert sandbox.requests == []


def test_the_page_of_the_token_offers_no_form_before_the_proof(admin: Client) -> None:
    with later(minutes=31):
        page = assert_page(admin.get("/token/"))
        actions = {form.action for form in page.forms}
        assert not actions & {"/token/", "/token/refresh/", "/token/disconnect/"}
        (link,) = (href for href in page.hrefs if href.startswith(PROOF_PAGE))
        assert prove(admin, next_of(link, PROOF_PAGE))["Location"] == "/token/"
        assert assert_page(admin.get("/token/")).has_form("/token/")


@pytest.mark.parametrize("action", ["refresh", "disconnect"])
def test_the_token_stays_as_it_is(action: str, admin: Client, sandbox: Sandbox) -> None:
    before = AccessToken.objects.get().sealed
    with later(minutes=31):
        headers = {"Referer": "http://localhost/token/"}
        assert asked(admin.post(f"/token/{action}/", headers=headers)) == "/token/"
    assert sandbox.requests == []
    assert AccessToken.objects.get().sealed == before
    assert Connection.objects.count() == 1


def test_a_deletion_comes_back_with_what_was_typed(
    admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = delete_url(bot)
    with later(minutes=31):
        assert asked(admin.get(url)) == url
        assert prove(admin, url)["Location"] == url
        form = opened(admin, url)
    with later(minutes=63):
        back = asked(form.submit(admin, confirm_title=bot.title))
        assert leads_to_kept(back, url)
        assert writes(sandbox) == []
        assert prove(admin, back)["Location"] == back
        again = is_back(admin, back).form(url)
        assert again.fields["confirm_title"] == bot.title
        assert again.submit(admin)["Location"] == "/chatbots/"
    assert bot.is_deleted


def test_reading_and_editing_ask_for_nothing(admin: Client, bot: Chatbot) -> None:
    with later(minutes=31):
        for page in ("/chatbots/", f"/chatbots/{bot.id}/", f"/chatbots/{bot.id}/edit/", "/plans/"):
            assert_page(admin.get(page))


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_whoever_may_not_do_it_is_not_asked(role: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse(role, sandbox.users[0].token)
    with later(minutes=31):
        assert member.get("/team/").status_code == 403
        assert member.get(delete_url(sandbox.users[0].chatbots[0])).status_code == 403


@pytest.mark.parametrize(
    "path",
    [
        "/account/2fa/totp/activate/",
        "/account/2fa/webauthn/add/",
        "/account/2fa/recovery-codes/generate/",
    ],
)
def test_a_second_factor_is_not_set_up_without_it(path: str, browse: Browsing) -> None:
    member = browse("viewer")
    if "codes" in path:
        set_up_totp(member)
    with later(minutes=31):
        assert asked(member.get(path)) == path
        assert prove(member, path)["Location"] == path
        assert_page(member.get(path))


def test_a_second_factor_is_not_taken_away_without_it(browse: Browsing) -> None:
    member = browse("viewer")
    set_up_totp(member)
    page = "/account/2fa/totp/deactivate/"
    with later(minutes=31):
        assert asked(member.post(page)) == page
        assert "totp" in every_row()


def test_another_address_is_not_added_without_it(browse: Browsing) -> None:
    member = browse("viewer")
    with later(minutes=31):
        values = {"email": "evil@example.com", "action_add": ""}
        assert asked(member.post("/account/email/", values)) == "/account/email/"
    assert "evil@example.com" not in every_row()


# What counts as one


@pytest.mark.parametrize(("minutes", "is_asked"), [(29, False), (31, True)])
def test_a_sign_in_counts_for_half_an_hour(minutes: int, is_asked: bool, join: Joining) -> None:
    browser = signed_in(join("admin"))
    with later(minutes=minutes):
        assert (browser.get("/team/").status_code == 302) is is_asked


def test_using_the_site_does_not_prolong_it(join: Joining) -> None:
    browser = signed_in(join("admin"))
    with later(minutes=20):
        assert_page(browser.get("/team/"))
    with later(minutes=31):
        assert browser.get("/team/").status_code == 302


def test_how_long_is_a_setting(join: Joining, settings: LazySettings) -> None:
    settings.PROOF_SECONDS = 60.0
    browser = signed_in(join("admin"))
    assert_page(browser.get("/team/"))
    with later(seconds=61):
        assert asked(browser.get("/team/")) == "/team/"


def test_a_proof_is_one_of_its_own_session(join: Joining) -> None:
    member = join("admin")
    one, two = signed_in(member), signed_in(member)
    with later(minutes=31):
        prove(one)
        assert_page(one.get("/team/"))
        assert asked(two.get("/team/")) == "/team/"


def test_a_wrong_password_proves_nothing(join: Joining) -> None:
    browser = signed_in(join("admin"))
    with later(minutes=31):
        for _ in range(5):
            page = assert_page(prove(browser, "/team/", "not-the-password"))
            assert "not-the-password" not in page.html
        assert asked(browser.get("/team/")) == "/team/"
        # Five in five minutes are the most, here as at the sign-in.
        assert "Too many" in drawn(prove(browser, "/team/")).text
        assert asked(browser.get("/team/")) == "/team/"
        assert is_in(browser)


def test_the_old_password_is_guessed_no_better_where_it_is_changed(join: Joining) -> None:
    """Five in five minutes are the most."""
    browser, url = signed_in(join("viewer")), "/account/password/change/"
    new = {"password1": "another-password-9", "password2": "another-password-9"}
    looked_at = 0
    for minutes in range(4):
        with later(minutes=1.1 * minutes):
            for number in range(4):
                answer = browser.post(url, new | {"oldpassword": f"guess-{minutes}-{number}"})
                looked_at += answer.status_code == 200
    assert looked_at == 5
    with later(minutes=9):
        assert browser.post(url, new | {"oldpassword": PASSWORD}).status_code == 302


def test_a_code_proves_it_too(join: Joining) -> None:
    browser = signed_in(join("admin"))
    secret = set_up_totp(browser)
    page = "/account/2fa/reauthenticate/"
    with later(minutes=31):
        wrong = f"{(int(code_of(secret)) + 1) % 1_000_000:06}"
        assert_page(browser.post(f"{page}?next=/team/", {"code": wrong}))
        assert asked(browser.get("/team/")) == "/team/"
        form = assert_page(browser.get(f"{page}?next=/team/")).form(page)
        assert form.submit(browser, code=code_of(secret))["Location"] == "/team/"
        assert_page(browser.get("/team/"))


def test_a_proof_does_not_outlive_its_session(join: Joining) -> None:
    browser = signed_in(join("admin"))
    other = join("admin", "other@example.com")
    with later(minutes=31):
        prove(browser)
        browser.post("/account/logout/")
        assert "proved_at" not in browser.session
        browser.force_login(other)
        assert browser.session["_auth_user_id"] == str(other.pk)
