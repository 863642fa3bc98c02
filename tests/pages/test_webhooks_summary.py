"""What the list says of its webhooks at a glance, once they are read."""

import pytest
from django.test import Client

from chatbots.sandbox import Fault, Sandbox
from tests.pages.calls import info_path
from tests.pages.changing import opened, webhook_url
from tests.pages.drawn import Drawn, assert_fragment, assert_page, htmx

LIST = "/chatbots/"


def read(member: Client) -> Drawn:
    return assert_fragment(member.get(LIST, headers=htmx("webhooks", LIST)))


def without(sandbox: Sandbox) -> int:
    return sum(not bot.webhook_url for bot in sandbox.users[0].chatbots[:30])


def test_how_many_have_none(viewer: Client, sandbox: Sandbox) -> None:
    assert without(sandbox) > 1
    said = f"{without(sandbox)} without a webhook"
    assert said in read(viewer).text
    assert said in assert_page(viewer.get(LIST, {"webhooks": "1"})).text


def test_all_have_one(viewer: Client, sandbox: Sandbox) -> None:
    for bot in sandbox.users[0].chatbots[:30]:
        sandbox.edit(bot.id, webhook_url="https://hooks.example.org/all")
    text = read(viewer).text
    assert "All have a webhook" in text
    assert "without a webhook" not in text


@pytest.mark.parametrize(
    ("fault", "says_unreadable"),
    [(Fault("not_json"), True), (Fault("status", status=404), False)],
)
def test_how_many_could_not_be_read(
    fault: Fault,
    says_unreadable: bool,
    viewer: Client,
    sandbox: Sandbox,
) -> None:
    """What exists no more is no failure; neither is counted as one without a webhook."""
    bot = next(bot for bot in sandbox.users[0].chatbots if not bot.webhook_url)
    sandbox.order(Fault(fault.kind, path=info_path(bot), status=fault.status, times=3))
    text = read(viewer).text
    assert ("1 unreadable" in text) is says_unreadable
    assert f"{without(sandbox) - 1} without a webhook" in text


def test_how_many_were_changed_outside(editor: Client, sandbox: Sandbox) -> None:
    bot = sandbox.users[0].chatbots[0]
    opened(editor, webhook_url(bot)).submit(editor, webhook_url="https://hooks.example.org/mine")
    assert "1 changed outside" not in read(editor).text
    sandbox.edit(bot.id, webhook_url="https://hooks.example.org/theirs")
    editor.get(f"/chatbots/{bot.id}/?fresh=1")
    assert "1 changed outside" in read(editor).text
