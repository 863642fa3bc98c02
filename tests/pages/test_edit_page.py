"""`/chatbots/<id>/edit/`: the form, what it saves, and what it does not take."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from chatbots.sandbox import AsOf, Chatbot, Sandbox, WebhookRoute
from tests.conftest import Browsing
from tests.pages.calls import writes
from tests.pages.changing import (
    HOOK,
    HOSTILE,
    edit_url,
    errors_of,
    everything,
    follow,
    opened,
    picture,
)
from tests.pages.drawn import assert_page

UNREADABLE = (
    "main_color",
    "is_default_visible",
    "button_style",
    "is_fixed",
    "show_history",
    "allowed_domains",
)


@pytest.fixture
def url(bot: Chatbot) -> str:
    return edit_url(bot)


def test_the_form(admin: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    page = assert_page(admin.get(url))
    fields = page.form(url).fields
    assert fields["title"] == bot.title
    assert fields["prompt"] == bot.fields["prompt"]
    assert fields["webhook_url"] == bot.webhook_url
    assert fields["is_shared"] == str(bot.fields["is_shared"]).lower()
    for name in UNREADABLE:
        assert fields[name] == "", name
    assert page.text.count("Nothing was sent from here yet.") == 9
    assert page.inline == []
    assert writes(sandbox) == []


def test_the_model_is_chosen_from_the_list(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    page = assert_page(editor.get(url))
    model = bot.fields["model"]
    assert isinstance(model, dict)
    assert page.form(url).fields["model_id"] == model["id"]
    for one in sandbox.models:
        assert one.id in page.attribute("value")
    # The present one is there, even where the list has dropped it.
    gone = {
        "id": "11111111-2222-4333-8444-555555555555",
        "model_name": "old",
        "embedding_name": "e",
    }
    sandbox.edit(bot.id, model=gone)
    assert opened(editor, url).fields["model_id"] == gone["id"]


def test_without_a_list_the_model_is_typed(browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(as_of="2024-07") as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        editor = browse("editor", caigunn.users[0].token)
        bot = caigunn.users[0].chatbots[0]
        form = opened(editor, edit_url(bot))
        page = assert_page(form.submit(editor, model_id="gpt-4"), 422)
        assert errors_of(page, "model_id")
        wanted = caigunn.models[2]
        follow(editor, page.form(edit_url(bot)).submit(editor, model_id=wanted.id))
        assert bot.fields["model"] == wanted.reference


STORED: dict[str, tuple[Any, Callable[[Chatbot], object], object]] = {
    "title": ("New & title", lambda bot: bot.title, "New & title"),
    "prompt": ("Be\r\nkind", lambda bot: bot.fields["prompt"], "Be\nkind"),
    "is_shared": ("false", lambda bot: bot.fields["is_shared"], False),
    "main_color": ("#abc", lambda bot: bot.settings["main_color"], "#abc"),
    "is_default_visible": ("true", lambda bot: bot.settings["is_default_visible"], True),
    "button_style": ("basic", lambda bot: bot.settings["button_style"], "basic"),
    "is_fixed": ("false", lambda bot: bot.settings["is_fixed"], False),
    "show_history": ("true", lambda bot: bot.settings["show_history"], True),
    "initial_messages": (
        ["Hi"],
        lambda bot: bot.settings["initial_messages"],
        [{"type": "text", "value": "Hi"}],
    ),
    "allowed_domains": (
        "https://a.example",
        lambda bot: bot.settings["allowed_domains"],
        ["https://a.example"],
    ),
}


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
@pytest.mark.parametrize("name", STORED)
def test_one_setting_alone(
    name: str, as_of: AsOf, browse: Browsing, settings: LazySettings
) -> None:
    typed, stored, wanted = STORED[name]
    with Sandbox(as_of=as_of) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        editor = browse("editor", caigunn.users[0].token)
        bot = caigunn.users[0].chatbots[0]
        form = opened(editor, edit_url(bot))
        caigunn.clear_requests()
        page = follow(editor, form.submit(editor, **{name: typed}))
        assert stored(bot) == wanted
        assert set(bot.settings) == {name}
        assert writes(caigunn) == ["PUT"]
        assert "Settings saved." in page.text
        assert caigunn.refusals == []
        change = Change.objects.get(kind=Kind.SETTINGS)
        assert set(change.asked) == {name}


@pytest.mark.parametrize("name", ["avatar", "button_image"])
def test_a_picture_alone(name: str, editor: Client, bot: Chatbot, url: str) -> None:
    chosen: dict[str, Any] = {name: picture("新圖.png")}
    page = follow(editor, opened(editor, url).submit(editor, **chosen))
    assert "Accepted by Caigunn, which does not report it" in page.text
    assert getattr(bot.settings[name], "content_type", "") == "image/png"
    page = assert_page(editor.get(url))
    assert "新圖.png" in page.text
    assert any(src.startswith("data:image/png;base64,") for src in page.attribute("src"))
    assert "editor@example.com" in page.text


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
@pytest.mark.parametrize("route", ["line", "samples", "both"])
def test_everything_with_the_webhook(
    route: WebhookRoute, as_of: AsOf, browse: Browsing, settings: LazySettings
) -> None:
    with Sandbox(as_of=as_of, webhook_route=route) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        editor = browse("editor", caigunn.users[0].token)
        bot = caigunn.users[0].chatbots[1]
        assert_page(editor.get(f"/chatbots/{bot.id}/"))
        values = everything(title=HOSTILE, webhook_url=HOOK, model_id=caigunn.models[2].id)
        page = follow(editor, opened(editor, edit_url(bot)).submit(editor, **values))
        assert "Settings saved." in page.text
        assert "Webhook saved and read back." in page.text
        assert (bot.title, bot.webhook_url) == (HOSTILE, HOOK)
        assert len(bot.settings) >= 11
        assert HOSTILE in page.text
        assert "<script>alert" not in page.html
        assert HOSTILE in assert_page(editor.get("/chatbots/")).text
        assert bot.id in assert_page(editor.get("/chatbots/", {"q": "100% 客服"})).text
        assert caigunn.refusals == []


def test_what_was_last_sent_is_text(editor: Client, bot: Chatbot, url: str) -> None:
    messages = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>']
    values: dict[str, Any] = {"initial_messages": messages, "allowed_domains": "https://a.example"}
    follow(editor, opened(editor, url).submit(editor, **values))
    page = assert_page(editor.get(url))
    assert messages[0] in page.text
    assert messages[1] in page.text
    assert page.inline == []
    assert "https://a.example" in page.text
    assert "Last sent from here:" in page.text
    # What was sent is no value of the form: it would be sent again.
    assert page.form(url).fields["allowed_domains"] == ""


def test_nothing_changed(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    form = opened(editor, url)
    page = follow(editor, form.submit(editor))
    assert "Nothing was changed, so nothing was sent." in page.text
    assert writes(sandbox) == []


def test_each_chatbot_can_be_edited(editor: Client, sandbox: Sandbox) -> None:
    """Whatever Caigunn has already does not keep the rest from being saved."""
    bots = sandbox.users[0].chatbots
    sandbox.edit(bots[0].id, webhook_url="javascript:alert(1)")
    for bot in bots:
        before = dict(bot.fields)
        form = opened(editor, edit_url(bot))
        assert form.submit(editor, main_color="#010203").status_code == 302, bot.title
        assert bot.settings == {"main_color": "#010203"}
        assert {**before, "updated_at": 0} == {**bot.fields, "updated_at": 0}


def test_the_prompt_is_cleared(editor: Client, bot: Chatbot, url: str) -> None:
    follow(editor, opened(editor, url).submit(editor, prompt=""))
    assert bot.fields["prompt"] in {"", None}
    assert set(bot.settings) == {"prompt"}


def test_the_webhook_is_cleared(editor: Client, bot: Chatbot, url: str) -> None:
    page = follow(editor, opened(editor, url).submit(editor, webhook_url=""))
    assert "Webhook cleared and read back." in page.text
    assert bot.webhook_url is None
