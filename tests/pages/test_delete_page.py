"""`/chatbots/<id>/delete/`: what is lost, the title typed once more, and what becomes of it."""

import unicodedata
from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from chatbots.sandbox import AsOf, Chatbot, Fault, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import calls, info_path, writes
from tests.pages.changes import member_of
from tests.pages.changing import HOSTILE, count, delete_url, errors_of, follow, opened
from tests.pages.drawn import Form, assert_error, assert_leads_to_sign_in, assert_page

MAY_BE_GONE = "Caigunn may have deleted this chatbot"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return delete_url(bot)


@pytest.fixture
def form(admin: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> Form:
    """The form with the right title typed, not sent yet."""
    form = opened(admin, url)
    form.fields["confirm_title"] = bot.title
    sandbox.clear_requests()
    return form


def test_what_is_lost(admin: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    page = assert_page(admin.get(url))
    assert str(bot.webhook_url) in page.text
    assert f"••••{bot.api_key[-4:]}" in page.text
    assert bot.api_key not in page.html
    assert f"{bot.fields['message_limit']:,}" in page.text
    assert bot.title in page.text
    assert page.form(url).fields["confirm_title"] == ""
    assert writes(sandbox) == []


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
def test_deleted(as_of: AsOf, browse: Browsing, settings: LazySettings) -> None:
    with Sandbox(as_of=as_of) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        admin = browse("admin", caigunn.users[0].token)
        bot = caigunn.users[0].chatbots[0]
        for address in ("/chatbots/", "/chatbots/?q=" + bot.id, f"/chatbots/{bot.id}/"):
            assert bot.id in assert_page(admin.get(address)).text
        response = opened(admin, delete_url(bot)).submit(admin, confirm_title=bot.title)
        assert response["Location"] == "/chatbots/"
        page = follow(admin, response)
        assert f"{bot.title} is deleted. Caigunn confirms it." in page.text
        assert f"/chatbots/{bot.id}/" not in page.hrefs
        assert bot.is_deleted
        found = assert_page(admin.get("/chatbots/", {"q": bot.id}))
        assert f"/chatbots/{bot.id}/" not in found.hrefs
        assert "This chatbot was deleted" in assert_page(admin.get(f"/chatbots/{bot.id}/")).text
        assert count(caigunn, "DELETE") == 1
        assert caigunn.refusals == []


@pytest.mark.parametrize("typed", ["", " ", "Wrong", "客服"])
def test_the_wrong_title(
    typed: str, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    page = assert_page(form.submit(admin, confirm_title=typed), 422)
    assert errors_of(page, "confirm_title")
    assert page.form(url).fields["confirm_title"] == typed
    assert writes(sandbox) == []
    assert page.form(url).submit(admin, confirm_title=bot.title).status_code == 302


@pytest.mark.parametrize(
    ("title", "typed"),
    [
        ("Café ☕", unicodedata.normalize("NFD", "Café ☕")),
        (unicodedata.normalize("NFD", "Café"), "Café"),
        ("  Padded ", "Padded"),
        ("Padded", "  Padded  "),
        (HOSTILE, HOSTILE),
    ],
)
def test_trimmed_and_composed(
    title: str, typed: str, admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, title=title)
    assert "<script>alert" not in assert_page(admin.get(url)).html
    follow(admin, opened(admin, url).submit(admin, confirm_title=typed))
    assert bot.is_deleted


@pytest.mark.parametrize("title", ["", None])
def test_without_a_title_it_is_the_id(
    title: str | None, admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, title=title)
    form = opened(admin, url)
    assert form.submit(admin, confirm_title="").status_code == 422
    assert opened(admin, url).submit(admin, confirm_title=bot.id).status_code == 302
    assert bot.is_deleted


def test_renamed_meanwhile(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    assert_page(admin.get(f"/chatbots/{bot.id}/"))
    sandbox.edit(bot.id, title="Another one now")
    page = assert_page(form.submit(admin), 422)
    assert "Another one now" in page.text
    assert not bot.is_deleted
    assert writes(sandbox) == []


def test_sent_twice(admin: Client, sandbox: Sandbox, form: Form) -> None:
    for _again in range(3):
        assert form.submit(admin)["Location"] == "/chatbots/"
    assert writes(sandbox) == ["DELETE"]


def test_deleted_already(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    bot.delete()
    assert f"{bot.title} no longer exists at Caigunn." in follow(admin, form.submit(admin)).text
    assert writes(sandbox) == []
    assert admin.get(url)["Location"] == f"/chatbots/{bot.id}/"


def test_gone_already(admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form) -> None:
    sandbox.users[0].all_chatbots.remove(bot)
    assert f"{bot.title} no longer exists at Caigunn." in follow(admin, form.submit(admin)).text
    assert writes(sandbox) == []


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c"])
def test_without_a_readable_state(
    state: str, admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    page = assert_page(form.submit(admin, state=state), 422)
    assert "Nothing was deleted; send it again." in page.text
    assert page.form(url).fields["confirm_title"] == bot.title
    assert writes(sandbox) == []
    assert page.form(url).submit(admin).status_code == 302


def test_the_state_of_another_chatbot_or_form(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form
) -> None:
    second = sandbox.users[0].chatbots[1]
    for address in (delete_url(second), f"/chatbots/{bot.id}/edit/"):
        state = opened(admin, address).fields["state"]
        assert form.submit(admin, state=state).status_code == 422
    assert writes(sandbox) == []


def test_a_form_expires_after_a_week(admin: Client, sandbox: Sandbox, form: Form) -> None:
    member = member_of(admin)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        admin.force_login(member)
        assert "This form was too old" in assert_page(form.submit(admin), 422).text
    assert writes(sandbox) == []


# Who


def test_roles(
    viewer: Client, editor: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    for client in (viewer, editor):
        assert_error(client.get(url), 403, "This needs the role Admin")
        assert_error(form.submit(client), 403, "This needs the role Admin")
    assert calls(sandbox) == []
    assert not bot.is_deleted


def test_another_connection(browse: Browsing, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    stranger = browse("admin", sandbox.users[1].token)
    assert_error(stranger.get(url), 404, "This chatbot no longer exists")
    values = {"confirm_title": bot.title}
    # However often it is sent: of another account's chatbot it is never said that it is gone.
    for _again in range(2):
        page = assert_error(stranger.post(url, values), 404, "This chatbot no longer exists")
        values |= page.form(url).fields
    assert writes(sandbox) == []
    assert not bot.is_deleted


def test_anonymous(client: Client, db: None) -> None:
    assert_leads_to_sign_in(client.get("/chatbots/a/delete/"), "/chatbots/a/delete/")
    assert client.post("/chatbots/a/delete/").status_code == 302


def test_wrong_method(admin: Client, sandbox: Sandbox, url: str) -> None:
    for method in (admin.put, admin.patch, admin.delete):
        assert method(url).status_code == 405
    assert admin.head(url).status_code == 200
    assert writes(sandbox) == []


def test_posts_about_a_deleted_one_are_refused(
    admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    forms = {name: opened(admin, f"/chatbots/{bot.id}/{name}/") for name in ("edit", "webhook")}
    bot.delete()
    for name, form in forms.items():
        page = assert_page(form.submit(admin, webhook_url="https://x.example/"), 422)
        assert "This chatbot has been deleted meanwhile. Nothing was saved." in page.text, name
        kept = page.form(f"/chatbots/{bot.id}/{name}/").fields
        assert kept["webhook_url"] == "https://x.example/"
    assert writes(sandbox) == []


def test_a_webhook_that_caigunn_does_not_tell_is_called_unknown(
    admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    odd = {"id": bot.id, "title": bot.title, "webhook_url": 5}
    sandbox.order(Fault("status", status=200, body=odd, path=info_path(bot), times=9))
    text = " ".join(assert_page(admin.get(url)).text.split())
    assert "Webhook URL Unknown" in text
    assert "No webhook" not in text
