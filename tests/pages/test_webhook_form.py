"""`/chatbots/<id>/webhook/`: the rules for a URL, and what the form carries."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    NO_ANSWER,
    calls,
    writes,
)
from tests.pages.changes import member_of
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_page,
    drawn,
    htmx,
)

NEW = "https://new.example.com/hook"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/webhook/"


@pytest.fixture
def page_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


@pytest.fixture
def as_fragment(bot: Chatbot) -> dict[str, str]:
    return htmx(f"webhook-{bot.id}", "/chatbots/?page=1")


WRONG = {
    "ftp://x.example/": "It must begin with https:// or http://.",
    "javascript:alert(1)": "It must begin with https:// or http://.",
    "https：//x.example/": "Character 6 is the full-width “：”; type “:” instead.",
    "https://x。example/": "Character 10 is the full-width “。”; type “.” instead.",
    "https://x.example/a b": "Character 20 is a space.",
    "https://x.example/\u200b": "Character 19 is invisible (U+200B).",
    "https://user:pw@x.example/": "It must not carry a user name or password.",
    "https:///path": "It names no usable host.",
    f"https://x.example/{'a' * 2040}": "It is 2058 characters long; the most is 2048.",
    '"><script>alert(1)</script>': "It must begin with https:// or http://.",
}


@pytest.mark.parametrize(("typed", "says"), WRONG.items())
@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_what_cannot_be_a_webhook_comes_back_with_the_reason(
    typed: str,
    says: str,
    is_htmx: bool,
    editor: Client,
    sandbox: Sandbox,
    url: str,
    as_fragment: dict[str, str],
) -> None:
    form = drawn(editor.get(url)).form(url)
    sandbox.clear_requests()
    values = form.fields | {"webhook_url": typed}
    headers = as_fragment if is_htmx else {}
    response = editor.post(url, values, headers=headers)
    again = assert_fragment(response, 422) if is_htmx else assert_page(response, 422)
    assert says in again.text
    assert again.form(url).fields["webhook_url"] == typed
    assert "<script>alert" not in again.html
    assert calls(sandbox) == []
    # The form can be put right and sent: it starts from what it started from.
    assert again.form(url).submit(editor, webhook_url=NEW).status_code == 302


def test_a_null_character_is_named(editor: Client, sandbox: Sandbox, url: str) -> None:
    form = drawn(editor.get(url)).form(url)
    page = assert_page(form.submit(editor, webhook_url="https://x.example/\x00"), 422)
    assert "ull characters are not allowed" in page.text
    assert writes(sandbox) == []


def test_what_is_rarely_meant_is_saved_with_a_warning(
    editor: Client, bot: Chatbot, url: str, page_url: str
) -> None:
    form = drawn(editor.get(url)).form(url)
    form.submit(editor, webhook_url="http://192.168.0.9/hook#part")
    page = assert_page(editor.get(page_url))
    for caution in ("Plain http", "A private host", "The part after “#”"):
        assert caution in page.text
    assert bot.webhook_url == "http://192.168.0.9/hook#part"


# The state of the form


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c"])
@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_without_a_readable_state_nothing_is_written(
    state: str,
    is_htmx: bool,
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    url: str,
    as_fragment: dict[str, str],
) -> None:
    values = {"webhook_url": NEW, "state": state}
    response = editor.post(url, values, headers=as_fragment if is_htmx else {})
    again = assert_fragment(response, 422) if is_htmx else assert_page(response, 422)
    assert "Nothing was saved. Caigunn reports now:" in again.text
    assert str(bot.webhook_url) in again.text
    assert again.form(url).fields["webhook_url"] == NEW
    assert writes(sandbox) == []
    assert again.form(url).submit(editor).status_code == 302
    assert bot.webhook_url == NEW


def test_a_form_expires_after_a_week(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = drawn(editor.get(url)).form(url)
    member = member_of(editor)
    later: datetime = timezone.now() + timedelta(days=8)
    with time_machine.travel(later, tick=True):
        editor.force_login(member)
        page = assert_page(form.submit(editor, webhook_url=NEW), 422)
        assert "This form was too old" in page.text
        assert page.form(url).fields["webhook_url"] == NEW
        assert writes(sandbox) == []


def test_the_form_of_another_member_or_chatbot_is_not_taken(
    editor: Client, browse: Browsing, sandbox: Sandbox, url: str
) -> None:
    admin = browse("admin", sandbox.users[0].token)
    theirs = drawn(admin.get(url)).form(url).fields["state"]
    second = sandbox.users[0].chatbots[1].id
    other = drawn(editor.get(f"/chatbots/{second}/webhook/")).form(f"/chatbots/{second}/webhook/")
    for state in (theirs, other.fields["state"]):
        page = assert_page(editor.post(url, {"webhook_url": NEW, "state": state}), 422)
        assert "opened by somebody else" in page.text
    assert writes(sandbox) == []


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_an_expired_form_keeps_its_input_while_caigunn_is_away(
    is_htmx: bool,
    editor: Client,
    sandbox: Sandbox,
    url: str,
    page_url: str,
    as_fragment: dict[str, str],
) -> None:
    editor.get(page_url)  # a copy is kept, which must not pass for what Caigunn reports now
    sandbox.close()
    response = editor.post(
        url, {"webhook_url": NEW, "state": "old"}, headers=as_fragment if is_htmx else {}
    )
    page = assert_error(response, 503, NO_ANSWER)
    assert page.form(url).fields["webhook_url"] == NEW
    assert "Caigunn reports now" not in page.text


def test_a_used_form_keeps_its_input_while_caigunn_is_away(
    editor: Client, sandbox: Sandbox, url: str
) -> None:
    form = drawn(editor.get(url)).form(url)
    form.submit(editor, webhook_url=NEW)
    sandbox.close()
    page = assert_error(form.submit(editor, webhook_url=f"{NEW}/2"), 503, NO_ANSWER)
    assert page.form(url).fields["webhook_url"] == f"{NEW}/2"


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:x", "\\\\e"]
)
def test_next_never_leaves_the_site(wanted: str, editor: Client, url: str, page_url: str) -> None:
    page = assert_page(editor.get(url, {"next": wanted}))
    assert wanted not in page.html
    form = page.form(url)
    assert form.submit(editor, webhook_url=NEW, next=wanted)["Location"] == page_url


def test_next_is_followed(editor: Client, url: str) -> None:
    form = drawn(editor.get(f"{url}?next=/chatbots/%3Fq%3Da")).form(url)
    assert form.submit(editor, webhook_url=NEW)["Location"] == "/chatbots/?q=a"
