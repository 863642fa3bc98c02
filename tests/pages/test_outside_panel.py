"""Changed outside: told on the detail page and in rows of the list."""

import re
from datetime import UTC, datetime

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import (
    MAY_HAVE_SAVED,
    calls,
    fail,
)
from tests.pages.changes import (
    MARKUP,
    NEW,
    OLD,
    THIRD,
    check_url,
    loses_answer,
    made,
    member_of,
    page_of,
    saved,
)
from tests.pages.changing import edit_url, follow, opened, webhook_url
from tests.pages.drawn import (
    Drawn,
    assert_error,
    assert_fragment,
    htmx,
)

TOLD = "changed outside this dashboard"
IN_ROW = "changed outside"


@pytest.fixture
def bot(sandbox: Sandbox, editor: Client) -> Chatbot:
    """A chatbot whose webhook was set from here, and changed at Caigunn since."""
    bot = sandbox.users[0].chatbots[0]
    sandbox.edit(bot.id, webhook_url=OLD)
    saved(editor, bot, NEW)
    sandbox.edit(bot.id, webhook_url=THIRD)
    sandbox.clear_requests()
    return bot


def fresh(client: Client, bot: Chatbot) -> Drawn:
    """The detail page, read now."""
    return page_of(client, f"/chatbots/{bot.id}/?fresh=1")


def outside_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/outside/"


def forget(settings: LazySettings) -> None:
    """What was read is read anew."""
    settings.FRESH_SECONDS = 0


def rows(client: Client, how: str) -> Drawn:
    """The list with its webhook URLs."""
    if how == "page":
        return page_of(client, "/chatbots/?webhooks=1")
    return assert_fragment(client.get("/chatbots/", headers=htmx("webhooks")))


def test_the_detail_page_shows_the_difference_since_when_and_by_whom(
    viewer: Client, editor: Client, admin: Client, bot: Chatbot
) -> None:
    for client in (viewer, editor, admin):
        page = fresh(client, bot)
        assert f"Webhook URL: {TOLD}" in page.text
        assert "outside-webhook_url" in page.ids
        left = LeftValue.objects.get(field="webhook_url")
        assert left.at.isoformat() in page.attribute("datetime")
        assert "by editor@example.com" in page.text
        assert f"{NEW} Caigunn reports now {THIRD}" in page.text
        assert page.has_form(outside_url(bot)) is (client is not viewer)


@pytest.mark.parametrize("how", ["page", "fragment"])
def test_a_row_says_so_and_leads_there(viewer: Client, bot: Chatbot, how: str) -> None:
    parts = rows(viewer, how)
    # In the row, and counted above the list.
    assert parts.text.count(IN_ROW) == 2
    assert f"/chatbots/{bot.id}/#outside-webhook_url" in parts.hrefs


@pytest.mark.parametrize("how", ["page", "fragment"])
def test_a_row_says_nothing_where_nothing_was_changed(
    editor: Client, sandbox: Sandbox, bot: Chatbot, how: str
) -> None:
    sandbox.edit(bot.id, webhook_url=NEW)
    assert IN_ROW not in rows(editor, how).text
    assert TOLD not in fresh(editor, bot).text


def test_rows_found_by_a_search_say_so_too(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    sandbox.edit(bot.id, title="Findable")
    page = page_of(editor, "/chatbots/?q=findable&webhooks=1")
    assert IN_ROW in page.text


def test_after_the_quick_edit_of_a_row_it_is_gone(
    editor: Client, bot: Chatbot, settings: LazySettings
) -> None:
    assert IN_ROW in rows(editor, "fragment").text
    headers = htmx(f"webhook-{bot.id}")
    form = assert_fragment(editor.get(webhook_url(bot), headers=headers)).form(webhook_url(bot))
    values = form.fields | {"webhook_url": "https://fourth.example.com/"}
    cell = assert_fragment(editor.post(webhook_url(bot), values, headers=headers))
    assert IN_ROW not in cell.text
    forget(settings)
    assert IN_ROW not in rows(editor, "fragment").text
    assert TOLD not in fresh(editor, bot).text


def test_each_setting_has_a_panel_of_its_own(editor: Client, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[1]
    sandbox.edit(bot.id, title="Old", prompt="Old", is_shared=False)
    opened(editor, edit_url(bot)).submit(editor, title="Ours", prompt="Ours", is_shared="true")
    sandbox.edit(bot.id, title="Theirs", prompt=None, is_shared=False)
    page = fresh(editor, bot)
    assert {"outside-title", "outside-prompt", "outside-is_shared"} <= page.ids
    assert "Ours Caigunn reports now Theirs" in page.text
    assert "Ours Caigunn reports now none" in page.text
    assert "Yes Caigunn reports now No" in page.text
    ids = page.attribute("id")
    assert len(ids) == len(set(ids))


def test_not_of_what_was_read_before_the_write(editor: Client, sandbox: Sandbox) -> None:
    """The copy that a page shows may be older than the write."""
    bot = sandbox.users[0].chatbots[1]
    page_of(editor, f"/chatbots/{bot.id}/")
    made_later = made(editor, bot)
    LeftValue.objects.create(
        chatbot_id=bot.id,
        field="webhook_url",
        value=NEW,
        change=made_later,
        at=datetime.now(UTC),
    )
    assert TOLD not in page_of(editor, f"/chatbots/{bot.id}/").text


def test_not_of_a_deleted_chatbot(editor: Client, bot: Chatbot) -> None:
    bot.delete()
    assert TOLD not in fresh(editor, bot).text
    assert IN_ROW not in rows(editor, "page").text


def test_not_of_the_last_known_copy(
    editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    assert TOLD in fresh(editor, bot).text
    assert IN_ROW in rows(editor, "page").text
    forget(settings)
    fail(sandbox, ".", 503)
    assert TOLD not in page_of(editor, f"/chatbots/{bot.id}/").text
    assert IN_ROW not in rows(editor, "page").text


def test_while_a_change_of_ours_is_open_it_is_checked_first(
    editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    form = opened(editor, webhook_url(bot))
    loses_answer(sandbox, bot, "reset_before")
    assert_error(form.submit(editor, webhook_url=OLD), 504, MAY_HAVE_SAVED)
    sandbox.clear_faults()
    change = Change.objects.get(kind=Kind.WEBHOOK, outcome=Outcome.UNKNOWN)
    page = fresh(editor, bot)
    assert "Webhook URL: a change is not settled" in page.text
    assert TOLD not in page.text
    assert not page.has_form(outside_url(bot))
    forget(settings)
    assert IN_ROW not in rows(editor, "page").text
    follow(editor, page.form(check_url(change)).submit(editor))
    assert TOLD in fresh(editor, bot).text
    assert IN_ROW in rows(editor, "page").text


def test_markup_is_text(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    opened(editor, edit_url(bot)).submit(editor, prompt=f"{MARKUP}1")
    sandbox.edit(bot.id, prompt=MARKUP)
    Member.objects.filter(pk=member_of(editor).pk).update(name=MARKUP[:100])
    page = fresh(editor, bot)
    assert "outside-prompt" in page.ids
    assert "<script>alert" not in page.html
    assert page.inline == []


def test_the_number_of_queries_does_not_grow_with_the_rows(
    editor: Client, sandbox: Sandbox
) -> None:
    """With a page of 100, all of them changed outside."""
    page_of(editor, "/chatbots/?webhooks=1&size=100")

    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as seen:
            page_of(editor, "/chatbots/?webhooks=1&size=100")
        # Which, not what about: a failure names the one too many.
        return [re.sub(r"s\d+_x\d+", "", one["sql"])[:60] for one in seen]

    def change_outside(bots: list[Chatbot]) -> None:
        for one in bots:
            change = made(editor, one)
            long_ago = timezone.now().replace(year=2020)
            LeftValue.objects.create(
                chatbot_id=one.id, field="webhook_url", value=NEW, change=change, at=long_ago
            )

    change_outside(sandbox.users[0].chatbots[:1])
    with_one = queries()
    change_outside(sandbox.users[0].chatbots[1:])
    assert queries() == with_one
    assert page_of(editor, "/chatbots/?webhooks=1&size=100").text.count(IN_ROW) == 31


def test_it_costs_no_call(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    fresh(editor, bot)
    path = ("GET", f"/api/external/user/chatbot/{bot.id}")
    assert [call for call in calls(sandbox) if "chatbot" in call[1]] == [path]
