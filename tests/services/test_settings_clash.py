"""Two members at one chatbot: nobody's settings are written over unseen."""

from typing import Any

import pytest

from caigunn_admin.activity.models import Change, Kind
from chatbots.sandbox import Chatbot
from chatbots.services import outcomes
from chatbots.services import settings as service

from .conftest import Desk
from .settings_calls import held, ready, save

pytestmark = pytest.mark.django_db


@pytest.fixture
def bot(desk: Desk) -> Chatbot:
    """A chatbot with known readable settings."""
    return ready(desk)


def opened(desk: Desk, bot: Chatbot) -> dict[str, Any]:
    """What a form that is opened now starts from."""
    found = service.started_from(desk.access().client.get_chatbot(bot.id))
    desk.forget_calls()
    return found


def theirs(desk: Desk) -> dict[str, Any]:
    """What a colleague writes meanwhile, by API name."""
    return {
        "title": "Theirs",
        "prompt": "Their prompt",
        "is_shared": True,
        "model_id": desk.sandbox.models[1].id,
    }


def mine(desk: Desk) -> dict[str, Any]:
    return {
        "title": "Mine",
        "prompt": "My prompt",
        "is_shared": True,
        "model_id": desk.sandbox.models[2].id,
    }


def edit(desk: Desk, bot: Chatbot, name: str, value: Any) -> None:
    if name == "model_id":
        model = next(one for one in desk.sandbox.models if one.id == value)
        desk.sandbox.edit(bot.id, model=model.reference)
    else:
        desk.sandbox.edit(bot.id, **{name: value})


@pytest.mark.parametrize("name", ["title", "prompt", "model_id"])
def test_a_submitted_field_that_somebody_changed_clashes(
    desk: Desk, bot: Chatbot, name: str
) -> None:
    started_from = opened(desk, bot)
    edit(desk, bot, name, theirs(desk)[name])
    values = {name: mine(desk)[name], "main_color": "#000000"}
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot, values, started_from=started_from)
    assert caught.value.current == {name: theirs(desk)[name]}
    assert (desk.count("PUT"), held(bot, name)) == (0, theirs(desk)[name])
    assert not Change.objects.filter(kind=Kind.SETTINGS).exists()


def test_sharing_clashes_where_it_was_unknown_and_is_the_other_now(
    desk: Desk, bot: Chatbot
) -> None:
    desk.sandbox.edit(bot.id, is_shared=None)
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id, is_shared=True)
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot, {"is_shared": False}, started_from=started_from)
    assert caught.value.current == {"is_shared": True}


def test_all_clashes_are_named_at_once(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    for name, value in theirs(desk).items():
        edit(desk, bot, name, value)
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot, mine(desk), started_from=started_from)
    assert caught.value.current == {
        name: value for name, value in theirs(desk).items() if name != "is_shared"
    }, "both share it: that is no clash"


def test_a_change_of_what_is_not_submitted_is_no_clash(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id, prompt="Their prompt", webhook_url="https://theirs.example.com/")
    assert save(desk, bot, {"title": "Mine"}, started_from=started_from).verified == ("title",)
    assert (bot.title, bot.fields["prompt"]) == ("Mine", "Their prompt")


def test_a_moved_updated_at_alone_is_no_clash(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id)
    assert started_from["updated_at"] != opened(desk, bot)["updated_at"]
    assert save(desk, bot, {"title": "Mine"}, started_from=started_from).verified == ("title",)


def test_a_clash_with_the_wanted_value_is_none(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id, title="Mine")
    assert save(desk, bot, {"title": "Mine"}, started_from=started_from).change is None
    assert desk.count("PUT") == 0


@pytest.mark.parametrize("values", [{"main_color": "#000000"}, {"title": "M", "is_fixed": True}])
def test_before_what_cannot_be_compared_is_sent_over_a_change_it_is_asked_once(
    desk: Desk, bot: Chatbot, values: dict[str, Any]
) -> None:
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id, prompt="Their prompt")
    with pytest.raises(outcomes.ChangedMeanwhileError) as caught:
        save(desk, bot, values, started_from=started_from, form_key="one")
    assert caught.value.current == opened(desk, bot)["updated_at"]
    assert desk.count("PUT") == 0
    assert not Change.objects.filter(kind=Kind.SETTINGS).exists()
    save(desk, bot, values, started_from=opened(desk, bot), form_key="one")
    assert {name: held(bot, name) for name in values} == values


def test_every_further_change_is_asked_about_again(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    for prompt in ("Theirs", "Theirs again"):
        desk.sandbox.edit(bot.id, prompt=prompt)
        with pytest.raises(outcomes.ChangedMeanwhileError):
            save(desk, bot, {"main_color": "#000000"}, started_from=started_from)
    assert desk.count("PUT") == 0


def test_a_deleted_chatbot_is_not_written(desk: Desk, bot: Chatbot) -> None:
    started_from = opened(desk, bot)
    desk.sandbox.edit(bot.id, is_deleted=True)
    with pytest.raises(outcomes.DeletedError):
        save(desk, bot, {"title": "Mine"}, started_from=started_from)
    assert desk.count("PUT") == 0


def test_what_somebody_else_saved_since_is_not_called_saved(desk: Desk, bot: Chatbot) -> None:
    """The form is sent again after it was saved: its answer is what Caigunn reports now."""
    values = {"title": "Mine", "main_color": "#000000"}
    first = save(desk, bot, values, form_key="one")
    assert save(desk, bot, values, form_key="one") == first
    desk.sandbox.edit(bot.id, title="Theirs")
    with pytest.raises(outcomes.ClashError) as caught:
        save(desk, bot, values, form_key="one")
    assert caught.value.current == {"title": "Theirs"}
    assert (desk.count("PUT"), bot.title) == (0, "Theirs")
