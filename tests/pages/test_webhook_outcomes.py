"""`/chatbots/<id>/webhook/`: what a member sees of a write that does not go as asked."""

from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from caigunn_admin.activity.models import Change, Outcome
from chatbots.models import WriteLease
from chatbots.sandbox import AsOf, Chatbot, Fault, Sandbox, WebhookRoute
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    MAY_HAVE_SAVED,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    WEBHOOK,
    fail,
    only,
    refuse_token,
    writes,
)
from tests.pages.drawn import assert_error, assert_fragment, assert_page
from tests.pages.editing import NEW, PAGE_OR_FRAGMENT, Editing
from tests.pages.keeping import after_reconnecting, leads_to_kept

# Every server that may be there


@pytest.mark.parametrize("route", ["line", "samples", "both"])
@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
@PAGE_OR_FRAGMENT
def test_set_change_and_clear(
    as_of: AsOf, route: WebhookRoute, is_htmx: bool, browse: Browsing, settings: LazySettings
) -> None:
    with Sandbox(as_of=as_of, webhook_route=route) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        member = browse("editor", caigunn.users[0].token)
        bot = next(bot for bot in caigunn.users[0].chatbots if not bot.webhook_url)
        for url in (NEW, f"{NEW}/changed", ""):
            response = Editing(member, bot, is_htmx=is_htmx).send(url)
            if is_htmx:
                assert_fragment(response)
            page = assert_page(member.get(f"/chatbots/{bot.id}/"))
            assert (bot.webhook_url or "") == url
            assert (url in page.attribute("title")) if url else ("No webhook" in page.text)
        assert caigunn.refusals == []


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
@pytest.mark.parametrize("typed", [NEW, ""])
@PAGE_OR_FRAGMENT
def test_where_nothing_holds_the_member_is_told(
    as_of: AsOf, typed: str, is_htmx: bool, browse: Browsing, settings: LazySettings
) -> None:
    with Sandbox(as_of=as_of, webhook_route="none") as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        member = browse("editor", caigunn.users[0].token)
        bot = caigunn.users[0].chatbots[0]
        form = Editing(member, bot, is_htmx=is_htmx).is_rejected(typed)
        assert "Caigunn accepted the change, but still reports another value:" in form.text
        assert str(bot.webhook_url) in form.text
        assert Change.objects.get(chatbot_id=bot.id).outcome == Outcome.FAILED


# Somebody else


@PAGE_OR_FRAGMENT
def test_a_clash_shows_both(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.edit(bot.id, webhook_url="https://theirs.example.com/")
    form = editing.is_rejected()
    assert "Somebody else has changed this webhook" in form.text
    assert "https://theirs.example.com/" in form.text
    assert NEW in form.text
    assert writes(sandbox) == []
    form.form(editing.url).submit(editor)
    assert bot.webhook_url == NEW


def test_a_change_of_something_else_is_no_clash(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=True)
    sandbox.edit(bot.id, title="Renamed meanwhile")
    assert_fragment(editing.send())
    assert bot.webhook_url == NEW


@PAGE_OR_FRAGMENT
def test_busy(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    lease = WriteLease.objects.create(
        name=f"{sandbox.url}:{bot.id}",
        holder="00000000-0000-0000-0000-000000000001",
        expires_at=timezone.now() + timedelta(minutes=1),
    )
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.3
    form = editing.is_rejected()
    assert "is still being written. This was not saved" in form.text
    assert writes(sandbox) == []
    # The same form can be sent again.
    lease.delete()
    settings.CAIGUNN_TOTAL_TIMEOUT = 20.0
    assert form.form(editing.url).submit(editor).status_code == 302
    assert bot.webhook_url == NEW


@PAGE_OR_FRAGMENT
def test_deleted_meanwhile(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    bot.delete()
    form = editing.is_rejected()
    assert "This chatbot has been deleted meanwhile. Nothing was saved." in form.text
    assert writes(sandbox) == []


@PAGE_OR_FRAGMENT
def test_gone_meanwhile(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.users[0].all_chatbots.remove(bot)
    editing.fails(404, "This chatbot no longer exists")
    assert writes(sandbox) == []


# What Caigunn refuses


@PAGE_OR_FRAGMENT
def test_refused_with_a_field(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    problem = {"loc": ["body", "webhook_url"], "msg": "host is not allowed", "type": "value_error"}
    editing = Editing(editor, bot, is_htmx=is_htmx)
    for path in (only(WEBHOOK), only(f"{CHATBOTS}/{bot.id}")):
        fault = Fault(
            "status", method="PUT", path=path, status=422, body={"detail": [problem]}, times=ALWAYS
        )
        sandbox.order(fault)
    form = editing.is_rejected()
    assert "host is not allowed" in form.text
    assert f"errors-{bot.id}" in form.ids


@pytest.mark.parametrize("status", [400, 406, 409])
@PAGE_OR_FRAGMENT
def test_refused_as_a_whole(
    status: int, is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    fail(sandbox, "webhook$", status, method="PUT")
    fail(sandbox, bot.id, status, method="PUT")
    form = editing.is_rejected()
    assert f"Said with {status}" in form.text
    # Nothing was written, so the form that came back can be sent again.
    sandbox.clear_faults()
    assert form.form(editing.url).submit(editor).status_code == 302
    assert bot.webhook_url == NEW


@PAGE_OR_FRAGMENT
def test_the_read_before_is_refused(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    fail(sandbox, bot.id, 422, method="GET")
    assert "Said with 422" in editing.is_rejected().text


@PAGE_OR_FRAGMENT
def test_forbidden(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    fail(sandbox, only(f"{CHATBOTS}/{bot.id}"), 403)
    page = editing.fails(403, "Caigunn does not allow this")
    assert "Said with 403" in page.text
    assert "Caigunn refused this token" not in assert_page(editor.get("/token/")).text


@PAGE_OR_FRAGMENT
def test_a_refused_token_keeps_the_input(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    refuse_token(sandbox)
    page = editing.fails(403, TOKEN_REFUSED)
    assert leads_to_kept(after_reconnecting(page), editing.url)
    assert "Sign out" in page.text
    assert writes(sandbox) == []
    assert "Caigunn refused this token" in assert_page(editor.get("/token/")).text


@PAGE_OR_FRAGMENT
def test_rate_limited_before_the_write(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    fail(sandbox, bot.id, 429, headers={"Retry-After": "9"})
    editing.fails(503, "Try again in 9 seconds. Nothing was changed.")
    assert writes(sandbox) == []


@PAGE_OR_FRAGMENT
def test_rate_limited_write(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    fail(sandbox, WEBHOOK, 429, headers={"Retry-After": "9"})
    response = editing.send()
    page = assert_error(response, 503, "Try again in 9 seconds. Nothing was changed.")
    assert response["Retry-After"] == "9"  # type: ignore[index]
    # The same form, its key unused, is good once the time is over.
    sandbox.clear_faults()
    assert page.form(editing.url).submit(editor).status_code == 302
    assert bot.webhook_url == NEW


@PAGE_OR_FRAGMENT
def test_down_before_the_write(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.close()
    page = editing.fails(503, NO_ANSWER)
    assert MAY_HAVE_SAVED not in page.text
    assert not Change.objects.filter(chatbot_id=bot.id).exists()


@PAGE_OR_FRAGMENT
def test_the_read_before_is_not_understood(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(Fault("not_json", path=bot.id, times=ALWAYS))
    editing.fails(502, NOT_UNDERSTOOD)
    assert writes(sandbox) == []
