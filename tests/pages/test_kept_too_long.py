"""More was typed than is kept for somebody who is signed out: the page itself keeps it."""

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.models import KeptInput
from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import writes
from tests.pages.changing import edit_url, follow, opened, webhook_url
from tests.pages.drawn import assert_error, htmx
from tests.pages.keeping import LOGIN, after_sign_in, is_back, sign_in, signed_out

ORIGIN = {"Origin": "http://localhost"}


def careful(client: Client) -> Client:
    """The browser, whose forms need the token of the page from now on."""
    client.handler.enforce_csrf_checks = True
    return client


@pytest.fixture
def _short(settings: LazySettings) -> None:
    settings.KEPT_INPUT_BYTES = 500


@pytest.mark.usefixtures("_short")
def test_too_long_while_signed_out(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    """The page itself keeps it, until its member has signed in in another tab."""
    url, prompt = edit_url(bot), 'long & "long" <b>' * 50
    form = opened(careful(editor), url)
    response = signed_out(editor).post(url, form.fields | {"prompt": prompt}, headers=ORIGIN)
    page = assert_error(response, 403, "What you typed is too long to be kept here")
    assert LOGIN in page.hrefs
    assert page.form(url).fields["prompt"] == prompt
    sign_in(editor, "/", "editor@example.com")
    response = editor.post(url, page.form(url).fields, headers=ORIGIN)
    again = assert_error(response, 403, "This form is out of date").form(url)
    assert again.fields["prompt"] == prompt
    follow(editor, again.submit(editor))
    assert bot.fields["prompt"] == prompt
    assert writes(sandbox) == ["PUT"]
    assert not KeptInput.objects.exists()


@pytest.mark.usefixtures("_short")
@pytest.mark.parametrize("origin", ["", "null", "http://evil.example"])
def test_too_long_and_from_where_is_not_known(
    origin: str, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    """Then it is not drawn, and nobody is told that it can be sent from this page."""
    values = opened(editor, edit_url(bot)).fields | {"prompt": "long" * 200}
    headers = {"Origin": origin} if origin else {}
    page = assert_error(
        signed_out(editor).post(edit_url(bot), values, headers=headers), 403, "copy it before"
    )
    assert "longlong" not in page.html
    assert "send it again" not in page.text
    assert writes(sandbox) == []


@pytest.mark.usefixtures("_short")
def test_too_long_over_htmx(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = webhook_url(bot)
    form = opened(editor, url)
    values = form.fields | {"webhook_url": "https://x.example/" + "x" * 600}
    response = signed_out(editor).post(url, values, headers=htmx(f"webhook-{bot.id}") | ORIGIN)
    assert_error(response, 403, "You are signed out")
    assert writes(sandbox) == []


def test_exactly_as_much_as_is_kept(editor: Client, bot: Chatbot, settings: LazySettings) -> None:
    """64 kB of what was typed, in UTF-8."""
    url = edit_url(bot)
    form = opened(editor, url)
    rest = 3 * 20_000
    back = after_sign_in(form.submit(signed_out(editor), prompt="長" * (rest // 3)))
    sign_in(editor, back, "editor@example.com")
    assert is_back(editor, back).form(url).fields["prompt"] == "長" * 20_000
    response = form.submit(signed_out(editor), prompt="長" * 22_000)
    assert_error(response, 403, "too long to be kept here")
