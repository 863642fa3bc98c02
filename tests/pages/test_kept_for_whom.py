"""Input that was kept while nobody was signed in: to whom it is offered, where, and how long."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from caigunn_admin.team.models import Member
from chatbots.models import KeptInput
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.calls import writes
from tests.pages.changing import (
    HOOK,
    HOSTILE,
    NEVER,
    NEW,
    delete_url,
    edit_url,
    opened,
    webhook_url,
)
from tests.pages.drawn import assert_error, assert_page
from tests.pages.keeping import IS_BACK, LOGIN, after_sign_in, is_back, sign_in, signed_out

MARKUP = "</textarea><script>alert(1)</script>"


def test_markup_is_drawn_as_text(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    typed = {"title": HOSTILE, "prompt": MARKUP, "webhook_url": f'"{MARKUP}', "allowed_domains": ""}
    typed |= {"allowed_domains": MARKUP, "main_color": MARKUP, "model_id": MARKUP}
    form = opened(editor, edit_url(bot))
    back = after_sign_in(form.submit(signed_out(editor), **typed))
    sign_in(editor, back, "editor@example.com")
    page = is_back(editor, back)
    assert "<script>alert" not in page.html
    assert page.form(edit_url(bot)).fields["prompt"] == MARKUP
    assert page.inline == []


def test_nobody_else_is_offered_it(
    editor: Client,
    admin: Client,
    join: Joining,
    browse: Browsing,
    sandbox: Sandbox,
    bot: Chatbot,
) -> None:
    url = edit_url(bot)
    form = opened(editor, url)
    back = after_sign_in(form.submit(signed_out(editor), title="Mine alone", prompt="For me"))
    second = browse(join("editor", "second@example.com"), sandbox.users[0].token)
    for client in (admin, second):
        page = assert_page(client.get(back))
        assert IS_BACK not in page.text
        assert "Mine alone" not in page.html
        assert "For me" not in page.html
    # In the same browser, too.
    assert sign_in(editor, back, "second@example.com") == back
    assert "Mine alone" not in assert_page(editor.get(back)).html


@pytest.mark.parametrize("name", ["edit", "delete", "webhook"])
def test_not_on_another_page(name: str, admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = f"/chatbots/{bot.id}/{name}/"
    typed = {"webhook_url": HOOK, "confirm_title": "Typed here"}
    back = after_sign_in(opened(admin, url).submit(signed_out(admin), **typed))
    sign_in(admin, back, "admin@example.com")
    second = sandbox.users[0].chatbots[1]
    kept = back.partition("?")[2]
    others = {edit_url(bot), delete_url(bot), webhook_url(bot), NEW} - {url}
    others |= {edit_url(second), delete_url(second), webhook_url(second)}
    for other in others:
        page = assert_page(admin.get(f"{other}?{kept}"))
        assert IS_BACK not in page.text, other
        assert "Typed here" not in page.html
        assert HOOK not in page.html
    is_back(admin, back)


@pytest.mark.parametrize("kept", ["", "nonsense", NEVER, "0", "' OR 1=1 --"])
def test_what_names_nothing_is_a_plain_form(kept: str, editor: Client, bot: Chatbot) -> None:
    page = assert_page(editor.get(edit_url(bot), {"kept": kept}))
    assert IS_BACK not in page.text
    assert page.form(edit_url(bot)).fields["title"] == bot.title


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c"])
def test_a_state_that_was_not_issued_here_keeps_nothing(
    state: str, editor: Client, bot: Chatbot
) -> None:
    url = webhook_url(bot)
    real = opened(editor, url).fields["state"]
    for forged in (state, real[:-1] + ("A" if real[-1] != "A" else "B"), real.swapcase()):
        response = signed_out(editor).post(
            url,
            {"state": forged, "webhook_url": HOOK},
            headers={"Referer": f"http://localhost{url}"},
        )
        assert (response.status_code, response["Location"]) == (302, f"{LOGIN}?next={url}")
    assert not KeptInput.objects.exists()


def test_a_state_that_is_too_old_keeps_nothing(editor: Client, bot: Chatbot) -> None:
    form = opened(editor, webhook_url(bot))
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        assert form.submit(signed_out(editor), webhook_url=HOOK).status_code == 302
    assert not KeptInput.objects.exists()


def test_a_member_who_is_gone(editor: Client, bot: Chatbot) -> None:
    form = opened(editor, webhook_url(bot))
    Member.objects.filter(email="editor@example.com").delete()
    response = form.submit(signed_out(editor), webhook_url=HOOK)
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)
    assert not KeptInput.objects.exists()


def test_who_may_not_edit_any_more(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    form = opened(editor, webhook_url(bot))
    back = after_sign_in(form.submit(signed_out(editor), webhook_url=HOOK))
    Member.objects.filter(email="editor@example.com").update(role="viewer")
    sign_in(editor, back, "editor@example.com")
    page = assert_error(editor.get(back), 403, "This needs the role Editor")
    assert HOOK not in page.html


def test_for_a_day(editor: Client, bot: Chatbot, settings: LazySettings) -> None:
    url = webhook_url(bot)
    form = opened(editor, url)
    back = after_sign_in(form.submit(signed_out(editor), webhook_url=HOOK))
    sign_in(editor, back, "editor@example.com")
    is_back(editor, back)
    settings.KEPT_INPUT_SECONDS = -1.0
    page = assert_page(editor.get(back))
    assert IS_BACK not in page.text
    assert HOOK not in page.html


def test_a_chatbot_that_was_deleted_meanwhile(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    form = opened(editor, edit_url(bot))
    back = after_sign_in(form.submit(signed_out(editor), title="Mine"))
    bot.delete()
    sign_in(editor, back, "editor@example.com")
    assert editor.get(back)["Location"] == f"/chatbots/{bot.id}/"
    assert writes(sandbox) == []


def test_the_state_has_grown_too_old_before_it_came_back(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    """Right in itself or not: the form says so, compares what can be, and is drawn anew."""
    url = edit_url(bot)
    for typed in ({"title": "Mine"}, {"title": "Mine", "webhook_url": "no url"}):
        form = opened(editor, url)
        later = timezone.now() + timedelta(days=6, hours=23)
        with time_machine.travel(later, tick=True):
            back = after_sign_in(form.submit(signed_out(editor), **typed))
        with time_machine.travel(later + timedelta(hours=2), tick=True):
            sign_in(editor, back, "editor@example.com")
            page = is_back(editor, back)
            assert "This form was too old" in page.text
            assert page.form(url).fields["title"] == "Mine"
            assert bot.title in page.text
    assert writes(sandbox) == []


# Where it leads


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil.example"]
)
def test_it_never_leaves_the_site(
    wanted: str, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = webhook_url(bot)
    form = opened(editor, url)
    back = after_sign_in(form.submit(signed_out(editor), webhook_url=HOOK, next=wanted))
    assert sign_in(editor, back, "editor@example.com") == back
    page = is_back(editor, back)
    assert wanted not in page.hrefs
    assert page.form(url).submit(editor)["Location"] == f"/chatbots/{bot.id}/"


def test_a_form_that_no_page_draws_again_is_not_kept(editor: Client) -> None:
    """Of a refresh there is no page, only the button on the page of the token."""
    form = assert_page(editor.get("/token/")).form("/token/refresh/")
    assert form.fields["state"]
    headers = {"Referer": "http://localhost/token/"}
    response = signed_out(editor).post(form.action, form.fields, headers=headers)
    assert response["Location"] == f"{LOGIN}?next=/token/"
    assert not KeptInput.objects.exists()
