"""A form that is sent by somebody who is no longer signed in: after the sign-in it stands there
again with its input, for the member it was drawn for, and is sent once."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import calls, writes
from tests.pages.changing import (
    HOOK,
    HOSTILE,
    NEW,
    creations,
    delete_url,
    edit_url,
    errors_of,
    everything,
    follow,
    opened,
    webhook_url,
)
from tests.pages.drawn import assert_page, htmx
from tests.pages.keeping import (
    AGAIN_PICTURES,
    after_sign_in,
    is_back,
    leads_to_kept,
    sign_in,
    signed_out,
)

# Each form


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_a_webhook(is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = webhook_url(bot)
    form = opened(editor, f"{url}?next=/chatbots/%3Fpage%3D1")
    headers = htmx(f"webhook-{bot.id}", "/chatbots/?page=1") if is_htmx else {}
    values = form.fields | {"webhook_url": HOOK, "reason": "Moved <b>house</b>"}
    sandbox.clear_requests()
    response = signed_out(editor).post(url, values, headers=headers)
    back = after_sign_in(response)
    assert leads_to_kept(back, url)
    assert calls(sandbox) == []
    assert sign_in(editor, back, "editor@example.com") == back
    page = is_back(editor, back)
    again = page.form(url)
    assert (again.fields["webhook_url"], again.fields["reason"]) == (HOOK, values["reason"])
    assert again.fields["next"] == "/chatbots/?page=1"
    assert again.fields["state"] == form.fields["state"]
    assert writes(sandbox) == []
    assert again.submit(editor)["Location"] == "/chatbots/?page=1"
    assert bot.webhook_url == HOOK
    # Whatever is sent again, from whichever of the two pages, it was one form.
    for one in (again, form):
        assert one.submit(editor, webhook_url=HOOK).status_code == 302
    assert writes(sandbox) == ["PUT"]


def test_the_reason_of_an_undo(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    opened(editor, webhook_url(bot)).submit(editor, webhook_url=HOOK)
    url = f"/changes/{Change.objects.get(kind=Kind.WEBHOOK).pk}/undo/"
    form = assert_page(editor.get(url)).form(url)
    back = after_sign_in(form.submit(signed_out(editor), reason="Wrong <b>room</b>"))
    assert leads_to_kept(back, url)
    sign_in(editor, back, "editor@example.com")
    again = is_back(editor, back).form(url)
    assert again.fields["reason"] == "Wrong <b>room</b>"
    sandbox.clear_requests()
    follow(editor, again.submit(editor))
    assert len(writes(sandbox)) == 1
    assert Change.objects.filter(undoes__isnull=False).get().reason == "Wrong <b>room</b>"


def test_the_settings(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = edit_url(bot)
    form = opened(editor, url)
    values = everything(title=HOSTILE, webhook_url=HOOK)
    back = after_sign_in(form.submit(signed_out(editor), **values))
    sign_in(editor, back, "editor@example.com")
    page = is_back(editor, back)
    assert AGAIN_PICTURES in page.text
    again = page.form(url)
    texts = [name for name in values if name not in {"avatar", "button_image", "initial_messages"}]
    assert {name: again.fields[name] for name in texts} == {name: values[name] for name in texts}
    assert again.rows["initial_messages"] == ["Hello <b>&</b>", "您好", ""]
    sandbox.clear_requests()
    for one in (again, again, is_back(editor, back).form(url)):
        follow(editor, one.submit(editor))
    assert writes(sandbox) == ["PUT", "PUT"]
    assert (bot.title, bot.webhook_url) == (HOSTILE, HOOK)
    assert bot.fields["prompt"] == values["prompt"]
    assert bot.settings["main_color"] == "#123abc"
    assert "avatar" not in bot.settings


def test_a_new_chatbot(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = opened(admin, f"{NEW}?from={bot.id}")
    values = everything(title="Typed for long", webhook_url=HOOK)
    response = form.submit(signed_out(admin), **values)
    back = after_sign_in(response)
    sign_in(admin, back, "admin@example.com")
    page = is_back(admin, back)
    assert AGAIN_PICTURES in page.text
    assert "Not taken over, because Caigunn does not report them" in page.text
    again = page.form(NEW)
    assert again.fields["title"] == "Typed for long"
    assert again.fields["plan_id"] == bot.fields["plan_id"]
    sandbox.clear_requests()
    first = again.submit(admin)["Location"]
    for one in (again, again):
        assert one.submit(admin)["Location"] == first
    assert creations(sandbox) == 1
    assert sandbox.users[0].chatbots[-1].settings["main_color"] == "#123abc"


def test_a_deletion(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = delete_url(bot)
    form = opened(admin, url)
    back = after_sign_in(form.submit(signed_out(admin), confirm_title=bot.title))
    sign_in(admin, back, "admin@example.com")
    again = is_back(admin, back).form(url)
    assert again.fields["confirm_title"] == bot.title
    assert not bot.is_deleted
    sandbox.clear_requests()
    for _again in range(2):
        assert again.submit(admin)["Location"] == "/chatbots/"
    assert writes(sandbox) == ["DELETE"]


def test_what_was_wrong_with_it_is_said_when_it_is_back(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = opened(editor, edit_url(bot))
    response = form.submit(signed_out(editor), main_color="nonsense", webhook_url="no url")
    back = after_sign_in(response)
    sign_in(editor, back, "editor@example.com")
    page = is_back(editor, back)
    assert errors_of(page, "main_color")
    assert errors_of(page, "webhook_url")
    assert page.form(edit_url(bot)).fields["main_color"] == "nonsense"


def test_what_changed_meanwhile_clashes(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = opened(editor, edit_url(bot))
    back = after_sign_in(form.submit(signed_out(editor), title="Mine"))
    sandbox.edit(bot.id, title="Theirs")
    sign_in(editor, back, "editor@example.com")
    page = assert_page(is_back(editor, back).form(edit_url(bot)).submit(editor), 422)
    assert "Somebody else has changed this chatbot" in page.text
    assert bot.title == "Theirs"


def test_what_was_chosen_after_a_clash_is_kept(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = opened(editor, edit_url(bot))
    sandbox.edit(bot.id, title="Theirs")
    page = assert_page(form.submit(editor, title="Mine", prompt="Typed"), 422)
    response = page.form(edit_url(bot)).submit(signed_out(editor), use_title="theirs")
    back = after_sign_in(response)
    sign_in(editor, back, "editor@example.com")
    again = is_back(editor, back).form(edit_url(bot))
    assert (again.fields["title"], again.fields["prompt"]) == ("Theirs", "Typed")
    follow(editor, again.submit(editor))
    assert (bot.title, bot.fields["prompt"]) == ("Theirs", "Typed")
