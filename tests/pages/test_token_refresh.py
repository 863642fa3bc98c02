"""`/token/refresh/`."""

import uuid
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from chatbots.models import AccessToken
from chatbots.sandbox import Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    NO_ANSWER,
    REFRESH,
    TOKEN_REFUSED,
    calls,
    fail,
)
from tests.pages.drawn import (
    assert_error,
    assert_page,
    drawn,
)

URL = "/token/"
REFRESH_URL = "/token/refresh/"
DISCONNECT_URL = "/token/disconnect/"


def test_refresh(viewer: Client, sandbox: Sandbox) -> None:
    before = sandbox.users[0].token
    page = assert_page(viewer.get(URL))
    assert page.form(REFRESH_URL).submit(viewer)["Location"] == URL
    after = sandbox.users[0].token
    assert before != after
    page = assert_page(viewer.get(URL))
    assert "Refreshed. The new token is in use; the old one ended." in page.text
    assert f"••••{after[-4:]}" in page.text
    assert after not in page.html
    assert [call for call in calls(sandbox) if call[1] == REFRESH] == [("GET", REFRESH)]
    assert_page(viewer.get("/chatbots/"))


def test_refresh_with_a_date(viewer: Client, sandbox: Sandbox) -> None:
    day = (timezone.now() + timedelta(days=90)).date().isoformat()
    drawn(viewer.get(URL)).form(REFRESH_URL).submit(viewer, expired_date=day)
    assert sandbox.requests[0].query == [("expired_date", day)]
    page = assert_page(viewer.get(URL))
    assert any(value.startswith(day) for value in page.attribute("datetime"))
    assert "the date asked for at the last refresh" in page.text


@pytest.mark.parametrize("day", ["2001-01-01", "tomorrow", "2030-13-01", "01/02/2030"])
def test_a_wrong_date_comes_back(day: str, viewer: Client, sandbox: Sandbox) -> None:
    asked = {"expired_date": day, "reason": "It ends soon"}
    page = assert_page(viewer.post(REFRESH_URL, asked), 422)
    assert page.form(REFRESH_URL).fields["expired_date"] == day
    assert page.form(REFRESH_URL).fields["reason"] == "It ends soon"
    assert calls(sandbox) == []


def test_a_date_that_caigunn_refuses_comes_back(viewer: Client, sandbox: Sandbox) -> None:
    fail(sandbox, REFRESH, 422)
    page = assert_page(viewer.post(REFRESH_URL, {"expired_date": "2090-01-01"}), 422)
    assert "Said with 422" in page.text
    assert page.form(REFRESH_URL).fields["expired_date"] == "2090-01-01"


@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [(403, 403, "Caigunn does not allow this"), (429, 503, "Caigunn asks to wait")],
)
def test_refresh_that_changed_nothing(
    status: int, shown_as: int, says: str, viewer: Client, sandbox: Sandbox
) -> None:
    fail(sandbox, REFRESH, status)
    assert_error(viewer.post(REFRESH_URL), shown_as, says)
    sandbox.clear_faults()
    assert viewer.post(REFRESH_URL).status_code == 302
    assert "Refreshed." in assert_page(viewer.get(URL)).text


def test_refresh_of_a_token_that_ended(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.users[0].refresh_token(None)
    page = assert_error(viewer.post(REFRESH_URL), 403, TOKEN_REFUSED)
    assert "Caigunn refused this token" in page.text


def test_refresh_while_caigunn_is_down(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.close()
    assert_error(viewer.post(REFRESH_URL), 503, NO_ANSWER)


@pytest.mark.parametrize("kind", ["status", "close", "reset_after", "not_json", "empty", "cut"])
@pytest.mark.parametrize("is_made", [True, False])
def test_an_unknown_refresh_is_settled_by_check_now(
    kind: str, is_made: bool, viewer: Client, sandbox: Sandbox
) -> None:
    sandbox.order(Fault(kind, path=REFRESH, applied=is_made))  # type: ignore[arg-type]
    page = assert_page(viewer.post(REFRESH_URL, {"expired_date": "2027-05-06"}), 504)
    assert len([call for call in calls(sandbox) if call[1] == REFRESH]) == 1
    # What was typed stays, and goes along to the page that asks again.
    assert page.form(REFRESH_URL).fields["expired_date"] == "2027-05-06"
    assert "Caigunn may have refreshed the token: its answer did not arrive." in page.text
    assert "it may have ended" in page.text
    page.form(REFRESH_URL).submit(viewer)
    settled = assert_page(viewer.get(URL))
    says = "the stored token has ended" if is_made else "the stored token works"
    assert says in settled.text
    assert len([call for call in calls(sandbox) if call[1] == REFRESH]) == 1


def test_a_refresh_under_way(viewer: Client, sandbox: Sandbox) -> None:
    AccessToken.objects.update(
        refresh_holder="00000000-0000-0000-0000-000000000001",
        refresh_until=timezone.now() + timedelta(seconds=30),
    )
    assert viewer.post(REFRESH_URL)["Location"] == URL
    assert "It is being refreshed already" in assert_page(viewer.get(URL)).text
    assert calls(sandbox) == []


def test_refresh_without_a_token(browse: Browsing, sandbox: Sandbox) -> None:
    assert browse("viewer").post(REFRESH_URL)["Location"] == URL
    assert calls(sandbox) == []


@pytest.mark.parametrize(("role", "may"), [("editor", False), ("admin", True)])
def test_who_refreshes_a_shared_token(
    role: str, may: bool, viewer: Client, browse: Browsing, sandbox: Sandbox
) -> None:
    other = browse(role, sandbox.users[0].token)
    before = sandbox.users[0].token
    page = assert_page(other.get(URL))
    assert page.has_form(REFRESH_URL) is may
    assert "2 members, you included" in page.text
    other.post(REFRESH_URL)
    assert (sandbox.users[0].token != before) is may
    says = "Refreshed." if may else "Only the member who connected it, or an Admin, refreshes it."
    assert says in assert_page(other.get(URL)).text
    # The one who shares it is not cut off.
    assert_page(viewer.get("/chatbots/"))


def test_a_token_is_never_sent_to_another_address(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    with Sandbox() as elsewhere:
        settings.CAIGUNN_API_BASE_URL = elsewhere.url
        page = assert_page(viewer.get(URL))
        assert not page.has_form(REFRESH_URL)
        assert viewer.post(REFRESH_URL).status_code == 302
        AccessToken.objects.update(refresh_until=timezone.now() - timedelta(seconds=1))
        assert viewer.post(REFRESH_URL).status_code == 302
        assert viewer.get("/chatbots/")["Location"].startswith(URL)
        assert elsewhere.requests == []
        # It can still be disconnected.
        assert page.form(DISCONNECT_URL).submit(viewer).status_code == 302
        assert not AccessToken.objects.exists()


def test_the_same_form_again_refreshes_once(viewer: Client, sandbox: Sandbox) -> None:
    form = assert_page(viewer.get(URL)).form(REFRESH_URL)
    form.submit(viewer)
    form.submit(viewer)
    assert [call for call in calls(sandbox) if call[1] == REFRESH] == [("GET", REFRESH)]
    assert "has just been" in assert_page(viewer.get(URL)).text


def test_whoever_shares_a_token_that_is_being_refreshed_is_not_told_that_it_ended(
    viewer: Client, sandbox: Sandbox
) -> None:
    until = timezone.now() + timedelta(seconds=20)
    AccessToken.objects.update(refresh_holder=uuid.uuid4(), refresh_until=until)
    sandbox.users[0].token = "the-new-token-that-is-not-stored-yet"
    page = assert_error(viewer.get("/plans/"), 503, "Your access token is being refreshed")
    assert "/plans/" in page.hrefs
    assert AccessToken.objects.get().rejected_at is None
