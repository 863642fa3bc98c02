"""When a session ends: after 8 hours without use, after 7 days in any case, and when its member is
thrown out; and what using it costs."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.team.models import Member
from tests.conftest import Joining
from tests.pages.drawn import assert_htmx_leads_to_sign_in, assert_page, htmx
from tests.pages.people import LOGIN, is_in, later, sign_in, signed_in, visitor

PAGE = "/account/sessions/"


@pytest.fixture
def member(join: Joining) -> Member:
    return join("viewer")


def writes(browser: Client) -> list[str]:
    """The statements of a page that write."""
    with CaptureQueriesContext(connection) as seen:
        assert_page(browser.get("/token/"))
    verbs = ("INSERT", "UPDATE", "DELETE")
    return [one["sql"] for one in seen.captured_queries if one["sql"].startswith(verbs)]


# Without use


@pytest.mark.parametrize(("hours", "stays"), [(7.8, True), (8.1, False)])
def test_eight_hours_without_use(hours: float, stays: bool, member: Member) -> None:
    browser = signed_in(member)
    with later(hours=hours):
        assert is_in(browser) is stays


def test_under_htmx_it_leads_to_the_page_of_the_sign_in(member: Member) -> None:
    browser = signed_in(member)
    with later(hours=8.1):
        answer = browser.get("/chatbots/", headers=htmx("rows", "/chatbots/?page=2"))
        assert_htmx_leads_to_sign_in(answer, "/chatbots/%3Fpage%3D2")


def test_use_keeps_it_alive(member: Member) -> None:
    browser = signed_in(member)
    for hours in range(6, 49, 6):
        with later(hours=hours):
            assert is_in(browser), hours
    with later(hours=48 + 8.1):
        assert not is_in(browser)


def test_use_of_one_keeps_no_other_alive(member: Member) -> None:
    used, left = signed_in(member), signed_in(member)
    with later(hours=6):
        assert is_in(used)
    with later(hours=9):
        assert is_in(used)
        assert not is_in(left)


def test_the_time_is_a_setting(member: Member, settings: LazySettings) -> None:
    settings.SESSION_IDLE_SECONDS = 600.0
    browser = signed_in(member)
    with later(seconds=610):
        assert not is_in(browser)


# In any case


def test_seven_days_however_much_it_is_used(member: Member) -> None:
    browser = signed_in(member)
    for hours in range(6, 7 * 24, 6):
        with later(hours=hours):
            assert is_in(browser), hours
    with later(days=7, seconds=5):
        assert not is_in(browser)


def test_what_a_page_writes_into_it_does_not_prolong_it(member: Member) -> None:
    browser = signed_in(member)
    for hours in range(6, 7 * 24, 6):
        with later(hours=hours):
            # A message is written into the session.
            session = browser.session
            session["something"] = hours
            session.save()
    with later(days=7, seconds=5):
        assert not is_in(browser)


def test_a_proof_does_not_prolong_it(member: Member) -> None:
    browser = signed_in(member)
    for hours in range(7, 7 * 24, 7):
        with later(hours=hours):
            response = browser.post(
                "/account/reauthenticate/", {"password": "a-password-for-tests"}
            )
            assert response.status_code == 302
    with later(days=7, seconds=5):
        assert not is_in(browser)


def test_a_new_sign_in_is_a_new_week(member: Member) -> None:
    browser = signed_in(member)
    with later(days=7, hours=1):
        sign_in(browser, member)
        assert is_in(browser)
    with later(days=7, hours=8):
        assert is_in(browser)


def test_a_cookie_outlives_nothing(member: Member) -> None:
    browser = signed_in(member)
    cookie = browser.cookies["session"]
    assert int(cookie["max-age"]) <= 7 * 24 * 3600
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


# What it costs


def test_a_page_that_reads_writes_nothing(member: Member) -> None:
    browser = signed_in(member)
    writes(browser)
    assert writes(browser) == []
    with later(minutes=4):
        assert writes(browser) == []


def test_now_and_then_it_is_noted_that_it_is_in_use(member: Member) -> None:
    browser = signed_in(member)
    # The first page shows the greeting, which stands in the session until then.
    writes(browser)
    with later(minutes=6):
        noted = writes(browser)
        assert len(noted) == 2
        assert all("session" in one for one in noted)
        assert writes(browser) == []
        seen = UserSession.objects.get().last_seen_at
        assert timezone.now() - seen < timedelta(minutes=1)


def test_visitors_leave_no_row(db: None) -> None:
    browser = visitor()
    for page in (LOGIN, "/chatbots/", "/account/password/reset/", "/healthz"):
        browser.get(page)
    assert not Session.objects.exists()


# Another session


def test_signing_in_takes_another_key(member: Member) -> None:
    """Whoever has planted a key in a browser is not signed in with it."""
    browser = visitor()
    session = browser.session
    session["planted"] = True
    session.save()
    browser.cookies["session"] = str(session.session_key)
    sign_in(browser, member)
    assert browser.cookies["session"].value != session.session_key
    planted = visitor()
    planted.cookies["session"] = str(session.session_key)
    assert not is_in(planted)


def test_signing_out_ends_this_one_alone(member: Member) -> None:
    one, two = signed_in(member), signed_in(member)
    stolen = visitor()
    stolen.cookies["session"] = one.cookies["session"].value
    one.post("/account/logout/")
    assert not is_in(one)
    assert not is_in(stolen)
    assert is_in(two)


def test_a_row_moved_to_another_key_is_nobody_s(member: Member, join: Joining) -> None:
    """Sealed for its own row: whoever can write to the database does not become an Admin so."""
    browser, admin = signed_in(member), signed_in(join("admin"))
    of_admin = Session.objects.get(pk=admin.session.session_key)
    Session.objects.filter(pk=browser.session.session_key).update(
        session_data=of_admin.session_data
    )
    assert not is_in(browser)
    assert is_in(admin)


def test_a_row_that_no_key_opens_is_nobody_s(member: Member) -> None:
    browser = signed_in(member)
    for data in ("", "x", "v1.tests.AAAA", "v1.other.AAAA", "e30:1abcde:signature"):
        Session.objects.update(session_data=data)
        assert not is_in(browser)


@pytest.mark.parametrize("key", ["", "x", "0" * 32, "../../etc/passwd", "a" * 5000])
def test_a_cookie_that_is_no_key(key: str, db: None) -> None:
    browser = visitor()
    browser.cookies["session"] = key
    assert not is_in(browser)
    assert_page(browser.get(LOGIN))


# Thrown out, whoever did it and however


def test_thrown_out_by_another_process(member: Member) -> None:
    """Nothing but the row of the member is changed."""
    browser, under_htmx = signed_in(member), signed_in(member)
    Member.objects.filter(pk=member.pk).update(is_active=False)
    assert browser.get(PAGE)["Location"] == f"{LOGIN}?next={PAGE}"
    answer = under_htmx.get("/chatbots/", headers=htmx("rows", "/chatbots/"))
    assert_htmx_leads_to_sign_in(answer, "/chatbots/")


def test_a_member_who_is_deleted(member: Member) -> None:
    browser = signed_in(member)
    member.delete()
    assert not is_in(browser)


def test_the_session_ends_in_the_middle_of_a_request(member: Member, join: Joining) -> None:
    """A page that is under way while an Admin ends the session brings nothing back."""
    browser = signed_in(member)
    session = browser.session
    assert "_auth_user_id" in session, "it is read"
    signed_in(join("admin")).post(f"/team/{member.pk}/sessions/")
    session["late"] = True
    with pytest.raises(UpdateError):
        session.save()
    assert not is_in(browser)
