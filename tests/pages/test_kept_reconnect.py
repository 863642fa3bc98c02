"""A form that cannot be taken while its member is signed in: the access token is refused or gone,
or the form was drawn before the sign-in. Its input is kept, and comes back."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.models import Connection, KeptInput
from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import TOKEN_REFUSED, refuse_token, writes
from tests.pages.changing import (
    HOOK,
    NEW,
    creations,
    edit_url,
    follow,
    opened,
    picture,
    webhook_url,
)
from tests.pages.drawn import assert_error, assert_page, htmx
from tests.pages.keeping import (
    AGAIN_PICTURES,
    IS_BACK,
    after_reconnecting,
    after_sign_in,
    is_back,
    leads_to_kept,
    next_of,
    sign_in,
    signed_out,
)

ORIGIN = {"Origin": "http://localhost"}
WRONG = "x" * 64


def connect_again(client: Client, sandbox: Sandbox, back: str) -> Any:
    """Where the token page leads to, asked for `back`."""
    form = assert_page(client.get("/token/", {"next": back})).form("/token/")
    return form.submit(client, access_token=sandbox.users[0].token)["Location"]


# The access token


def test_the_token_was_refused(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = edit_url(bot)
    form = opened(editor, url)
    refuse_token(sandbox)
    page = assert_error(form.submit(editor, title="Mine", avatar=picture()), 403, TOKEN_REFUSED)
    back = after_reconnecting(page)
    sandbox.clear_faults()
    assert connect_again(editor, sandbox, back) == back
    page = is_back(editor, back)
    assert AGAIN_PICTURES in page.text
    again = page.form(url)
    assert again.fields["title"] == "Mine"
    for _again in range(2):
        follow(editor, again.submit(editor))
    assert writes(sandbox) == ["PUT"]
    assert bot.title == "Mine"


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_it_was_refused_over_the_quick_edit(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = webhook_url(bot)
    form = opened(editor, f"{url}?next=/chatbots/%3Fpage%3D1")
    refuse_token(sandbox)
    headers = htmx(f"webhook-{bot.id}", "/chatbots/?page=1") if is_htmx else {}
    values = form.fields | {"webhook_url": HOOK}
    page = assert_error(editor.post(url, values, headers=headers), 403, TOKEN_REFUSED)
    back = after_reconnecting(page)
    sandbox.clear_faults()
    assert connect_again(editor, sandbox, back) == back
    again = is_back(editor, back).form(url)
    assert again.fields["webhook_url"] == HOOK
    assert again.submit(editor)["Location"] == "/chatbots/?page=1"
    assert writes(sandbox) == ["PUT"]


def test_it_was_refused_over_a_new_one(admin: Client, sandbox: Sandbox) -> None:
    form = opened(admin, NEW)
    plan = sandbox.users[0].plans[0].id
    refuse_token(sandbox)
    page = assert_error(form.submit(admin, title="Typed", plan_id=plan), 403, TOKEN_REFUSED)
    back = after_reconnecting(page)
    sandbox.clear_faults()
    connect_again(admin, sandbox, back)
    again = is_back(admin, back).form(NEW)
    first = again.submit(admin)["Location"]
    # The page with the refusal still has the form as well: it is one form.
    assert page.form(NEW).submit(admin)["Location"] == first
    assert creations(sandbox) == 1


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("name", ["edit", "webhook", "delete"])
def test_disconnected_meanwhile(
    name: str, is_htmx: bool, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = f"/chatbots/{bot.id}/{name}/"
    form = opened(admin, url)
    values = form.fields | {"webhook_url": HOOK, "confirm_title": "Typed here"}
    Connection.objects.all().delete()
    sandbox.clear_requests()
    headers = htmx(f"webhook-{bot.id}", url) if is_htmx else {}
    response = admin.post(url, values, headers=headers)
    back = next_of(response["HX-Redirect" if is_htmx else "Location"], "/token/")
    assert sandbox.requests == []
    assert connect_again(admin, sandbox, back) == back
    fields = is_back(admin, back).form(url).fields
    typed = "confirm_title" if name == "delete" else "webhook_url"
    assert fields[typed] == values[typed]


def test_without_a_connection_a_page_comes_back_as_a_page(
    editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    Connection.objects.all().delete()
    response = editor.get(edit_url(bot))
    assert next_of(response["Location"], "/token/") == edit_url(bot)
    assert not KeptInput.objects.exists()


def test_what_is_too_long_to_be_kept_stays_on_the_page(
    editor: Client, sandbox: Sandbox, bot: Chatbot, settings: LazySettings
) -> None:
    settings.KEPT_INPUT_BYTES = 500
    url = edit_url(bot)
    form = opened(editor, url)
    refuse_token(sandbox)
    page = assert_error(form.submit(editor, prompt="x" * 600), 403, TOKEN_REFUSED)
    assert page.form(url).fields["prompt"] == "x" * 600
    assert after_reconnecting(page) == url
    assert not KeptInput.objects.exists()


def test_the_form_of_somebody_else_is_not_kept_for_whoever_sends_it(
    editor: Client, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = edit_url(bot)
    theirs = opened(editor, url)
    refuse_token(sandbox)
    page = assert_error(theirs.submit(admin, title="Typed by the admin"), 403, TOKEN_REFUSED)
    back = after_reconnecting(page)
    sandbox.clear_faults()
    connect_again(admin, sandbox, back)
    assert IS_BACK not in assert_page(admin.get(back)).text


# Drawn before the sign-in


def careful(client: Client) -> Client:
    """The browser, whose forms need the token of the page from now on."""
    client.handler.enforce_csrf_checks = True
    return client


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_another_csrf_token_leads_back_at_once(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = webhook_url(bot)
    form = opened(careful(editor), f"{url}?next=/chatbots/%3Fpage%3D1")
    values = form.fields | {"webhook_url": HOOK, "csrfmiddlewaretoken": WRONG}
    headers = ORIGIN | (htmx(f"webhook-{bot.id}") if is_htmx else {})
    response = editor.post(url, values, headers=headers)
    back = response["HX-Redirect"] if is_htmx else response["Location"]
    assert response.status_code == (200 if is_htmx else 302)
    assert leads_to_kept(back, url)
    assert writes(sandbox) == []
    again = is_back(editor, back).form(url)
    assert again.fields["csrfmiddlewaretoken"] not in {"", WRONG}
    assert again.submit(editor, webhook_url=HOOK)["Location"] == "/chatbots/?page=1"
    assert writes(sandbox) == ["PUT"]


def test_signed_in_again_in_another_tab(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    """The form of before the sign-in has the right member and the wrong token."""
    url = edit_url(bot)
    form = opened(careful(editor), url)
    assert form.fields["csrfmiddlewaretoken"]
    sign_in(signed_out(editor), "/", "editor@example.com")
    response = editor.post(url, form.fields | {"title": "Mine"}, headers=ORIGIN)
    assert response.status_code == 302
    again = is_back(editor, response["Location"]).form(url)
    assert again.fields["title"] == "Mine"
    follow(editor, again.submit(editor))
    assert bot.title == "Mine"
    assert writes(sandbox) == ["PUT"]


def test_signed_out_with_another_csrf_token(editor: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    url = webhook_url(bot)
    form = opened(careful(editor), url)
    form.fields["csrfmiddlewaretoken"] = WRONG
    back = after_sign_in(form.submit(signed_out(editor), webhook_url=HOOK))
    assert leads_to_kept(back, url)
    assert sign_in(editor, back, "editor@example.com") == back
    assert is_back(editor, back).form(url).fields["webhook_url"] == HOOK


@pytest.mark.parametrize("headers", [{}, {"Origin": "http://evil.example"}])
def test_of_another_member_nothing_is_kept(
    headers: dict[str, str], editor: Client, admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    """A member cannot have another's browser keep, or send, what they have prepared."""
    url = edit_url(bot)
    prepared = opened(editor, url).fields | {"title": "Prepared"}
    response = careful(admin).post(url, prepared, headers=headers)
    page = assert_error(response, 403, "This form is out of date")
    assert "Prepared" not in page.html
    assert not KeptInput.objects.exists()
    assert writes(sandbox) == []


@pytest.mark.parametrize("state", ["", "nonsense"])
def test_without_a_state_it_is_the_page_that_says_so(
    state: str, editor: Client, bot: Chatbot
) -> None:
    response = careful(editor).post(edit_url(bot), {"state": state, "title": "Mine"})
    assert_error(response, 403, "This form is out of date")
    assert not KeptInput.objects.exists()


def test_a_refresh_is_not_led_where_nothing_can_be_opened(editor: Client) -> None:
    form = assert_page(careful(editor).get("/token/")).form("/token/refresh/")
    form.fields["csrfmiddlewaretoken"] = WRONG
    assert_error(form.submit(editor), 403, "This form is out of date")
