"""`/chatbots/<id>/` while Caigunn does not do as asked, and with text that was made to do harm."""

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.calls import (
    ALWAYS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    fail,
    full_of_text,
    info_path,
    refuse_token,
)
from tests.pages.drawn import (
    Drawn,
    assert_error,
    assert_fragment,
    assert_page,
    htmx,
)


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


def test_caigunn_down_shows_the_last_known_copy(
    editor: Client, sandbox: Sandbox, settings: LazySettings, url: str, bot: Chatbot
) -> None:
    editor.get(url)
    settings.FRESH_SECONDS = 0.0
    sandbox.close()
    page = assert_page(editor.get(url))
    assert "last known copy, read now" in page.text
    assert bot.title in page.text
    assert url in page.hrefs
    assert f"{url}webhook/" not in page.hrefs


def test_caigunn_down_without_a_copy(viewer: Client, sandbox: Sandbox, url: str) -> None:
    sandbox.close()
    assert url in assert_error(viewer.get(url), 503, NO_ANSWER).hrefs


@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (401, 403, "Caigunn does not allow this"),
        (403, 403, "Caigunn does not allow this"),
        (404, 404, "This chatbot no longer exists"),
        (400, 422, "Caigunn refused this"),
        (422, 422, "Caigunn refused this"),
        (405, 422, "Caigunn refused this"),
        (500, 503, NO_ANSWER),
        (502, 503, NO_ANSWER),
        (302, 502, NOT_UNDERSTOOD),
    ],
)
@pytest.mark.parametrize("headers", [{}, htmx("elsewhere")], ids=["page", "htmx"])
def test_faults(
    status: int,
    shown_as: int,
    says: str,
    headers: dict[str, str],
    viewer: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    url: str,
) -> None:
    fail(sandbox, info_path(bot), status)
    page = assert_error(viewer.get(url, headers=headers), shown_as, says)
    assert f"Said with {status}" in page.text or status == 302


def test_a_refused_token(viewer: Client, sandbox: Sandbox, url: str) -> None:
    refuse_token(sandbox)
    page = assert_error(viewer.get(url), 403, TOKEN_REFUSED)
    assert f"/token/?next={url.replace('/', '%2F')}" in page.hrefs


def test_rate_limited(viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot) -> None:
    fail(sandbox, info_path(bot), 429, headers={"Retry-After": "30"})
    response = viewer.get(url)
    assert_error(response, 503, "Try again in 30 seconds.")
    assert response["Retry-After"] == "30"


def test_an_answer_about_another_chatbot_is_not_understood(
    viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    sandbox.order(
        Fault("not_json", path=info_path(bot), times=ALWAYS, body={"id": "other", "title": "Other"})
    )
    assert_error(viewer.get(url), 502, NOT_UNDERSTOOD)


# Text from outside


@pytest.mark.parametrize(
    "wild",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "javascript:alert(1)",
        "bell \x07, escape \x1b[31m",
        "{{ 7|add:7 }}",
        "長" * 300,
    ],
)
def test_text_from_outside_is_text(
    wild: str, viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    names = list(full_of_text(sandbox, bot))
    sandbox.edit(bot.id, **dict.fromkeys(names, wild), **{"<b>new</b>": wild})
    page: Drawn = assert_page(viewer.get(url))
    assert page.text.count(" ".join(wild.split())) >= len(names) - 2
    assert "<b>new</b>" in page.text
    for markup in ("<script>alert", "<img src=x", "<b>new"):
        assert markup not in page.html
    assert not page.inline
    assert not any(href.startswith("javascript:") for href in page.hrefs)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1970-01-01"])
def test_times_at_the_edge(
    moment: str, viewer: Client, sandbox: Sandbox, url: str, bot: Chatbot
) -> None:
    body = {"id": bot.id, "created_at": moment, "bound_at": moment, "deleted_at": moment}
    sandbox.order(Fault("not_json", path=info_path(bot), body=body))
    assert_page(viewer.get(url))


def test_a_fragment_address_opened_directly_leads_to_the_page(
    editor: Client, url: str, bot: Chatbot
) -> None:
    response = editor.get(f"{url}webhook/?show=1")
    assert response["Location"] == url
    cell = assert_fragment(
        editor.get(f"{url}webhook/?show=1", headers=htmx(f"webhook-{bot.id}", url))
    )
    assert bot.webhook_url in cell.attribute("title")
