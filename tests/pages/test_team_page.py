"""`/team/`: who is in, with which role, and who is invited."""

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from caigunn_admin.team.models import Member
from chatbots.sandbox import Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.drawn import Drawn, assert_page, drawn
from tests.pages.people import LOGIN, set_up_totp, signed_in, visitor

TEAM = "/team/"


def row(page: Drawn, member: Member) -> str:
    """The text of the member's row of the table."""
    start = page.html.index(f'href="/team/{member.pk}/"')
    return Drawn(page.html[start : page.html.index("</tr>", start)]).text


def test_each_member_stands_there_with_what_an_admin_asks(
    browse: Browsing, join: Joining, sandbox: Sandbox
) -> None:
    admin = browse("admin", sandbox.users[0].token)
    viewer, editor = join("viewer"), join("editor")
    set_up_totp(signed_in(editor))
    Member.objects.filter(pk=viewer.pk).update(name="Li Wei <b>", is_active=False)
    page = assert_page(admin.get(TEAM))
    assert "3 members" in page.text
    mine = row(page, Member.objects.get(email="admin@example.com"))
    token = sandbox.users[0].token
    assert "you" in mine
    assert "Admin" in mine
    assert f"••••{token[-4:]}" in mine
    assert token not in page.html
    assert "authenticator app" in row(page, editor)
    assert "not connected" in row(page, editor)
    assert "Li Wei <b>" in row(page, viewer)
    assert "viewer@example.com" in row(page, viewer)
    assert "deactivated" in row(page, viewer)
    assert "never" in row(page, viewer)


@pytest.mark.parametrize(
    ("required", "of_admin", "of_viewer"),
    [("nobody", "off", "off"), ("everybody", "has to set it up", "has to set it up")],
)
def test_who_has_to_set_up_two_factors_is_said(
    required: str,
    of_admin: str,
    of_viewer: str,
    browse: Browsing,
    join: Joining,
    settings: LazySettings,
) -> None:
    admin, viewer = browse("admin"), join("viewer")
    set_up_totp(signed_in("admin@example.com"))
    other = join("admin", "other@example.com")
    settings.TWO_FACTOR_REQUIRED = required
    page = assert_page(admin.get(TEAM))
    assert of_admin in row(page, other)
    assert of_viewer in row(page, viewer)


def test_a_large_team_costs_no_more_queries(browse: Browsing, join: Joining) -> None:
    admin = browse("admin")

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert_page(admin.get(TEAM))
        return len(seen)

    few = queries()
    for number in range(15):
        join("viewer", f"viewer{number}@example.com")
    assert queries() <= few


def test_a_rejected_invitation_keeps_what_was_typed(browse: Browsing) -> None:
    admin = browse("admin")
    page = assert_page(admin.post(TEAM, {"email": "not an address", "role": "editor"}), 422)
    form = page.form(TEAM)
    assert form.fields["email"] == "not an address"
    assert form.fields["role"] == "editor"
    assert page.form(TEAM).submit(admin, email="new@example.com").status_code == 200


@pytest.mark.parametrize("role", ["owner", "", "Admin", "superuser"])
def test_a_role_that_does_not_exist_is_refused(role: str, browse: Browsing) -> None:
    admin = browse("admin")
    assert_page(admin.post(TEAM, {"email": "new@example.com", "role": role}), 422)
    assert "Invitations" not in drawn(admin.get(TEAM)).text


def test_a_new_member_is_offered_the_least_role(browse: Browsing) -> None:
    assert drawn(browse("admin").get(TEAM)).form(TEAM).fields["role"] == "viewer"


@pytest.mark.parametrize("role", ["viewer", "editor"])
def test_others_see_no_link_to_it_and_nothing_of_it(
    role: str, browse: Browsing, join: Joining
) -> None:
    member = browse(role)
    join("admin", "boss@example.com")
    assert TEAM not in drawn(member.get("/token/")).hrefs
    page = assert_page(member.get(TEAM), 403)
    assert "boss@example.com" not in page.html
    page = assert_page(member.post(TEAM, {"email": "me@example.com", "role": "admin"}), 403)
    assert "me@example.com" not in page.html


def test_a_fresh_installation_says_how_the_first_admin_is_made(browse: Browsing) -> None:
    assert "add_member" in assert_page(visitor().get(LOGIN)).text
    browse("viewer")
    assert "add_member" not in assert_page(visitor().get(LOGIN)).text
