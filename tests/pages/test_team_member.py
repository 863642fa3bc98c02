"""`/team/<id>/`: another role, out and back, sessions, and ways back in for whoever lost theirs."""

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Connection
from chatbots.sandbox import Sandbox
from tests.conftest import PASSWORD, Browsing, Joining, connect
from tests.pages.drawn import assert_error, assert_page, drawn, htmx
from tests.pages.people import (
    every_row,
    is_in,
    kinds,
    later,
    link_in,
    set_up_totp,
    sign_in,
    signed_in,
    visitor,
)

LAST = "This is the last Admin"


def page_of(member: Member, action: str = "") -> str:
    """The address of the member's page, or of one of its forms."""
    return f"/team/{member.pk}/{action and f'{action}/'}"


@pytest.fixture
def lead(join: Joining) -> Client:
    """An Admin who has signed in by the form."""
    return signed_in(join("admin", "lead@example.com"), User_Agent="Firefox of the lead")


def myself() -> Member:
    return Member.objects.get(email="lead@example.com")


# The role


def test_another_role_holds_from_the_next_click_on(lead: Client, browse: Browsing) -> None:
    editor = browse("editor")
    member = Member.objects.get(email="editor@example.com")
    assert editor.get("/team/").status_code == 403
    form = assert_page(lead.get(page_of(member))).form(page_of(member, "role"))
    assert form.fields["role"] == "editor"
    assert form.submit(lead, role="admin")["Location"] == page_of(member)
    assert editor.get("/team/").status_code == 200
    form.submit(lead, role="viewer")
    assert editor.get("/team/").status_code == 403
    events = Event.objects.filter(kind=EventKind.ROLE_CHANGED).order_by("pk")
    assert [one.detail for one in events] == ["Editor → Admin", "Admin → Viewer"]
    for one in events:
        assert (one.member, one.by, one.ip) == (member, myself(), "127.0.0.1")
        assert one.device == "Firefox of the lead"


@pytest.mark.parametrize("role", ["owner", "", "ADMIN"])
def test_a_role_that_does_not_exist_changes_nothing(role: str, lead: Client, join: Joining) -> None:
    member = join("viewer")
    assert_page(lead.post(page_of(member, "role"), {"role": role}), 422)
    member.refresh_from_db()
    assert (member.role, kinds(member)) == ("viewer", [])


def test_the_same_role_again_is_no_change(lead: Client, join: Joining) -> None:
    member = join("viewer")
    lead.post(page_of(member, "role"), {"role": "viewer"})
    assert kinds(member) == []


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_the_last_admin_stays_one(role: str, lead: Client, join: Joining) -> None:
    # Nobody who is out could look after the team.
    Member.objects.filter(pk=join("admin", "gone@example.com").pk).update(is_active=False)
    page = assert_page(lead.post(page_of(myself(), "role"), {"role": role}), 422)
    assert LAST in page.text
    assert myself().role == "admin"
    assert lead.get("/team/").status_code == 200


def test_whoever_gives_the_role_away_is_led_to_what_is_left(lead: Client, join: Joining) -> None:
    join("admin")
    response = lead.post(page_of(myself(), "role"), {"role": "viewer"})
    assert response["Location"] == "/"
    assert lead.get("/team/").status_code == 403
    assert is_in(lead)


def test_the_page_of_an_admin_who_is_none_any_more_does_nothing(
    lead: Client, join: Joining, browse: Browsing
) -> None:
    other, viewer = browse("admin"), join("viewer")
    form = drawn(other.get(page_of(viewer))).form(page_of(viewer, "role"))
    lead.post(page_of(Member.objects.get(email="admin@example.com"), "role"), {"role": "editor"})
    assert_error(form.submit(other, role="admin"), 403, "This needs the role Admin")
    assert other.post(page_of(viewer, "password-link")).status_code == 403
    viewer.refresh_from_db()
    assert viewer.role == "viewer"


# Out, and back


def test_out_means_out_at_the_next_request_everywhere(
    lead: Client, join: Joining, sandbox: Sandbox
) -> None:
    member = join("editor")
    connect(member, sandbox.users[0].token)
    browsers = [signed_in(member), signed_in(member)]
    assert all(is_in(one) for one in browsers)
    response = lead.post(page_of(member, "deactivate"))
    assert response["Location"] == page_of(member)
    page, fragment = browsers
    assert page.get("/chatbots/")["Location"] == "/account/login/?next=/chatbots/"
    answer = fragment.get("/chatbots/", headers=htmx("webhooks", "/chatbots/"))
    assert answer["HX-Redirect"] == "/account/login/?next=/chatbots/"
    assert answer.content == b""
    shown = assert_page(lead.get(page_of(member)))
    assert "deactivated" in shown.text
    assert not shown.has_form(page_of(member, "role"))
    assert not shown.has_form(page_of(member, "password-link"))


def test_a_form_of_whoever_is_out_writes_nothing(
    lead: Client, join: Joining, sandbox: Sandbox
) -> None:
    member = join("admin")
    connect(member, sandbox.users[0].token)
    browser = signed_in(member)
    form = drawn(browser.get("/team/")).form("/team/")
    lead.post(page_of(member, "deactivate"))
    assert form.submit(browser, email="friend@example.com", role="admin").status_code == 302
    assert kinds().count("invited") == 0


def test_the_connection_of_whoever_is_out_ends(
    lead: Client, join: Joining, sandbox: Sandbox
) -> None:
    alone, sharing, staying = join("viewer"), join("editor"), join("admin")
    connect(alone, sandbox.users[0].token)
    connect(sharing, sandbox.users[1].token)
    connect(staying, sandbox.users[1].token)
    sandbox.clear_requests()
    for member in (alone, sharing):
        lead.post(page_of(member, "deactivate"))
    assert [one.member for one in Connection.objects.select_related("member")] == [staying]
    assert AccessToken.objects.count() == 1
    assert sandbox.requests == [], "at Caigunn the token is left alone"


def test_whoever_is_out_cannot_sign_in_and_back_can(
    lead: Client, join: Joining, sandbox: Sandbox
) -> None:
    member = join("viewer")
    connect(member, sandbox.users[0].token)
    before = signed_in(member)
    lead.post(page_of(member, "deactivate"))
    browser = visitor()
    assert sign_in(browser, member)["Location"] == "/account/inactive/"
    assert not is_in(browser)
    lead.post(page_of(member, "reactivate"))
    assert not is_in(before), "a session of the time before comes back to life"
    assert not is_in(browser)
    back = signed_in(member)
    assert back.get("/chatbots/")["Location"].startswith("/token/")
    assert kinds(member)[1:] == [
        "deactivated", "sign_in_failed", "reactivated", "signed_in",
    ]  # fmt: skip


def test_twice_out_or_twice_back_is_once_in_the_record(lead: Client, join: Joining) -> None:
    member = join("viewer")
    for action in ("deactivate", "deactivate", "reactivate", "reactivate"):
        assert lead.post(page_of(member, action)).status_code == 302
    assert kinds(member) == ["deactivated", "reactivated"]


def test_nobody_throws_themselves_out(lead: Client, join: Joining) -> None:
    join("admin")
    assert not drawn(lead.get(page_of(myself()))).has_form(page_of(myself(), "deactivate"))
    lead.post(page_of(myself(), "deactivate"))
    assert is_in(lead)
    assert myself().is_active


# Sessions


def test_the_sessions_of_a_member_end(lead: Client, join: Joining) -> None:
    member = join("viewer")
    browsers = [signed_in(member, User_Agent=f"Browser {number}") for number in range(2)]
    page = assert_page(lead.get(page_of(member)))
    assert page.html.count("127.0.0.1") >= 2
    response = page.form(page_of(member, "sessions")).submit(lead)
    assert "2 sessions were ended." in assert_page(lead.get(response["Location"])).text
    assert not any(is_in(one) for one in browsers)
    assert is_in(signed_in(member)), "they sign in again"
    assert is_in(lead)


def test_an_admin_who_ends_their_own_sessions_keeps_the_one_in_use(lead: Client) -> None:
    elsewhere = signed_in("lead@example.com")
    response = lead.post(page_of(myself(), "sessions"))
    assert response["Location"] == page_of(myself())
    assert "1 session was ended." in assert_page(lead.get(page_of(myself()))).text
    assert not is_in(elsewhere)


# Ways back in


def test_a_link_for_a_new_password_is_good_once(lead: Client, join: Joining) -> None:
    member = join("viewer")
    before = signed_in(member)
    page = assert_page(lead.post(page_of(member, "password-link")))
    link = link_in(page)
    key = link.rstrip("/").rsplit("-", 1)[1]
    assert key not in every_row(), "it can be read in the database"
    assert link not in assert_page(lead.get(page_of(member))).html
    browser = visitor()
    form = assert_page(browser.get(link, follow=True)).forms[0]
    new = "another-password-9"
    response = form.submit(browser, password1=new, password2=new)
    assert response.status_code == 302
    assert not is_in(before), "whoever knew the old password stays in"
    assert not is_in(browser), "the link alone lets somebody in"
    sign_in(browser, member)
    assert not is_in(browser), "the old password is still good"
    assert is_in(signed_in(member, new))
    assert "no longer works" in assert_page(visitor().get(link, follow=True)).text
    found = kinds(member)
    assert found.count("reset_link_made") == found.count("password_changed") == 1


def test_a_link_for_a_new_password_is_good_for_a_day(lead: Client, join: Joining) -> None:
    link = link_in(assert_page(lead.post(page_of(join("viewer"), "password-link"))))
    with later(hours=23):
        assert "Set a new password" in assert_page(visitor().get(link, follow=True)).text
    with later(hours=25):
        assert "no longer works" in assert_page(visitor().get(link, follow=True)).text


def test_nobody_who_is_out_gets_a_link(lead: Client, join: Joining) -> None:
    member = join("viewer")
    lead.post(page_of(member, "deactivate"))
    assert lead.post(page_of(member, "password-link")).status_code == 404
    assert "reset_link_made" not in kinds(member)


def test_a_link_lets_nobody_in_who_is_thrown_out_meanwhile(lead: Client, join: Joining) -> None:
    member = join("viewer")
    link = link_in(assert_page(lead.post(page_of(member, "password-link"))))
    lead.post(page_of(member, "deactivate"))
    browser = visitor()
    assert "no longer works" in assert_page(browser.get(link, follow=True)).text
    values = {"password1": "another-password-9", "password2": "another-password-9"}
    browser.post(link, values)
    browser.post(f"{link.rsplit('-', 2)[0]}-set-password/", values)
    member.refresh_from_db()
    assert member.check_password(PASSWORD)
    for password in (PASSWORD, "another-password-9"):
        sign_in(browser, member, password)
        assert not is_in(browser)


def test_a_lost_second_factor_is_taken_away(lead: Client, join: Joining) -> None:
    member = join("viewer")
    set_up_totp(signed_in(member))
    page = assert_page(lead.get(page_of(member)))
    assert "authenticator app" in page.text
    page.form(page_of(member, "two-factor")).submit(lead)
    assert not Authenticator.objects.filter(user=member).exists(), "recovery codes stay"
    assert is_in(signed_in(member))
    event = Event.objects.get(kind=EventKind.TWO_FACTOR_REMOVED)
    assert (event.member, event.by) == (member, myself())
    assert not drawn(lead.get(page_of(member))).has_form(page_of(member, "two-factor"))
    lead.post(page_of(member, "two-factor"))
    assert kinds(member).count("two_factor_removed") == 1


def test_somebody_who_does_not_exist(lead: Client) -> None:
    for action in ("role", "deactivate", "reactivate", "sessions", "two-factor", "password-link"):
        assert lead.post(f"/team/999999/{action}/", {"role": "admin"}).status_code == 404
    assert lead.get(f"/team/{'9' * 30}/").status_code == 404
    assert kinds() == ["signed_in"]
