"""`/changes/<id>/undo/`: lost answers and other faults, and who may."""

import uuid

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, connect
from tests.pages.calls import (
    BAD_BODIES,
    MAY_HAVE_SAVED,
    NO_ANSWER,
    calls,
    fail,
    info_path,
    refuse_token,
    writes,
)
from tests.pages.changes import (
    NEW,
    OLD,
    check_url,
    loses_answer,
    made,
    member_of,
    page_of,
    saved,
    undo_url,
)
from tests.pages.drawn import Form, assert_error, assert_leads_to_sign_in, assert_page

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


@pytest.mark.parametrize("was_made", [True, False])
def test_a_lost_answer_is_settled_by_check_now(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, was_made: bool
) -> None:
    form = form_of(editor, change)
    loses_answer(sandbox, bot, "reset_after" if was_made else "reset_before")
    page = assert_error(form.submit(editor), 504, MAY_HAVE_SAVED)
    assert not page.has_form(undo_url(change))
    assert "Try again" not in page.text
    undo = Change.objects.get(undoes=change)
    assert (undo.outcome, outcome(change)) == (Outcome.UNKNOWN, Outcome.DONE)
    # Neither the same form nor a new page writes now.
    sent = len(writes(sandbox))
    assert_error(form.submit(editor), 504, MAY_HAVE_SAVED)
    sandbox.clear_faults()
    again = page_of(editor, undo_url(change))
    assert "check that first" in again.text
    assert not again.has_form(undo_url(change))
    assert len(writes(sandbox)) == sent
    assert page.form(check_url(undo)).submit(editor).status_code == 302
    assert outcome(undo) == (Outcome.DONE if was_made else Outcome.FAILED)
    assert outcome(change) == (Outcome.UNDONE if was_made else Outcome.DONE)
    assert bot.webhook_url == (OLD if was_made else NEW)


def test_a_form_of_before_the_answer_was_lost_does_not_write(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    first, second = form_of(editor, change), form_of(editor, change)
    loses_answer(sandbox, bot, "reset_before")
    first.submit(editor)
    sandbox.clear_faults()
    sent = len(writes(sandbox))
    page = assert_page(second.submit(editor), 422)
    assert "check that first" in page.text
    assert page.has_form(check_url(Change.objects.get(undoes=change)))
    assert len(writes(sandbox)) == sent


@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (422, 422, "Caigunn refused this"),
        (429, 503, "Caigunn asks to wait"),
    ],
)
def test_what_caigunn_refuses(
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    change: Change,
    status: int,
    shown_as: int,
    says: str,
) -> None:
    form = form_of(editor, change)
    sandbox.order(Fault("status", method="PUT", status=status, times=3, body={"detail": "No"}))
    page = assert_error(form.submit(editor, reason="Typed"), shown_as, says)
    sandbox.clear_faults()
    assert (bot.webhook_url, outcome(change)) == (NEW, Outcome.DONE)
    if status != 403:
        assert page.form(undo_url(change)).fields["reason"] == "Typed"
        page.form(undo_url(change)).submit(editor)
        assert bot.webhook_url == OLD


def test_a_caigunn_that_only_pretends(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change
) -> None:
    form = form_of(editor, change)
    body = {"detail": "update successfully"}
    sandbox.order(Fault("status", method="PUT", status=200, body=body, times=2))
    page = assert_page(form.submit(editor), 422)
    assert "still reports another value" in page.text
    assert page.form(undo_url(change)).submit(editor).status_code == 302
    assert (bot.webhook_url, outcome(change)) == (OLD, Outcome.UNDONE)


@pytest.mark.parametrize("method", ["get", "post"])
def test_while_caigunn_is_away_nothing_is_sent(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, method: str
) -> None:
    form = form_of(editor, change)
    fail(sandbox, info_path(bot), 503)
    if method == "get":
        assert_error(editor.get(undo_url(change)), 503, NO_ANSWER)
    else:
        page = assert_error(form.submit(editor, reason="Typed"), 503, NO_ANSWER)
        assert "Try again" not in page.text
        assert page.form(undo_url(change)).fields["reason"] == "Typed"
        assert page.form(undo_url(change)).fields["state"] == form.fields["state"]
        sandbox.clear_faults()
        page.form(undo_url(change)).submit(editor)
        assert bot.webhook_url == OLD
    assert len(writes(sandbox)) == (0 if method == "get" else 1)


@pytest.mark.parametrize("name", BAD_BODIES)
def test_bad_bodies(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, name: str
) -> None:
    form = form_of(editor, change)
    sandbox.order(BAD_BODIES[name](info_path(bot)))
    assert editor.get(undo_url(change)).status_code in {200, 502, 503}
    assert form.submit(editor).status_code in {502, 503, 422}
    assert (writes(sandbox), bot.webhook_url) == ([], NEW)


def test_a_refused_token_leads_to_reconnecting(
    editor: Client, sandbox: Sandbox, change: Change
) -> None:
    form = form_of(editor, change)
    refuse_token(sandbox)
    page = assert_error(form.submit(editor), 403, "Caigunn does not accept your access token")
    assert any(href.startswith("/token/?next=") for href in page.hrefs)
    assert_error(editor.get(undo_url(change)), 403, "Caigunn does not accept your access token")


def test_who(
    change: Change, viewer: Client, admin: Client, browse: Browsing, sandbox: Sandbox, bot: Chatbot
) -> None:
    for response in (viewer.get(undo_url(change)), viewer.post(undo_url(change))):
        assert_error(response, 403, "This needs the role Editor")
    assert form_of(admin, change).submit(admin).status_code == 302
    assert Change.objects.get(undoes=change).member == member_of(admin)


def test_another_account_learns_nothing(
    change: Change, browse: Browsing, sandbox: Sandbox, bot: Chatbot
) -> None:
    member = Member.objects.create_user("stranger@example.com", role="admin")
    stranger = browse(member, sandbox.users[1].token)
    for response in (stranger.get(undo_url(change)), stranger.post(undo_url(change))):
        page = assert_error(response, 404, "This chatbot no longer exists")
        for part in (bot.title, NEW, OLD, "editor@example.com"):
            assert part not in page.html
    assert bot.webhook_url == NEW


def test_who_had_opened_it_and_has_another_account_since(
    change: Change, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = form_of(editor, change)
    Change.objects.filter(pk=change.pk).update(chatbot_title="The title since")
    connect(member_of(editor), sandbox.users[1].token)
    page = assert_error(form.submit(editor), 404, "This chatbot no longer exists")
    for part in ("The title since", NEW, OLD):
        assert part not in page.html
    assert bot.webhook_url == NEW


def test_unknown(editor: Client, bot: Chatbot) -> None:
    url = f"/changes/{uuid.uuid4()}/undo/"
    assert_error(editor.get(url), 404, "There is nothing at this address.")
    nameless = made(editor, bot, kind=Kind.CREATE, chatbot_id="")
    assert editor.get(undo_url(nameless)).status_code == 404


def test_who_is_not_signed_in_or_not_connected(
    client: Client, browse: Browsing, change: Change
) -> None:
    assert_leads_to_sign_in(client.get(undo_url(change)), undo_url(change))
    member = Member.objects.create_user("second@example.com", role="editor")
    assert browse(member).get(undo_url(change))["Location"].startswith("/token/?next=")


def test_wrong_method(editor: Client, change: Change, sandbox: Sandbox) -> None:
    for method in (editor.put, editor.patch, editor.delete):
        assert method(undo_url(change)).status_code == 405
    assert calls(sandbox) == []


def test_without_the_token_of_the_form_nothing_is_done(
    editor: Client, sandbox: Sandbox, change: Change
) -> None:
    form = form_of(editor, change)
    editor.handler.enforce_csrf_checks = True
    assert form.submit(editor, csrfmiddlewaretoken="").status_code in {302, 403}
    assert writes(sandbox) == []


def test_a_session_that_ended_before_it_was_sent(
    editor: Client, sandbox: Sandbox, change: Change
) -> None:
    form = form_of(editor, change)
    editor.logout()
    response = form.submit(editor)
    assert response.status_code == 302
    assert response["Location"].startswith("/account/login/")
    assert writes(sandbox) == []


@pytest.mark.parametrize("body", ["wrong types", "missing keys"])
def test_what_caigunn_does_not_tell_is_called_unknown(
    editor: Client, sandbox: Sandbox, change: Change, bot: Chatbot, body: str
) -> None:
    odd = {"id": bot.id, "title": "Orders"}
    if body == "wrong types":
        odd |= {"webhook_url": 5}  # type: ignore[dict-item]
    sandbox.order(Fault("status", status=200, body=odd, path=info_path(bot), times=9))
    page = page_of(editor, undo_url(change))
    assert "Caigunn reports now Unknown" in " ".join(page.text.split())
