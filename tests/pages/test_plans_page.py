"""`/plans/`."""

from dataclasses import replace

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Fault, Sandbox
from chatbots.sandbox.world import Plan
from tests.conftest import Browsing
from tests.pages.calls import (
    NO_ANSWER,
    NOT_UNDERSTOOD,
    PLANS,
    TOKEN_REFUSED,
    calls,
    fail,
    refuse_token,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    htmx,
)

URL = "/plans/"
AS_FRAGMENT = htmx("plans", URL)


def test_page_shows_limits_and_price(viewer: Client, sandbox: Sandbox) -> None:
    page = assert_page(viewer.get(URL))
    for plan in sandbox.users[0].plans:
        assert plan.title in page.text
        assert plan.id in page.text
    assert "990" in page.text
    assert "2,000,000" in page.text
    # The second call is the only way to know that six are all there are.
    assert calls(sandbox) == [("GET", PLANS)] * 2


def test_unknown_numbers_stay_unknown(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.users[0].plans[:] = [Plan("p-1", "Bare", None, None, None, None)]
    page = assert_page(viewer.get(URL))
    assert "Bare — — — — p-1" in page.text


def test_fragment_has_the_same_rows(viewer: Client) -> None:
    fragment = assert_fragment(viewer.get(URL, headers=AS_FRAGMENT))
    assert "Growth 成長" in fragment.text
    assert "plans" in fragment.ids


def test_fresh_plans_cost_no_call(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL)
    sandbox.clear_requests()
    viewer.get(URL)
    assert calls(sandbox) == []


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_every_role_sees_them(role: str, browse: Browsing, sandbox: Sandbox) -> None:
    assert_page(browse(role, sandbox.users[0].token).get(URL))


def test_wrong_method(admin: Client, sandbox: Sandbox) -> None:
    for method in (admin.post, admin.put, admin.delete, admin.patch):
        assert method(URL).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get(f"{URL}?page=2"), f"{URL}%3Fpage%3D2")
    assert_htmx_leads_to_sign_in(
        client.get(URL, headers=htmx("plans", f"{URL}?page=2"), SERVER_NAME="localhost"),
        f"{URL}%3Fpage%3D2",
    )


def test_not_connected_leads_to_the_token_page(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    plain = member.get(f"{URL}?page=2")
    assert plain["Location"] == "/token/?next=%2Fplans%2F%3Fpage%3D2"
    fragment = member.get(URL, headers=htmx("plans", f"{URL}?page=2"))
    assert fragment["HX-Redirect"] == "/token/?next=%2Fplans%2F%3Fpage%3D2"
    assert calls(sandbox) == []


def test_pages(viewer: Client, sandbox: Sandbox) -> None:
    plan = sandbox.users[0].plans[0]
    sandbox.users[0].plans[:] = [
        replace(plan, id=f"plan-{number}", title=f"Plan {number:02}") for number in range(35)
    ]
    first = assert_page(viewer.get(URL))
    assert "Plan 29" in first.text
    assert "Plan 30" not in first.text
    assert "?page=2" in first.hrefs
    second = assert_page(viewer.get(f"{URL}?page=2"))
    assert "Plan 34" in second.text
    assert "?page=1" in second.hrefs
    assert "?page=3" not in second.hrefs


def test_a_page_past_the_end_says_so(viewer: Client) -> None:
    page = assert_page(viewer.get(f"{URL}?page=9"))
    assert "This is the end of the list" in page.text


@pytest.mark.parametrize("page", ["0", "-3", "x", "1e9", "99999999999999999999", "%00"])
def test_a_page_that_makes_no_sense_is_the_first(page: str, viewer: Client) -> None:
    assert "Growth 成長" in assert_page(viewer.get(f"{URL}?page={page}")).text


def test_no_plans(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.users[0].plans.clear()
    assert "No plans" in assert_page(viewer.get(URL)).text


def test_a_row_without_usable_id_is_counted(viewer: Client, sandbox: Sandbox) -> None:
    plan = sandbox.users[0].plans[0]
    rows = [{"id": None, "title": "Lost"}, "text", {"id": plan.id, "title": plan.title}]
    sandbox.order(Fault("not_json", path=PLANS, body={"plans": rows}))
    page = assert_page(viewer.get(URL))
    assert "2 plans have no usable id and are left out." in page.text
    assert plan.title in page.text
    assert "Lost" not in page.text


def test_caigunn_down_shows_the_last_known_copy(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    viewer.get(URL)
    settings.FRESH_SECONDS = 0.0
    sandbox.close()
    for page in (
        assert_page(viewer.get(URL)),
        assert_fragment(viewer.get(URL, headers=AS_FRAGMENT)),
    ):
        assert "last known copy, read now" in page.text
        assert "Growth 成長" in page.text
        assert URL in page.hrefs
        assert page.attribute("datetime")


def test_caigunn_down_without_a_copy(viewer: Client, sandbox: Sandbox) -> None:
    sandbox.close()
    page = assert_error(viewer.get(f"{URL}?page=1"), 503, NO_ANSWER)
    assert f"{URL}?page=1" in page.hrefs
    under_htmx = viewer.get(URL, headers=htmx("plans", f"{URL}?page=1"))
    assert f"{URL}?page=1" in assert_error(under_htmx, 503, NO_ANSWER).hrefs


@pytest.mark.parametrize("headers", [{}, AS_FRAGMENT], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (401, 403, TOKEN_REFUSED),
        (403, 403, TOKEN_REFUSED),
        (404, 502, NOT_UNDERSTOOD),
        (400, 422, "Caigunn refused this"),
        (422, 422, "Caigunn refused this"),
        (406, 422, "Caigunn refused this"),
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
    fail(sandbox, PLANS, status)
    page = assert_error(viewer.get(URL, headers=headers), shown_as, says)
    assert f"Said with {status}" in page.text or status == 307


@pytest.mark.parametrize("headers", [{}, AS_FRAGMENT], ids=["page", "fragment"])
def test_rate_limited(headers: dict[str, str], viewer: Client, sandbox: Sandbox) -> None:
    fail(sandbox, PLANS, 429, headers={"Retry-After": "7"})
    response = viewer.get(URL, headers=headers)
    assert_error(response, 503, "Try again in 7 seconds.")
    assert response["Retry-After"] == "7"
    assert len(sandbox.requests) == 1


def test_too_slow(viewer: Client, sandbox: Sandbox, settings: LazySettings) -> None:
    settings.CAIGUNN_READ_TIMEOUT = 0.1
    sandbox.order(Fault("hang", path=PLANS, times=3))
    assert_error(viewer.get(URL), 503, "It did not answer in time.")


def test_a_refused_token_leads_to_reconnect_and_back(viewer: Client, sandbox: Sandbox) -> None:
    refuse_token(sandbox)
    page = assert_error(viewer.get(f"{URL}?page=2"), 403, TOKEN_REFUSED)
    assert "/token/?next=%2Fplans%2F%3Fpage%3D2" in page.hrefs
    assert "Sign out" in page.text
