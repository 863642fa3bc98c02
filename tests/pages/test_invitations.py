"""Invitations: a link that is good once, for a week, for one address."""

import io
import logging
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.conf import LazySettings
from django.core.mail import EmailMessage
from django.test import Client
from pythonjsonlogger.json import JsonFormatter

from caigunn_admin.activity.models import Event, EventKind
from caigunn_admin.logs import NoLinks
from caigunn_admin.team.models import Invitation, Member
from tests.conftest import PASSWORD, Joining
from tests.pages.drawn import Drawn, assert_page, drawn
from tests.pages.people import every_row, is_in, kinds, later, link_in, signed_in, visitor

TEAM = "/team/"
NEW = "new@example.com"
CHOSEN = "correct-horse-battery"
NO_LONGER = "This invitation is not good any more"


@pytest.fixture
def lead(join: Joining) -> Client:
    """An Admin who has signed in by the form."""
    return signed_in(join("admin", "lead@example.com"))


def invited(lead: Client, email: str = NEW, role: str = "editor") -> str:
    """The path of the link for a new invitation."""
    form = assert_page(lead.get(TEAM)).form(TEAM)
    return link_in(assert_page(form.submit(lead, email=email, role=role)))


def accept(browser: Client, link: str, password: str = CHOSEN, **typed: str) -> Any:
    """The answer to the form that the link leads to."""
    page = assert_page(browser.get(link))
    form = page.form("")
    form.action = link
    return form.submit(browser, **{"password": password, "password_again": password} | typed)


def is_no_longer_good(link: str) -> bool:
    """Whether the link opens nothing, by page and by form."""
    opened = visitor().get(link)
    sent = visitor().post(link, {"password": CHOSEN, "password_again": CHOSEN})
    return all(
        (one.status_code, NO_LONGER in drawn(one).text) == (404, True) for one in (opened, sent)
    )


def pending() -> Invitation:
    return Invitation.objects.get()


def test_invited_and_in(lead: Client) -> None:
    link = invited(lead)
    browser = visitor()
    page = assert_page(browser.get(link))
    assert NEW in page.text
    assert "Editor" in page.text
    assert not page.inline
    response = accept(browser, link, name="  Li Wei ")
    assert response["Location"] == "/token/"
    assert is_in(browser)
    member = Member.objects.get(email=NEW)
    assert (member.name, member.role, member.is_active) == ("Li Wei", "editor", True)
    assert is_in(signed_in(NEW, CHOSEN))
    assert is_no_longer_good(link)
    assert "Invitations" not in drawn(lead.get(TEAM)).text
    assert kinds(member) == ["joined", "signed_in", "signed_in"]


def test_the_link_stands_in_one_answer_and_nowhere_else(
    lead: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    link = invited(lead)
    key = link.rstrip("/").rsplit("/", 1)[1]
    assert len(key) >= 43, "256 bits"
    assert key not in assert_page(lead.get(TEAM)).html
    visitor().get(link)
    signed_in("lead@example.com").get(link)
    assert key not in every_row()
    assert not any(key in text for text in capfd.readouterr())


def test_what_the_mail_would_say_is_not_shown_where_mail_is_sent(
    lead: Client, settings: LazySettings, mailoutbox: list[EmailMessage]
) -> None:
    settings.MAIL_IS_SENT = True
    response = lead.post(TEAM, {"email": NEW, "role": "viewer"})
    assert response["Location"] == TEAM
    page = assert_page(lead.get(TEAM))
    assert f"The link was mailed to {NEW}." in page.text
    assert page.attribute("data-copy") == []
    (mail,) = mailoutbox
    assert mail.to == [NEW]
    (link,) = (word for word in str(mail.body).split() if word.startswith("http://localhost/"))
    assert link not in page.html
    browser = visitor()
    accept(browser, link.removeprefix("http://localhost"))
    assert is_in(browser)


def test_a_mail_server_that_does_not_answer_leaves_the_invitation(
    lead: Client, settings: LazySettings
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings.EMAIL_PORT = taken.getsockname()[1]
    settings.EMAIL_HOST, settings.MAIL_IS_SENT = "127.0.0.1", True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    lead.post(TEAM, {"email": NEW, "role": "viewer"})
    page = assert_page(lead.get(TEAM))
    assert "the mail server did not take it" in page.text
    assert page.has_form(f"{TEAM}invitations/{pending().pk}/resend/")


# For whom


@pytest.mark.parametrize("name", ["email", "login", "role"])
def test_the_address_and_the_role_are_those_of_the_invitation(name: str, lead: Client) -> None:
    browser = visitor()
    value = "admin" if name == "role" else "somebody.else@example.com"
    accept(browser, invited(lead, role="viewer"), **{name: value})
    member = Member.objects.exclude(email="lead@example.com").get()
    assert (member.email, member.role) == (NEW, "viewer")


def test_whoever_is_signed_in_does_not_join_as_somebody_else(lead: Client, join: Joining) -> None:
    link = invited(lead, role="admin")
    viewer = signed_in(join("viewer"))
    for response in (
        viewer.get(link),
        viewer.post(link, {"password": CHOSEN, "password_again": CHOSEN}),
    ):
        page = assert_page(response, 409)
        assert "viewer@example.com" in page.text
    page.form("/account/logout/").submit(viewer)
    accept(viewer, link)
    assert Member.objects.get(email="viewer@example.com").role == "viewer"
    assert Member.objects.get(email=NEW).role == "admin"


@pytest.mark.parametrize("written", ["New@Example.COM", " new@example.com ", "NEW@EXAMPLE.COM"])
def test_an_address_is_one_however_it_is_written(written: str, lead: Client) -> None:
    link = invited(lead, written)
    again = lead.post(TEAM, {"email": written.swapcase(), "role": "admin"})
    assert "is invited already" in assert_page(again, 422).text
    assert pending().email == NEW
    accept(visitor(), link)
    assert Member.objects.filter(email=NEW).count() == 1
    assert (
        "is a member already"
        in assert_page(lead.post(TEAM, {"email": written, "role": "admin"}), 422).text
    )


# The dotless i, the long s and the Kelvin sign pass as letters where case is ignored.
@pytest.mark.parametrize("email", ["l\u0131sa@example.com", "li\u017fa@example.com"])
def test_a_look_alike_is_another_address(email: str, lead: Client, join: Joining) -> None:
    member = join("viewer", "lisa@example.com")
    before = member.password
    accept(visitor(), invited(lead, email, "viewer"))
    member.refresh_from_db()
    assert member.password == before
    assert Member.objects.filter(email="lisa@example.com").count() == 1


@pytest.mark.parametrize("is_active", [True, False])
def test_a_member_is_not_invited_again(is_active: bool, lead: Client, join: Joining) -> None:
    member = join("viewer")
    Member.objects.filter(pk=member.pk).update(is_active=is_active)
    page = assert_page(lead.post(TEAM, {"email": member.email, "role": "admin"}), 422)
    assert "is a member already" in page.text
    assert not Invitation.objects.exists()


def test_a_further_address_of_a_member_is_not_invited(lead: Client, join: Joining) -> None:
    EmailAddress.objects.create(user=join("viewer"), email=NEW, verified=True, primary=False)
    page = assert_page(lead.post(TEAM, {"email": NEW, "role": "admin"}), 422)
    assert "is a member already" in page.text


@pytest.mark.parametrize("is_active", [True, False])
def test_an_invitation_gives_no_way_into_an_account_that_came_to_be_meanwhile(
    is_active: bool, lead: Client, join: Joining
) -> None:
    link = invited(lead, role="admin")
    member = join("viewer", NEW)
    Member.objects.filter(pk=member.pk).update(is_active=is_active)
    browser = visitor()
    assert accept(browser, link).status_code == 404
    assert not is_in(browser)
    member.refresh_from_db()
    assert member.check_password(PASSWORD)
    assert (member.role, member.is_active) == ("viewer", is_active)


# How long


def test_it_is_good_for_seven_days(lead: Client) -> None:
    link = invited(lead)
    with later(days=6, hours=23):
        assert_page(visitor().get(link))
    with later(days=7, seconds=1):
        assert is_no_longer_good(link)
        admin = signed_in("lead@example.com")
        assert "Ended" in assert_page(admin.get(TEAM)).text
        again = link_in(assert_page(admin.post(TEAM, {"email": NEW, "role": "viewer"})))
        assert is_no_longer_good(link)
        assert_page(visitor().get(again))


def test_one_that_ends_while_the_form_is_open_is_not_taken(lead: Client) -> None:
    link = invited(lead)
    browser = visitor()
    form = assert_page(browser.get(link)).form("")
    form.action = link
    with later(days=8):
        assert form.submit(browser, password=CHOSEN, password_again=CHOSEN).status_code == 404
    assert not Member.objects.filter(email=NEW).exists()


def test_sent_again_the_link_before_ends(lead: Client) -> None:
    first = invited(lead)
    with later(days=6):
        admin = signed_in("lead@example.com")
        url = f"{TEAM}invitations/{pending().pk}/resend/"
        second = link_in(assert_page(drawn(admin.get(TEAM)).form(url).submit(admin)))
        assert is_no_longer_good(first)
    with later(days=12):
        accept(visitor(), second)
    assert Member.objects.get(email=NEW).role == "editor"
    assert kinds().count("invited") == 2


def test_taken_back(lead: Client) -> None:
    link = invited(lead)
    url = f"{TEAM}invitations/{pending().pk}/cancel/"
    form = drawn(lead.get(TEAM)).form(url)
    assert form.submit(lead)["Location"] == TEAM
    assert is_no_longer_good(link)
    assert form.submit(lead).status_code == 404
    event = Event.objects.get(kind=EventKind.INVITATION_CANCELLED)
    assert (event.member_email, event.by_email) == (NEW, "lead@example.com")


def test_one_that_was_used_cannot_be_sent_again(lead: Client) -> None:
    link = invited(lead)
    form = drawn(lead.get(TEAM)).form(f"{TEAM}invitations/{pending().pk}/resend/")
    accept(visitor(), link)
    assert form.submit(lead).status_code == 404


@pytest.mark.parametrize(("action", "role"), [("deactivate", ""), ("role", "editor")])
def test_it_ends_with_the_power_of_whoever_invited(
    action: str, role: str, lead: Client, join: Joining
) -> None:
    """Nobody who is thrown out comes back as an Admin under another address."""
    join("admin", "second@example.com")
    second = signed_in("second@example.com")
    link, other = invited(lead, role="admin"), invited(second, "third@example.com")
    inviter = Member.objects.get(email="lead@example.com")
    second.post(f"{TEAM}{inviter.pk}/{action}/", {"role": role})
    assert is_no_longer_good(link)
    assert_page(visitor().get(other))
    assert kinds().count("invitation_cancelled") == 1


# The password


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("qvxz7", "qvxz7"),
        ("password123", "password123"),
        ("12345678901", "12345678901"),
        ("new@example.com", "new@example.com"),
        (CHOSEN, f"{CHOSEN}!"),
        (CHOSEN, ""),
        ("", ""),
    ],
)
def test_a_password_that_will_not_do(password: str, again: str, lead: Client) -> None:
    browser, link = visitor(), invited(lead)
    response = accept(browser, link, password, password_again=again, name="Li Wei")
    page = assert_page(response, 422)
    assert page.form("").fields["name"] == "Li Wei"
    for typed in {password, again} - {"", NEW}:
        assert typed not in page.html
    assert not is_in(browser)
    assert pending().email == NEW, "it is still good"
    accept(browser, link)
    assert is_in(browser)


@pytest.mark.parametrize("key", ["x", "0" * 43, "%00", "\u5ba2", "a" * 5000, "..%2f..%2fteam"])
def test_a_key_that_nobody_has(key: str, lead: Client) -> None:
    response = visitor().get(f"/account/invitation/{key}/")
    assert response.status_code == 404


# The log


@pytest.fixture
def json_log() -> Iterator[io.StringIO]:
    """What stands in the log of LOG_FORMAT=json."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonFormatter("%(message)s"))
    handler.addFilter(NoLinks())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield handler.stream
    logger.removeHandler(handler)


def test_no_line_of_the_log_holds_a_link_that_is_good(
    lead: Client, json_log: io.StringIO, join: Joining
) -> None:
    """Not even where the answer is an error, which Django logs with the address."""
    link = invited(lead)
    assert lead.get(link).status_code == 409
    member = join("viewer")
    reset = link_in(assert_page(lead.post(f"{TEAM}{member.pk}/password-link/")))
    # Nobody can be counted who has no address.
    assert visitor().put(reset, REMOTE_ADDR="nowhere").status_code == 403
    text = json_log.getvalue()
    assert text.count("\n") == 2
    for one in (link, reset):
        assert one.rstrip("/").rsplit("/", 1)[1] not in text


def test_a_name_of_markup_is_text(lead: Client) -> None:
    accept(visitor(), invited(lead), name="<script>alert(1)</script>")
    page = Drawn(lead.get(TEAM).content.decode())
    assert "<script>alert(1)</script>" in page.text
    assert page.inline == []
