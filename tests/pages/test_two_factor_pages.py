"""The pages of two-factor sign-in: what they say, and what they offer to whom."""

from collections.abc import Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.conf import LazySettings
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from caigunn_admin.team.models import Member
from tests.conftest import Joining
from tests.pages.drawn import assert_page, drawn
from tests.pages.people import (
    CODE_PAGE,
    TOTP_PAGE,
    later,
    set_up_totp,
    sign_in,
    signed_in,
    visitor,
    with_code,
)

INDEX = "/account/2fa/"
CODES = "/account/2fa/recovery-codes/"
KEYS = "/account/2fa/webauthn/"


@pytest.fixture(autouse=True)
def _no_end_of_a_half_minute() -> Iterator[None]:
    """A code stays good while it is sent."""
    with later():
        yield


def a_key(member: Member, name: str = "Laptop") -> None:
    """A security key of the member, as a browser makes one."""
    public = ES256({1: 2, 3: -7, -1: 1, -2: b"x" * 32, -3: b"y" * 32})
    made = AttestedCredentialData.create(Aaguid.NONE, name.encode(), public)
    data = AuthenticatorData.create(b"r" * 32, AuthenticatorData.FLAG.ATTESTED, 0, made)
    client = CollectedClientData.create("webauthn.create", b"c" * 32, "http://localhost")
    credential = {
        "type": "public-key",
        "id": websafe_encode(name.encode()),
        "rawId": websafe_encode(name.encode()),
        "response": {
            "clientDataJSON": websafe_encode(client),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        },
    }
    Authenticator.objects.create(
        user=member, type="webauthn", data={"name": name, "credential": credential}
    )


def half_in(member: Member) -> Client:
    """A browser with the right password and no code yet."""
    browser = visitor()
    assert sign_in(browser, member)["Location"] == CODE_PAGE
    return browser


def copied(browser: Client) -> list[str]:
    """What the page of the recovery codes copies."""
    (codes,) = assert_page(browser.get(CODES)).attribute("data-copy")
    return codes.split("\n")


@pytest.mark.parametrize(("required", "says"), [("admins", True), ("nobody", False)])
def test_whose_role_needs_it_reads_so(
    required: str, says: bool, join: Joining, settings: LazySettings
) -> None:
    settings.TWO_FACTOR_REQUIRED = required
    page = assert_page(signed_in(join("admin")).get(INDEX))
    assert ("Your role needs it" in page.text) is says
    assert ("has to be set up" in page.text) is says


def test_the_first_page_says_what_is_on_and_what_is_left(join: Joining) -> None:
    member = join("viewer")
    browser = signed_in(member)
    page = assert_page(browser.get(INDEX))
    assert "Two-factor sign-in off" in page.text
    assert "Start with the authenticator app" in page.text
    assert TOTP_PAGE in page.hrefs
    assert f"{CODES}generate/" not in page.hrefs
    set_up_totp(browser)
    page = assert_page(browser.get(INDEX))
    assert "Two-factor sign-in on" in page.text
    assert "Authenticator app on" in page.text
    assert "Passkeys and security keys off" in page.text
    assert "10 of 10 left" in page.text
    assert "Start with" not in page.text
    a_key(member, "Blue key")
    with_code(half_in(member), copied(browser)[0])
    page = assert_page(browser.get(INDEX))
    assert "Blue key" in page.text
    assert "9 of 10 left" in page.text


def test_the_codes_are_copied_and_downloaded_whole(join: Joining) -> None:
    browser = signed_in(join("viewer"))
    set_up_totp(browser)
    codes = copied(browser)
    assert len(set(codes)) == 10
    assert all(code in assert_page(browser.get(CODES)).text for code in codes)
    assert browser.get(f"{CODES}download/").content.decode().split() == codes


def test_codes_that_are_all_used(join: Joining) -> None:
    member = join("viewer")
    browser = signed_in(member)
    set_up_totp(browser)
    for number, code in enumerate(copied(browser)):
        with later(minutes=number):
            with_code(half_in(member), code)
    page = assert_page(browser.get(CODES))
    assert "All of them are used" in page.text
    assert f"{CODES}download/" not in page.hrefs
    assert f"{CODES}generate/" in page.hrefs


def test_the_second_step_names_what_the_member_has(join: Joining) -> None:
    with_app, with_key = join("viewer"), join("editor")
    mine = signed_in(with_app)
    set_up_totp(mine)
    page = assert_page(half_in(with_app).get(CODE_PAGE))
    assert "Code from your authenticator app" in page.text
    assert "Use a passkey" not in page.text
    a_key(with_app)
    assert "Use a passkey" in assert_page(half_in(with_app).get(CODE_PAGE)).text
    a_key(with_key)
    page = assert_page(half_in(with_key).get(CODE_PAGE))
    assert "Use a passkey" in page.text
    assert "authenticator app" not in page.text
    assert page.text.index("Use a passkey") < page.text.index("Recovery code")


def test_a_key_is_named_and_taken_away(join: Joining) -> None:
    member = join("viewer")
    browser = signed_in(member)
    a_key(member)
    listed = assert_page(browser.get(KEYS))
    (rename,) = [href for href in listed.hrefs if href.endswith("/edit/")]
    (remove,) = [href for href in listed.hrefs if href.endswith("/remove/")]
    form = assert_page(browser.get(rename)).form(rename)
    assert form.fields["name"] == "Laptop"
    form.submit(browser, name="Desk")
    page = assert_page(browser.get(remove))
    assert "Remove Desk" in page.text
    page.form(remove).submit(browser)
    assert "No passkey or security key yet" in drawn(browser.get(KEYS)).text


def test_no_page_of_it_is_compressed(join: Joining) -> None:
    """Recovery codes and a secret stand on them, beside what the address says."""
    browser = signed_in(join("editor"))
    for page in (INDEX, TOTP_PAGE):
        assert "Content-Encoding" not in browser.get(page, headers={"Accept-Encoding": "gzip"})
    listed = browser.get("/account/sessions/", headers={"Accept-Encoding": "gzip"})
    assert listed["Content-Encoding"] == "gzip"
