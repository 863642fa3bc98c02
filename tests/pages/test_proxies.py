"""Whose address counts: behind no proxy, one or two, whatever the browser says of itself."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Event
from tests.conftest import Joining
from tests.pages.drawn import drawn
from tests.pages.people import sign_in

PROXY = "10.0.0.1"
BROWSER = "203.0.113.7"
FORGED = "198.51.100.1"
Behind = Callable[..., Client]


@pytest.fixture
def behind(settings: LazySettings) -> Behind:
    """`behind(1, "203.0.113.7")`: a browser whose request came through the proxies that the header
    tells of; the last of them is who connects."""

    def made(count: int, forwarded: str = "", peer: str = PROXY) -> Client:
        settings.TRUSTED_PROXY_COUNT = settings.ALLAUTH_TRUSTED_PROXY_COUNT = count
        headers = {"X-Forwarded-For": forwarded} if forwarded else {}
        return Client(SERVER_NAME="localhost", REMOTE_ADDR=peer, headers=headers)

    return made


CASES = [
    (0, "", BROWSER, BROWSER),
    (0, FORGED, BROWSER, BROWSER),
    (0, f"{FORGED}, {FORGED}", BROWSER, BROWSER),
    (1, BROWSER, PROXY, BROWSER),
    (1, f"{FORGED}, {BROWSER}", PROXY, BROWSER),
    (1, f"{FORGED},{FORGED},{BROWSER}", PROXY, BROWSER),
    (1, f"nonsense, {BROWSER}", PROXY, BROWSER),
    (1, "", PROXY, PROXY),
    (2, f"{BROWSER}, 10.0.0.2", PROXY, BROWSER),
    (2, f"{FORGED}, {BROWSER}, 10.0.0.2", PROXY, BROWSER),
    (2, f"{FORGED}, {FORGED}, {BROWSER}, 10.0.0.2", PROXY, BROWSER),
    (1, f"{BROWSER}:51234", PROXY, BROWSER),
    (1, "2001:db8::7", PROXY, "2001:db8::7"),
    (1, "[2001:db8::7]:51234", PROXY, "2001:db8::7"),
]


@pytest.mark.parametrize(("count", "forwarded", "peer", "address"), CASES)
def test_the_record_and_the_session_name_the_browser(
    count: int, forwarded: str, peer: str, address: str, behind: Behind, join: Joining
) -> None:
    member = join("viewer")
    assert sign_in(behind(count, forwarded, peer), member).status_code == 302
    assert Event.objects.get().ip == address
    assert UserSession.objects.get().ip == address


def tried(browser: Client, number: int) -> Any:
    """A wrong password for an address of its own."""
    return sign_in(browser, f"nobody{number}@example.com", "not-the-password")


def is_refused(response: Any) -> bool:
    return response.status_code == 429 or "Too many" in drawn(response).text


@pytest.mark.parametrize(
    ("count", "forwarded"),
    [
        (0, "198.51.100.{n}"),
        (1, "198.51.100.{n}, 203.0.113.7"),
        (2, "198.51.100.{n}, 203.0.113.7, 10.0.0.2"),
    ],
)
def test_a_forged_address_gives_no_further_attempt(
    count: int, forwarded: str, behind: Behind, db: None
) -> None:
    """20 wrong passwords a minute from one address are the most, for whomever."""
    answers = [
        is_refused(tried(behind(count, forwarded.format(n=number), BROWSER), number))
        for number in range(22)
    ]
    assert answers == [False] * 20 + [True] * 2


@pytest.mark.parametrize(("count", "forwarded"), [(1, "{ip}"), (2, "{ip}, 10.0.0.2")])
def test_browsers_behind_one_proxy_are_counted_apart(
    count: int, forwarded: str, behind: Behind, db: None
) -> None:
    for number in range(21):
        response = tried(behind(count, forwarded.format(ip=BROWSER)), number)
    assert is_refused(response)
    other = behind(count, forwarded.format(ip="203.0.113.8"))
    assert not is_refused(tried(other, 99))


def test_addresses_of_one_ipv6_network_are_one(behind: Behind, db: None) -> None:
    """Whoever has one has 18 quintillion of them."""
    answers = [
        is_refused(tried(behind(0, peer=f"2001:db8::{number + 1:x}"), number))
        for number in range(21)
    ]
    assert answers[-1]


def test_the_account_is_counted_whatever_the_address(behind: Behind, join: Joining) -> None:
    """Nor does another name, port or spelling open a further five attempts."""
    join("viewer")
    spellings = ["viewer@example.com", "Viewer@Example.com", " viewer@example.com "]
    hosts = ["localhost", "localhost:8001", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:2"]
    said = []
    for number in range(18):
        browser = behind(1, f"203.0.113.{number}")
        browser.defaults["HTTP_HOST"] = hosts[number % 6]
        said.append(drawn(sign_in(browser, spellings[number % 3], "not-the-password")).text)
    assert sum("not correct" in one for one in said) == 5
    assert all("Too many" in one for one in said[5:])
