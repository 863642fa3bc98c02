"""`/account/preferences/`: how pages are drawn for one member."""

from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Event
from caigunn_admin.team.models import Member
from tests.conftest import Browsing, Joining
from tests.pages.drawn import assert_page
from tests.pages.people import link_in, signed_in, visitor

URL = "/account/preferences/"
TWO = [("en", "English"), ("zh-hant", "繁體中文")]


@pytest.fixture
def member(join: Joining) -> Member:
    return join("editor")


@pytest.fixture
def client(browse: Browsing, member: Member) -> Client:
    return browse(member)


def choose(client: Client, **chosen: str) -> None:
    """Save these, and leave the rest as it is."""
    form = assert_page(client.get(URL)).form(URL)
    assert form.submit(client, **chosen)["Location"] == URL


def test_what_is_chosen_is_there_again(client: Client, member: Member) -> None:
    choose(client, name="Mei-Ling", time_zone="Asia/Taipei", theme="dark")
    page = assert_page(client.get(URL))
    assert "Saved." in page.text
    fields = page.form(URL).fields
    assert (fields["name"], fields["time_zone"], fields["theme"], fields["language"]) == (
        "Mei-Ling",
        "Asia/Taipei",
        "dark",
        "",
    )
    member.refresh_from_db()
    assert str(member) == "Mei-Ling"


@pytest.mark.parametrize(
    ("theme", "drawn"), [("", "light dark"), ("dark", "dark"), ("light", "light")]
)
def test_colours(client: Client, theme: str, drawn: str) -> None:
    choose(client, theme=theme)
    page = assert_page(client.get(URL))
    assert page.attribute("data-theme") == ([theme] if theme else [])
    assert f'<meta name="color-scheme" content="{drawn}">' in page.html


@pytest.mark.parametrize(
    ("zone", "shown"), [("Asia/Taipei", "2026-05-02 01:30:00 CST"), ("UTC", "2026-05-01 17:30")]
)
def test_times_are_those_of_the_place(
    client: Client, member: Member, zone: str, shown: str
) -> None:
    choose(client, time_zone=zone)
    Event.objects.update(created_at=datetime(2026, 5, 1, 17, 30, tzinfo=UTC))
    page = assert_page(client.get("/activity/sign-ins/"))
    assert any(title.startswith(shown) for title in page.attribute("title"))


def test_a_zone_that_is_gone_is_utc(client: Client, member: Member) -> None:
    Member.objects.update(time_zone="Mars/Olympus")
    assert_page(client.get("/activity/sign-ins/"))


def test_one_members_zone_is_not_the_next_ones(
    client: Client, browse: Browsing, member: Member
) -> None:
    choose(client, time_zone="Asia/Taipei")
    Event.objects.update(created_at=datetime(2026, 5, 1, 17, 30, tzinfo=UTC))
    assert_page(client.get("/activity/sign-ins/"))
    other = browse("admin")
    Event.objects.update(created_at=datetime(2026, 5, 1, 17, 30, tzinfo=UTC))
    titles = assert_page(other.get("/activity/sign-ins/")).attribute("title")
    assert any(title.startswith("2026-05-01 17:30") for title in titles)


@pytest.mark.parametrize(
    ("chosen", "asked_for", "drawn"),
    [("", "en", "en"), ("", "zh-TW,zh;q=0.9", "zh-hant"), ("en", "zh-TW", "en")],
)
def test_language(
    client: Client, settings: LazySettings, chosen: str, asked_for: str, drawn: str
) -> None:
    settings.LANGUAGES = TWO
    choose(client, language=chosen)
    response = client.get(URL, headers={"Accept-Language": asked_for})
    assert response["Content-Language"] == drawn
    assert f'<html lang="{drawn}"' in response.content.decode()


def test_a_language_that_is_chosen_is_there_in_the_answer(
    client: Client, settings: LazySettings
) -> None:
    settings.LANGUAGES = TWO
    choose(client, language="zh-hant")
    assert client.get(URL)["Content-Language"] == "zh-hant"


@pytest.mark.parametrize(
    ("name", "value"),
    [("language", "xx"), ("time_zone", "Mars/Olympus"), ("time_zone", ""), ("theme", "pink")],
)
def test_nonsense_comes_back(client: Client, name: str, value: str) -> None:
    form = assert_page(client.get(URL)).form(URL)
    assert_page(form.submit(client, **{name: value}), 422)


@pytest.mark.parametrize(
    ("of_browser", "kept"),
    [
        ("Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),
        ("Mars/Olympus", "UTC"),
        ("<b>", "UTC"),
        ("x" * 500, "UTC"),
        ("\0", "UTC"),
    ],
)
def test_who_joins_has_the_time_zone_of_the_browser(
    of_browser: str, kept: str, join: Joining
) -> None:
    lead = signed_in(join("admin", "lead@example.com"))
    form = assert_page(lead.get("/team/")).form("/team/")
    link = link_in(assert_page(form.submit(lead, email="new@example.com", role="viewer")))
    browser, password = visitor(), "correct-horse-battery"
    form = assert_page(browser.get(link)).form("")
    form.action = link
    form.submit(browser, password=password, password_again=password, time_zone=of_browser)
    assert Member.objects.get(email="new@example.com").time_zone == kept
