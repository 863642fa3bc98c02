"""`/chatbots/<id>/history/`: who changed what, when, from what."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.models import Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Sandbox
from chatbots.services.masking import HIDDEN
from tests.conftest import connect
from tests.pages.changes import (
    MARKUP,
    NEW,
    OLD,
    check_url,
    history_url,
    made,
    member_of,
    page_of,
    saved,
    undo_url,
)
from tests.pages.changing import edit_url, opened, picture
from tests.pages.drawn import assert_page


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot whose webhook is the old one."""
    bot = sandbox.users[0].chatbots[0]
    sandbox.edit(bot.id, webhook_url=OLD)
    return bot


def test_who_changed_this_webhook_when_from_what(
    editor: Client, viewer: Client, bot: Chatbot
) -> None:
    change = saved(editor, bot, NEW, reason="The shop has moved")
    detail = page_of(viewer, f"/chatbots/{bot.id}/")
    assert history_url(bot) in detail.hrefs
    page = page_of(viewer, history_url(bot))
    assert f"before: {OLD} → after: {NEW}" in page.text
    for part in ("Done", "editor@example.com", "The shop has moved", change.request_id):
        assert part in page.text
    assert change.created_at.isoformat() in page.attribute("datetime")
    assert f"change-{change.pk}" in page.ids


def test_settings_field_by_field_and_files_by_name_and_size(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, title="Old", is_shared=False)
    form = opened(editor, edit_url(bot))
    typed: dict[str, Any] = {
        "title": "New",
        "is_shared": "true",
        "avatar": picture("face.png"),
        "main_color": "#123abc",
        "initial_messages": ["Hello", "您好"],
        "allowed_domains": "https://a.example\nhttps://b.example",
        "show_history": "false",
    }
    form.submit(editor, **typed)
    page = page_of(editor, history_url(bot))
    assert "Title before: Old → after: New" in page.text
    assert "before: No → after: Yes" in page.text
    assert "unknown before → after: face.png" in page.text
    assert "Main colour unknown before → after: #123abc" in page.text
    assert "after: Hello 您好" in page.text
    assert "after: https://a.example https://b.example" in page.text
    assert "unknown before → after: No" in page.text
    assert "data:image" not in page.html.partition("<body")[2]


def test_the_latest_comes_first_and_of_this_chatbot_alone(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    first, second = made(editor, bot), made(editor, bot)
    other = made(editor, sandbox.users[0].chatbots[1])
    ids = [one for one in page_of(editor, history_url(bot)).attribute("id") if "change-" in one]
    assert ids == [f"change-{second.pk}", f"change-{first.pk}"]
    assert str(other.pk) not in str(ids)


def test_nothing_changed_yet(viewer: Client, bot: Chatbot) -> None:
    page = page_of(viewer, history_url(bot))
    assert "Nothing was changed from here yet" in page.text


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize(
    "kind", [Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.DELETE, Kind.ACCEPT]
)
def test_each_says_what_can_be_done_or_why_not(
    editor: Client, bot: Chatbot, kind: Kind, outcome: Outcome
) -> None:
    values = {"before": {"title": "a"}, "asked": {"title": "b"}, "after": {"title": "b"}}
    change = made(editor, bot, kind=kind, outcome=outcome, **values)
    page = page_of(editor, history_url(bot))
    can_undo = any(href.startswith(undo_url(change)) for href in page.hrefs)
    can_check = page.has_form(check_url(change))
    reasons = [
        *("nothing to", "still being written", "has been undone", "delete the chatbot"),
        *("no way to bring", "not known"),
    ]
    says_why = any(reason in page.text for reason in reasons)
    assert [can_undo, can_check, says_why].count(True) == 1
    assert can_undo == (outcome == Outcome.DONE and kind in {Kind.WEBHOOK, Kind.SETTINGS})
    assert can_check == (outcome == Outcome.UNKNOWN and kind != Kind.ACCEPT)
    if can_check:
        # It can be pressed.
        assert page.form(check_url(change)).submit(editor).status_code == 302


def test_settings_that_cannot_be_read_say_why_they_are_not_undone(
    editor: Client, bot: Chatbot
) -> None:
    made(editor, bot, kind=Kind.SETTINGS, before={}, asked={"main_color": "#123456"}, after={})
    page = page_of(editor, history_url(bot))
    assert "Caigunn does not report what these settings were before." in page.text


def test_what_is_undone_in_part_says_so(editor: Client, bot: Chatbot) -> None:
    made(
        editor,
        bot,
        kind=Kind.SETTINGS,
        outcome=Outcome.UNDONE,
        before={"title": "a"},
        asked={"title": "b", "main_color": "#123456"},
        after={"title": "b"},
    )
    assert "It has been undone. Not undone: Main colour." in page_of(editor, history_url(bot)).text


def test_a_value_where_a_secret_was_cut_out_is_not_undone(editor: Client, bot: Chatbot) -> None:
    change = made(editor, bot, before={"webhook_url": f"https://x.example/?key={HIDDEN}"})
    page = page_of(editor, history_url(bot))
    assert not any(undo_url(change) in href for href in page.hrefs)
    assert "held a secret, which is not kept" in page.text


def test_a_viewer_reads_and_can_do_nothing(viewer: Client, editor: Client, bot: Chatbot) -> None:
    done, unknown = made(editor, bot), made(editor, bot, outcome=Outcome.UNKNOWN)
    page = page_of(viewer, history_url(bot))
    assert f"change-{done.pk}" in page.ids
    assert not any("/undo/" in href for href in page.hrefs)
    assert not page.has_form(check_url(unknown))


def test_of_a_deleted_chatbot_nothing_is_undone(editor: Client, bot: Chatbot) -> None:
    change = made(editor, bot)
    bot.delete()
    page = page_of(editor, history_url(bot))
    assert not any(undo_url(change) in href for href in page.hrefs)
    assert "This chatbot was deleted." in page.text


def test_pages(editor: Client, bot: Chatbot) -> None:
    for _number in range(51):
        made(editor, bot)
    first = page_of(editor, history_url(bot))
    assert sum(one.startswith("change-") for one in first.ids) == 50
    assert "?page=2" in first.hrefs
    second = page_of(editor, f"{history_url(bot)}?page=2")
    assert sum(one.startswith("change-") for one in second.ids) == 1
    assert "?page=1" in second.hrefs
    end = page_of(editor, f"{history_url(bot)}?page=3")
    assert "This is the end of the list" in end.text


@pytest.mark.parametrize("page", ["0", "-1", "abc", "1e3", "9" * 30, "", "１"])
def test_a_page_that_makes_no_sense_is_the_first(editor: Client, bot: Chatbot, page: str) -> None:
    change = made(editor, bot)
    assert f"change-{change.pk}" in page_of(editor, f"{history_url(bot)}?page={page}").ids


def test_the_number_of_queries_does_not_grow(editor: Client, bot: Chatbot) -> None:
    page_of(editor, history_url(bot))

    def queries(more: int) -> int:
        for number in range(more):
            one = Member.objects.create_user(f"m{more}-{number}@example.com", role="viewer")
            made(editor, bot, member=one)
        with CaptureQueriesContext(connection) as seen:
            page_of(editor, history_url(bot))
        return len(seen)

    assert queries(2) == queries(40)


@pytest.mark.parametrize("where", ["detail", "history", "activity", "undo", "check"])
def test_what_never_reported_back_is_unknown_on_every_page(
    editor: Client, bot: Chatbot, where: str, settings: LazySettings
) -> None:
    settings.PENDING_SECONDS = 60
    ago = timezone.now() - timedelta(seconds=61)
    late = made(editor, bot, outcome=Outcome.PENDING, created_at=ago, after={})
    pending = made(editor, bot, outcome=Outcome.PENDING, after={})
    urls = {
        "detail": f"/chatbots/{bot.id}/",
        "history": history_url(bot),
        "activity": "/activity/",
        "undo": undo_url(late),
    }
    if where == "check":
        assert editor.post(check_url(late)).status_code == 302
        late.refresh_from_db()
        assert late.outcome == Outcome.FAILED
        return
    page = page_of(editor, urls[where])
    late.refresh_from_db()
    pending.refresh_from_db()
    assert (late.outcome, pending.outcome) == (Outcome.UNKNOWN, Outcome.PENDING)
    if where in {"history", "activity"}:
        assert page.has_form(check_url(late))
        assert not page.has_form(check_url(pending))
        assert "the process that wrote it was stopped" in page.text
        assert "It is still being written." in page.text


def test_check_now_comes_back_here(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    change = made(editor, bot, outcome=Outcome.UNKNOWN, after={})
    sandbox.edit(bot.id, webhook_url=NEW)
    here = f"{history_url(bot)}?page=1"
    response = page_of(editor, here).form(check_url(change)).submit(editor)
    assert response["Location"] == here
    page = page_of(editor, here)
    assert "Checked: Caigunn has what was asked for." in page.text
    assert any(href.startswith(undo_url(change)) for href in page.hrefs)


def test_markup_is_text(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    sandbox.edit(bot.id, title=MARKUP)
    member = member_of(editor)
    Member.objects.filter(pk=member.pk).update(name=MARKUP[:100])
    values: dict[str, Any] = {
        "title": MARKUP,
        "main_color": MARKUP,
        "avatar": {"name": MARKUP, "size": 5},
    }
    values["initial_messages"] = [{"type": "text", "value": MARKUP}]
    values["allowed_domains"] = [MARKUP, "javascript:alert(1)"]
    made(
        editor,
        bot,
        kind=Kind.SETTINGS,
        outcome=Outcome.FAILED,
        before=values,
        asked=values,
        after={"title": f"{MARKUP}2"},
        reason=MARKUP,
        detail=MARKUP,
        request_id="<b>",
    )
    for url in (history_url(bot), "/activity/"):
        page = page_of(editor, url)
        assert page.text.count("<script>alert(1)</script>") >= 8
        assert "<script>alert" not in page.html
        assert "<img src=x" not in page.html
        assert page.inline == []
        assert not any(href.startswith("javascript:") for href in page.hrefs)


def test_no_secret_stands_on_it(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    saved(editor, bot, NEW)
    connect(member_of(editor), sandbox.users[0].token)
    for url in (history_url(bot), "/activity/", "/activity/?format=csv"):
        response: Any = editor.get(url)
        body = b"".join(response.streaming_content) if response.streaming else response.content
        assert bot.api_key.encode() not in body
        assert sandbox.users[0].token.encode() not in body
    assert_page(editor.get("/activity/"))
