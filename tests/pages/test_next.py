"""`next`: it leads to a page of this site or is left alone, on every page that takes it."""

from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import PASSWORD, Joining
from tests.pages.changing import HOOK, opened, webhook_url
from tests.pages.drawn import drawn
from tests.pages.people import LOGIN, PROOF_PAGE, later, link_in, signed_in, visitor

EVIL = "evil.example"
# What some browser or other takes for the address of another site, or runs.
HOSTILE = {
    "another site": f"https://{EVIL}/",
    "no scheme": f"//{EVIL}",
    "three slashes": f"///{EVIL}",
    "four slashes": f"////{EVIL}",
    "backslashes": f"\\\\{EVIL}",
    "a backslash": f"/\\{EVIL}",
    "a backslash later": f"/\\/{EVIL}",
    "one slash after the scheme": f"https:/{EVIL}",
    "no slash after the scheme": f"https:{EVIL}",
    "three slashes after the scheme": f"http:///{EVIL}",
    "a tab": f"/\t/{EVIL}",
    "a line": f"/\n/{EVIL}",
    "a tab before": f"\t//{EVIL}",
    "a space before": f" //{EVIL}",
    "a control character before": f"\x01//{EVIL}",
    "a user": f"http://localhost@{EVIL}/",
    "a user and a backslash": f"http://{EVIL}\\@localhost/",
    "a name that begins alike": f"http://localhost.{EVIL}/",
    "a port": "http://localhost:8443/",
    "another name of this site": "http://127.0.0.1/",
    "script": "javascript:alert(1)",
    "script with a tab": "java\tscript:alert(1)",
    "data": "data:text/html,<script>alert(1)</script>",
    "a header": f"/%0d%0aLocation:https://{EVIL}",
    "a line and a header": f"/\r\nLocation: https://{EVIL}",
}


def assert_stays(response: Any) -> None:
    """Neither the answer nor any link or form of it leads away."""
    if "Location" in response:
        location = response["Location"]
        # A browser takes a backslash for a slash, and drops tabs and lines.
        plain = "".join(one for one in location if one not in "\t\r\n").replace("\\", "/").strip()
        target = urlsplit(urljoin("http://localhost/", plain))
        assert (target.scheme, target.netloc) == ("http", "localhost"), location
        assert "\n" not in location
        assert EVIL not in target.netloc
    assert list(response.headers).count("Location") <= 1
    page = drawn(response)
    for address in (*page.hrefs, *page.attribute("action"), *page.attribute("formaction")):
        assert urlsplit(urljoin("http://localhost/", address)).netloc == "localhost", address
        assert not address.startswith(("javascript", "data")), address


@pytest.fixture(params=list(HOSTILE.values()), ids=list(HOSTILE))
def wanted(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(autouse=True)
def _other_origins(settings: LazySettings) -> None:
    """Whose forms are taken is not where people are sent."""
    settings.CSRF_TRUSTED_ORIGINS = [f"https://{EVIL}", "https://*.evil.example"]


def test_signing_in(wanted: str, join: Joining) -> None:
    values = {"login": join("viewer").email, "password": PASSWORD}
    assert_stays(visitor().get(LOGIN, {"next": wanted}))
    for response in (
        visitor().post(LOGIN, values | {"next": wanted}),
        visitor().post(f"{LOGIN}?{urlencode({'next': wanted})}", values),
    ):
        assert response.status_code == 302
        assert_stays(response)


def test_opening_the_sign_in_page_while_signed_in(wanted: str, join: Joining) -> None:
    assert_stays(signed_in(join("viewer")).get(LOGIN, {"next": wanted}))


def test_signing_out(wanted: str, join: Joining) -> None:
    response = signed_in(join("viewer")).post("/account/logout/", {"next": wanted})
    assert response.status_code == 302
    assert_stays(response)


def test_proving_who_one_is(wanted: str, join: Joining) -> None:
    browser = signed_in(join("viewer"))
    assert_stays(browser.get(PROOF_PAGE, {"next": wanted}))
    response = browser.post(PROOF_PAGE, {"password": PASSWORD, "next": wanted})
    assert response.status_code == 302
    assert_stays(response)


def test_another_password(wanted: str, join: Joining) -> None:
    browser, new = signed_in(join("viewer")), "another-password-9"
    values = {"oldpassword": PASSWORD, "password1": new, "password2": new, "next": wanted}
    response = browser.post("/account/password/change/", values)
    assert response.status_code == 302
    assert_stays(response)


def test_a_new_password(wanted: str, join: Joining) -> None:
    member, admin = join("viewer"), signed_in(join("admin"))
    link = link_in(drawn(admin.post(f"/team/{member.pk}/password-link/")))
    browser = visitor()
    response = browser.get(link, {"next": wanted})
    assert_stays(response)
    new = "another-password-9"
    path = urlsplit(response["Location"]).path
    values = {"password1": new, "password2": new, "next": wanted}
    assert_stays(browser.post(path, values))
    assert_stays(browser.post("/account/password/reset/", {"email": "x@y.zz", "next": wanted}))


def test_connecting(wanted: str, viewer: Client, sandbox: Sandbox) -> None:
    assert_stays(viewer.get("/token/", {"next": wanted}))
    values = {"access_token": sandbox.users[0].token, "next": wanted}
    response = viewer.post("/token/", values)
    assert response.status_code == 302
    assert_stays(response)


def test_a_proof_that_is_needed_first(wanted: str, viewer: Client) -> None:
    with later(minutes=31):
        assert_stays(viewer.get("/token/", {"next": wanted}))


def test_editing_a_webhook(wanted: str, editor: Client, bot: Chatbot) -> None:
    url = webhook_url(bot)
    assert_stays(editor.get(url, {"next": wanted}))
    response = opened(editor, url).submit(editor, webhook_url=HOOK, next=wanted)
    assert response.status_code == 302
    assert_stays(response)


def test_an_address_that_a_page_claims_to_be_on(wanted: str, join: Joining) -> None:
    """Both are what a browser says of itself, and lead back after the sign-in and the proof."""
    join("admin")
    for headers in (
        {"HX-Request": "true", "HX-Current-URL": wanted},
        {"Referer": wanted},
        {"Referer": f"http://localhost/{wanted}"},
        {"HX-Request": "true", "HX-Current-URL": f"http://localhost/{wanted}"},
    ):
        # A header has no second line.
        sent = {name: "".join(value.splitlines()) for name, value in headers.items()}
        asked = visitor().post("/token/disconnect/", headers=sent)
        address = asked.headers.get("HX-Redirect") or asked["Location"]
        assert address.startswith(f"{LOGIN}?next=")
        values = {"login": "admin@example.com", "password": PASSWORD}
        response = visitor().post(address, values)
        assert response.status_code == 302
        assert_stays(response)


def test_a_page_of_this_site_is_followed(join: Joining) -> None:
    values = {"login": join("viewer").email, "password": PASSWORD}
    for page in ("/plans/?page=2", "http://localhost/plans/?page=2"):
        assert visitor().post(LOGIN, values | {"next": page})["Location"] == page
