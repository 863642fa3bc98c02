"""`/chatbots/<id>/reveal/`: one secret, read at this moment and shown in this answer only."""

import base64

import pytest
from django.db import connection
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import (
    BAD_BODIES,
    CHATBOTS,
    NO_ANSWER,
    NOT_UNDERSTOOD,
    TOKEN_REFUSED,
    calls,
    fail,
    refuse_token,
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

TALK = "ot-0123456789abcdef0123456789abcdef"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/reveal/"


@pytest.fixture
def page_url(bot: Chatbot) -> str:
    return f"/chatbots/{bot.id}/"


@pytest.mark.parametrize("role", ["editor", "admin"])
def test_plain_form(
    role: str, browse: Browsing, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    member = browse(role, sandbox.users[0].token)
    form = drawn(member.get(page_url)).form(url)
    sandbox.clear_requests()
    page = assert_page(form.submit(member))
    assert bot.api_key in page.text
    assert calls(sandbox) == [("GET", f"{CHATBOTS}/{bot.id}")]
    # No link of a page that only POST reaches may lead to it by GET.
    assert f"{page_url}?fresh=1" in page.hrefs
    assert "?fresh=1" not in page.hrefs


def test_plain_form_of_the_list(editor: Client, bot: Chatbot, url: str) -> None:
    form = drawn(editor.get("/chatbots/")).form(url)
    assert bot.api_key in assert_page(form.submit(editor)).text


def test_fragment(editor: Client, bot: Chatbot, url: str) -> None:
    target = f"secret-api_key-{bot.id}"
    headers = htmx(target, "/chatbots/")
    fragment = assert_fragment(editor.post(url, {"field": "api_key"}, headers=headers))
    assert bot.api_key in fragment.text
    assert fragment.ids == {target}


def test_the_other_secret(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    sandbox.edit(bot.id, opentalk_api_token=TALK)
    page = assert_page(editor.post(url, {"field": "opentalk_api_token"}))
    assert TALK in page.text
    assert bot.api_key not in page.html
    assert TALK not in assert_page(editor.get(page_url)).html


def test_a_secret_that_is_not_there(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, api_key=None)
    page = assert_page(editor.post(url, {"field": "api_key"}))
    assert "API key —" in page.text
    assert_fragment(
        editor.post(url, {"field": "api_key"}, headers=htmx(f"secret-api_key-{bot.id}"))
    )


@pytest.mark.parametrize("field", ["", "title", "__class__", "prompt", "API_KEY"])
def test_nothing_but_secrets(field: str, editor: Client, sandbox: Sandbox, url: str) -> None:
    assert_error(editor.post(url, {"field": field}), 400, "Bad request")
    assert calls(sandbox) == []


def test_it_is_kept_nowhere(editor: Client, bot: Chatbot, url: str, page_url: str) -> None:
    editor.post(url, {"field": "api_key"})
    for address in (page_url, "/chatbots/", "/chatbots/?webhooks=1"):
        assert bot.api_key not in editor.get(address).content.decode()
    assert bot.api_key not in str(dict(editor.session))
    with connection.cursor() as cursor:
        cursor.execute("SELECT value FROM caigunn_cache")
        kept = [base64.b64decode(value) for (value,) in cursor.fetchall()]
    assert kept
    assert not any(bot.api_key.encode() in value for value in kept)


def test_it_is_never_compressed_and_never_stored(editor: Client, bot: Chatbot, url: str) -> None:
    response = editor.post(url, {"field": "api_key"}, headers={"Accept-Encoding": "gzip, br"})
    assert "Content-Encoding" not in response.headers
    assert bot.api_key in response.content.decode()
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("headers", [{}, htmx("secret-api_key-x")], ids=["page", "fragment"])
def test_a_viewer_may_not(
    headers: dict[str, str], viewer: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    response = viewer.post(url, {"field": "api_key"}, headers=headers)
    page = assert_error(response, 403, "This needs the role Editor. Yours is Viewer")
    assert bot.api_key not in page.html
    assert calls(sandbox) == []


def test_another_members_secret(browse: Browsing, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    other = browse("admin", sandbox.users[1].token)
    page = assert_error(other.post(url, {"field": "api_key"}), 404, "This chatbot no longer exists")
    assert bot.api_key not in page.html


def test_wrong_method(admin: Client, sandbox: Sandbox, url: str) -> None:
    for method in (admin.get, admin.head, admin.put, admin.delete):
        assert method(url).status_code == 405
    assert calls(sandbox) == []


def test_anonymous(client: Client, db: None) -> None:
    url = "/chatbots/a-1/reveal/"
    back = "http://testserver/chatbots/a-1/"
    plain = client.post(url, {"field": "api_key"}, headers={"Referer": back})
    assert_leads_to_sign_in(plain, "/chatbots/a-1/")
    fragment = client.post(
        url, headers=htmx("secret-api_key-a-1", "/chatbots/?q=a"), SERVER_NAME="localhost"
    )
    assert_htmx_leads_to_sign_in(fragment, "/chatbots/%3Fq%3Da")


def test_not_connected_comes_back_to_the_page(browse: Browsing, sandbox: Sandbox) -> None:
    member = browse("editor")
    response = member.post(
        "/chatbots/a-1/reveal/",
        {"field": "api_key"},
        headers={"Referer": "http://localhost/chatbots/a-1/"},
    )
    assert response["Location"] == "/token/?next=%2Fchatbots%2Fa-1%2F"


@pytest.mark.parametrize("referer", ["", "http://elsewhere.example/x", "http://[", "nonsense"])
def test_not_connected_from_nowhere(referer: str, browse: Browsing, sandbox: Sandbox) -> None:
    response = browse("editor").post("/chatbots/a-1/reveal/", headers={"Referer": referer})
    assert response["Location"] == "/token/?next=%2F"


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
def test_caigunn_down_never_shows_a_copy(
    is_htmx: bool, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str, page_url: str
) -> None:
    editor.get(page_url)
    sandbox.close()
    headers = htmx(f"secret-api_key-{bot.id}", page_url) if is_htmx else {}
    headers |= {"Referer": f"http://localhost{page_url}"}
    page = assert_error(editor.post(url, {"field": "api_key"}, headers=headers), 503, NO_ANSWER)
    # Trying again leads to the page with the button: the address of the form takes only POST.
    assert page_url in page.hrefs
    assert url not in page.hrefs


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize(
    ("status", "shown_as", "says"),
    [
        (403, 403, "Caigunn does not allow this"),
        (404, 404, "This chatbot no longer exists"),
        (422, 422, "Caigunn refused this"),
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
    url: str,
) -> None:
    fail(sandbox, f"{CHATBOTS}/{bot.id}", status)
    headers = htmx(f"secret-api_key-{bot.id}") if is_htmx else {}
    response = editor.post(url, {"field": "api_key"}, headers=headers)
    assert_error(response, shown_as, says)
    # htmx would swap a 422 in place, but this is no form.
    lifted = (response.get("HX-Retarget"), response.get("HX-Reselect"), response.get("HX-Reswap"))
    if is_htmx and status == 422:
        assert lifted == ("#alerts", "#error-message", "innerHTML")
    else:
        assert lifted == (None, None, None)


def test_a_refused_token(editor: Client, sandbox: Sandbox, url: str) -> None:
    refuse_token(sandbox)
    assert_error(editor.post(url, {"field": "api_key"}), 403, TOKEN_REFUSED)


@pytest.mark.parametrize("body", sorted(set(BAD_BODIES) - {"wrong types"}))
def test_bad_bodies(body: str, editor: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> None:
    sandbox.order(BAD_BODIES[body](f"{CHATBOTS}/{bot.id}"))
    response = editor.post(url, {"field": "api_key"})
    says = NO_ANSWER if response.status_code == 503 else NOT_UNDERSTOOD
    assert_error(response, {"cut": 503}.get(body, 502), says)


def test_a_secret_is_shown_as_text(
    editor: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, opentalk_api_token="<script>alert(1)</script>")
    page = assert_page(editor.post(url, {"field": "opentalk_api_token"}))
    assert "<script>alert(1)</script>" in page.text
    assert "<script>alert" not in page.html
