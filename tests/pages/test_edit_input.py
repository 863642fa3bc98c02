"""`/chatbots/<id>/edit/`: what it does not take, and who may come."""

from typing import Any

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import calls, fail, writes
from tests.pages.changing import (
    HOOK,
    HOSTILE,
    edit_url,
    errors_of,
    everything,
    follow,
    opened,
)
from tests.pages.drawn import assert_error, assert_leads_to_sign_in, assert_page, drawn

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


WRONG = {
    "title": "",
    "webhook_url": "https://x.example/a b",
    "main_color": "#12345g",
    "model_id": "no-such-model",
    "is_shared": "perhaps",
    "button_style": "round",
    "initial_messages": [f"message {n}" for n in range(21)],
    "allowed_domains": "https://ok.example\nexample.com\nhttps://x.example/path",
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_said_beside_its_field_and_all_input_is_kept(
    name: str, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    typed = everything(title="Kept", webhook_url=HOOK) | {name: WRONG[name]}
    form = opened(editor, url)
    page = assert_page(form.submit(editor, **typed), 422)
    assert errors_of(page, name)
    again = page.form(url)
    for field, value in typed.items():
        if field in {name, "avatar", "button_image"}:
            continue
        if field == "initial_messages":
            assert again.rows[field] == [*(text for text in value if text), ""]
        else:
            assert again.fields[field] == value, field
    assert page.text.count("Choose the picture again") == 2
    assert writes(sandbox) == []
    right = everything(title="Kept", webhook_url=HOOK)
    assert again.submit(editor, **{name: right.get(name, "")}).status_code == 302
    assert (bot.title, bot.webhook_url) in {("Kept", HOOK), ("Kept", None)}


def test_each_bad_line_is_named(editor: Client, url: str) -> None:
    page = assert_page(
        opened(editor, url).submit(editor, allowed_domains=WRONG["allowed_domains"]), 422
    )
    assert "Line 2, “example.com”, is not an origin" in page.text
    assert "Line 3, “https://x.example/path”, is not an origin" in page.text
    assert "Line 1" not in page.text


def test_add_row(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    form = opened(editor, url)
    typed = {"initial_messages": ["One"], "title": "", "main_color": "wrong", "prompt": "P"}
    page = assert_page(form.submit(editor, "add_row", **typed))
    again = page.form(url)
    assert again.rows["initial_messages"] == ["One", ""]
    assert (again.fields["main_color"], again.fields["prompt"]) == ("wrong", "P")
    assert again.fields["state"] == form.fields["state"]
    assert not any(found.endswith("_error") for found in page.ids)
    assert writes(sandbox) == []
    values: dict[str, Any] = {"title": "T", "main_color": "", "initial_messages": ["One", "Two"]}
    follow(editor, again.submit(editor, **values))
    assert len(list(bot.settings["initial_messages"])) == 2  # type: ignore[call-overload]


def test_roles(
    viewer: Client, editor: Client, admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = opened(editor, url)
    sandbox.clear_requests()
    assert_error(viewer.get(url), 403, "This needs the role Editor")
    assert_error(form.submit(viewer, title="T"), 403, "This needs the role Editor")
    assert calls(sandbox) == []
    assert opened(admin, url).submit(admin, title="By the Admin").status_code == 302
    assert bot.title == "By the Admin"


def test_another_connection(browse: Browsing, sandbox: Sandbox, url: str) -> None:
    stranger = browse("admin", sandbox.users[1].token)
    assert_error(stranger.get(url), 404, "This chatbot no longer exists")
    assert_error(stranger.post(url, {"title": "T"}), 404, "This chatbot no longer exists")
    assert writes(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    url = "/chatbots/a/edit/"
    assert_leads_to_sign_in(client.get(url), url)
    assert client.post(url, {"title": "T"}).status_code == 302


def test_wrong_method(editor: Client, sandbox: Sandbox, url: str) -> None:
    for method in (editor.put, editor.patch, editor.delete):
        assert method(url).status_code == 405
    assert editor.head(url).status_code == 200
    assert writes(sandbox) == []


def test_a_deleted_one_is_read_only(
    admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    bot.delete()
    assert admin.get(url)["Location"] == f"/chatbots/{bot.id}/"
    page = assert_page(admin.get(f"/chatbots/{bot.id}/?fresh=1"))
    assert "This chatbot was deleted" in page.text
    for action in ("edit", "delete", "webhook"):
        assert not any(f"/{bot.id}/{action}/" in href for href in page.hrefs)
        assert not page.has_form(f"/chatbots/{bot.id}/{action}/")


def test_caigunn_is_down_at_first(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    editor.get(f"/chatbots/{bot.id}/")
    fail(sandbox, bot.id, 503)
    assert_error(editor.get(url), 503, "Caigunn does not answer")


def test_the_model_list_fails(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    for status in (401, 404, 422, 503):
        sandbox.clear_faults()
        fail(sandbox, "/model$", status)
        form = opened(editor, url)
        assert form.submit(editor, title=f"Title {status}").status_code == 302
        assert bot.title == f"Title {status}"


def test_hostile_values(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    prompt = "</textarea><script>alert(1)</script>"
    sandbox.edit(bot.id, title=HOSTILE, prompt=prompt, webhook_url='https://x.example/"><b>')
    response = editor.get(url)
    assert "<script>alert" not in response.content.decode()
    assert drawn(response).form(url).fields["prompt"] == prompt
    assert drawn(response).form(url).fields["title"] == HOSTILE


@pytest.mark.parametrize("key", ["", "with a space", "鑰匙"])
def test_a_key_that_cannot_be_sent_leaves_the_model_to_be_typed(
    admin: Client, sandbox: Sandbox, bot: Chatbot, key: str
) -> None:
    sandbox.edit(bot.id, api_key=key)
    assert "model_id" in opened(admin, edit_url(bot)).fields


def test_a_line_break_in_a_title_is_no_change_of_it(
    admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    """A field of one line sends it back without."""
    sandbox.edit(bot.id, title="One\nTwo")
    form = opened(admin, edit_url(bot))
    form.submit(admin, title="OneTwo", main_color="#123abc")
    assert bot.title == "One\nTwo"
    assert bot.settings["main_color"] == "#123abc"
