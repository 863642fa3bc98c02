"""Changed outside: accepted or restored."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, LeftValue, Outcome
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, connect
from tests.pages.calls import (
    MAY_HAVE_SAVED,
    NO_ANSWER,
    fail,
    info_path,
    refuse_token,
    writes,
)
from tests.pages.changes import (
    NEW,
    OLD,
    THIRD,
    check_url,
    loses_answer,
    member_of,
    page_of,
    saved,
)
from tests.pages.changing import edit_url, follow, opened
from tests.pages.drawn import (
    Drawn,
    Form,
    assert_error,
    assert_fragment,
    assert_leads_to_sign_in,
    htmx,
)

TOLD = "changed outside this dashboard"
IN_ROW = "changed outside"
RESTORED = "Restored. Caigunn reports it again."
ACCEPTED = "Accepted. This is what it should be from now on."


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


def panel(client: Client, bot: Chatbot) -> Form:
    """The form of the first field that was changed outside."""
    return fresh(client, bot).form(outside_url(bot))


def forget(settings: LazySettings) -> None:
    """What was read is read anew."""
    settings.FRESH_SECONDS = 0


def rows(client: Client, how: str) -> Drawn:
    """The list with its webhook URLs."""
    if how == "page":
        return page_of(client, "/chatbots/?webhooks=1")
    return assert_fragment(client.get("/chatbots/", headers=htmx("webhooks")))


def send(client: Client, form: Form, do: str, **more: Any) -> Any:
    """Press one of the two buttons."""
    return client.post(form.action, {**form.fields, "do": do, **more})


def test_accepted(editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings) -> None:
    page = follow(editor, send(editor, panel(editor, bot), "accept", reason="As agreed"))
    assert ACCEPTED in page.text
    assert TOLD not in page.text
    assert writes(sandbox) == []
    change = Change.objects.get(kind=Kind.ACCEPT)
    assert (change.reason, change.member, change.outcome) == (
        "As agreed",
        member_of(editor),
        Outcome.DONE,
    )
    forget(settings)
    assert IN_ROW not in rows(editor, "page").text
    history = page_of(editor, f"/chatbots/{bot.id}/history/")
    assert "Change from outside accepted" in history.text
    assert f"before: {NEW} → after: {THIRD}" in history.text


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_what_was_changed_once_more_is_refused(
    editor: Client, sandbox: Sandbox, bot: Chatbot, do: str
) -> None:
    form = panel(editor, bot)
    sandbox.edit(bot.id, webhook_url=OLD)
    page = follow(editor, send(editor, form, do))
    assert "It has been changed once more." in page.text
    assert TOLD in page.text
    assert (bot.webhook_url, writes(sandbox)) == (OLD, [])
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()


def test_what_was_left_here_since_is_not_written_unseen(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = panel(editor, bot)
    saved(editor, bot, "https://example.com/newer")
    sandbox.edit(bot.id, webhook_url=THIRD)
    sandbox.clear_requests()
    page = follow(editor, send(editor, form, "restore"))
    assert "It has been changed once more." in page.text
    assert (bot.webhook_url, writes(sandbox)) == (THIRD, [])


def test_accepted_twice(editor: Client, bot: Chatbot) -> None:
    form = panel(editor, bot)
    for _time in range(2):
        assert ACCEPTED in follow(editor, send(editor, form, "accept")).text
    assert Change.objects.filter(kind=Kind.ACCEPT).count() == 1


def test_restored_with_one_write(
    editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    form = panel(editor, bot)
    for _time in range(2):
        page = follow(editor, send(editor, form, "restore", reason="Ours is right"))
        assert RESTORED in page.text
        assert TOLD not in page.text
    assert (bot.webhook_url, len(writes(sandbox))) == (NEW, 1)
    change = Change.objects.filter(kind=Kind.WEBHOOK)[0]
    assert (change.reason, change.before) == ("Ours is right", {"webhook_url": THIRD})
    forget(settings)
    assert IN_ROW not in rows(editor, "page").text


@pytest.mark.parametrize("ours", [True, False])
def test_a_boolean_is_restored(editor: Client, sandbox: Sandbox, ours: bool) -> None:
    bot = sandbox.users[0].chatbots[1]
    sandbox.edit(bot.id, is_shared=not ours)
    opened(editor, edit_url(bot)).submit(editor, is_shared=str(ours).lower())
    sandbox.edit(bot.id, is_shared=not ours)
    assert RESTORED in follow(editor, send(editor, panel(editor, bot), "restore")).text
    assert bot.fields["is_shared"] is ours


def test_two_tabs_one_accepts_and_one_restores(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    first, second = panel(editor, bot), panel(editor, bot)
    send(editor, first, "accept")
    page = follow(editor, send(editor, second, "restore"))
    assert RESTORED not in page.text
    assert (bot.webhook_url, writes(sandbox)) == (THIRD, [])


def test_the_other_button_of_a_form_that_was_used(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = panel(editor, bot)
    send(editor, form, "accept")
    page = follow(editor, send(editor, form, "restore"))
    assert RESTORED not in page.text
    assert writes(sandbox) == []


def test_what_cannot_be_restored_has_no_button_and_does_nothing(
    editor: Client, sandbox: Sandbox
) -> None:
    bot = sandbox.users[0].chatbots[1]
    opened(editor, edit_url(bot)).submit(editor, title="Ours")
    LeftValue.objects.filter(field="title").update(value=None)
    form = panel(editor, bot)
    assert [button.get("value") for button in form.buttons] == ["accept"]
    sandbox.clear_requests()
    page = follow(editor, send(editor, form, "restore"))
    assert "There is nothing that could be restored." in page.text
    assert writes(sandbox) == []


def test_a_lost_answer_is_settled_by_check_now(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = panel(editor, bot)
    loses_answer(sandbox, bot, "reset_before")
    page = assert_error(send(editor, form, "restore"), 504, MAY_HAVE_SAVED)
    assert "Try again" not in page.text
    sent = len(writes(sandbox))
    assert_error(send(editor, form, "restore"), 504, MAY_HAVE_SAVED)
    assert len(writes(sandbox)) == sent
    sandbox.clear_faults()
    change = Change.objects.filter(kind=Kind.WEBHOOK)[0]
    page.form(check_url(change)).submit(editor)
    assert TOLD in fresh(editor, bot).text
    assert RESTORED in follow(editor, send(editor, panel(editor, bot), "restore")).text
    assert bot.webhook_url == NEW


def test_a_caigunn_that_only_pretends(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = panel(editor, bot)
    body = {"detail": "update successfully"}
    sandbox.order(Fault("status", method="PUT", status=200, body=body, times=2))
    assert_error(send(editor, form, "restore"), 409, "Nothing was saved")
    assert TOLD in fresh(editor, bot).text


@pytest.mark.parametrize("do", ["accept", "restore"])
@pytest.mark.parametrize("state", ["", "nonsense", "of another field", "of another chatbot"])
def test_a_state_that_is_not_its_own(
    editor: Client, sandbox: Sandbox, bot: Chatbot, state: str, do: str
) -> None:
    form = panel(editor, bot)
    field, url = "webhook_url", outside_url(bot)
    if state == "of another field":
        field = "title"
    elif state == "of another chatbot":
        url = outside_url(sandbox.users[0].chatbots[1])
    sent = form.fields["state"] if state.startswith("of") else state
    response = editor.post(url, {"field": field, "state": sent, "do": do})
    assert "This page was out of date." in follow(editor, response).text
    assert writes(sandbox) == []
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()


def test_the_form_of_another_member(editor: Client, admin: Client, bot: Chatbot) -> None:
    form = panel(admin, bot)
    assert "out of date" in follow(editor, send(editor, form, "accept")).text


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_who(viewer: Client, browse: Browsing, sandbox: Sandbox, bot: Chatbot, do: str) -> None:
    assert_error(viewer.post(outside_url(bot), {"do": do}), 403, "This needs the role Editor")
    anonymous = Client(SERVER_NAME="localhost")
    assert_leads_to_sign_in(anonymous.post(outside_url(bot)), "/")
    assert writes(sandbox) == []


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_who_has_another_account_since(
    editor: Client, sandbox: Sandbox, bot: Chatbot, do: str
) -> None:
    form = panel(editor, bot)
    connect(member_of(editor), sandbox.users[1].token)
    page = assert_error(send(editor, form, do), 404, "This chatbot no longer exists")
    assert NEW not in page.html
    assert bot.webhook_url == THIRD
    assert not Change.objects.filter(kind=Kind.ACCEPT).exists()


def test_wrong_method(editor: Client, bot: Chatbot) -> None:
    for method in (editor.get, editor.put, editor.delete):
        assert method(outside_url(bot)).status_code == 405


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_deleted_meanwhile(editor: Client, sandbox: Sandbox, bot: Chatbot, do: str) -> None:
    form = panel(editor, bot)
    bot.delete()
    assert_error(send(editor, form, do), 409, "Nothing was saved")
    assert writes(sandbox) == []


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_while_caigunn_is_away(editor: Client, sandbox: Sandbox, bot: Chatbot, do: str) -> None:
    form = panel(editor, bot)
    fail(sandbox, info_path(bot), 503)
    assert_error(send(editor, form, do), 503, NO_ANSWER)
    assert writes(sandbox) == []
    sandbox.clear_faults()
    assert send(editor, form, do).status_code == 302


@pytest.mark.parametrize("do", ["accept", "restore"])
def test_a_refused_token(editor: Client, sandbox: Sandbox, bot: Chatbot, do: str) -> None:
    form = panel(editor, bot)
    refuse_token(sandbox)
    assert_error(send(editor, form, do), 403, "Caigunn does not accept your access token")
