"""`/token/`: connect, replace, refresh, disconnect."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from caigunn_admin.team.models import Member
from chatbots.models import AccessToken, Connection
from chatbots.sandbox import Fault, Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.calls import (
    ALWAYS,
    BAD_BODIES,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    PLANS,
    calls,
    fail,
)
from tests.pages.drawn import (
    assert_error,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    drawn,
    htmx,
)

URL = "/token/"
REFRESH_URL = "/token/refresh/"
DISCONNECT_URL = "/token/disconnect/"
ROLES = pytest.mark.parametrize("role", ["viewer", "editor", "admin"])


def connection(email: str = "viewer@example.com") -> Connection | None:
    return Connection.objects.filter(member__email=email).first()


# Connect


@ROLES
def test_every_role_connects_its_own(role: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse(role)
    token = sandbox.users[0].token
    page = assert_page(member.get(URL))
    assert not page.has_form(REFRESH_URL)
    assert not page.has_form(DISCONNECT_URL)
    response = page.form(URL).submit(member, access_token=token, label="Support")
    assert response["Location"] == URL
    assert calls(sandbox) == [("GET", PLANS)]
    page = assert_page(member.get(URL))
    assert "Connected. Caigunn accepted the token in a read just now." in page.text
    assert f"••••{token[-4:]}" in page.text
    assert "Support" in page.text
    assert "you alone" in page.text
    assert token not in page.html


def test_connecting_leads_back(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    to_token = member.get("/plans/?page=1")["Location"]
    form = drawn(member.get(to_token)).form(URL)
    response = form.submit(member, access_token=sandbox.users[0].token)
    assert response["Location"] == "/plans/?page=1"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_next_never_leaves_the_site(wanted: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    page = assert_page(member.get(URL, {"next": wanted}))
    assert wanted not in page.html
    form = page.form(URL)
    response = form.submit(member, access_token=sandbox.users[0].token, next=wanted)
    assert response["Location"] == URL


def test_the_end_that_a_token_names(browse: Browsing, sandbox: Sandbox) -> None:
    page = assert_page(browse("viewer", sandbox.users[1].token).get(URL))
    assert "2030-12-31T00:00:00+00:00" in page.attribute("datetime")
    assert "the token says so itself" in page.text


def test_an_end_that_nobody_named_is_unknown(viewer: Client) -> None:
    assert "Ends unknown" in assert_page(viewer.get(URL)).text


@pytest.mark.parametrize(
    "token", ["", "  ", "two words", "line\nbreak", "ｆｕｌｌ", "a\x00b", "x" * 9000]
)
def test_what_cannot_be_a_token_is_not_sent(token: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    page = assert_page(member.post(URL, {"access_token": token, "label": "Kept label"}), 422)
    assert page.form(URL).fields["label"] == "Kept label"
    assert page.form(URL).fields["access_token"] == ""
    assert calls(sandbox) == []
    assert connection() is None


@pytest.mark.parametrize("status", [401, 403, 400, 422])
def test_a_token_that_caigunn_refuses_is_not_saved_and_not_drawn(
    status: int, browse: Browsing, sandbox: Sandbox
) -> None:
    member = browse("viewer")
    fail(sandbox, PLANS, status)
    values = {"access_token": "wrong-token-0123456789", "label": "Kept label"}
    page = assert_page(member.post(URL, values), 422)
    assert "Caigunn does not accept this token. Nothing was saved." in page.text
    assert f"Said with {status}" in page.text
    assert "wrong-token" not in page.html
    assert page.form(URL).fields["label"] == "Kept label"
    assert not AccessToken.objects.exists()


@pytest.mark.parametrize(
    ("fault", "status", "says"),
    [
        (Fault("status", status=500, times=ALWAYS), 503, NO_ANSWER),
        (Fault("status", status=429, headers={"Retry-After": "60"}), 503, "Try again in 60"),
        (Fault("not_json"), 502, NOT_UNDERSTOOD),
        (Fault("redirect", headers={"Location": "https://x.example/"}), 502, NOT_UNDERSTOOD),
        (Fault("reset_before", times=ALWAYS), 503, NO_ANSWER),
    ],
    ids=["500", "429", "HTML", "redirect", "reset"],
)
def test_where_caigunn_cannot_tell_nothing_is_saved(
    fault: Fault, status: int, says: str, browse: Browsing, sandbox: Sandbox
) -> None:
    member = browse("viewer")
    sandbox.order(fault)
    token = sandbox.users[0].token
    page = assert_error(member.post(URL, {"access_token": token, "label": "Kept"}), status, says)
    assert page.form(URL).fields["label"] == "Kept"
    assert token not in page.html
    assert not AccessToken.objects.exists()


def test_down(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    token = sandbox.users[0].token
    sandbox.close()
    page = assert_error(member.post(URL, {"access_token": token, "label": "Kept"}), 503, NO_ANSWER)
    assert page.form(URL).fields["label"] == "Kept"
    assert token not in page.html


def test_the_page_itself_needs_no_caigunn(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.close()
    assert_page(viewer.get(URL))


@pytest.mark.parametrize("body", BAD_BODIES)
def test_bad_bodies(body: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    sandbox.order(BAD_BODIES[body](PLANS))
    response = member.post(URL, {"access_token": sandbox.users[0].token})
    assert_error(response, {"cut": 503}.get(body, 502), "Caigunn")
    assert not AccessToken.objects.exists()


def test_replace(viewer: Client, sandbox: Sandbox) -> None:
    viewer.post(URL, {"access_token": sandbox.users[1].token})
    assert AccessToken.objects.count() == 1
    assert "1–7" in assert_page(viewer.get("/chatbots/")).text


def test_a_failed_replacement_leaves_the_old_one(viewer: Client, sandbox: Sandbox) -> None:
    page = assert_page(viewer.post(URL, {"access_token": "wrong-token-0123456789"}), 422)
    assert f"••••{sandbox.users[0].token[-4:]}" in page.text
    assert_page(viewer.get("/chatbots/"))


def test_text_of_members_is_text(browse: Browsing, join: Joining, sandbox: Sandbox) -> None:
    member = browse("viewer")
    label = '<b>"x"</b> javascript:'
    form = drawn(member.get(URL)).form(URL)
    form.submit(member, access_token=sandbox.users[0].token, label=label)
    page = assert_page(member.get(URL))
    assert label in page.text
    assert "<b>" not in page.html
    too_long = form.submit(member, access_token="x" * 20, label="長" * 300)
    assert "at most 80 characters" in assert_page(too_long, 422).text


# Disconnect


def test_disconnect(viewer: Client, sandbox: Sandbox) -> None:
    drawn(viewer.get(URL)).form(DISCONNECT_URL).submit(viewer)
    page = assert_page(viewer.get(URL))
    assert "Disconnected. Nothing is sent to Caigunn for you any more." in page.text
    assert connection() is None
    assert not AccessToken.objects.exists()
    assert calls(sandbox) == []
    assert viewer.get("/chatbots/")["Location"] == "/token/?next=%2Fchatbots%2F"
    assert viewer.post(DISCONNECT_URL).status_code == 302
    assert Change.objects.filter(kind=Kind.TOKEN_DISCONNECT).count() == 1


def test_the_others_keep_theirs(viewer: Client, browse: Browsing, sandbox: Sandbox) -> None:
    colleague = browse("editor", sandbox.users[0].token)
    viewer.post(DISCONNECT_URL)
    assert_page(colleague.get("/chatbots/"))
    assert "you alone" in assert_page(colleague.get(URL)).text


def test_another_members_token_is_unreachable(
    viewer: Client, browse: Browsing, sandbox: Sandbox
) -> None:
    other = browse("admin")
    page = assert_page(other.get(URL))
    assert sandbox.users[0].token[-4:] not in page.text
    other.post(DISCONNECT_URL)
    other.post(REFRESH_URL)
    assert connection() is not None
    assert calls(sandbox) == []


# Guards


def test_wrong_methods(admin: Client, sandbox: Sandbox) -> None:
    for method in (admin.put, admin.patch, admin.delete):
        assert method(URL).status_code == 405
    for url in (REFRESH_URL, DISCONNECT_URL):
        for name in ("GET", "HEAD", "PUT", "DELETE"):
            assert admin.generic(name, url).status_code == 405
    assert calls(sandbox) == []
    assert connection("admin@example.com") is not None


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get(URL), URL)
    back = {"Referer": "http://testserver/token/"}
    for url in (URL, REFRESH_URL, DISCONNECT_URL):
        assert_leads_to_sign_in(client.post(url, headers=back), URL)
        assert_htmx_leads_to_sign_in(
            client.post(url, headers=htmx("x", URL), SERVER_NAME="localhost"), URL
        )


def test_keys_that_do_not_open_it(viewer: Client, sandbox: Sandbox) -> None:
    AccessToken.objects.update(sealed="v1.other.AAAA")
    for response in (viewer.get("/chatbots/"), viewer.get("/plans/")):
        page = assert_error(response, 503, "Your access token cannot be opened")
        assert URL in page.hrefs
    assert calls(sandbox) == []
    assert_error(viewer.post(REFRESH_URL), 503, "Your access token cannot be opened")
    # The way out of it: connecting again.
    assert_page(viewer.get(URL))
    assert Member.objects.filter(email="viewer@example.com").exists()
