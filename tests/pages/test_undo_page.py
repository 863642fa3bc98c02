"""`/changes/<id>/undo/`: what would be written back, and writing it."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Chatbot, Sandbox
from chatbots.services.access import new_deadline
from chatbots.services.leases import held
from tests.pages.calls import (
    WEBHOOK,
    calls,
    writes,
)
from tests.pages.changes import (
    MARKUP,
    NEW,
    OLD,
    THIRD,
    history_url,
    made,
    page_of,
    saved,
    undo_url,
)
from tests.pages.changing import edit_url, follow, opened
from tests.pages.drawn import Form, assert_error, assert_page, htmx

UNDONE = "Undone. Caigunn reports the earlier value again."


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot whose webhook is the old one."""
    bot = sandbox.users[0].chatbots[0]
    sandbox.edit(bot.id, webhook_url=OLD, title="Orders", is_shared=False)
    return bot


@pytest.fixture
def change(editor: Client, bot: Chatbot, sandbox: Sandbox) -> Change:
    """Its webhook, changed by the editor."""
    done = saved(editor, bot, NEW)
    sandbox.clear_requests()
    return done


def form_of(client: Client, change: Change) -> Form:
    """The form of undoing, open in the browser."""
    return page_of(client, undo_url(change)).form(undo_url(change))


def outcome(change: Change) -> str:
    change.refresh_from_db()
    return change.outcome


def test_from_the_history_and_back(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    here = f"{history_url(bot)}?page=1"
    link = next(one for one in page_of(editor, here).hrefs if one.startswith(undo_url(change)))
    preview = page_of(editor, link)
    for part in ("This change left", NEW, "Caigunn reports now", "It would be again", OLD):
        assert part in preview.text
    assert writes(sandbox) == []
    response = preview.form(undo_url(change)).submit(editor, reason="Too early")
    assert response["Location"] == here
    page = follow(editor, response)
    assert UNDONE in page.text
    assert (bot.webhook_url, len(writes(sandbox))) == (OLD, 1)
    undo = Change.objects.get(undoes=change)
    assert (undo.reason, undo.outcome, outcome(change)) == (
        "Too early",
        Outcome.DONE,
        Outcome.UNDONE,
    )
    assert "It undid an earlier change." in page.text
    assert "It has been undone." in page.text


def test_without_a_page_to_come_back_to_the_history_is(editor: Client, change: Change) -> None:
    response = form_of(editor, change).submit(editor)
    assert response["Location"] == f"/chatbots/{change.chatbot_id}/history/"


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_next_never_leaves_the_site(editor: Client, change: Change, wanted: str) -> None:
    url = f"{undo_url(change)}?next={wanted}"
    page = page_of(editor, url)
    assert wanted not in page.hrefs
    response = page.form(undo_url(change)).submit(editor, next=wanted)
    assert response["Location"] == f"/chatbots/{change.chatbot_id}/history/"


def test_settings_in_part(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = opened(editor, edit_url(bot))
    form.submit(editor, title="New", is_shared="true", main_color="#123abc", show_history="true")
    change = Change.objects.get(kind=Kind.SETTINGS)
    page = page_of(editor, undo_url(change))
    assert "Not undone, because Caigunn does not report what they were" in page.text
    assert "Main colour" in page.text
    response = page.form(undo_url(change)).submit(editor)
    told = follow(editor, response)
    assert "Undone, except Main colour, " in told.text
    assert "Caigunn reports the earlier value of the rest again." in told.text
    assert (bot.title, bot.fields["is_shared"]) == ("Orders", False)
    assert bot.settings["main_color"] == "#123abc"
    again = page_of(editor, undo_url(change))
    assert "It has been undone. Not undone" in again.text
    assert not again.has_form(undo_url(change))


def test_booleans_are_words(editor: Client, bot: Chatbot) -> None:
    opened(editor, edit_url(bot)).submit(editor, is_shared="true")
    page = page_of(editor, undo_url(Change.objects.get(kind=Kind.SETTINGS)))
    for part in ("This change left Yes", "Caigunn reports now Yes", "It would be again No"):
        assert part in page.text


def test_the_same_form_twice(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    """A double click, and a reload of the answer."""
    form = form_of(editor, change)
    for _time in range(3):
        assert UNDONE in follow(editor, form.submit(editor)).text
    assert len(writes(sandbox)) == 1
    assert Change.objects.filter(undoes=change).count() == 1


def test_the_same_form_once_more_when_it_is_not_true_any_more(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form = form_of(editor, change)
    form.submit(editor)
    sandbox.edit(bot.id, webhook_url=THIRD)
    assert_page(form.submit(editor), 422)
    assert (len(writes(sandbox)), bot.webhook_url) == (1, THIRD)


def test_two_tabs(editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change) -> None:
    first, second = form_of(editor, change), form_of(editor, change)
    first.submit(editor)
    page = assert_page(second.submit(editor), 422)
    assert "It has been undone." in page.text
    assert not page.has_form(undo_url(change))
    assert len(writes(sandbox)) == 1


def test_an_undo_is_undone_from_its_own_line(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form_of(editor, change).submit(editor)
    undo = Change.objects.get(undoes=change)
    form_of(editor, undo).submit(editor)
    assert bot.webhook_url == NEW
    assert (outcome(undo), outcome(change)) == (Outcome.UNDONE, Outcome.UNDONE)


@pytest.mark.parametrize("state", ["", "nonsense", "of another", "of another page"])
def test_a_state_that_is_not_its_own(
    editor: Client, admin: Client, sandbox: Sandbox, bot: Chatbot, change: Change, state: str
) -> None:
    other = made(editor, bot)
    states = {
        "of another": form_of(admin, change).fields["state"],
        "of another page": form_of(editor, other).fields["state"],
    }
    response = form_of(editor, change).submit(
        editor, state=states.get(state, state), reason="Typed"
    )
    page = assert_page(response, 422)
    assert "Nothing was undone now" in page.text
    assert page.form(undo_url(change)).fields["reason"] == "Typed"
    assert writes(sandbox) == []
    assert page.form(undo_url(change)).submit(editor).status_code == 302


def test_another_value_now_is_refused_with_the_difference(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form = form_of(editor, change)
    sandbox.edit(bot.id, webhook_url=THIRD)
    page = assert_page(form.submit(editor), 422)
    assert "is no longer what Caigunn reports" in page.text
    assert (
        f"This change left {NEW} Caigunn reports now {THIRD} It would be again {OLD}" in page.text
    )
    assert not page.has_form(undo_url(change))
    assert (bot.webhook_url, writes(sandbox), outcome(change)) == (THIRD, [], Outcome.DONE)


def test_the_earlier_value_is_there_already(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form = form_of(editor, change)
    sandbox.edit(bot.id, webhook_url=OLD)
    assert "Nothing to undo" in follow(editor, form.submit(editor)).text
    assert writes(sandbox) == []


def test_deleted_meanwhile(editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change) -> None:
    form = form_of(editor, change)
    bot.delete()
    page = assert_page(form.submit(editor), 422)
    assert "This chatbot has been deleted meanwhile. Nothing was undone." in page.text
    assert not page.has_form(undo_url(change))
    assert not page_of(editor, undo_url(change)).has_form(undo_url(change))
    assert writes(sandbox) == []


def test_still_being_written(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, settings: LazySettings
) -> None:
    form = form_of(editor, change)
    settings.CAIGUNN_TOTAL_TIMEOUT = 1.0
    with held(f"{sandbox.url}:{bot.id}", new_deadline()):
        page = assert_page(form.submit(editor, reason="Typed"), 422)
    settings.CAIGUNN_TOTAL_TIMEOUT = 20.0
    assert "is still being written" in page.text
    assert page.form(undo_url(change)).fields["reason"] == "Typed"
    assert page.form(undo_url(change)).submit(editor).status_code == 302
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.FAILED, Outcome.UNKNOWN])
def test_what_cannot_be_undone_says_why(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, outcome: Outcome
) -> None:
    form = form_of(editor, change)
    Change.objects.filter(pk=change.pk).update(outcome=outcome, was_accepted=False)
    for page in (page_of(editor, undo_url(change)), assert_page(form.submit(editor), 422)):
        assert not page.has_form(undo_url(change))
        assert any(word in page.text for word in ("still being", "nothing to undo", "check it"))
    assert writes(sandbox) == []


@pytest.mark.parametrize("kind", [Kind.CREATE, Kind.DELETE])
def test_kinds_that_are_never_undone(editor: Client, bot: Chatbot, kind: Kind) -> None:
    page = page_of(editor, undo_url(made(editor, bot, kind=kind)))
    assert "delete the chatbot" in page.text or "no way to bring" in page.text


@pytest.mark.parametrize("kind", [Kind.ACCEPT, Kind.TOKEN_CONNECT, Kind.TOKEN_REFRESH])
def test_what_wrote_nothing_to_a_chatbot_has_no_such_page(
    editor: Client, bot: Chatbot, kind: Kind
) -> None:
    url = undo_url(made(editor, bot, kind=kind))
    assert_error(editor.get(url), 404, "There is nothing at this address.")
    assert editor.post(url).status_code == 404


def test_under_htmx_it_is_a_page_as_well(editor: Client, change: Change) -> None:
    response = editor.get(undo_url(change), headers=htmx("content"))
    assert_page(response)


def test_markup_is_text(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    sandbox.edit(bot.id, title=MARKUP, prompt=MARKUP)
    values: dict[str, Any] = {"before": {"prompt": f"{MARKUP}1"}, "asked": {"prompt": MARKUP}}
    change = made(editor, bot, kind=Kind.SETTINGS, after={"prompt": MARKUP}, **values)
    page = page_of(editor, undo_url(change))
    assert page.text.count("<script>alert(1)</script>") >= 4
    assert "<script>alert" not in page.html
    assert page.inline == []


def test_it_reads_once_and_writes_by_the_documented_route(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form = form_of(editor, change)
    assert len(calls(sandbox)) == 1
    sandbox.clear_requests()
    form.submit(editor)
    path = f"/api/external/user/chatbot/{bot.id}"
    assert calls(sandbox) == [("GET", path), ("PUT", WEBHOOK), ("GET", path)]
