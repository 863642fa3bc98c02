"""`/chatbots/<id>/`: everything Get Chatbot Info says."""

from typing import Any

import pytest
from django.test import Client

from chatbots.caigunn.records import ChatbotInfo
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    CHATBOTS,
    calls,
    full_of_text,
    info_path,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    htmx,
)

# Drawn in the heading and in the panel of the webhook.
APART = {"title", "webhook_url"}


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


def test_page_costs_one_call(viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot) -> None:
    page = assert_page(viewer.get(url))
    assert calls(sandbox) == [("GET", f"{CHATBOTS}/{bot.id}")]
    assert bot.title in page.text
    assert bot.webhook_url in page.attribute("title")


def test_every_documented_field_has_a_line(viewer: Client, url: str) -> None:
    from chatbots.presentation import GROUPS  # noqa: PLC0415 - the order of the page

    page = assert_page(viewer.get(url))
    lines = [name for _, _, entries in GROUPS for name, _, _ in entries]
    assert set(lines) | APART | {"user_id"} == set(ChatbotInfo.model_fields)
    for _, title, entries in GROUPS:
        assert str(title) in page.text
        assert all(str(label) in page.text for _, label, _ in entries)
    at_a_glance = 4
    fields = len(ChatbotInfo.model_fields) - len(APART)
    assert len([tag for tag, _ in page.tags if tag == "dd"]) == fields + at_a_glance


@pytest.mark.parametrize(
    ("reported", "said"),
    [
        ({"is_api_accessible": True}, "API is accessible Yes"),
        ({"is_api_accessible": False}, "API is accessible No"),
        ({"is_api_accessible": None}, "API is accessible —"),
        ({"qa_generate_count": 1900, "qa_generate_limit": 2000}, "Generated Q&A 1,900 of 2,000"),
        ({"qa_generate_count": None}, "Generated Q&A —"),
        ({"qa_generate_count": 12, "qa_generate_limit": None}, "Generated Q&A 12 "),
        ({"period_end_at": "2020-01-31T00:00:00Z"}, "Billing period ended"),
        ({"period_end_at": "2099-01-31T00:00:00Z"}, "Billing period ends"),
        ({"period_end_at": None}, "Billing period ends —"),
    ],
)
def test_the_set_up_at_a_glance(
    reported: dict[str, Any], said: str, viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, **reported)
    page = assert_page(viewer.get(url))
    # Before the groups, which say the same in their place.
    assert said in " ".join(page.text.split()).partition("API access")[0]


def test_the_title_of_the_plan_comes_in_a_second_step(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    plan = next(plan for plan in sandbox.users[0].plans if plan.id == bot.fields["plan_id"])
    page = assert_page(viewer.get(url))
    assert plan.title not in page.text
    asked = next(value for value in page.attribute("hx-get") if "plan_id" in value)
    before = len(calls(sandbox))
    fragment = assert_fragment(viewer.get(f"{url}{asked}", headers=htmx("plan", url)))
    assert fragment.text.strip() == plan.title
    assert {call[1].rpartition("/")[2] for call in calls(sandbox)[before:]} == {"plan"}
    # From then on it is known.
    page = assert_page(viewer.get(url))
    assert plan.title in page.text
    assert not any("plan_id" in value for value in page.attribute("hx-get"))


@pytest.mark.parametrize("fault", [Fault("status", status=503), Fault("not_json"), None])
def test_a_plan_that_cannot_be_found_out_stays_an_id(
    fault: Fault | None, viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    if fault:
        sandbox.order(Fault(fault.kind, path="/user/plan$", status=fault.status, times=5))
    plan_id = bot.fields["plan_id"] if fault else "nobodys"
    answer = viewer.get(f"{url}?plan_id={plan_id}", headers=htmx("plan", url))
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("reported", "is_marked"),
    [
        ({"qa_generate_count": 1799}, False),
        ({"qa_generate_count": 1800}, True),
        ({"qa_generate_count": 2400}, True),
        ({"period_end_at": "2020-01-31T00:00:00Z"}, True),
        ({"is_api_accessible": False}, True),
    ],
)
def test_what_is_not_right_is_marked(
    reported: dict[str, Any],
    is_marked: bool,
    viewer: Client,
    sandbox: Sandbox,
    url: str,
    bot: Chatbot,
) -> None:
    right = {
        "is_api_accessible": True,
        "qa_generate_count": 0,
        "qa_generate_limit": 2000,
        "period_end_at": "2099-01-31T00:00:00Z",
    }
    sandbox.edit(bot.id, **(right | reported))
    page = assert_page(viewer.get(url))
    cautions = [
        tag for tag, attrs in page.tags if tag == "dd" and attrs.get("class") == "mark-warning"
    ]
    assert bool(cautions) is is_marked


def test_every_text_is_shown(viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot) -> None:
    for name, value in full_of_text(sandbox, bot).items():
        page = assert_page(viewer.get(f"{url}?fresh=1"))
        assert value in page.text, name


def test_numbers_times_and_yes_or_no(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.edit(
        bot.id,
        qa_generate_count=412,
        qa_generate_limit=500,
        message_limit=20_000,
        total_file_size_limit=52_428_800,
        temperature=0,
        is_free=False,
        is_shared=True,
        is_deleted=None,
        period_end_at="2024-08-01T00:00:00.000Z",
        limits_reset_day=0,
        coupon={"code": "SUMMER24"},
    )
    page = assert_page(viewer.get(url))
    assert "412 of 500" in page.text
    assert "20,000" in page.text
    assert "52,428,800" in page.text
    assert "Temperature 0" in page.text
    assert "Limits are reset on day 0" in page.text
    assert "Free No" in page.text
    assert "Shared Yes" in page.text
    assert "Deleted —" in page.text
    assert "SUMMER24" in page.text
    assert "2024-08-01T00:00:00+00:00" in page.attribute("datetime")
    meter = next(attrs for tag, attrs in page.tags if tag == "meter")
    assert (meter["value"], meter["max"], meter["aria-label"]) == ("412", "500", "Generated Q&A")


def test_unknown_stays_unknown(viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot) -> None:
    names = set(ChatbotInfo.model_fields) - {"id", "updated_at"}
    sandbox.edit(bot.id, **dict.fromkeys(names))
    page = assert_page(viewer.get(url))
    assert bot.id in page.text
    assert "No webhook" in page.text
    assert page.text.count("—") >= len(names) - len(APART)
    assert "None" not in page.text


def test_missing_fields_are_unknown(viewer: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    sandbox.order(Fault("not_json", path=info_path(bot), body={"id": bot.id, "title": "Bare"}))
    page = assert_page(viewer.get(f"/chatbots/{bot.id}/"))
    assert "Bare" in page.text
    assert "Unknown" in page.text  # the webhook: not "No webhook", for nobody said so
    assert "No webhook" not in page.text


@pytest.mark.parametrize("wrong", [[1], {"a": 1}, "text", 7.5, True, -1e300, "9" * 400])
def test_wrong_types_spoil_nothing_else(
    wrong: object, viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    for name in set(ChatbotInfo.model_fields) - {"id", "title"}:
        sandbox.order(
            Fault(
                "not_json", path=info_path(bot), body={"id": bot.id, "title": "Kept", name: wrong}
            )
        )
        page = assert_page(viewer.get(f"{url}?fresh=1"))
        assert "Kept" in page.text, name


def test_unreadable_fields_are_said_to_be(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    body = {"id": bot.id, "title": "Kept", "prompt": 5, "created_at": "soon", "webhook_url": ["x"]}
    sandbox.order(Fault("not_json", path=info_path(bot), body=body))
    page = assert_page(viewer.get(url))
    assert page.text.count("Caigunn sent something that cannot be read") == 2
    assert "Unknown" in page.text


def test_new_fields_stand_under_other(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, mood="sunny", nested={"a": [1, 2], "their_secret": "hush-hush"})
    page = assert_page(viewer.get(url))
    assert "mood sunny" in page.text
    assert "nested" in page.text
    assert "hush-hush" not in page.html


def test_only_web_addresses_become_links(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, share_link="https://caigunn.example.com/s/1", opentalk_host="ftp://x/y")
    page = assert_page(viewer.get(url))
    assert "https://caigunn.example.com/s/1" in page.hrefs
    assert "ftp://x/y" in page.text
    assert "ftp://x/y" not in page.hrefs


def test_plan_has_its_title_where_it_is_known(viewer: Client, bot: Chatbot, url: str) -> None:
    assert "Free 免費方案" not in assert_page(viewer.get(url)).text
    viewer.get("/plans/")
    assert "Free 免費方案" in assert_page(viewer.get(url)).text


def test_fresh_for_a_minute_and_read_again_on_request(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    viewer.get(url)
    sandbox.edit(bot.id, title="Renamed meanwhile")
    sandbox.clear_requests()
    page = assert_page(viewer.get(url))
    assert "Renamed meanwhile" not in page.text
    assert calls(sandbox) == []
    assert f"{url}?fresh=1" in page.hrefs
    assert "Renamed meanwhile" in assert_page(viewer.get(f"{url}?fresh=1")).text


def test_deleted_is_shown_read_only(
    admin: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    bot.delete()
    page = assert_page(admin.get(url))
    assert "This chatbot was deleted" in page.text
    assert f"{url}webhook/" not in page.hrefs


# Who


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_each_role(role: str, browse: Browsing, sandbox: Sandbox, url: str) -> None:
    page = assert_page(browse(role, sandbox.users[0].token).get(url))
    assert (f"{url}webhook/" in page.hrefs) is (role != "viewer")
    assert page.has_form(f"{url}reveal/") is (role != "viewer")


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_no_secret_is_on_the_page(
    role: str, browse: Browsing, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, opentalk_api_token="ot-0123456789abcdef0123456789abcdef")
    page = assert_page(browse(role, sandbox.users[0].token).get(url))
    assert bot.api_key not in page.html
    assert f"••••{bot.api_key[-4:]}" in page.text
    assert "ot-0123456789abcdef" not in page.html
    assert "••••cdef" in page.text


def test_another_members_chatbot_does_not_exist(
    admin: Client, browse: Browsing, sandbox: Sandbox, url: str
) -> None:
    admin.get(url)
    other = browse("editor", sandbox.users[1].token)
    page = assert_error(other.get(url), 404, "This chatbot no longer exists")
    assert "客服小幫手" not in page.html


def test_wrong_method(admin: Client, sandbox: Sandbox, url: str) -> None:
    for method in (admin.post, admin.put, admin.delete, admin.patch):
        assert method(url).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get("/chatbots/a-1/?fresh=1"), "/chatbots/a-1/%3Ffresh%3D1")
    assert_htmx_leads_to_sign_in(
        client.get(
            "/chatbots/a-1/", headers=htmx("x", "/chatbots/?page=2"), SERVER_NAME="localhost"
        ),
        "/chatbots/%3Fpage%3D2",
    )


def test_not_connected(browse: Browsing, sandbox: Sandbox) -> None:
    redirected = browse("viewer").get("/chatbots/a-1/")
    assert redirected["Location"] == "/token/?next=%2Fchatbots%2Fa-1%2F"


@pytest.mark.parametrize("wrong", ["a b", "a%2Fb", "a.b", "x" * 65, "%E5%AE%A2", "..", "a%00"])
def test_impossible_ids_never_reach_caigunn(wrong: str, viewer: Client, sandbox: Sandbox) -> None:
    assert_error(viewer.get(f"/chatbots/{wrong}/"), 404, "There is nothing at this address.")
    assert calls(sandbox) == []
