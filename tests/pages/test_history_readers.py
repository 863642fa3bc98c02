"""`/chatbots/<id>/history/`: who sees what, and whatever Caigunn does."""

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import BAD_BODIES, NO_ANSWER, calls, fail, info_path, refuse_token, writes
from tests.pages.changes import (
    NEW,
    OLD,
    history_url,
    made,
    page_of,
)
from tests.pages.drawn import assert_error, assert_leads_to_sign_in

NOT_SHOWN = "Caigunn does not show this chatbot to your access token now."


@pytest.fixture
def bot(sandbox: Sandbox) -> Chatbot:
    """A chatbot whose webhook is the old one."""
    bot = sandbox.users[0].chatbots[0]
    sandbox.edit(bot.id, webhook_url=OLD)
    return bot


@pytest.fixture
def stranger(browse: Browsing, sandbox: Sandbox) -> Client:
    """An editor of another account."""
    member = Member.objects.create_user("stranger@example.com", role="editor")
    return browse(member, sandbox.users[1].token)


def test_whoever_may_read_the_chatbot_sees_what_all_did(
    viewer: Client, editor: Client, admin: Client, bot: Chatbot
) -> None:
    changes = {made(editor, bot), made(admin, bot), made(None, bot)}
    page = page_of(viewer, history_url(bot))
    assert {f"change-{one.pk}" for one in changes} <= page.ids
    assert "gone@example.com" in page.text


def test_another_account_learns_nothing(stranger: Client, editor: Client, bot: Chatbot) -> None:
    change = made(editor, bot)
    response = stranger.get(history_url(bot))
    page = assert_error(response, 404, "This chatbot no longer exists")
    for part in (bot.title, NEW, OLD, "editor@example.com", str(change.pk)):
        assert part not in page.html


def test_another_account_with_a_change_of_its_own_sees_that_alone(
    stranger: Client, editor: Client, bot: Chatbot
) -> None:
    """Somebody who had the token of this account once."""
    theirs = made(editor, bot, chatbot_title="The title now", reason="Private")
    mine = made(stranger, bot, chatbot_title="The title then", access_token_id=None)
    page = page_of(stranger, history_url(bot))
    assert f"change-{mine.pk}" in page.ids
    assert f"change-{theirs.pk}" not in page.ids
    assert NOT_SHOWN in page.text
    assert "The title then" in page.text
    assert "The title now" not in page.html
    assert "Private" not in page.html
    assert not any("/undo/" in href for href in page.hrefs)


def test_of_what_is_gone_each_sees_their_own_and_an_admin_all(
    editor: Client, viewer: Client, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    mine = made(editor, bot, access_token_id=None)
    deleted = made(admin, bot, kind=Kind.DELETE, asked={"is_deleted": True})
    fail(sandbox, info_path(bot), 404)
    # Made through the token that all of them share.
    assert f"change-{deleted.pk}" in page_of(viewer, history_url(bot)).ids
    assert f"change-{mine.pk}" not in page_of(viewer, history_url(bot)).ids
    assert {f"change-{one.pk}" for one in (mine, deleted)} <= page_of(editor, history_url(bot)).ids
    assert {f"change-{one.pk}" for one in (mine, deleted)} <= page_of(admin, history_url(bot)).ids


def test_a_page_past_the_end_of_what_is_gone(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    made(editor, bot)
    fail(sandbox, info_path(bot), 404)
    page = page_of(editor, f"{history_url(bot)}?page=7")
    assert "This is the end of the list" in page.text


def test_who_is_not_signed_in_or_not_connected(
    client: Client, browse: Browsing, bot: Chatbot
) -> None:
    assert_leads_to_sign_in(client.get(history_url(bot)), history_url(bot))
    assert browse("editor").get(history_url(bot))["Location"].startswith("/token/?next=")


def test_wrong_method(editor: Client, bot: Chatbot) -> None:
    for method in (editor.post, editor.put, editor.delete):
        assert method(history_url(bot)).status_code == 405


def test_it_costs_one_read_and_none_while_that_is_fresh(
    viewer: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    page_of(viewer, history_url(bot))
    page_of(viewer, history_url(bot))
    assert len(calls(sandbox)) == 1
    assert writes(sandbox) == []


def test_while_caigunn_is_away_the_history_stays(
    editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    change = made(editor, bot)
    page_of(editor, history_url(bot))
    settings.FRESH_SECONDS = 0
    fail(sandbox, info_path(bot), 503)
    page = page_of(editor, history_url(bot))
    assert f"change-{change.pk}" in page.ids
    assert NOT_SHOWN not in page.text


def test_while_caigunn_is_away_and_nothing_is_kept_each_sees_their_own(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    change = made(editor, bot)
    fail(sandbox, info_path(bot), 503)
    page = page_of(editor, history_url(bot))
    assert f"change-{change.pk}" in page.ids
    assert "Caigunn does not answer" in page.text
    Change.objects.all().delete()
    assert_error(editor.get(history_url(bot)), 503, NO_ANSWER)


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies(editor: Client, sandbox: Sandbox, bot: Chatbot, name: str) -> None:
    change = made(editor, bot)
    sandbox.order(BAD_BODIES[name](info_path(bot)))
    assert f"change-{change.pk}" in page_of(editor, history_url(bot)).ids


@pytest.mark.parametrize("status", [403, 422, 429, 500, 307])
def test_whatever_caigunn_answers_ones_own_are_shown(
    editor: Client, sandbox: Sandbox, bot: Chatbot, status: int
) -> None:
    change = made(editor, bot)
    fail(sandbox, info_path(bot), status)
    assert f"change-{change.pk}" in page_of(editor, history_url(bot)).ids


def test_a_refused_token(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    made(editor, bot)
    refuse_token(sandbox)
    response = editor.get(history_url(bot))
    assert_error(response, 403, "Caigunn does not accept your access token")
