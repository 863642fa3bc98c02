"""Search in `/chatbots/`: by title and id, and on request by webhook URL."""

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    BAD_BODIES,
    CHATBOTS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    calls,
    fail,
    only,
)
from tests.pages.drawn import assert_error, assert_fragment, assert_page, htmx

URL = "/chatbots/"
LIST = only(CHATBOTS)
RESULTS = htmx("results", URL)
WEBHOOKS = htmx("webhooks", URL)


def test_by_title(viewer: Client, sandbox: Sandbox) -> None:
    page = assert_page(viewer.get(URL, {"q": "help"}))
    assert "IT Helpdesk" in page.text
    assert "Invoice Helper" in page.text
    assert "Warranty Bot" not in page.text
    assert "2 matches for “help”" in page.text
    assert "30 chatbots searched by title and id" in page.text
    # One page of up to 100, and the empty one that proves the end.
    assert calls(sandbox) == [("GET", CHATBOTS)] * 2


@pytest.mark.parametrize("query", ["HELPDESK", "ｈｅｌｐｄｅｓｋ", "  helpdesk  "])
def test_case_and_width_make_no_difference(query: str, viewer: Client) -> None:
    assert "IT Helpdesk" in assert_page(viewer.get(URL, {"q": query})).text


def test_by_id(viewer: Client, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[7]
    page = assert_page(viewer.get(URL, {"q": bot.id[:13].upper()}))
    assert bot.id in page.text
    assert "1 match for" in page.text


def test_fragment(viewer: Client) -> None:
    fragment = assert_fragment(viewer.get(URL, {"q": "help"}, headers=RESULTS))
    assert "2 matches for “help”" in fragment.text
    assert "results" in fragment.ids


def test_the_walk_is_kept_for_a_minute(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL, {"q": "help"})
    sandbox.clear_requests()
    viewer.get(URL, {"q": "warranty"})
    assert calls(sandbox) == []


def test_webhooks_of_what_was_found(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL, {"q": "help"})
    sandbox.clear_requests()
    fragment = assert_fragment(viewer.get(URL, {"q": "help"}, headers=WEBHOOKS))
    assert len(sandbox.requests) == 2
    assert sum(name.startswith("webhook-") for name in fragment.ids) == 2


def test_by_webhook_url_when_asked(viewer: Client, sandbox: Sandbox) -> None:
    plain = assert_page(viewer.get(URL, {"q": "old-relay"}))
    assert "No chatbot matches" in plain.text
    page = assert_page(viewer.get(URL, {"q": "old-relay", "search_webhooks": "1"}))
    assert "3 matches" in page.text
    assert "30 of them by webhook URL" in page.text
    # What was asked for stays asked for on every further address.
    form = next(form for form in page.forms if form.fields.get("search_webhooks"))
    assert form.fields["q"] == "old-relay"


def test_no_match_offers_to_clear(viewer: Client) -> None:
    page = assert_page(viewer.get(URL, {"q": "nothing like it"}))
    assert "No chatbot matches" in page.text
    assert "0 matches for “nothing like it”" in page.text
    assert URL in page.hrefs


def test_pages_keep_the_query(browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(chatbots=150) as many:
        settings.CAIGUNN_API_BASE_URL = many.url
        member = browse("viewer", many.users[0].token)
        first = assert_page(member.get(URL, {"q": "o", "size": "30"}))
        onward = next(href for href in first.hrefs if "page=2" in href)
        assert "q=o" in onward
        second = assert_page(member.get(onward))
        assert "31–" in second.text or "matches for “o”" in second.text
        assert not {href for href in second.hrefs if len(href) > 40} & set(first.hrefs)


def test_the_end_of_the_matches(viewer: Client) -> None:
    page = assert_page(viewer.get(URL, {"q": "help", "page": "3"}))
    assert "This is the end of the list" in page.text
    assert f"{URL}?q=help" in page.hrefs


def test_a_capped_server_is_walked_whole(browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(max_limit=20, chatbots=50) as capped:
        settings.CAIGUNN_API_BASE_URL = capped.url
        member = browse("viewer", capped.users[0].token)
        page = assert_page(member.get(URL, {"q": capped.users[0].chatbots[49].id}))
        assert "1 match" in page.text
        assert "50 chatbots searched" in page.text


def test_stops_at_the_stated_bound(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.SEARCH_BOUND = 10
    page = assert_page(viewer.get(URL, {"q": "help"}))
    assert "the search stopped there" in page.text


def test_query_is_shown_as_text(viewer: Client) -> None:
    query = '"><script>alert(1)</script>'
    page = assert_page(viewer.get(URL, {"q": query}))
    assert f"0 matches for “{query}”" in page.text
    assert "<script>alert" not in page.html
    assert query in page.attribute("value")


@pytest.mark.parametrize("query", ["x" * 300, "zz\x00zz"])
def test_a_query_that_cannot_be_searched_for_shows_no_false_result(
    query: str, viewer: Client
) -> None:
    page = assert_page(viewer.get(URL, {"q": query}))
    assert "No chatbot matches" in page.text


def test_rows_without_usable_id_are_counted(viewer: Client, sandbox: Sandbox) -> None:
    rows: list[object] = [{"id": None}, {"id": "a", "title": "Help"}]
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": rows}))
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": []}))
    page = assert_page(viewer.get(URL, {"q": "help"}))
    assert "1 chatbot has no usable id and is left out." in page.text


def test_caigunn_down_searches_the_last_known_copy(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    viewer.get(URL, {"q": "help"})
    settings.FRESH_SECONDS = 0.0
    sandbox.close()
    page = assert_page(viewer.get(URL, {"q": "help"}))
    assert "IT Helpdesk" in page.text
    assert "last known copy, read now" in page.text


@pytest.mark.parametrize("headers", [{}, RESULTS, WEBHOOKS], ids=["page", "results", "webhooks"])
def test_caigunn_down_without_a_copy(
    headers: dict[str, str], viewer: Client, sandbox: Sandbox
) -> None:
    sandbox.close()
    assert_error(viewer.get(URL, {"q": "help"}, headers=headers), 503, NO_ANSWER)


@pytest.mark.parametrize("body", BAD_BODIES)
def test_bad_bodies(body: str, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.order(BAD_BODIES[body](LIST))
    response = viewer.get(URL, {"q": "help"})
    says = NO_ANSWER if response.status_code == 503 else NOT_UNDERSTOOD
    assert_error(response, {"cut": 503}.get(body, 502), says)


@pytest.mark.parametrize("body", BAD_BODIES)
def test_bad_bodies_of_single_chatbots(body: str, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.order(BAD_BODIES[body](f"{CHATBOTS}/.+"))
    page = assert_page(viewer.get(URL, {"q": "hooks", "search_webhooks": "1"}))
    assert "No chatbot matches" in page.text


def test_out_of_time_midway_is_called_a_part(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.5
    sandbox.order(Fault("delay", path=LIST, seconds=0.001))
    sandbox.order(Fault("hang", path=LIST, times=ALWAYS))
    page = assert_page(viewer.get(URL, {"q": "help"}))
    assert "the search stopped there" in page.text


def test_forbidden(viewer: Client, sandbox: Sandbox) -> None:
    fail(sandbox, LIST, 403)
    assert_error(viewer.get(URL, {"q": "help"}), 403, "Said with 403")
