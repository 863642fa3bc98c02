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
from tests.pages.drawn import Drawn, assert_error, assert_fragment, assert_page, drawn, htmx

NEW = "https://new.example.com/hook"
PAGE_OR_FRAGMENT = pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])


class Editing:
    """A form that is open in a browser, sent as a page or as a fragment."""

    def __init__(self, client: Client, bot: Chatbot, *, is_htmx: bool) -> None:
        self.url = f"/chatbots/{bot.id}/webhook/"
        self.is_htmx = is_htmx
        self._client = client
        self._headers = htmx(f"webhook-{bot.id}", "/chatbots/") if is_htmx else {}
        self.fields = drawn(client.get(self.url, headers=self._headers)).form(self.url).fields

    def send(self, url: str = NEW) -> object:
        """The answer to the form with this URL typed."""
        values = self.fields | {"webhook_url": url}
        return self._client.post(self.url, values, headers=self._headers)

    def is_rejected(self, url: str = NEW) -> Drawn:
        """The form that comes back with 422, in the shape asked for, with its input."""
        response = self.send(url)
        check = assert_fragment if self.is_htmx else assert_page
        form = check(response, 422)
        assert form.form(self.url).fields["webhook_url"] == url
        return form

    def fails(self, status: int, says: str, url: str = NEW) -> Drawn:
        """The page with the error that htmx lifts out, and the form with its input."""
        page = assert_error(self.send(url), status, says)
        assert page.form(self.url).fields["webhook_url"] == url
        return page


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
    assert "is still being written. Nothing of yours was saved" in form.text
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
    assert f"/token/?next={editing.url.replace('/', '%2F')}" in page.hrefs
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


# A write whose answer says nothing


UNCLEAR = [
    Fault("status", status=500, path=WEBHOOK, applied=True),
    Fault("status", status=504, path=WEBHOOK, applied=True),
    Fault("reset_after", path=WEBHOOK),
    Fault("close", path=WEBHOOK),
    Fault("cut", path=WEBHOOK),
    Fault("not_json", path=WEBHOOK),
    Fault("empty", path=WEBHOOK),
    Fault("redirect", path=WEBHOOK, headers={"Location": "https://x.example/"}, applied=True),
]
NOT_MADE = [
    Fault("status", status=500, path=WEBHOOK, times=ALWAYS),
    Fault("status", status=503, path=WEBHOOK, times=ALWAYS),
    Fault("reset_before", path=WEBHOOK, times=ALWAYS),
    Fault("redirect", path=WEBHOOK, headers={"Location": "https://x.example/"}, times=ALWAYS),
    Fault("not_json", path=WEBHOOK, applied=False, times=ALWAYS),
]


@pytest.mark.parametrize("fault", UNCLEAR, ids=lambda fault: f"{fault.kind}-{fault.status}")
@PAGE_OR_FRAGMENT
def test_an_unclear_answer_is_settled_by_reading(
    fault: Fault, is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(fault)
    response = editing.send()
    if is_htmx:
        assert "Saved." in assert_fragment(response).text
    assert "Saved." in assert_page(editor.get(f"/chatbots/{bot.id}/")).text or is_htmx
    assert bot.webhook_url == NEW
    assert writes(sandbox) == ["PUT"]


@pytest.mark.parametrize("fault", NOT_MADE, ids=lambda fault: f"{fault.kind}-{fault.status}")
@PAGE_OR_FRAGMENT
def test_an_outcome_that_stays_unknown_is_said_to_be(
    fault: Fault, is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(fault)
    page = editing.fails(504, MAY_HAVE_SAVED)
    change = Change.objects.get(chatbot_id=bot.id)
    assert change.outcome == Outcome.UNKNOWN
    assert page.has_form(f"/changes/{change.pk}/check/")
    assert "Check now" in page.text
    assert "Try again" not in page.text


@PAGE_OR_FRAGMENT
def test_too_slow(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.5
    sandbox.order(Fault("hang", path=WEBHOOK, times=ALWAYS))
    editing.fails(504, MAY_HAVE_SAVED)


@PAGE_OR_FRAGMENT
def test_the_read_back_fails(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    editing = Editing(editor, bot, is_htmx=is_htmx)
    sandbox.order(Fault("delay", path=bot.id, seconds=0.001))
    fail(sandbox, bot.id, 503)
    page = editing.fails(504, MAY_HAVE_SAVED)
    assert "Try again" not in page.text
    assert bot.webhook_url == NEW


def test_sending_an_unsettled_form_again_writes_nothing(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    editing = Editing(editor, bot, is_htmx=False)
    sandbox.order(Fault("delay", path=bot.id, seconds=0.001))
    fail(sandbox, bot.id, 503)
    page = editing.fails(504, MAY_HAVE_SAVED)
    sandbox.clear_faults()
    sandbox.clear_requests()
    again = page.form(editing.url).submit(editor)
    assert_error(again, 504, MAY_HAVE_SAVED)
    assert writes(sandbox) == []
