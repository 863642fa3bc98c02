"""A member who is thrown out, or loses a role, while a request of theirs is under way: what that
request writes brings nothing back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from caigunn_admin.team.models import Member
from tests.conftest import PASSWORD, Joining
from tests.pages.drawn import drawn
from tests.pages.people import is_in, link_in, signed_in, visitor

NEW = "another-password-9"


@contextmanager
def out_meanwhile() -> Iterator[list[str]]:
    """Another process throws the Viewer-to-be out, right before this one writes its row; what it
    was about to write."""
    written: list[str] = []

    def before(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if sql.startswith('UPDATE "team_member"') and not written:
            written.append(sql)
            Member.objects.filter(email="busy@example.com").update(is_active=False, role="viewer")
        return execute(sql, *rest)

    with connection.execute_wrapper(before):
        yield written


@pytest.fixture
def busy(join: Joining) -> Member:
    return join("admin", "busy@example.com")


def assert_out(busy: Member, written: list[str], browser: Client) -> None:
    assert written, "nothing was written, so nothing was tried"
    busy.refresh_from_db()
    assert (busy.is_active, busy.role) == (False, "viewer")
    assert not is_in(browser)


def test_while_the_password_is_changed(busy: Member) -> None:
    browser, url = signed_in(busy), "/account/password/change/"
    values = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with out_meanwhile() as written:
        browser.post(url, values)
    assert_out(busy, written, browser)


def test_while_a_new_password_is_set_by_a_link(busy: Member, join: Joining) -> None:
    link = link_in(drawn(signed_in(join("admin")).post(f"/team/{busy.pk}/password-link/")))
    browser = visitor()
    form = drawn(browser.get(link, follow=True)).forms[0]
    with out_meanwhile() as written:
        form.submit(browser, password1=NEW, password2=NEW)
    assert_out(busy, written, browser)


def test_while_preferences_are_saved(busy: Member) -> None:
    browser, url = signed_in(busy), "/account/preferences/"
    form = drawn(browser.get(url)).form(url)
    with out_meanwhile() as written:
        form.submit(browser)
    assert_out(busy, written, browser)


def test_while_they_sign_in(busy: Member) -> None:
    browser = visitor()
    with out_meanwhile() as written:
        browser.post("/account/login/", {"login": busy.email, "password": PASSWORD})
    assert_out(busy, written, browser)
