"""Settings are saved: what Caigunn holds, field by field, is what was asked for and said."""

import itertools
import json
from typing import Any, get_args

import pytest

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import AsOf, WebhookRoute
from chatbots.services import details
from chatbots.services import settings as service

from .conftest import Desk, OpenDesk
from .settings_calls import all_settings, as_stored, change, held, parts, picture, ready, save

pytestmark = pytest.mark.django_db

KINDS = list(itertools.product(get_args(AsOf), get_args(WebhookRoute)))
TRANSPORT_HEADERS = {
    "host",
    "user-agent",
    "accept",
    "accept-encoding",
    "connection",
    "content-type",
    "content-length",
    "caigunn-access-token",
}
ON_THE_WIRE = {
    "main_color": b"#0f766e",
    "is_default_visible": b"true",
    "button_style": b"image",
    "is_fixed": b"false",
    "show_history": b"true",
    "is_shared": b"true",
}


@pytest.mark.parametrize(("as_of", "route"), KINDS)
def test_all_thirteen_at_once_are_held_as_asked(
    open_desk: OpenDesk, as_of: AsOf, route: WebhookRoute
) -> None:
    desk = open_desk(as_of=as_of, webhook_route=route, chatbots=2)
    bot, other = ready(desk), dict(desk.bots[1].fields)
    values = all_settings(desk)
    webhook = bot.webhook_url
    saved = save(desk, bot, values)
    assert {name: held(bot, name) for name in values} == {
        name: as_stored(value) for name, value in values.items()
    }
    assert set(saved.verified) == set(service.READABLE)
    assert set(saved.accepted) == set(values) - set(service.READABLE)
    assert (bot.webhook_url, desk.bots[1].fields) == (webhook, other)
    assert desk.calls() == [f"{method} chatbot/{bot.id}" for method in ("GET", "PUT", "GET")]
    assert (change().outcome, change().after) == (
        Outcome.DONE,
        {name: values[name] for name in service.READABLE},
    )
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize("as_of", get_args(AsOf))
@pytest.mark.parametrize("name", service.FIELDS)
def test_one_alone_is_the_only_one_that_is_sent(
    open_desk: OpenDesk, name: str, as_of: AsOf
) -> None:
    desk = open_desk(as_of=as_of, chatbots=1)
    bot = ready(desk)
    before = {one: held(bot, one) for one in service.READABLE}
    value = all_settings(desk)[name]
    saved = save(desk, bot, {name: value})
    assert held(bot, name) == as_stored(value)
    assert set(bot.settings) == {name}
    assert {one: held(bot, one) for one in service.READABLE} == before | (
        {name: value} if name in service.READABLE else {}
    )
    is_readable = name in service.READABLE
    assert (saved.verified, saved.accepted) == (((name,), ()) if is_readable else ((), (name,)))
    (put,) = [one for one in desk.sandbox.requests if one.method == "PUT"]
    (part,) = parts(put)
    assert part.name == name
    assert change().before == ({name: before[name]} if is_readable else {})
    assert desk.sandbox.refusals == []


def test_every_part_is_on_the_wire_as_the_notes_have_it(desk: Desk) -> None:
    bot = ready(desk)
    values = all_settings(desk)
    save(desk, bot, values)
    (put,) = [one for one in desk.sandbox.requests if one.method == "PUT"]
    assert (put.path, put.query) == (f"/api/external/user/chatbot/{bot.id}", [])
    assert set(put.headers) <= TRANSPORT_HEADERS
    assert put.headers["caigunn-access-token"] == desk.sandbox.users[0].token
    found = {part.name: part for part in parts(put)}
    assert len(found) == len(parts(put))
    assert set(found) == set(values) == set(service.FIELDS)
    for name in ("avatar", "button_image"):
        upload = values[name].upload
        assert found[name][1:] == (upload.name, upload.content_type, upload.content)
    texts = ON_THE_WIRE | {name: values[name].encode() for name in ("title", "prompt", "model_id")}
    for name, text in texts.items():
        assert found[name][1:] == (None, None, text)
    for name in ("initial_messages", "allowed_domains"):
        assert found[name][1:3] == (None, None)
        assert json.loads(found[name].content) == values[name]


@pytest.mark.parametrize(
    "title",
    [
        "a&b=c",
        "#1 50% %41 +plus",
        "\"double\" 'single' “curly”",
        "👩‍💻🎉",
        "客服小幫手：訂單",
        "x" * 300,
        "長" * 300,
        'a\\b; filename="x"',
        "--boundary--",
    ],
)
def test_a_title_arrives_unchanged(desk: Desk, title: str) -> None:
    bot = ready(desk)
    save(desk, bot, {"title": title})
    assert bot.title == title == change().after["title"]
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize(
    "name",
    [
        'say "hi".png',
        "a;b=c.png",
        "line\r\nbreak.png",
        "客服頭像.png",
        "x" * 300 + ".png",
        "../../etc/passwd.png",
        "emoji 🎉.png",
    ],
)
def test_a_picture_of_any_name_arrives_with_all_its_content(desk: Desk, name: str) -> None:
    """Its name is one harmless word for Caigunn; what counts is what is in it."""
    bot = ready(desk)
    avatar = picture(name)
    save(desk, bot, {"avatar": avatar})
    kept, wanted = bot.settings["avatar"], as_stored(avatar)
    assert (kept.sha256, kept.content_type) == (wanted.sha256, "image/png")  # type: ignore[attr-defined]
    (put,) = [one for one in desk.sandbox.requests if one.method == "PUT"]
    (part,) = parts(put)
    assert part.filename
    assert len(part.filename) <= 300
    assert not {"/", "\\", '"', "\r", "\n"} & set(part.filename)
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("title", " Old "),
        ("prompt", "Old prompt\r\n"),
        ("is_shared", False),
        ("model_id", "upper and bare"),
    ],
)
def test_an_unchanged_value_is_not_written(desk: Desk, name: str, value: Any) -> None:
    bot = ready(desk)
    if name == "model_id":
        value = desk.sandbox.models[0].id.replace("-", "").upper()
    saved = save(desk, bot, {name: value})
    assert (saved.verified, saved.accepted, saved.change) == ((name,), (), None)
    assert desk.calls() == [f"GET chatbot/{bot.id}"]
    assert not Change.objects.filter(kind=Kind.SETTINGS).exists()


def test_of_several_only_the_changed_ones_are_sent(desk: Desk) -> None:
    bot = ready(desk)
    save(desk, bot, {"title": "Old", "prompt": "New", "main_color": "#000000"})
    (put,) = [one for one in desk.sandbox.requests if one.method == "PUT"]
    assert {part.name for part in parts(put)} == {"prompt", "main_color"}
    assert change().after == {"title": "Old", "prompt": "New"}


def test_the_prompt_can_be_cleared_with_an_empty_text(desk: Desk) -> None:
    bot = ready(desk)
    saved = save(desk, bot, {"prompt": ""})
    assert (bot.fields["prompt"], saved.verified) == ("", ("prompt",))
    desk.sandbox.edit(bot.id, prompt=None)
    assert save(desk, bot, {"prompt": ""}).verified == ("prompt",)
    assert desk.count("PUT") == 0


def test_the_written_one_is_read_anew_by_the_next_page(desk: Desk) -> None:
    bot = ready(desk)
    details.chatbot(desk.access(), bot.id)
    save(desk, bot, {"title": "New"})
    assert details.chatbot(desk.access(), bot.id).info.title == "New"


def test_a_chatbot_without_any_readable_setting_can_be_written(desk: Desk) -> None:
    bot = ready(desk)
    desk.sandbox.edit(bot.id, title=None, prompt=7, is_shared="x", model=None)
    saved = save(desk, bot, {"title": "New", "is_shared": False})
    assert set(saved.verified) == {"title", "is_shared"}
    assert change().before == {"title": None, "is_shared": None}
