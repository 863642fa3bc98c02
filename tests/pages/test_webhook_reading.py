"""`/chatbots/<id>/webhook/`: what is read for it, and how it is shown."""

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.calls import (
    ALWAYS,
    BAD_BODIES,
    CHATBOTS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    fail,
    refuse_token,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_page,
    htmx,
)


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/webhook/"


@pytest.fixture
def page_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


@pytest.fixture
def as_fragment(bot: Chatbot) -> dict[str, str]:
    return htmx(f"webhook-{bot.id}", "/chatbots/?page=1")


# Faults of reading the form


def test_caigunn_down_shows_no_old_form(
    editor: Client, sandbox: Sandbox, url: str, page_url: str
) -> None:
    editor.get(page_url)
    sandbox.close()
    page = assert_error(editor.get(url), 503, NO_ANSWER)
    assert not page.has_form(url)
    assert url in page.hrefs


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (404, 404, "This chatbot no longer exists"),
        (400, 422, "Caigunn refused this"),
        (429, 503, "Caigunn asks to wait"),
        (500, 503, NO_ANSWER),
        (307, 502, NOT_UNDERSTOOD),
    ],
)
def test_faults(
    status: int,
    shown_as: int,
    says: str,
    is_htmx: bool,
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
) -> None:
    fail(sandbox, f"{CHATBOTS}/{bot.id}", status)
    headers = htmx(f"webhook-{bot.id}") if is_htmx else {}
    assert_error(editor.get(f"/chatbots/{bot.id}/webhook/", headers=headers), shown_as, says)


def test_a_refused_token(editor: Client, sandbox: Sandbox, url: str) -> None:
    refuse_token(sandbox)
    assert_error(editor.get(url), 403, TOKEN_REFUSED)


@pytest.mark.parametrize("body", sorted(set(BAD_BODIES) - {"wrong types"}))
def test_bad_bodies(body: str, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    sandbox.order(BAD_BODIES[body](f"{CHATBOTS}/{bot.id}"))
    response = editor.get(url)
    says = NO_ANSWER if response.status_code == 503 else NOT_UNDERSTOOD
    assert_error(response, {"cut": 503}.get(body, 502), says)


# *Cancel* and *Try again*: the value alone


def test_cell(editor: Client, bot: Chatbot, url: str, as_fragment: dict[str, str]) -> None:
    cell = assert_fragment(editor.get(f"{url}?show=1", headers=as_fragment))
    assert bot.webhook_url in cell.attribute("title")
    assert not cell.forms


def test_cell_of_what_cannot_be_read(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, as_fragment: dict[str, str]
) -> None:
    sandbox.order(Fault("status", path=f"{CHATBOTS}/{bot.id}", times=ALWAYS))
    cell = assert_fragment(editor.get(f"{url}?show=1", headers=as_fragment))
    assert "Could not be read" in cell.text
    sandbox.clear_faults()
    again = assert_fragment(editor.get(f"{url}?show=1", headers=as_fragment))
    assert bot.webhook_url in again.attribute("title")


# Text from outside


@pytest.mark.parametrize(
    "wild",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "bell \x07, escape \x1b[31m",
        "長" * 300,
    ],
)
def test_text_from_outside_is_text(
    wild: str, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, title=wild, webhook_url=wild)
    page = assert_page(editor.get(url))
    assert page.form(url).fields["webhook_url"] == wild
    assert " ".join(wild.split()) in page.text
    assert "<script>alert" not in page.html
    assert "<img src=x" not in page.html
    assert not any(href.startswith("javascript:") for href in page.hrefs)


@pytest.mark.parametrize("who", ["viewer", "editor"])
def test_who_may_only_read_tries_an_unreadable_row_again(
    who: str, request: pytest.FixtureRequest, sandbox: Sandbox, bot: Chatbot
) -> None:
    member: Client = request.getfixturevalue(who)
    sandbox.order(Fault("not_json", path=f"/chatbot/{bot.id}$"))
    rows = assert_fragment(member.get("/chatbots/", headers=htmx("webhooks", "/chatbots/")))
    again = next(href for href in rows.attribute("hx-get") if bot.id in href)
    cell = assert_fragment(member.get(again, headers=htmx(f"webhook-{bot.id}", "/chatbots/")))
    assert bot.webhook_url in cell.attribute("title")
    assert ("Edit" in cell.text) is (who == "editor")
