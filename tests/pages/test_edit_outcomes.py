"""`/chatbots/<id>/edit/`: what a member sees of a save that does not go as asked."""

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    MAY_HAVE_SAVED,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    fail,
    only,
    refuse_token,
    writes,
)
from tests.pages.changing import HOOK, edit_url, errors_of, follow, opened, refused
from tests.pages.drawn import Form, assert_error, assert_page
from tests.pages.keeping import after_reconnecting, leads_to_kept

TITLE, PROMPT, COLOUR = "Mine & yours", "Be kind.", "#123abc"
FIELDS = (
    "title",
    "prompt",
    "is_shared",
    "model_id",
    "avatar",
    "main_color",
    "is_default_visible",
    "button_style",
    "button_image",
    "initial_messages",
    "is_fixed",
    "show_history",
    "allowed_domains",
)


@pytest.fixture
def url(bot: Chatbot) -> str:
    return edit_url(bot)


@pytest.fixture
def form(editor: Client, sandbox: Sandbox, url: str) -> Form:
    """The form with a new title, prompt and colour typed, not sent yet."""
    form = opened(editor, url)
    form.fields |= {"title": TITLE, "prompt": PROMPT, "main_color": COLOUR}
    sandbox.clear_requests()
    return form


@pytest.fixture
def settings_path(bot: Chatbot) -> str:
    return only(f"{CHATBOTS}/{bot.id}")


def is_kept(form: Form) -> bool:
    return [form.fields[name] for name in ("title", "prompt", "main_color")] == [
        TITLE,
        PROMPT,
        COLOUR,
    ]


# Before the write


def test_a_refused_token(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    refuse_token(sandbox)
    page = assert_error(form.submit(editor), 403, TOKEN_REFUSED)
    assert leads_to_kept(after_reconnecting(page), url)
    assert is_kept(page.form(url))
    assert writes(sandbox) == []
    assert "Caigunn refused this token" in assert_page(editor.get("/token/")).text
    sandbox.clear_faults()
    assert page.form(url).submit(editor).status_code == 302
    assert bot.title == TITLE


@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (404, 404, "This chatbot no longer exists"),
        (429, 503, "Try again in 9 seconds. Nothing was changed."),
        (500, 503, NO_ANSWER),
        (503, 503, NO_ANSWER),
    ],
)
def test_it_cannot_be_read(
    status: int,
    shown_as: int,
    says: str,
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    form: Form,
    url: str,
) -> None:
    fail(sandbox, bot.id, status, headers={"Retry-After": "9"})
    page = assert_error(form.submit(editor), shown_as, says)
    assert is_kept(page.form(url))
    assert "Try again" not in page.text.replace("Try again in", "")
    assert writes(sandbox) == []
    sandbox.clear_faults()
    assert page.form(url).submit(editor).status_code == 302
    assert bot.title == TITLE


def test_it_is_not_understood(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.order(Fault("not_json", path=bot.id, times=ALWAYS))
    page = assert_error(form.submit(editor), 502, NOT_UNDERSTOOD)
    assert is_kept(page.form(url))
    assert writes(sandbox) == []


def test_caigunn_is_away(editor: Client, sandbox: Sandbox, form: Form, url: str) -> None:
    sandbox.close()
    page = assert_error(form.submit(editor), 503, NO_ANSWER)
    assert is_kept(page.form(url))
    assert MAY_HAVE_SAVED not in page.text


# The write of the settings


@pytest.mark.parametrize("name", FIELDS)
def test_caigunn_refuses_a_setting(
    name: str,
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    form: Form,
    url: str,
    settings_path: str,
) -> None:
    body = refused(name, "Not <b>so</b>")
    fault = Fault("status", method="PUT", path=settings_path, status=422, body=body)
    sandbox.order(fault)
    page = assert_page(form.submit(editor, webhook_url=HOOK), 422)
    assert errors_of(page, name)
    assert "Not <b>so</b>" in page.text
    assert "The webhook was not sent: it waits for the settings." in page.text
    assert is_kept(page.form(url))
    assert page.form(url).fields["webhook_url"] == HOOK
    assert writes(sandbox) == ["PUT"]
    page = follow(editor, page.form(url).submit(editor))
    assert (bot.title, bot.webhook_url) == (TITLE, HOOK)
    assert writes(sandbox) == ["PUT", "PUT", "PUT"]


@pytest.mark.parametrize(
    ("status", "shown_as_and_says"),
    [
        (400, (422, "Said with 400")),
        (403, (403, "Caigunn does not allow this")),
        (404, (404, "This chatbot no longer exists")),
        (429, (503, "Try again in 9 seconds. Nothing was changed.")),
    ],
)
def test_the_write_is_refused(
    status: int,
    shown_as_and_says: tuple[int, str],
    editor: Client,
    sandbox: Sandbox,
    bot: Chatbot,
    form: Form,
    url: str,
    settings_path: str,
) -> None:
    shown_as, says = shown_as_and_says
    fail(sandbox, settings_path, status, method="PUT", headers={"Retry-After": "9"})
    response = form.submit(editor)
    page = assert_page(response, shown_as)
    assert says in page.text
    assert is_kept(page.form(url))
    if status == 429:
        assert response["Retry-After"] == "9"
    sandbox.clear_faults()
    assert page.form(url).submit(editor).status_code == 302
    assert (bot.title, bot.settings["main_color"]) == (TITLE, COLOUR)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", method="PUT", status=500, applied=True),
        Fault("reset_after", method="PUT"),
        Fault("close", method="PUT"),
        Fault("cut", method="PUT"),
        Fault("not_json", method="PUT"),
        Fault("empty", method="PUT"),
        Fault("status", method="PUT", status=502),
        Fault("reset_before", method="PUT"),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_an_unclear_answer_is_settled_by_reading(
    fault: Fault, editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form
) -> None:
    sandbox.order(fault)
    assert "Settings saved." in follow(editor, form.submit(editor)).text
    assert bot.title == TITLE
    assert len(writes(sandbox)) == (1 if fault.is_applied else 2)


def test_it_stays_unknown(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str, settings_path: str
) -> None:
    sandbox.order(Fault("reset_before", method="PUT", path=settings_path, times=ALWAYS))
    page = assert_error(form.submit(editor, webhook_url=HOOK), 504, MAY_HAVE_SAVED)
    assert is_kept(page.form(url))
    assert "Try again" not in page.text
    assert "The settings were not saved" not in page.text
    assert "The webhook was not sent: it waits for the settings." in page.text
    sandbox.clear_faults()
    sandbox.clear_requests()
    assert_error(page.form(url).submit(editor), 504, MAY_HAVE_SAVED)
    assert writes(sandbox) == []
    change = Change.objects.get(kind=Kind.SETTINGS)
    told = follow(editor, page.form(f"/changes/{change.pk}/check/").submit(editor))
    assert "Checked: it was not saved." in told.text
    change.refresh_from_db()
    assert change.outcome == Outcome.FAILED
    # Now that it is known, the form says so once and is good.
    page = assert_page(page.form(url).submit(editor), 422)
    assert "This form was sent before" in page.text
    assert page.form(url).submit(editor).status_code == 302
    assert (bot.title, bot.webhook_url) == (TITLE, HOOK)


def test_too_slow(
    editor: Client, sandbox: Sandbox, form: Form, url: str, settings: LazySettings
) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.6
    sandbox.order(Fault("hang", method="PUT", times=ALWAYS))
    page = assert_error(form.submit(editor), 504, MAY_HAVE_SAVED)
    assert "not saved" not in page.text
    assert is_kept(page.form(url))


def test_accepted_and_not_held(
    editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str, settings_path: str
) -> None:
    body = {"detail": "update successfully"}
    sandbox.order(Fault("status", method="PUT", path=settings_path, status=200, body=body))
    was = bot.title
    page = assert_page(form.submit(editor), 422)
    assert "Caigunn accepted the change, but reports other values:" in page.text
    assert was in page.text
    assert is_kept(page.form(url))
