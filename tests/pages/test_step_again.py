"""*Try again* of a step of a creation: `?again=<Change>` on the edit page and the webhook form, and
the steps that a chatbot's own page still names."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import ALWAYS, CHATBOTS, WEBHOOK, writes
from tests.pages.changing import (
    HOOK,
    NEW,
    edit_url,
    errors_of,
    everything,
    follow,
    opened,
    picture,
    refused,
)
from tests.pages.drawn import Drawn, assert_error, assert_page
from tests.pages.keeping import AGAIN_PICTURES, IS_BACK

NOT_THIS = "Not <b>this</b>"
NOT_SAVED = "The settings were not saved."
NOT_SET = "The webhook was not set."
SETTINGS_PATH = f"{CHATBOTS}/"


@pytest.fixture(autouse=True)
def _nothing_is_under_way(settings: LazySettings) -> None:
    """A creation is long over as soon as it has been answered."""
    settings.LEASE_SECONDS = -1.0


@pytest.fixture
def form(admin: Client, sandbox: Sandbox) -> Any:
    form = opened(admin, NEW)
    form.fields |= {"title": "Half", "plan_id": sandbox.users[0].plans[0].id}
    return form


def made(sandbox: Sandbox) -> Chatbot:
    """The chatbot that was created last."""
    return sandbox.users[0].chatbots[-1]


def half_done(
    client: Client, sandbox: Sandbox, form: Any, name: str = "main_color", **typed: Any
) -> Chatbot:
    """A chatbot whose settings Caigunn has refused because of `name`."""
    body = refused(name, NOT_THIS)
    sandbox.order(Fault("status", method="PUT", path=SETTINGS_PATH, status=422, body=body))
    follow(client, form.submit(client, **typed))
    sandbox.clear_requests()
    return made(sandbox)


def of(kind: Kind) -> Change:
    return Change.objects.get(kind=kind)


def page_of(client: Client, bot: Chatbot) -> Drawn:
    return assert_page(client.get(f"/chatbots/{bot.id}/"))


# The form that is filled in again


def test_what_caigunn_said_stands_beside_its_field(
    admin: Client, sandbox: Sandbox, form: Any
) -> None:
    values = everything(webhook_url=HOOK)
    bot = half_done(admin, sandbox, form, **values)
    url = f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"
    page = assert_page(admin.get(url))
    assert errors_of(page, "main_color")
    assert NOT_THIS in page.text
    assert "<b>this</b>" not in page.html
    assert not errors_of(page, "prompt")
    assert AGAIN_PICTURES in page.text
    assert IS_BACK not in page.text
    fields = page.form(edit_url(bot)).fields
    texts = ("prompt", "is_shared", "main_color", "button_style", "is_fixed", "show_history")
    assert {name: fields[name] for name in texts} == {name: values[name] for name in texts}
    assert fields["title"] == "Half"
    assert writes(sandbox) == []
    follow(admin, page.form(edit_url(bot)).submit(admin, main_color="#000000"))
    assert bot.settings["main_color"] == "#000000"
    assert bot.settings["initial_messages"] == [
        {"type": "text", "value": "Hello <b>&</b>"},
        {"type": "text", "value": "您好"},
    ]
    assert "avatar" not in bot.settings


def test_without_pictures_none_have_to_be_chosen(
    admin: Client, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc")
    page = assert_page(admin.get(f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"))
    assert AGAIN_PICTURES not in page.text


def test_a_picture_that_was_refused(admin: Client, sandbox: Sandbox, form: Any) -> None:
    bot = half_done(admin, sandbox, form, "avatar", avatar=picture())
    page = assert_page(admin.get(f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"))
    assert errors_of(page, "avatar")
    assert AGAIN_PICTURES in page.text


def test_what_no_field_is_refused_for_stands_above(
    admin: Client, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, "no_such_field", main_color="#123abc")
    page = assert_page(admin.get(f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"))
    assert NOT_THIS in page.text


def test_a_webhook_that_was_refused(admin: Client, sandbox: Sandbox, form: Any) -> None:
    for path in (WEBHOOK, SETTINGS_PATH):
        body = refused("webhook_url", NOT_THIS)
        sandbox.order(Fault("status", method="PUT", path=path, status=422, body=body))
    follow(admin, form.submit(admin, webhook_url=HOOK))
    bot = made(sandbox)
    sandbox.clear_requests()
    url = f"/chatbots/{bot.id}/webhook/"
    page = assert_page(admin.get(f"{url}?again={of(Kind.WEBHOOK).pk}"))
    assert NOT_THIS in page.text
    assert "<b>this</b>" not in page.html
    assert page.form(url).fields["webhook_url"] == HOOK
    assert writes(sandbox) == []
    follow(admin, page.form(url).submit(admin))
    assert bot.webhook_url == HOOK


def test_for_whoever_may_read_the_chatbot_and_nobody_else(
    admin: Client, editor: Client, browse: Browsing, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc")
    url = f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"
    assert opened(editor, url).fields["main_color"] == "#123abc"
    other = Member.objects.create_user("stranger@example.com", role="editor")
    stranger = browse(other, sandbox.users[1].token)
    page = assert_error(stranger.get(url), 404, "This chatbot no longer exists")
    assert "#123abc" not in page.html


@pytest.mark.parametrize("again", ["nonsense", "", "00000000-0000-4000-8000-000000000001"])
def test_what_names_no_change_fills_nothing(
    again: str, admin: Client, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc")
    assert opened(admin, f"{edit_url(bot)}?again={again}").fields["main_color"] == ""


def test_the_change_of_another_chatbot_fills_nothing(
    admin: Client, sandbox: Sandbox, form: Any, bot: Chatbot
) -> None:
    half_done(admin, sandbox, form, main_color="#123abc", webhook_url=HOOK)
    for kind in (Kind.SETTINGS, Kind.CREATE):
        again = f"?again={of(kind).pk}"
        fields = opened(admin, edit_url(bot) + again).fields
        assert (fields["main_color"], fields["webhook_url"]) == ("", bot.webhook_url)
        assert opened(admin, f"/chatbots/{bot.id}/webhook/{again}").fields["webhook_url"] != HOOK


def test_a_step_that_was_never_begun_is_tried_by_the_creation(
    admin: Client, sandbox: Sandbox, form: Any
) -> None:
    """The process died right after the creation."""
    follow(admin, form.submit(admin))
    creation = of(Kind.CREATE)
    creation.asked |= {"webhook_url": HOOK, "main_color": "#123abc"}
    creation.save()
    bot = made(sandbox)
    page = page_of(admin, bot)
    for address in (edit_url(bot), f"/chatbots/{bot.id}/webhook/"):
        assert f"{address}?again={creation.pk}" in page.hrefs
    assert opened(admin, f"{edit_url(bot)}?again={creation.pk}").fields["main_color"] == "#123abc"
    fields = opened(admin, f"/chatbots/{bot.id}/webhook/?again={creation.pk}").fields
    assert fields["webhook_url"] == HOOK


# What the chatbot's own page says


def test_the_page_names_what_is_missing_until_it_is_done(
    admin: Client, viewer: Client, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc", webhook_url=HOOK)
    again = f"{edit_url(bot)}?again={of(Kind.SETTINGS).pk}"
    page = page_of(admin, bot)
    assert NOT_SAVED in page.text
    assert "Main colour" in page.text
    assert NOT_SET not in page.text
    assert again in page.hrefs
    # Whoever may not edit reads of it, and is not led to a form.
    page = page_of(viewer, bot)
    assert NOT_SAVED in page.text
    assert again not in page.hrefs
    follow(admin, opened(admin, again).submit(admin))
    assert NOT_SAVED not in page_of(admin, bot).text


def test_not_while_the_creation_may_still_be_under_way(
    admin: Client, sandbox: Sandbox, form: Any, settings: LazySettings
) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc")
    settings.LEASE_SECONDS = 30.0
    assert NOT_SAVED not in page_of(admin, bot).text
    settings.LEASE_SECONDS = -1.0
    assert NOT_SAVED in page_of(admin, bot).text


def test_not_where_a_later_change_has_overtaken_it(
    admin: Client, editor: Client, sandbox: Sandbox, form: Any
) -> None:
    bot = half_done(admin, sandbox, form, "prompt", prompt="Asked then", main_color="#123abc")
    follow(editor, opened(editor, edit_url(bot)).submit(editor, prompt="Decided since"))
    page = page_of(admin, bot)
    assert NOT_SAVED in page.text
    assert f"{NOT_SAVED} Main colour" in page.text
    follow(editor, opened(editor, edit_url(bot)).submit(editor, main_color="#000000"))
    assert NOT_SAVED not in page_of(admin, bot).text


def test_not_where_another_webhook_was_set_since(
    admin: Client, editor: Client, sandbox: Sandbox, form: Any
) -> None:
    sandbox.order(Fault("status", method="PUT", status=400, times=2))
    follow(admin, form.submit(admin, webhook_url=HOOK))
    sandbox.clear_faults()
    bot = made(sandbox)
    assert NOT_SET in page_of(admin, bot).text
    url = f"/chatbots/{bot.id}/webhook/"
    follow(editor, opened(editor, url).submit(editor, webhook_url="https://other.example/"))
    assert NOT_SET not in page_of(admin, bot).text


def test_an_unknown_step_is_checked_from_the_page(
    admin: Client, sandbox: Sandbox, form: Any
) -> None:
    sandbox.order(Fault("reset_before", path=WEBHOOK, times=ALWAYS))
    follow(admin, form.submit(admin, webhook_url=HOOK))
    sandbox.clear_faults()
    page = page_of(admin, made(sandbox))
    assert "The webhook may have been set:" in page.text
    assert "Try again" not in page.text
    page = follow(admin, page.form(f"/changes/{of(Kind.WEBHOOK).pk}/check/").submit(admin))
    assert NOT_SET in page.text


def test_not_on_a_deleted_one(admin: Client, sandbox: Sandbox, form: Any) -> None:
    bot = half_done(admin, sandbox, form, main_color="#123abc")
    bot.delete()
    assert NOT_SAVED not in assert_page(admin.get(f"/chatbots/{bot.id}/?fresh=1")).text
