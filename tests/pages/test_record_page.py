"""`/activity/sign-ins/`: who came from where, what changed in the team, what was revealed."""

import pytest
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks

from caigunn_admin.activity.events import PAGE_SIZE
from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import PASSWORD, Browsing, Joining
from tests.pages.drawn import Drawn, assert_page, drawn
from tests.pages.people import (
    LOGIN,
    PROOF_PAGE,
    code_of,
    every_row,
    kinds,
    set_up_totp,
    sign_in,
    signed_in,
    visitor,
    with_code,
)

RECORD = "/activity/sign-ins/"
LOGOUT = "/account/logout/"


def entries(browser: Client, **query: str) -> list[str]:
    """The text of each entry, the newest first."""
    page = assert_page(browser.get(RECORD, query))
    return [Drawn(f"<p>{part}").text for part in page.html.split("<li>")[1:]]


@pytest.fixture
def admin(join: Joining) -> Client:
    return signed_in(join("admin"), User_Agent="Firefox of the admin")


def test_a_sign_in_with_address_and_device(admin: Client) -> None:
    (entry,) = entries(admin)
    for said in ("Signed in", "admin@example.com", "127.0.0.1"):
        assert said in entry
    event = Event.objects.get()
    assert (event.ip, event.device) == ("127.0.0.1", "Firefox of the admin")
    assert event.request_id


def test_in_and_out(admin: Client, join: Joining) -> None:
    browser = signed_in(join("viewer"))
    drawn(browser.get("/token/")).form(LOGOUT).submit(browser)
    assert "Signed out" in entries(admin)[0]


def test_a_failure_names_a_member_and_never_what_was_typed(admin: Client, join: Joining) -> None:
    member = join("viewer")
    sign_in(visitor(User_Agent="Lynx"), member, "guessed-wrong-1")
    # A password in the wrong field.
    sign_in(visitor(), "my-secret-password@example.com", "x")
    unknown, known = entries(admin)[:2]
    assert "Sign-in failed" in known
    assert "viewer@example.com" in known
    assert "an address that is nobody’s" in unknown
    rows = every_row()
    assert "guessed-wrong-1" not in rows
    assert "my-secret-password" not in rows


def test_a_password_or_code_that_was_wrong_while_signed_in(admin: Client, join: Joining) -> None:
    member = join("viewer")
    browser = signed_in(member)
    secret = set_up_totp(browser)
    before = len(kinds(member))
    browser.post(PROOF_PAGE, {"password": "guessed-wrong-1"})
    browser.post(PROOF_PAGE, {"password": PASSWORD})
    sign_in(visitor(), member)
    second = visitor()
    sign_in(second, member)
    wrong = f"{(int(code_of(secret)) + 1) % 1_000_000:06}"
    with_code(second, wrong)
    found = kinds(member)[before:]
    assert found == ["sign_in_failed", "proved", "sign_in_failed"]
    assert Event.objects.filter(member=member).latest("pk").detail == "second factor"


def test_two_factors_and_codes(
    admin: Client,
    join: Joining,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    member = join("viewer")
    browser = signed_in(member)
    # django-allauth tells of it once it is committed, which nothing here ever is.
    with django_capture_on_commit_callbacks(execute=True):
        secret = set_up_totp(browser)
        for url in ("/account/2fa/recovery-codes/generate/", "/account/2fa/totp/deactivate/"):
            drawn(browser.get(url)).form(url).submit(browser)
    found = kinds(member)
    assert found.count("two_factor_added") == 1
    assert found.count("two_factor_removed") == 1
    assert found.count("codes_made") >= 2
    assert secret not in every_row()


def test_what_was_revealed_to_whom(
    browse: Browsing, join: Joining, sandbox: Sandbox, bot: Chatbot
) -> None:
    editor = browse("editor", sandbox.users[0].token)
    editor.post(f"/chatbots/{bot.id}/reveal/", {"field": "api_key"})
    entry = entries(signed_in(join("admin")), kind="secret_revealed")[0]
    assert "editor@example.com" in entry
    assert bot.id in entry or bot.title in entry
    assert bot.api_key not in every_row()


def test_members_see_what_concerns_them_and_an_admin_sees_all(admin: Client, join: Joining) -> None:
    viewer, editor = join("viewer"), join("editor")
    browser = signed_in(viewer)
    signed_in(editor)
    admin.post(f"/team/{viewer.pk}/role/", {"role": "editor"})
    admin.post(f"/team/{viewer.pk}/role/", {"role": "viewer"})
    text = " ".join(entries(browser))
    assert "Role changed" in text
    assert "by admin@example.com" in text
    assert "Firefox of the admin" not in browser.get(RECORD).content.decode()
    assert "editor@example.com" not in text
    # The filter widens nothing.
    for query in ({"member": "editor"}, {"member": "admin", "kind": "signed_in"}):
        assert "editor@example.com" not in " ".join(entries(browser, **query))
    assert not entries(browser, kind="signed_in", member="editor")
    everything = " ".join(entries(admin))
    for member in (viewer, editor):
        assert member.email in everything


def test_filters(admin: Client, join: Joining) -> None:
    Member.objects.filter(pk=join("viewer").pk).update(name="Li Wei")
    signed_in("viewer@example.com")
    assert len(entries(admin)) == 2
    assert len(entries(admin, member="VIEWER@")) == 1
    assert len(entries(admin, member="li wei")) == 1
    assert len(entries(admin, kind="signed_in")) == 2
    assert entries(admin, kind="joined") == []
    assert "Nothing matches" in drawn(admin.get(RECORD, {"kind": "joined"})).text


@pytest.mark.parametrize(
    "query",
    [
        {"kind": "nonsense"},
        {"member": "\x00"},
        {"member": "x" * 300},
        {"page": "x"},
        {"page": "-1"},
    ],
)
def test_a_filter_that_makes_no_sense_is_no_error(query: dict[str, str], admin: Client) -> None:
    assert_page(admin.get(RECORD, query))


def test_page_by_page(admin: Client) -> None:
    member = Member.objects.get()
    Event.objects.bulk_create(
        Event(kind=EventKind.PROVED, member=member, member_email=member.email)
        for _ in range(PAGE_SIZE)
    )
    assert len(entries(admin)) == PAGE_SIZE
    page = drawn(admin.get(RECORD, {"member": "admin"}))
    (older,) = (href for href in page.hrefs if "page=2" in href)
    assert "member=admin" in older
    (last,) = entries(admin, page="2")
    assert "Signed in" in last


def test_text_from_outside_is_text(join: Joining) -> None:
    browser = signed_in(join("admin"), User_Agent="<img src=x onerror=alert(1)>\x1b[31m")
    page = assert_page(browser.get(RECORD))
    assert page.inline == []
    assert "\x1b" not in page.html
    assert len(Event.objects.get().device) <= 200
    sign_in(visitor(User_Agent="x" * 5000), "admin@example.com", "wrong-one")
    assert len(Event.objects.latest("pk").device) == 200


def test_the_record_goes_on_where_a_member_is_gone(admin: Client, join: Joining) -> None:
    viewer = join("viewer")
    signed_in(viewer)
    viewer.delete()
    assert "viewer@example.com" in " ".join(entries(admin))


def test_opening_the_sign_in_page_is_no_event(db: None) -> None:
    visitor().get(LOGIN)
    assert kinds() == []
