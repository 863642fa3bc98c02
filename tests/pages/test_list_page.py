"""`/chatbots/`: the list, its paging, and the fragment that brings the webhook URLs."""

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.team.models import Member
from chatbots.sandbox import Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    BAD_BODIES,
    CHATBOTS,
    TOKEN_REFUSED,
    calls,
    fail,
    only,
    refuse_token,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    drawn,
    htmx,
)

URL = "/chatbots/"
LIST = only(CHATBOTS)
RESULTS = htmx("results", URL)
WEBHOOKS = htmx("webhooks", URL)


def test_page_makes_exactly_one_call(viewer: Client, sandbox: Sandbox) -> None:
    page = assert_page(viewer.get(URL))
    assert calls(sandbox) == [("GET", CHATBOTS)]
    for bot in sandbox.users[0].chatbots:
        assert bot.id in page.text
        assert f"{URL}{bot.id}/" in page.hrefs
        assert f"webhook-{bot.id}" in page.ids
    assert "1–30" in page.text


def test_page_has_no_webhook_url_and_no_key(admin: Client, sandbox: Sandbox) -> None:
    page = assert_page(admin.get(URL))
    for bot in sandbox.users[0].chatbots:
        assert bot.api_key not in page.html
        assert f"••••{bot.api_key[-4:]}" in page.text
    assert "hooks.example.com" not in page.html


def test_results_fragment(viewer: Client, sandbox: Sandbox) -> None:
    response = viewer.get(URL, headers=RESULTS)
    fragment = assert_fragment(response)
    assert {"results", "webhooks"} <= fragment.ids
    assert "Support Desk" in fragment.text
    assert calls(sandbox) == [("GET", CHATBOTS)]
    assert {"HX-Request", "HX-Target"} <= set(response["Vary"].replace(" ", "").split(","))


def test_a_restored_page_is_whole(viewer: Client) -> None:
    headers = RESULTS | {"HX-History-Restore-Request": "true"}
    assert_page(viewer.get(URL, headers=headers))


def test_unknown_target_gets_the_page(viewer: Client) -> None:
    assert_page(viewer.get(URL, headers=htmx("elsewhere", URL)))


def test_a_chatbot_without_a_title_is_called_so(viewer: Client, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[2]
    sandbox.edit(bot.id, title=None)
    assert f"Untitled {bot.id}" in assert_page(viewer.get(URL)).text


# The webhook URLs


def test_webhooks_fragment_after_the_page(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL)
    sandbox.clear_requests()
    fragment = assert_fragment(viewer.get(URL, headers=WEBHOOKS))
    bots = sandbox.users[0].chatbots
    assert sorted(calls(sandbox)) == sorted(("GET", f"{CHATBOTS}/{bot.id}") for bot in bots)
    for bot in bots:
        assert f"webhook-{bot.id}" in fragment.ids
        assert not bot.webhook_url or bot.webhook_url in fragment.attribute("title")
    assert fragment.text.count("No webhook") == sum(not bot.webhook_url for bot in bots)


def test_webhooks_fragment_costs_nothing_while_fresh(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL)
    viewer.get(URL, headers=WEBHOOKS)
    sandbox.clear_requests()
    fragment = assert_fragment(viewer.get(URL, headers=WEBHOOKS))
    assert "hooks.example.com" in fragment.text
    assert calls(sandbox) == []


def test_after_a_write_only_the_written_one_is_read_anew(editor: Client, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    editor.get(URL)
    editor.get(URL, headers=WEBHOOKS)
    form = drawn(editor.get(f"{URL}{bot.id}/webhook/")).form(f"{URL}{bot.id}/webhook/")
    assert form.submit(editor, webhook_url="https://new.example.com/x").status_code == 302
    sandbox.clear_requests()
    fragment = assert_fragment(editor.get(URL, headers=WEBHOOKS))
    assert calls(sandbox) == [("GET", f"{CHATBOTS}/{bot.id}")]
    assert "https://new.example.com/x" in fragment.attribute("title")


def test_without_javascript_the_page_draws_them(viewer: Client, sandbox: Sandbox) -> None:
    link = next(href for href in assert_page(viewer.get(URL)).hrefs if "webhooks=1" in href)
    page = assert_page(viewer.get(link))
    assert "hooks.example.com" in page.text
    assert "Show webhook URLs" not in page.text
    # The size is chosen without losing them.
    form = next(form for form in page.forms if form.action == URL and "webhooks" in form.fields)
    assert "hooks.example.com" in assert_page(form.submit(viewer, size="50")).text


def test_each_row_is_filled_or_marked_by_itself(viewer: Client, sandbox: Sandbox) -> None:
    gone, refused, strange = sandbox.users[0].chatbots[:3]
    fail(sandbox, only(f"{CHATBOTS}/{gone.id}"), 404)
    fail(sandbox, only(f"{CHATBOTS}/{refused.id}"), 500)
    sandbox.order(Fault("not_json", path=only(f"{CHATBOTS}/{strange.id}"), times=ALWAYS))
    fragment = assert_fragment(viewer.get(URL, headers=WEBHOOKS))
    assert fragment.text.count("No longer exists") == 1
    assert fragment.text.count("Could not be read") == 2
    assert f"{URL}{refused.id}/" in fragment.hrefs
    assert fragment.text.count("Try again") == 2
    assert strange.webhook_url not in fragment.attribute("title")
    assert sandbox.users[0].chatbots[3].webhook_url in fragment.attribute("title")


@pytest.mark.parametrize("body", BAD_BODIES)
def test_bad_bodies_of_single_chatbots(body: str, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.order(BAD_BODIES[body](f"{CHATBOTS}/.+"))
    fragment = assert_fragment(viewer.get(URL, headers=WEBHOOKS))
    # An answer with wrong types is still an answer about a chatbot: its webhook is unknown.
    says = "Unknown" if body == "wrong types" else "Could not be read"
    assert fragment.text.count(says) == 30


def test_webhooks_fragment_with_a_refused_token(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(URL)
    refuse_token(sandbox)
    page = assert_error(viewer.get(URL, headers=WEBHOOKS), 403, TOKEN_REFUSED)
    assert "/token/?next=%2Fchatbots%2F" in page.hrefs


def test_webhooks_fragment_while_caigunn_is_down(
    viewer: Client, sandbox: Sandbox, settings: LazySettings
) -> None:
    viewer.get(URL)
    viewer.get(URL, headers=WEBHOOKS)
    settings.FRESH_SECONDS = 0.0
    sandbox.close()
    fragment = assert_fragment(viewer.get(URL, headers=WEBHOOKS))
    assert fragment.text.count("last known, read ") == 30
    assert "Edit" not in fragment.text


# Paging


def test_size_is_remembered(viewer: Client, sandbox: Sandbox) -> None:
    viewer.get(f"{URL}?size=50")
    assert Member.objects.get(email="viewer@example.com").page_size == 50
    sandbox.clear_requests()
    page = assert_page(viewer.get(URL))
    assert dict(sandbox.requests[0].query)["limit"] == "50"
    form = next(form for form in page.forms if form.action == URL and form.method == "get")
    assert form.action == URL


@pytest.mark.parametrize("size", ["0", "29", "100000", "x", "-30", ""])
def test_a_size_that_is_not_offered_is_not_taken(size: str, viewer: Client) -> None:
    assert "1–30" in assert_page(viewer.get(f"{URL}?size={size}")).text
    assert Member.objects.get(email="viewer@example.com").page_size == 30


def test_next_and_previous(viewer: Client) -> None:
    first = assert_page(viewer.get(URL))
    onward = next(href for href in first.hrefs if "page=2" in href)
    second = assert_page(viewer.get(onward))
    assert "This is the end of the list" in second.text
    assert "To the first page" in second.text
    assert not any("page=3" in href for href in second.hrefs)
    assert f"{URL}?size=30" in second.hrefs


def test_end_of_the_list_as_fragment(viewer: Client) -> None:
    fragment = assert_fragment(viewer.get(f"{URL}?page=7", headers=RESULTS))
    assert "This is the end of the list" in fragment.text


def test_a_cap_hides_no_rows(browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(max_limit=20, chatbots=50) as capped:
        settings.CAIGUNN_API_BASE_URL = capped.url
        member = browse("viewer", capped.users[0].token)
        first = assert_page(member.get(URL))
        second = assert_page(member.get(f"{URL}?page=2"))
        bots = capped.users[0].chatbots
        assert all(bot.id in first.text for bot in bots[:30])
        assert all(bot.id in second.text for bot in bots[30:])
        assert not any(bot.id in second.text for bot in bots[:30])


def test_no_chatbots(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer", sandbox.users[2].token)
    page = assert_page(member.get(URL))
    assert "No chatbots yet" in page.text
    assert "/token/" in page.hrefs


def test_rows_without_usable_id_are_counted(viewer: Client, sandbox: Sandbox) -> None:
    ids = [None, 7, "", "a/b", "x" * 65, "../plan", {"id": 1}]
    rows = [{"id": one, "title": "Lost"} for one in ids] + [{"id": "good-1", "title": "Kept"}, 5]
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": rows}))
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": []}))
    page = assert_page(viewer.get(URL))
    assert "8 chatbots have no usable id and are left out." in page.text
    assert "Kept" in page.text
    assert "Lost" not in page.text


def test_wrong_types_leave_their_neighbours_alone(viewer: Client, sandbox: Sandbox) -> None:
    rows = [
        {"id": "a", "title": 5, "api_key": ["x"]},
        {"id": "b", "title": "Fine", "api_key": None, "new": True},
    ]
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": rows}))
    sandbox.order(Fault("not_json", path=LIST, body={"chatbots": []}))
    page = assert_page(viewer.get(URL))
    assert {"/chatbots/a/", "/chatbots/b/"} <= set(page.hrefs)
    assert "Fine" in page.text


# Who


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_each_role(role: str, browse: Browsing, sandbox: Sandbox) -> None:
    member = browse(role, sandbox.users[0].token)
    page = assert_page(member.get(URL))
    assert ("Reveal" in page.text) is (role != "viewer")
    fragment = assert_fragment(member.get(URL, headers=WEBHOOKS))
    assert ("Edit" in fragment.text) is (role != "viewer")


def test_wrong_method(admin: Client, sandbox: Sandbox) -> None:
    for method in (admin.post, admin.put, admin.delete, admin.patch):
        assert method(URL).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get(f"{URL}?q=x"), f"{URL}%3Fq%3Dx")
    for target in ("results", "webhooks"):
        assert_htmx_leads_to_sign_in(
            client.get(URL, headers=htmx(target, f"{URL}?page=2"), SERVER_NAME="localhost"),
            f"{URL}%3Fpage%3D2",
        )


def test_not_connected(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("viewer")
    assert member.get(URL)["Location"] == "/token/?next=%2Fchatbots%2F"
    redirected = member.get(URL, headers=WEBHOOKS)
    assert redirected["HX-Redirect"] == "/token/?next=%2Fchatbots%2F"
