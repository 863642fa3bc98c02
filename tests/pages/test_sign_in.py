"""`/account/…`: signing in and out."""

import pytest
from django.test import Client

from caigunn_admin.team.models import Member
from chatbots.sandbox import Sandbox
from tests.conftest import PASSWORD, Browsing, Joining
from tests.pages.drawn import Drawn, assert_page, drawn, htmx

LOGIN = "/account/login/"
LOGOUT = "/account/logout/"
SIGN_UP = "/account/signup/"
EMAIL = "viewer@example.com"


@pytest.fixture
def visitor(db: None) -> Client:
    return Client(SERVER_NAME="localhost")


def sign_in(visitor: Client, email: str = EMAIL, password: str = PASSWORD, to: str = "") -> object:
    """Fill in the form as a browser does; `to` is the page that asked for it."""
    page = assert_page(visitor.get(LOGIN + (f"?next={to}" if to else "")))
    return page.form(LOGIN).submit(visitor, login=email, password=password)


def is_signed_in(visitor: Client) -> bool:
    return "_auth_user_id" in visitor.session


def test_page(visitor: Client) -> None:
    page = assert_page(visitor.get(LOGIN))
    assert page.form(LOGIN).fields.keys() >= {"csrfmiddlewaretoken", "login", "password"}
    assert SIGN_UP not in page.hrefs
    assert "/chatbots/" not in page.hrefs


def test_signing_in_leads_to_the_chatbots(visitor: Client, join: Joining) -> None:
    join("viewer")
    response = sign_in(visitor)
    assert (response.status_code, response["Location"]) == (302, "/")  # type: ignore[attr-defined, index]
    assert visitor.get("/")["Location"] == "/chatbots/"


def test_case_and_spaces_of_the_address_make_no_difference(visitor: Client, join: Joining) -> None:
    join("viewer", "mixed.case@example.com")
    sign_in(visitor, " mixed.CASE@example.COM ")
    assert is_signed_in(visitor)


def test_next_is_followed(visitor: Client, join: Joining) -> None:
    join("viewer")
    asked = visitor.get("/plans/?page=2")
    assert asked["Location"] == f"{LOGIN}?next=/plans/%3Fpage%3D2"
    response = sign_in(visitor, to="/plans/%3Fpage%3D2")
    assert response["Location"] == "/plans/?page=2"  # type: ignore[index]


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"]
)
def test_next_never_leaves_the_site(wanted: str, visitor: Client, join: Joining) -> None:
    join("viewer")
    assert sign_in(visitor, to=wanted)["Location"] == "/"  # type: ignore[index]
    assert visitor.get(f"{LOGIN}?next={wanted}")["Location"] == "/"


def _rejected(response: object) -> Drawn:
    status = response.status_code  # type: ignore[attr-defined]
    assert status in {200, 400, 422}
    return drawn(response)


def test_a_wrong_password_keeps_the_address_only(visitor: Client, join: Joining) -> None:
    join("viewer")
    page = _rejected(sign_in(visitor, password="not-the-password"))
    assert page.form(LOGIN).fields["login"] == EMAIL
    assert page.form(LOGIN).fields["password"] == ""
    assert "not-the-password" not in page.html
    assert not is_signed_in(visitor)


def test_known_and_unknown_addresses_are_answered_alike(visitor: Client, join: Joining) -> None:
    join("viewer")
    known = _rejected(sign_in(visitor, password="not-the-password"))
    unknown = _rejected(sign_in(visitor, "nobody@example.com", "not-the-password"))
    assert known.text == unknown.text


def test_five_wrong_passwords_lock_the_address_for_a_while(visitor: Client, join: Joining) -> None:
    join("viewer")
    for _ in range(5):
        sign_in(visitor, password="not-the-password")
    sign_in(Client(SERVER_NAME="localhost"))
    sign_in(visitor)
    assert not is_signed_in(visitor)


def test_a_removed_member_is_out_at_the_next_request(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer", sandbox.users[0].token)
    assert_page(member.get("/chatbots/"))
    Member.objects.update(is_active=False)
    assert member.get("/chatbots/")["Location"].startswith(LOGIN)
    fragment = member.get("/chatbots/", headers=htmx("webhooks", "/chatbots/"))
    assert fragment["HX-Redirect"] == f"{LOGIN}?next=/chatbots/"


def test_a_removed_member_cannot_sign_in(visitor: Client, join: Joining) -> None:
    join("viewer")
    Member.objects.update(is_active=False)
    sign_in(visitor)
    assert not is_signed_in(visitor)


def test_nobody_signs_up(visitor: Client) -> None:
    values = {"email": "new@example.com", "password1": PASSWORD}
    for response in (visitor.get(SIGN_UP), visitor.post(SIGN_UP, values)):
        page = assert_page(response)
        assert "password" not in page.attribute("type")
    assert not Member.objects.exists()


def test_signing_out(browse: Browsing) -> None:
    visitor = browse("viewer")
    page = assert_page(visitor.get("/token/"))
    response = page.form(LOGOUT).submit(visitor)
    assert response["Location"] == LOGIN
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_signed_in(visitor)
    assert visitor.get("/token/")["Location"] == f"{LOGIN}?next=/token/"


def test_opening_the_address_does_not_sign_out(browse: Browsing) -> None:
    visitor = browse("viewer")
    page = assert_page(visitor.get(LOGOUT))
    assert page.has_form(LOGOUT)
    assert is_signed_in(visitor)
    assert "Clear-Site-Data" not in visitor.get(LOGOUT).headers


def test_changing_the_password(browse: Browsing) -> None:
    url = "/account/password/change/"
    visitor = browse("viewer")
    form = drawn(visitor.get(url)).form(url)
    values = {"oldpassword": PASSWORD, "password1": "another-password-9", "password2": "different"}
    rejected = _rejected(visitor.post(url, form.fields | values))
    assert "another-password-9" not in rejected.html
    visitor.post(url, form.fields | values | {"password2": "another-password-9"})
    assert Member.objects.get().check_password("another-password-9")


@pytest.mark.parametrize("email", [EMAIL, "nobody@example.com"])
def test_a_password_reset_tells_nobody_who_is_a_member(
    email: str, visitor: Client, join: Joining
) -> None:
    join("viewer")
    response = visitor.post("/account/password/reset/", {"email": email})
    assert response.status_code == 302
    assert response["Location"] == "/account/password/reset/done/"


@pytest.mark.parametrize(
    "url",
    [
        LOGIN,
        SIGN_UP,
        "/account/password/reset/",
        "/account/password/reset/done/",
        "/account/password/reset/key/1-set-password/",
        "/account/inactive/",
        "/account/confirm-email/",
        "/account/confirm-email/nonsense/",
    ],
)
def test_every_public_page_is_drawn(url: str, visitor: Client) -> None:
    page = assert_page(visitor.get(url))
    assert "Caigunn Admin" in page.text
    assert not page.inline


def test_too_many_attempts_have_a_page(visitor: Client) -> None:
    """30 sign-ins a minute from one address are the most."""
    answers = [sign_in(visitor, f"nobody{number}@example.com") for number in range(31)]
    page = drawn(answers[-1])
    assert answers[-1].status_code == 429  # type: ignore[attr-defined]
    assert "Too many attempts" in page.text
