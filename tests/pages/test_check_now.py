"""`/changes/<id>/check/`: *Check now* settles an unknown outcome by reading Caigunn."""

import uuid

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.models import Connection
from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.services.access import new_deadline
from chatbots.services.leases import held
from tests.conftest import Browsing
from tests.pages.calls import (
    CHATBOTS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    WEBHOOK,
    calls,
    fail,
    refuse_token,
)
from tests.pages.drawn import (
    assert_error,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    drawn,
    htmx,
)

NEW = "https://new.example.com/hook"


@pytest.fixture
def page_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


@pytest.fixture
def change(editor: Client, bot: Chatbot, sandbox: Sandbox) -> Change:
    """A Change of the editor whose process died before it was closed."""
    member = Member.objects.get(email="editor@example.com")
    return Change.objects.create(
        kind=Kind.WEBHOOK,
        outcome=Outcome.UNKNOWN,
        member=member,
        member_email=member.email,
        access_token_id=Connection.objects.get(member=member).access_token_id,
        chatbot_id=bot.id,
        before={"webhook_url": bot.webhook_url},
        asked={"webhook_url": NEW},
    )


@pytest.fixture
def url(change: Change) -> str:
    return f"/changes/{change.pk}/check/"


def test_from_the_error_to_the_answer(
    editor: Client, sandbox: Sandbox, bot: Chatbot, page_url: str
) -> None:
    address = f"{page_url}webhook/"
    form = drawn(editor.get(f"{address}?next=/chatbots/%3Fpage%3D1")).form(address)
    sandbox.order(Fault("delay", path=bot.id, seconds=0.001))
    fail(sandbox, bot.id, 503)
    page = assert_error(form.submit(editor, webhook_url=NEW), 504, "Caigunn may have saved this")
    sandbox.clear_faults()
    change = Change.objects.get(chatbot_id=bot.id)
    response = page.form(f"/changes/{change.pk}/check/").submit(editor)
    assert response["Location"] == "/chatbots/?page=1"
    assert (
        "Checked: Caigunn has what was asked for."
        in assert_page(editor.get(response["Location"])).text
    )
    change.refresh_from_db()
    assert change.outcome == Outcome.DONE


def test_saved(
    editor: Client, sandbox: Sandbox, bot: Chatbot, change: Change, url: str, page_url: str
) -> None:
    sandbox.edit(bot.id, webhook_url=NEW)
    assert editor.post(url)["Location"] == page_url
    assert calls(sandbox) == [("GET", f"{CHATBOTS}/{bot.id}")]
    page = assert_page(editor.get(page_url))
    assert "Checked: Caigunn has what was asked for." in page.text
    assert NEW in page.attribute("title")


def test_not_saved(editor: Client, bot: Chatbot, change: Change, url: str, page_url: str) -> None:
    editor.post(url)
    page = assert_page(editor.get(page_url))
    assert f"Checked: it was not saved. Caigunn reports {bot.webhook_url}." in page.text
    change.refresh_from_db()
    assert change.outcome == Outcome.FAILED


def test_neither(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str) -> None:
    sandbox.edit(bot.id, webhook_url=None)
    editor.post(url)
    assert "Caigunn reports no webhook." in assert_page(editor.get(page_url)).text


def test_settled_once(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    editor.post(url)
    sandbox.clear_requests()
    editor.post(url)
    assert calls(sandbox) == []


def test_still_being_written(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, settings: LazySettings, page_url: str
) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.3
    with held(f"{sandbox.url}:{bot.id}", new_deadline()):
        editor.post(url)
    settings.CAIGUNN_TOTAL_TIMEOUT = 20.0
    assert "It is still being written." in assert_page(editor.get(page_url)).text


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:x"])
def test_next_never_leaves_the_site(wanted: str, editor: Client, url: str, page_url: str) -> None:
    assert editor.post(url, {"next": wanted})["Location"] == page_url


def test_who(change: Change, url: str, browse: Browsing, viewer: Client, sandbox: Sandbox) -> None:
    sandbox.clear_requests()
    assert_error(viewer.post(url), 403, "This needs the role Editor")
    stranger = browse("admin", sandbox.users[1].token)
    sandbox.clear_requests()
    assert_error(stranger.post(url), 404, "This chatbot no longer exists")
    change.refresh_from_db()
    assert change.outcome == Outcome.UNKNOWN
    # Whoever shares the access token may see to it.
    colleague = browse(_second_editor(), sandbox.users[0].token)
    assert colleague.post(url).status_code == 302


def _second_editor() -> Member:
    return Member.objects.create_user("second@example.com", role="editor")


def test_unknown(editor: Client, sandbox: Sandbox) -> None:
    assert_error(editor.post(f"/changes/{uuid.uuid4()}/check/"), 404, "nothing at this address")
    token_change = Change.objects.get(kind=Kind.TOKEN_CONNECT)
    address = f"/changes/{token_change.pk}/check/"
    assert_error(editor.post(address), 404, "There is nothing at this address.")


def test_wrong_method(editor: Client, url: str, sandbox: Sandbox) -> None:
    for method in (editor.get, editor.head, editor.put, editor.delete):
        assert method(url).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    url = f"/changes/{uuid.uuid4()}/check/"
    back = {"Referer": "http://testserver/chatbots/a/webhook/"}
    assert_leads_to_sign_in(client.post(url, headers=back), "/chatbots/a/webhook/")
    fragment = client.post(url, headers=htmx("x", "/chatbots/"), SERVER_NAME="localhost")
    assert_htmx_leads_to_sign_in(fragment, "/chatbots/")


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (404, 404, "This chatbot no longer exists"),
        (422, 422, "Caigunn refused this"),
        (429, 503, "Caigunn asks to wait"),
        (500, 503, NO_ANSWER),
        (307, 502, NOT_UNDERSTOOD),
    ],
)
def test_faults_leave_it_unknown(
    status: int,
    shown_as: int,
    says: str,
    is_htmx: bool,
    editor: Client,
    sandbox: Sandbox,
    change: Change,
) -> None:
    url, page_url = f"/changes/{change.pk}/check/", f"/chatbots/{change.chatbot_id}/"
    fail(sandbox, change.chatbot_id, status)
    headers = htmx("alerts", page_url) if is_htmx else {"Referer": f"http://localhost{page_url}"}
    page = assert_error(editor.post(url, headers=headers), shown_as, says)
    assert url not in page.hrefs
    assert page_url in page.hrefs or "Try again" not in page.text
    change.refresh_from_db()
    assert change.outcome == Outcome.UNKNOWN


def test_a_refused_token(editor: Client, sandbox: Sandbox, url: str) -> None:
    refuse_token(sandbox)
    assert_error(editor.post(url), 403, TOKEN_REFUSED)


def test_nothing_is_written(editor: Client, sandbox: Sandbox, url: str) -> None:
    editor.post(url)
    assert not any(request.path == WEBHOOK for request in sandbox.requests)
