"""`/chatbots/` while Caigunn does not do as asked."""

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    fail,
    only,
    refuse_token,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_page,
    htmx,
)

URL = "/chatbots/"
LIST = only(CHATBOTS)
RESULTS = htmx("results", URL)
WEBHOOKS = htmx("webhooks", URL)
LAST = "旅遊行程規劃師"


def test_caigunn_down_shows_the_last_known_copy(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL)
    sandbox.close()
    for page in (assert_page(viewer.get(URL)), assert_fragment(viewer.get(URL, headers=RESULTS))):
        assert "last known copy, read now" in page.text
        assert LAST in page.text
        assert URL in page.hrefs
        assert "it can only be read" in page.text


def test_the_copy_of_somebody_else_is_not_shown(
    viewer: Client, browse: Browsing, sandbox: Sandbox
) -> None:
    other = browse("admin", sandbox.users[1].token)
    viewer.get(URL)
    sandbox.close()
    page = assert_error(other.get(URL), 503, NO_ANSWER)
    assert LAST not in page.html


@pytest.mark.parametrize("target", ["", "results", "webhooks"])
def test_caigunn_down_without_a_copy(target: str, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.close()
    address = f"{URL}?page=2&size=50"
    headers = htmx(target, address) if target else {}
    page = assert_error(viewer.get(address, headers=headers), 503, NO_ANSWER)
    assert address in page.hrefs
    assert "Try again" in page.text


@pytest.mark.parametrize("headers", [{}, RESULTS, WEBHOOKS], ids=["page", "results", "webhooks"])
@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (401, 403, "Caigunn does not allow this"),
        (404, 502, NOT_UNDERSTOOD),
        (400, 422, "Caigunn refused this"),
        (422, 422, "Caigunn refused this"),
        (500, 503, NO_ANSWER),
        (503, 503, NO_ANSWER),
        (307, 502, NOT_UNDERSTOOD),
    ],
)
def test_faults(
    status: int,
    shown_as: int,
    says: str,
    headers: dict[str, str],
    viewer: Client,
    sandbox: Sandbox,
) -> None:
    fail(sandbox, LIST, status)
    page = assert_error(viewer.get(URL, headers=headers), shown_as, says)
    assert f"Said with {status}" in page.text or status == 307
    # The token is left alone.
    assert "Caigunn refused this token" not in assert_page(viewer.get("/token/")).text


def test_a_refused_token_is_noted(viewer: Client, sandbox: Sandbox) -> None:
    refuse_token(sandbox)
    page = assert_error(viewer.get(f"{URL}?page=2"), 403, TOKEN_REFUSED)
    assert "/token/?next=%2Fchatbots%2F%3Fpage%3D2" in page.hrefs
    assert "Token expired" in page.text
    assert "Caigunn refused this token" in assert_page(viewer.get("/token/")).text


@pytest.mark.parametrize("headers", [{}, RESULTS, WEBHOOKS], ids=["page", "results", "webhooks"])
def test_rate_limited(headers: dict[str, str], viewer: Client, sandbox: Sandbox) -> None:
    fail(sandbox, LIST, 429, headers={"Retry-After": "3600"})
    response = viewer.get(URL, headers=headers)
    assert_error(response, 503, "Try again in 3600 seconds.")
    assert response["Retry-After"] == "3600"


@pytest.mark.parametrize("kind", ["reset_before", "reset_after", "close"])
def test_broken_connections(kind: str, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.order(Fault(kind, path=LIST, times=2))  # type: ignore[arg-type]
    assert_page(viewer.get(URL))
    sandbox.order(Fault(kind, path=LIST, times=ALWAYS))  # type: ignore[arg-type]
    assert_error(viewer.get(f"{URL}?page=2"), 503, NO_ANSWER)


def test_too_slow(viewer: Client, sandbox: Sandbox, settings: LazySettings) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.2
    sandbox.order(Fault("hang", path=LIST, times=ALWAYS))
    assert_error(viewer.get(URL), 503, "It did not answer in time.")
