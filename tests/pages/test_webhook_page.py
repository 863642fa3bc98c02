"""`/chatbots/<id>/webhook/`: the form, its rules, and who may use it."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Outcome
from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    CHATBOTS,
    WEBHOOK,
    calls,
    writes,
)
from tests.pages.drawn import (
    assert_error,
    assert_fragment,
    assert_htmx_leads_to_sign_in,
    assert_leads_to_sign_in,
    assert_page,
    drawn,
    htmx,
)

NEW = "https://new.example.com/hook"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/webhook/"


@pytest.fixture
def page_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


@pytest.fixture
def as_fragment(bot: Chatbot) -> dict[str, str]:
    return htmx(f"webhook-{bot.id}", "/chatbots/?page=1")


# The form


def test_page_shows_what_caigunn_reports_now(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    editor.get(page_url)
    sandbox.edit(bot.id, webhook_url="https://meanwhile.example.com/")
    sandbox.clear_requests()
    page = assert_page(editor.get(url))
    assert page.form(url).fields["webhook_url"] == "https://meanwhile.example.com/"
    assert calls(sandbox) == [("GET", f"{CHATBOTS}/{bot.id}")]
    assert bot.title in page.text
    assert page_url in page.hrefs


def test_fragment(editor: Client, bot: Chatbot, url: str, as_fragment: dict[str, str]) -> None:
    fragment = assert_fragment(editor.get(url, headers=as_fragment))
    assert f"webhook-{bot.id}" in fragment.ids
    assert fragment.form(url).fields["webhook_url"] == bot.webhook_url
    assert fragment.form(url).fields["state"]
    assert fragment.form(url).fields["csrfmiddlewaretoken"]


def test_clear_is_offered_where_there_is_something(
    editor: Client, sandbox: Sandbox, url: str
) -> None:
    assert "Clear" in assert_page(editor.get(url)).text
    bare = next(bot for bot in sandbox.users[0].chatbots if not bot.webhook_url)
    assert "Clear" not in assert_page(editor.get(f"/chatbots/{bare.id}/webhook/")).text


def test_a_deleted_chatbot_has_no_form(
    editor: Client, bot: Chatbot, url: str, page_url: str
) -> None:
    bot.delete()
    assert editor.get(url)["Location"] == page_url


def test_cancel_leads_back(editor: Client, url: str, page_url: str) -> None:
    assert page_url in assert_page(editor.get(url)).hrefs
    page = assert_page(editor.get(f"{url}?next=/chatbots/%3Fpage%3D2"))
    assert "/chatbots/?page=2" in page.hrefs
    assert page.form(url).fields["next"] == "/chatbots/?page=2"


# Set, change, clear by plain HTTP


def test_change(editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str) -> None:
    form = drawn(editor.get(url)).form(url)
    response = form.submit(editor, webhook_url=f"  {NEW} ")
    assert response.status_code == 302
    assert response["Location"] == page_url
    page = assert_page(editor.get(page_url))
    assert "Saved. Caigunn reports this webhook now." in page.text
    assert NEW in page.attribute("title")
    assert bot.webhook_url == NEW
    assert Change.objects.get(chatbot_id=bot.id).outcome == Outcome.DONE
    assert "Saved." not in assert_page(editor.get(page_url)).text


def test_clear(editor: Client, bot: Chatbot, url: str, page_url: str) -> None:
    drawn(editor.get(url)).form(url).submit(editor, press="clear")
    page = assert_page(editor.get(page_url))
    assert "Cleared. Caigunn reports no webhook now." in page.text
    assert bot.webhook_url is None


def test_empty_clears(editor: Client, bot: Chatbot, url: str) -> None:
    drawn(editor.get(url)).form(url).submit(editor, webhook_url="")
    assert bot.webhook_url is None


def test_set(editor: Client, sandbox: Sandbox) -> None:
    bare = next(bot for bot in sandbox.users[0].chatbots if not bot.webhook_url)
    url = f"/chatbots/{bare.id}/webhook/"
    drawn(editor.get(url)).form(url).submit(editor, webhook_url=NEW)
    assert bare.webhook_url == NEW


def test_costs_one_read_one_write_one_read_once_the_route_is_known(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    drawn(editor.get(url)).form(url).submit(editor, webhook_url=NEW)
    form = drawn(editor.get(url)).form(url)
    sandbox.clear_requests()
    form.submit(editor, webhook_url=f"{NEW}/2")
    read = ("GET", f"{CHATBOTS}/{bot.id}")
    assert calls(sandbox) == [read, ("PUT", WEBHOOK), read]


def test_an_unchanged_value_is_not_written(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    drawn(editor.get(url)).form(url).submit(editor, webhook_url=bot.webhook_url or "")
    assert writes(sandbox) == []
    assert "Nothing to change" in assert_page(editor.get(page_url)).text
    assert not Change.objects.filter(chatbot_id=bot.id).exists()


def test_under_htmx(
    editor: Client, bot: Chatbot, url: str, page_url: str, as_fragment: dict[str, str]
) -> None:
    fields = drawn(editor.get(url, headers=as_fragment)).form(url).fields
    response = editor.post(url, fields | {"webhook_url": NEW}, headers=as_fragment)
    cell = assert_fragment(response)
    assert NEW in cell.attribute("title")
    assert "Saved. Caigunn reports this webhook now." in cell.text
    assert f"webhook-{bot.id}" in cell.ids
    assert not cell.forms
    # What the fragment said is not said once more by the next page.
    assert "Saved." not in assert_page(editor.get(page_url)).text


def test_double_submit_writes_once(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, as_fragment: dict[str, str]
) -> None:
    form = drawn(editor.get(url)).form(url)
    sandbox.clear_requests()
    assert form.submit(editor, webhook_url=NEW).status_code == 302
    assert form.submit(editor, webhook_url=NEW).status_code == 302
    again = editor.post(url, form.fields | {"webhook_url": NEW}, headers=as_fragment)
    assert NEW in assert_fragment(again).attribute("title")
    assert writes(sandbox) == ["PUT"]
    assert Change.objects.filter(chatbot_id=bot.id).count() == 1


def test_a_used_form_with_another_value_is_not_written(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    form = drawn(editor.get(url)).form(url)
    form.submit(editor, webhook_url=NEW)
    page = assert_page(form.submit(editor, webhook_url=f"{NEW}/other"), 422)
    assert "This form was sent before, with another value" in page.text
    assert page.form(url).fields["webhook_url"] == f"{NEW}/other"
    assert NEW in page.text
    assert writes(sandbox) == ["PUT"]
    # Sent from there it is a new form.
    assert page.form(url).submit(editor).status_code == 302
    assert bot.webhook_url == f"{NEW}/other"


# Who


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_a_viewer_reaches_neither_form_nor_write(
    is_htmx: bool,
    viewer: Client,
    sandbox: Sandbox,
    url: str,
    as_fragment: dict[str, str],
) -> None:
    headers = as_fragment if is_htmx else {}
    for response in (
        viewer.get(url, headers=headers),
        viewer.post(url, {"webhook_url": NEW}, headers=headers),
    ):
        assert_error(response, 403, "This needs the role Editor. Yours is Viewer")
    assert calls(sandbox) == []


def test_another_members_chatbot(browse: Browsing, sandbox: Sandbox, url: str) -> None:
    other = browse("admin", sandbox.users[1].token)
    assert_error(other.get(url), 404, "This chatbot no longer exists")
    page = assert_error(other.post(url, {"webhook_url": NEW}), 404, "This chatbot no longer exists")
    assert page.form(url).fields["webhook_url"] == NEW
    assert writes(sandbox) == []


def test_wrong_method(admin: Client, sandbox: Sandbox, url: str) -> None:
    for method in (admin.put, admin.patch, admin.delete):
        assert method(url).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    url = "/chatbots/a-1/webhook/"
    assert_leads_to_sign_in(client.get(url), url)
    back = {"Referer": f"http://testserver{url}"}
    assert_leads_to_sign_in(client.post(url, {"webhook_url": NEW}, headers=back), url)
    for method in (client.get, client.post):
        response = method(
            url, headers=htmx("webhook-a-1", "/chatbots/?page=3"), SERVER_NAME="localhost"
        )
        assert_htmx_leads_to_sign_in(response, "/chatbots/%3Fpage%3D3")


def test_the_eight_events_are_explained_on_the_page_and_not_in_a_row(
    editor: Client, bot: Chatbot, url: str
) -> None:
    page = assert_page(editor.get(url))
    for name in ("crawling.initial", "uploading.failed", "training.completed"):
        assert name in page.text
    assert page.html.count("<details>") == 8
    assert f"&quot;chatbot_id&quot;: &quot;{bot.id}&quot;" in page.html
    row = editor.get(url, headers=htmx(f"webhook-{bot.id}"))
    assert "crawling.initial" not in row.content.decode()
