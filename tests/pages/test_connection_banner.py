"""What every page says of an access token that was refused, or ends soon."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.team.models import Member
from chatbots.models import AccessToken
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing, Joining, connect
from tests.pages.calls import fail
from tests.pages.drawn import Drawn, assert_page, drawn, htmx

BANNER = "connection-banner"
PAGES = (
    "/chatbots/",
    "/chatbots/?q=a",
    "/chatbots/<id>/",
    "/chatbots/<id>/webhook/",
    "/chatbots/<id>/edit/",
    "/chatbots/<id>/history/",
    "/plans/",
    "/token/",
    "/activity/",
    "/nowhere/",
    "/account/password/change/",
)
SOON = timedelta(days=3, hours=1)


def ends_in(left: timedelta) -> None:
    AccessToken.objects.update(ends_at=timezone.now() + left)


def refused() -> None:
    AccessToken.objects.update(rejected_at=timezone.now() - timedelta(hours=2))


def links(page: Drawn) -> list[str]:
    """Where the links of the page lead that name the token's page."""
    return [href for href in page.hrefs if href.startswith("/token/?") or href == "#connect"]


# The end


@pytest.mark.parametrize("address", PAGES)
def test_every_page_tells_of_the_end(address: str, editor: Client, bot: Chatbot) -> None:
    ends_in(SOON)
    page = drawn(editor.get(address.replace("<id>", bot.id)))
    assert page.is_page
    assert BANNER in page.ids
    assert "Your access token ends in 3 days, on " in page.text
    assert "Refresh or replace" in page.text
    assert page.inline == []


@pytest.mark.parametrize(
    ("left", "says"),
    [
        (timedelta(days=15, hours=1), ""),
        (timedelta(days=14, hours=1), "Your access token ends in 14 days, on "),
        (timedelta(days=1, hours=1), "Your access token ends in 1 day, on "),
        (timedelta(hours=3), "Your access token ends within a day, on "),
        (timedelta(hours=-3), "Your access token ended on "),
        (timedelta(days=-90), "Your access token ended on "),
    ],
)
def test_how_near_the_end_is(left: timedelta, says: str, viewer: Client) -> None:
    ends_in(left)
    page = assert_page(viewer.get("/activity/"))
    assert (BANNER in page.ids) is bool(says)
    assert says in page.text


def test_an_unknown_end_is_no_banner(viewer: Client) -> None:
    assert BANNER not in assert_page(viewer.get("/activity/")).ids


def test_the_link_leads_to_the_token_and_back(viewer: Client, sandbox: Sandbox) -> None:
    ends_in(SOON)
    (link,) = links(assert_page(viewer.get("/chatbots/?q=a&page=1")))
    assert link == "/token/?next=%2Fchatbots%2F%3Fq%3Da%26page%3D1"
    form = assert_page(viewer.get(link)).form("/token/")
    response = form.submit(viewer, access_token=sandbox.users[1].token)
    assert response["Location"] == "/chatbots/?q=a&page=1"
    page = assert_page(viewer.get("/activity/"))
    assert BANNER not in page.ids


def test_on_its_own_page_the_link_leads_to_the_form(viewer: Client) -> None:
    ends_in(SOON)
    page = assert_page(viewer.get("/token/"))
    assert links(page) == ["#connect"]
    assert "connect" in page.ids


def test_whoever_may_not_refresh_it_is_told_who_may(
    viewer: Client, browse: Browsing, sandbox: Sandbox
) -> None:
    colleague = browse("editor", sandbox.users[0].token)
    ends_in(SOON)
    page = assert_page(colleague.get("/activity/"))
    assert "The member who connected it, or an Admin, can refresh it." in page.text
    assert "Refresh or replace" not in page.text
    assert "Replace" in page.text


def test_a_fragment_has_no_banner_and_asks_for_none(editor: Client) -> None:
    ends_in(SOON)
    with CaptureQueriesContext(connection) as seen:
        fragment = drawn(editor.get("/chatbots/", headers=htmx("results")))
    assert not fragment.is_page
    assert BANNER not in fragment.ids
    assert len([one for one in seen if "chatbots_connection" in one["sql"]]) == 1


def test_an_answer_to_a_form_has_no_link_that_would_lose_its_input(
    editor: Client, bot: Chatbot
) -> None:
    ends_in(SOON)
    refused = editor.post(f"/chatbots/{bot.id}/webhook/", {"webhook_url": "no address"})
    page = assert_page(refused, 422)
    assert BANNER in page.ids
    assert links(page) == []


# Refused by Caigunn


def test_a_refused_token_is_told_to_all_who_share_it(
    viewer: Client, browse: Browsing, join: Joining, sandbox: Sandbox
) -> None:
    mei = join("viewer", "mei@example.com")
    mei.name = "Mei"
    mei.save()
    colleague = browse(mei, sandbox.users[0].token)
    sandbox.users[0].token = "another-one-0123456789"
    assert viewer.get("/plans/").status_code == 403
    page = assert_page(colleague.get("/activity/"))
    assert "Caigunn refused the token that you share with viewer@example.com (" in page.text
    assert links(page) == ["/token/?next=%2Factivity%2F"]
    page = assert_page(viewer.get("/activity/"))
    assert "Caigunn refused the token that you share with Mei (" in page.text
    assert "Reconnect" in page.text


def test_alone_with_a_refused_token(viewer: Client) -> None:
    refused()
    ends_in(SOON)
    page = assert_page(viewer.get("/activity/"))
    assert "Caigunn refused your access token (" in page.text
    assert "ends in" not in page.text


def test_each_who_shares_it_mends_their_own(
    viewer: Client, browse: Browsing, sandbox: Sandbox
) -> None:
    colleague = browse("editor", sandbox.users[0].token)
    refused()
    page = assert_page(viewer.get("/token/"))
    assert "Caigunn refused this token (" in page.text
    assert "All who share it see this on every page" in page.text
    assert BANNER not in page.ids
    page.form("/token/").submit(viewer, access_token=sandbox.users[1].token)
    assert BANNER not in assert_page(viewer.get("/activity/")).ids
    assert "Caigunn refused your access token" in assert_page(colleague.get("/activity/")).text
    connect(Member.objects.get(email="editor@example.com"), sandbox.users[1].token)
    assert BANNER not in assert_page(colleague.get("/activity/")).ids


def test_a_token_that_works_after_all_is_not_called_refused(viewer: Client) -> None:
    refused()
    assert_page(viewer.get("/plans/"))
    assert BANNER not in assert_page(viewer.get("/activity/")).ids


def test_an_error_page_has_the_banner_too(viewer: Client, sandbox: Sandbox) -> None:
    ends_in(SOON)
    fail(sandbox, "plan$", 500)
    assert BANNER in assert_page(viewer.get("/plans/"), 503).ids


# To whom


def test_whoever_is_not_connected_sees_none(browse: Browsing, sandbox: Sandbox) -> None:
    browse("editor", sandbox.users[0].token)
    refused()
    ends_in(SOON)
    stranger = browse("viewer")
    for address in ("/token/", "/activity/"):
        assert BANNER not in assert_page(stranger.get(address)).ids


def test_a_token_of_another_address_is_not_warned_of(
    viewer: Client, settings: LazySettings
) -> None:
    ends_in(SOON)
    settings.CAIGUNN_API_BASE_URL = "http://127.0.0.1:9"
    assert BANNER not in assert_page(viewer.get("/activity/")).ids


def test_whoever_is_not_signed_in_sees_none(client: Client, db: None) -> None:
    for address in ("/account/login/", "/nowhere/"):
        assert BANNER not in drawn(client.get(address)).ids


def test_names_are_text(viewer: Client, join: Joining, sandbox: Sandbox) -> None:
    loud = join("viewer", "loud@example.com")
    loud.name = "<b>Loud</b>"
    loud.save()
    connect(loud, sandbox.users[0].token)
    refused()
    for address in ("/activity/", "/token/"):
        page = assert_page(viewer.get(address))
        assert "<b>Loud</b>" in page.text
        assert "<b>" not in page.html


# Who shares it, on its own page


def test_the_page_names_those_who_share_it(viewer: Client, join: Joining, sandbox: Sandbox) -> None:
    mei = join("editor", "mei@example.com")
    mei.name = "Mei"
    mei.save()
    connect(mei, sandbox.users[0].token)
    page = assert_page(viewer.get("/token/"))
    assert "2 members, you included" in page.text
    assert "viewer@example.com (you) connected it Mei mei@example.com" in page.text
    assert page.text.count("connected it") == 1


def test_alone_nobody_is_named(viewer: Client) -> None:
    page = assert_page(viewer.get("/token/"))
    assert "you alone" in page.text
    assert "(you)" not in page.text
