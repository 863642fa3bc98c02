"""Input that was kept: the ways that lead back to it, and what they lead to."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from django.test import Client

from chatbots.models import KeptInput
from tests.conftest import PASSWORD
from tests.pages.drawn import Drawn, assert_page

LOGIN = "/account/login/"
IS_BACK = "Your input is back."
AGAIN_PICTURES = "The pictures have to be chosen again."


def next_of(address: str, page: str) -> str:
    """Where an address of this `page` (sign-in, or token) leads to after it."""
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", page), address
    return parse_qs(parts.query)["next"][0]


def leads_to_kept(back: str, page: str) -> bool:
    """Whether a way back leads to this `page`, with input that was kept."""
    parts = urlsplit(back)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", page), back
    return KeptInput.objects.filter(pk=parse_qs(parts.query)["kept"][0]).exists()


def after_sign_in(response: Any) -> str:
    """Where whoever sent the form comes to once they have signed in, asked by page or by htmx."""
    if "HX-Redirect" in response:
        assert (response.status_code, response.content) == (200, b"")
        return next_of(response["HX-Redirect"], LOGIN)
    assert response.status_code == 302
    return next_of(response["Location"], LOGIN)


def after_reconnecting(page: Drawn) -> str:
    """Where *Reconnect* comes back to."""
    (link,) = (one for one in page.hrefs if one.startswith("/token/?"))
    return next_of(link, "/token/")


def is_back(client: Client, back: str) -> Drawn:
    """The page of the form that stands there again."""
    page = assert_page(client.get(back))
    assert IS_BACK in page.text
    return page


def signed_out(client: Client) -> Client:
    """The same browser, whose session has ended."""
    client.logout()
    return client


def sign_in(client: Client, back: str, email: str) -> str:
    """Where the sign-in page leads to, asked for `back`."""
    page = assert_page(client.get(f"{LOGIN}?{urlencode({'next': back})}"))
    response = page.form(LOGIN).submit(client, login=email, password=PASSWORD)
    return str(response["Location"])
