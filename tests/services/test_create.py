"""Chatbots are created on every kind of Caigunn, and set up as they were asked for."""

import itertools
from typing import Any, get_args
from urllib.parse import parse_qsl

import pytest

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.caigunn import RateLimited, Rejected, TokenRejected, Unavailable
from chatbots.sandbox import AsOf, Fault, WebhookRoute
from chatbots.services import catalogue, lifecycle, outcomes
from chatbots.services import settings as service

from .conftest import CHATBOT, CHATBOTS, OpenDesk
from .creating import TITLE, WEBHOOK_URL, create, titled, wanted
from .settings_calls import all_settings, as_stored, change, held

pytestmark = pytest.mark.django_db

KINDS = list(itertools.product(get_args(AsOf), get_args(WebhookRoute)))
SETTINGS = {"prompt": "你是客服。", "main_color": "#0f766e"}


@pytest.mark.parametrize("webhook_url", [None, WEBHOOK_URL])
@pytest.mark.parametrize("setup", ["none", "some", "all"])
@pytest.mark.parametrize(("as_of", "route"), KINDS)
def test_what_was_asked_for_is_what_caigunn_has(
    open_desk: OpenDesk, as_of: AsOf, route: WebhookRoute, setup: str, webhook_url: str | None
) -> None:
    desk = open_desk("admin", as_of=as_of, webhook_route=route, chatbots=2)
    others = [dict(bot.fields) for bot in desk.bots]
    full = {name: one for name, one in all_settings(desk).items() if name != "title"}
    values: dict[str, Any] = {"none": {}, "some": SETTINGS, "all": full}[setup]
    new = wanted(desk, webhook_url=webhook_url, settings=values)
    created = create(desk, new)
    *before, bot = desk.bots
    assert [one.fields for one in before] == others
    assert created.chatbot_id == bot.id
    assert (bot.title, bot.fields["plan_id"]) == (TITLE, new.plan_id)
    assert {name: held(bot, name) for name in values} == {
        name: as_stored(value) for name, value in values.items()
    }
    assert set(bot.settings) == set(values)
    is_set = route != "none" and webhook_url is not None
    assert bot.webhook_url == (webhook_url if is_set else None)
    assert set(created.failed) == ({"webhook"} if webhook_url and not is_set else set())
    assert change(Kind.CREATE) == created.change
    assert (created.change.outcome, created.change.chatbot_id) == (Outcome.DONE, bot.id)
    assert created.change.after == {"title": TITLE, "plan_id": new.plan_id}
    assert desk.count("POST") == 1
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize("as_of", get_args(AsOf))
@pytest.mark.parametrize("name", [name for name in service.FIELDS if name != "title"])
def test_each_setting_alone_can_be_asked_for(open_desk: OpenDesk, name: str, as_of: AsOf) -> None:
    desk = open_desk("admin", as_of=as_of, chatbots=0)
    value = all_settings(desk)[name]
    created = create(desk, wanted(desk, settings={name: value}))
    (bot,) = desk.bots
    assert created.failed == {}
    assert (held(bot, name), set(bot.settings)) == (as_stored(value), {name})
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize("as_of", get_args(AsOf))
@pytest.mark.parametrize(
    "title",
    [
        "a&plan_id=b",
        "#1 50% %41 +plus =",
        "\"double\" 'single' “curly”",
        "👩‍💻🎉",
        "客服小幫手：訂單",
        "x" * 300,
        "長" * 300,
    ],
)
def test_a_title_arrives_unchanged_in_query_and_form(
    open_desk: OpenDesk, title: str, as_of: AsOf
) -> None:
    desk = open_desk("admin", as_of=as_of, chatbots=0)
    new = wanted(desk, title)
    create(desk, new)
    (post,) = [one for one in desk.sandbox.requests if one.method == "POST"]
    sent = [("title", title), ("plan_id", new.plan_id)]
    assert post.path == "/api/external/user/chatbot"
    assert post.query == parse_qsl(post.body.decode(), keep_blank_values=True) == sent
    assert post.headers["content-type"] == "application/x-www-form-urlencoded"
    assert post.headers["caigunn-access-token"] == desk.sandbox.users[0].token
    assert "api-key" not in post.headers
    assert desk.bots[0].title == title
    assert desk.sandbox.refusals == []


@pytest.mark.parametrize("max_limit", [2, 20])
def test_without_an_id_it_is_found_by_its_key_on_a_later_page(
    open_desk: OpenDesk, max_limit: int
) -> None:
    desk = open_desk("admin", as_of="2024-07", chatbots=45, max_limit=max_limit)
    desk.sandbox.edit(desk.bots[3].id, title=TITLE)
    created = create(desk, wanted(desk))
    assert created.chatbot_id == desk.bots[-1].id
    assert len(titled(desk)) == 2


def test_a_copy_takes_over_what_can_be_read(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    (source,) = desk.bots
    model = desk.sandbox.models[2].reference
    desk.sandbox.edit(source.id, prompt="你是客服。", is_shared=True, model=model)
    read = service.readable(desk.access().client.get_chatbot(source.id))
    title = str(read.pop("title"))
    create(desk, wanted(desk, f"Copy of {title}", source.webhook_url or WEBHOOK_URL, read))
    copy = desk.bots[-1]
    now = service.readable(desk.access().client.get_chatbot(copy.id))
    assert now == read | {"title": f"Copy of {title}"}
    assert copy.webhook_url == (source.webhook_url or WEBHOOK_URL)


def test_the_list_is_read_anew_afterwards(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    catalogue.chatbots(desk.access(), 1, 30)
    created = create(desk, wanted(desk))
    rows = catalogue.chatbots(desk.access(), 1, 30).rows
    assert created.chatbot_id in {row.id for row in rows}


def put(path: str, status: int, **how: Any) -> Fault:
    return Fault("status", method="PUT", path=path, status=status, **how)


@pytest.mark.parametrize(
    ("fault", "step"),
    [
        (put(CHATBOT, 422), "settings"),
        (put(CHATBOT, 429), "settings"),
        (put(CHATBOT, 502, times=3), "settings"),
        (put(CHATBOT, 502, applied=True), "settings"),
        (put(CHATBOT, 200, body={"detail": "update successfully"}), "settings"),
        (put("/webhook$", 400), "webhook"),
        (put("/webhook$", 429), "webhook"),
        (put("/webhook$", 502, times=3), "webhook"),
        (put("/webhook$", 200, body={"detail": "Webhook url update successfully"}), "webhook"),
    ],
    ids=lambda one: f"{one.status}-{one.is_applied}" if isinstance(one, Fault) else str(one),
)
def test_a_later_step_that_fails_leaves_a_chatbot_that_is_created(
    open_desk: OpenDesk, fault: Fault, step: str
) -> None:
    """Each step has an outcome of its own, and the other one is done all the same."""
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(fault)
    values = {"main_color": "#0f766e"} if fault.status == 502 else SETTINGS
    created = create(desk, wanted(desk, webhook_url=WEBHOOK_URL, settings=values))
    assert set(created.failed) == {step}
    assert created.failed[step]
    assert desk.bots[-1].id == created.chatbot_id
    assert change(Kind.CREATE).outcome == Outcome.DONE
    unknown = fault.status == 502
    kind = Kind.SETTINGS if step == "settings" else Kind.WEBHOOK
    assert change(kind).outcome == (Outcome.UNKNOWN if unknown else Outcome.FAILED)
    other = Kind.WEBHOOK if step == "settings" else Kind.SETTINGS
    assert change(other).outcome == Outcome.DONE
    assert desk.count("POST") == 1


@pytest.mark.parametrize(
    ("status", "error"), [(422, Rejected), (400, Rejected), (429, RateLimited), (404, Rejected)]
)
def test_a_refusal_creates_nothing_and_the_form_can_be_sent_again(
    open_desk: OpenDesk, status: int, error: type[Exception]
) -> None:
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(Fault("status", method="POST", path=CHATBOTS, status=status))
    with pytest.raises(error):
        create(desk, wanted(desk), "one")
    assert (change(Kind.CREATE).outcome, len(desk.bots)) == (Outcome.FAILED, 1)
    assert create(desk, wanted(desk), "one").chatbot_id == desk.bots[-1].id
    assert desk.count("POST") == 2


def test_a_plan_that_does_not_exist_is_named_as_the_field(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=0)
    new = wanted(desk)
    unknown = type(new)(new.title, "3fa85f64-5717-4562-b3fc-2c963f66afa6")
    with pytest.raises(Rejected) as caught:
        create(desk, unknown)
    assert set(caught.value.fields) == {"plan_id"}


def test_where_the_list_cannot_be_read_first_nothing_is_sent(open_desk: OpenDesk) -> None:
    """Without it a lost answer could not be looked for."""
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(Fault("status", method="GET", path=CHATBOTS, status=503, times=3))
    with pytest.raises(Unavailable):
        create(desk, wanted(desk), "one")
    desk.sandbox.users[0].token, token = "another-token", desk.sandbox.users[0].token
    with pytest.raises(TokenRejected):
        create(desk, wanted(desk), "one")
    assert (desk.count("POST"), Change.objects.filter(kind=Kind.CREATE).count()) == (0, 0)
    desk.sandbox.users[0].token = token
    create(desk, wanted(desk), "one")


def test_a_form_creates_once_however_often_it_is_sent(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    new = wanted(desk, webhook_url=WEBHOOK_URL, settings=SETTINGS)
    first = create(desk, new, "one")
    again = create(desk, new, "one")
    assert (again.chatbot_id, again.change) == (first.chatbot_id, first.change)
    for other in (
        wanted(desk, "Another", WEBHOOK_URL, SETTINGS),
        wanted(desk, settings=SETTINGS),
        wanted(desk, webhook_url=WEBHOOK_URL),
    ):
        with pytest.raises(outcomes.FormUsedError) as caught:
            create(desk, other, "one")
        assert caught.value.change == first.change
    assert (desk.count("POST"), len(desk.bots)) == (1, 2)


def test_the_same_title_again_is_asked_about_once(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    first = create(desk, wanted(desk), "one")
    with pytest.raises(outcomes.TwiceError) as caught:
        create(desk, wanted(desk), "two")
    assert caught.value.change == first.change
    assert desk.count("POST") == 1
    second = lifecycle.create(desk.access(), wanted(desk), form_key="two", is_another=True)
    assert second.chatbot_id != first.chatbot_id
    assert create(desk, wanted(desk, "Another title"), "three").chatbot_id


def test_a_lost_creation_is_not_repeated_by_another_form(open_desk: OpenDesk) -> None:
    desk = open_desk("admin", chatbots=1)
    desk.sandbox.order(Fault("reset_after", method="POST"))
    with pytest.raises(lifecycle.LostAnswerError):
        create(desk, wanted(desk), "one")
    with pytest.raises(lifecycle.LostAnswerError) as caught:
        create(desk, wanted(desk), "two")
    assert caught.value.is_of_another_form
    assert [one.id for one in caught.value.found or ()] == [desk.bots[-1].id]
    assert desk.count("POST") == 1
