"""`/activity/`: the Changes of a member, an Admin those of all; filtered, in pages, as CSV."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import calls, fail
from tests.pages.changes import MARKUP, NEW, made, page_of
from tests.pages.drawn import assert_leads_to_sign_in, drawn

URL = "/activity/"
EXPORT = "Export as CSV"
MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _only_what_a_test_makes(request: pytest.FixtureRequest, db: None) -> None:
    """Without the Changes of connecting."""
    for name in {"viewer", "editor", "admin"} & set(request.fixturenames):
        request.getfixturevalue(name)
    Change.objects.all().delete()


def shown(client: Client, query: str = "") -> set[str]:
    """The ids of the Changes on the page."""
    found = page_of(client, URL + query).ids
    return {one.removeprefix("change-") for one in found if one.startswith("change-")}


def ids(*changes: Change) -> set[str]:
    return {str(change.pk) for change in changes}


def export(client: Client, query: str = "") -> list[dict[str, str]]:
    """The lines of the file."""
    response: Any = client.get(f"{URL}?{query}{'&' if query else ''}format=csv")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="caigunn-activity.csv"'
    assert "no-store" in response["Cache-Control"]
    text = b"".join(response.streaming_content).decode()
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def export_link(client: Client, query: str = "") -> str:
    """Where *Export as CSV* leads."""
    return next(href for href in page_of(client, URL + query).hrefs if "format=csv" in href)


def test_everybody_sees_their_own_and_an_admin_all(
    viewer: Client, editor: Client, admin: Client, bot: Chatbot
) -> None:
    of_viewer, of_editor, of_admin = made(viewer, bot), made(editor, bot), made(admin, bot)
    of_nobody = made(None)
    assert shown(viewer) == ids(of_viewer)
    assert shown(editor) == ids(of_editor)
    assert shown(admin) == ids(of_viewer, of_editor, of_admin, of_nobody)
    assert {line["change_id"] for line in export(editor)} == ids(of_editor)
    assert {line["change_id"] for line in export(admin)} == shown(admin)


def test_a_filter_by_member_shows_nobody_more_than_they_may_see(
    editor: Client, admin: Client, bot: Chatbot
) -> None:
    mine, theirs = made(editor, bot), made(admin, bot)
    assert shown(editor, "?member=admin") == set()
    assert export(editor, "member=admin") == []
    assert "member" not in page_of(editor, URL).form(URL).fields
    assert "member" in page_of(admin, URL).form(URL).fields
    assert shown(admin, "?member=editor") == ids(mine)
    assert shown(admin, "?member=admin") == ids(theirs)


def test_it_asks_caigunn_nothing(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    change = made(editor, bot)
    fail(sandbox, ".", 500)
    assert shown(editor) == ids(change)
    assert calls(sandbox) == []


def test_who_is_not_connected_sees_it_too(browse: Browsing, bot: Chatbot) -> None:
    client = browse("editor")
    assert shown(client) == set()
    assert "Nothing was changed yet" in page_of(client, URL).text


def test_who_is_not_signed_in(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get(URL), URL)
    assert client.get(f"{URL}?format=csv").status_code == 302


def test_wrong_method(editor: Client) -> None:
    for method in (editor.post, editor.put, editor.delete):
        assert method(URL).status_code == 405


def test_a_change_leads_to_the_history_of_its_chatbot(editor: Client, bot: Chatbot) -> None:
    made(editor, bot, chatbot_title="Orders")
    made(editor, None, kind=Kind.CREATE, chatbot_id="", chatbot_title="Lost one", asked={})
    page = page_of(editor, URL)
    assert f"/chatbots/{bot.id}/history/" in page.hrefs
    assert "Orders" in page.text
    assert "Lost one" in page.text


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("kind", Kind)
def test_every_kind_and_outcome_is_drawn(
    editor: Client, bot: Chatbot, kind: Kind, outcome: Outcome
) -> None:
    of_token = kind.value.startswith("token")
    known = {"token": "…abcd", "label": "Support", "ends_at": None}
    values = known if of_token else {"title": "x"}
    change = made(
        editor,
        None if of_token else bot,
        kind=kind,
        outcome=outcome,
        chatbot_id="" if of_token else bot.id,
        before=values,
        asked=values,
        after=values,
    )
    page = page_of(editor, URL)
    assert f"change-{change.pk}" in page.ids
    assert str(kind.label) in page.text
    assert str(outcome.label) in page.text


def test_a_change_that_was_undone_and_its_undo_lead_to_each_other(
    editor: Client, bot: Chatbot
) -> None:
    first = made(editor, bot, outcome=Outcome.UNDONE)
    made(editor, bot, undoes=first)
    page = page_of(editor, URL)
    assert f"/chatbots/{bot.id}/history/#change-{first.pk}" in page.hrefs


# The filter


def test_filters_together_and_the_form_keeps_them(admin: Client, editor: Client) -> None:
    wanted = made(
        editor, kind=Kind.DELETE, outcome=Outcome.UNKNOWN, chatbot_title="訂單", created_at=MARCH
    )
    made(editor, kind=Kind.DELETE, outcome=Outcome.UNKNOWN, created_at=MARCH)
    made(editor, kind=Kind.WEBHOOK, outcome=Outcome.UNKNOWN, chatbot_title="訂單", created_at=MARCH)
    made(admin, kind=Kind.DELETE, outcome=Outcome.UNKNOWN, chatbot_title="訂單", created_at=MARCH)
    made(editor, kind=Kind.DELETE, outcome=Outcome.UNKNOWN, chatbot_title="訂單")
    typed = {
        "member": "editor@",
        "chatbot": "訂單",
        "kind": "delete",
        "outcome": "unknown",
        "since": "2026-03-10",
        "until": "2026-03-10",
    }
    response = page_of(admin, URL).form(URL).submit(admin, **typed)
    page = drawn(response)
    assert {one for one in page.ids if one.startswith("change-")} == {f"change-{wanted.pk}"}
    form = page.form(URL)
    assert {name: form.fields[name] for name in typed} == typed
    link = next(href for href in page.hrefs if "format=csv" in href)
    lines = export(admin, urlsplit(link).query.removesuffix("&format=csv"))
    assert {line["change_id"] for line in lines} == ids(wanted)


def test_no_match_says_how_to_go_on(editor: Client, bot: Chatbot) -> None:
    made(editor, bot)
    page = page_of(editor, f"{URL}?chatbot=nothing-like-it")
    assert "No change matches" in page.text
    assert URL in page.hrefs


@pytest.mark.parametrize(
    "query",
    [
        "since=yesterday",
        "since=2026-02-30",
        "until=99999-01-01",
        "since=-1",
        "kind=nonsense",
        "outcome=nonsense",
        "chatbot=" + "x" * 201,
        "chatbot=%00",
        "since=2026-03-10&until=2026-03-09",
    ],
)
def test_nonsense_is_said_and_left_out(editor: Client, bot: Chatbot, query: str) -> None:
    change = made(editor, bot)
    page = page_of(editor, f"{URL}?{query}")
    assert any(one.endswith("_error") for one in page.ids)
    if "&" not in query:
        assert f"change-{change.pk}" in page.ids
    # The file would hold more than was meant: the page says so instead.
    response: Any = editor.get(f"{URL}?{query}&format=csv")
    assert response["Content-Type"].startswith("text/html")
    assert any(one.endswith("_error") for one in drawn(response).ids)


@pytest.mark.parametrize("zone", ["UTC", "Asia/Taipei", "America/New_York"])
def test_the_edges_of_time(editor: Client, bot: Chatbot, zone: str) -> None:
    change = made(editor, bot)
    with timezone.override(zone):
        assert shown(editor, "?since=0001-01-01&until=9999-12-31") == ids(change)


@pytest.mark.parametrize("page", ["0", "-1", "abc", "9" * 30, "", "1.5"])
def test_a_page_that_makes_no_sense_is_the_first(editor: Client, bot: Chatbot, page: str) -> None:
    assert ids(made(editor, bot)) == shown(editor, f"?page={page}")


def test_the_farthest_page_is_the_end(editor: Client, bot: Chatbot) -> None:
    made(editor, bot)
    assert "This is the end of the list" in page_of(editor, f"{URL}?page=100000").text


def test_the_pager_and_the_export_keep_the_filter(editor: Client, bot: Chatbot) -> None:
    for _number in range(51):
        made(editor, bot, chatbot_title="A & B = 訂單?")
    made(editor, bot, chatbot_title="Other")
    query = "?chatbot=A+%26+B+%3D+訂單%3F&kind=webhook"
    page = page_of(editor, URL + query)
    older = next(href for href in page.hrefs if href.endswith("page=2"))
    assert parse_qs(urlsplit(older).query) == {
        "chatbot": ["A & B = 訂單?"],
        "kind": ["webhook"],
        "page": ["2"],
    }
    assert len(shown(editor, older)) == 1
    newer = next(href for href in page_of(editor, URL + older).hrefs if href.endswith("page=1"))
    assert len(shown(editor, newer)) == 50
    link = export_link(editor, query)
    assert len(export(editor, urlsplit(link).query.removesuffix("&format=csv"))) == 51
    assert page_of(editor, URL + older).form(URL).fields["chatbot"] == "A & B = 訂單?"


def test_the_number_of_queries_does_not_grow(admin: Client, bot: Chatbot) -> None:
    def queries(url: str, more: int) -> int:
        for number in range(more):
            address = f"{len(url)}-{more}-{number}@example.com"
            one = Member.objects.create_user(address, role="viewer")
            made(admin, bot, member=one)
        with CaptureQueriesContext(connection) as seen:
            response: Any = admin.get(url)
            if response.streaming:
                list(response.streaming_content)
        return len(seen)

    for url in (URL, f"{URL}?format=csv"):
        assert queries(url, 2) == queries(url, 40)


# Text


def test_markup_is_text(admin: Client, bot: Chatbot) -> None:
    made(
        None,
        bot,
        member_email="<b>x</b>@example.com",
        chatbot_title=MARKUP,
        reason=MARKUP,
        detail=MARKUP,
        asked={"webhook_url": MARKUP},
    )
    page = page_of(admin, f"{URL}?chatbot=%3Cscript%3E&member=%22%3E%3Cb%3E")
    assert "<script>alert" not in page.html
    page = page_of(admin, f"{URL}?chatbot=%3Cscript%3E")
    assert page.text.count("<script>alert(1)</script>") >= 4
    assert "<b>x</b>@example.com" in page.text
    assert "<script>alert" not in page.html
    assert page.inline == []


def test_in_the_file_nothing_is_a_formula(editor: Client, bot: Chatbot) -> None:
    made(editor, bot, chatbot_title="=1+1", reason="@SUM(A1)", asked={"webhook_url": "+1"})
    (line,) = export(editor)
    assert (line["chatbot_title"], line["reason"], line["asked"]) == ("'=1+1", "'@SUM(A1)", "'+1")
    assert line["reported"] == NEW


def test_the_page_of_a_member_whose_name_is_known(admin: Client, bot: Chatbot) -> None:
    one = Member.objects.create_user("ada@example.com", role="viewer", name="Ada")
    made(admin, bot, member=one, member_email=one.email)
    assert "Ada" in page_of(admin, URL).text
    assert ids(Change.objects.get()) == shown(admin, "?member=ada")
