"""`/account/sessions/`: where a member is signed in, and ending that."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.team.models import Member
from tests.conftest import PASSWORD, Joining
from tests.pages.drawn import assert_page, drawn, htmx
from tests.pages.people import is_in, kinds, later, signed_in

SESSIONS = "/account/sessions/"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/150.0 Safari/537.36"


@pytest.fixture
def member(join: Joining) -> Member:
    return join("viewer")


@pytest.fixture
def here(member: Member) -> Client:
    return signed_in(member, User_Agent=FIREFOX)


def session_of(browser: Client) -> UserSession:
    return UserSession.objects.get(session_key=browser.session.session_key)


def test_each_session_with_its_device_and_address(here: Client, member: Member) -> None:
    signed_in(member, User_Agent=CHROME)
    page = assert_page(here.get(SESSIONS))
    assert "Firefox" in page.text
    assert "Chrome" in page.text
    assert page.text.index("this one") < page.text.index("Firefox") < page.text.index("Chrome")
    assert page.text.count("127.0.0.1") >= 2
    assert not any(one.session_key in page.html for one in UserSession.objects.all())


def test_only_their_own(here: Client, join: Joining) -> None:
    signed_in(join("admin"), User_Agent="Lynx of the admin")
    page = assert_page(here.get(SESSIONS))
    assert "Lynx" not in page.text
    assert len([form for form in page.forms if form.action == SESSIONS]) == 0


def test_one_that_is_ended_is_out_at_the_next_request(here: Client, member: Member) -> None:
    there, third = signed_in(member), signed_in(member)
    number = str(session_of(there).pk)
    form = next(
        one for one in drawn(here.get(SESSIONS)).forms if one.fields.get("session") == number
    )
    assert form.submit(here)["Location"] == SESSIONS
    assert "Ended." in assert_page(here.get(SESSIONS)).text
    assert there.get("/chatbots/")["Location"] == "/account/login/?next=/chatbots/"
    answer = there.get("/chatbots/", headers=htmx("webhooks", "/chatbots/"))
    assert answer["HX-Redirect"] == "/account/login/?next=/chatbots/"
    assert is_in(here)
    assert is_in(third)
    event = Event.objects.get(kind=EventKind.SESSIONS_ENDED)
    assert (event.member, event.by, event.detail) == (member, None, "1")


def test_all_others(here: Client, member: Member, join: Joining) -> None:
    others = [signed_in(member) for _ in range(2)]
    stranger = signed_in(join("editor"))
    here.post(SESSIONS)
    assert not any(is_in(one) for one in others)
    assert is_in(here)
    assert is_in(stranger)
    assert Event.objects.get(kind=EventKind.SESSIONS_ENDED).detail == "2"


def test_nobody_ends_the_session_of_somebody_else(here: Client, join: Joining) -> None:
    stranger = signed_in(join("admin"))
    here.post(SESSIONS, {"session": session_of(stranger).pk})
    assert is_in(stranger)
    assert "sessions_ended" not in kinds()


@pytest.mark.parametrize("wanted", ["0", "-1", "x", "9" * 30, "9" * 5000, "\u0661", " ", "1 OR 1"])
def test_a_session_that_does_not_exist(wanted: str, here: Client, member: Member) -> None:
    other = signed_in(member)
    assert here.post(SESSIONS, {"session": wanted})["Location"] == SESSIONS
    assert is_in(here)
    assert is_in(other)


def test_the_one_in_use_is_not_ended_here(here: Client) -> None:
    here.post(SESSIONS, {"session": session_of(here).pk})
    assert is_in(here)


def test_what_has_ended_by_itself_is_not_listed(here: Client, member: Member) -> None:
    signed_in(member, User_Agent=CHROME)
    with later(hours=9):
        again = signed_in(member, User_Agent=FIREFOX)
        assert "Chrome" not in assert_page(again.get(SESSIONS)).text


def test_another_password_ends_all_other_sessions(here: Client, member: Member) -> None:
    other = signed_in(member)
    new = "another-password-9"
    url = "/account/password/change/"
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new}
    assert drawn(here.get(url)).form(url).submit(here, **values).status_code == 302
    assert not is_in(other)
    page = assert_page(here.get(SESSIONS))
    assert "this one" in page.text
    assert len([form for form in page.forms if form.action == SESSIONS]) == 0
    # An Admin still ends the session that goes on under another key.
    UserSession.objects.get(user=member).end()
    assert not is_in(here)


def test_a_device_of_markup_is_text(member: Member) -> None:
    browser = signed_in(member, User_Agent="<script>alert(1)</script>")
    page = assert_page(browser.get(SESSIONS))
    assert page.inline == []
    assert not any(tag == "script" and "src" not in attrs for tag, attrs in page.tags)
