"""The one page every error ends on."""

import pytest
from django.conf import LazySettings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from caigunn_admin.activity.models import Change
from caigunn_admin.team.models import Member
from caigunn_admin.urls import urlpatterns as site_urlpatterns
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, Joining
from tests.pages.calls import calls, writes
from tests.pages.drawn import assert_error, assert_page, drawn, htmx

NEW = "https://new.example.com/hook"


@pytest.fixture
def careful(editor: Client) -> Client:
    """A browser whose forms need the token of the page."""
    editor.handler.enforce_csrf_checks = True
    return editor


def test_no_such_page(editor: Client) -> None:
    page = assert_error(editor.get("/nowhere/"), 404, "There is nothing at this address.")
    assert "/" in page.hrefs
    assert_error(editor.get("/nowhere/", headers=htmx("x")), 404, "nothing at this address")


def test_no_such_page_for_whoever_is_not_signed_in(client: Client, db: None) -> None:
    page = assert_error(client.get("/nowhere/"), 404, "There is nothing at this address.")
    assert "Sign out" not in page.text


def test_not_allowed(viewer: Client, bot: Chatbot) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    for headers in ({}, htmx(f"webhook-{bot.id}")):
        assert_error(viewer.get(url, headers=headers), 403, "an Admin can change it.")


def test_what_cannot_be_read(editor: Client, bot: Chatbot) -> None:
    assert_error(editor.post(f"/chatbots/{bot.id}/reveal/", {"field": "x"}), 400, "Bad request")


def test_a_host_that_is_not_ours(editor: Client) -> None:
    response = editor.get("/chatbots/", SERVER_NAME="evil.example")
    assert response.status_code == 400
    assert "evil.example" not in response.content.decode()


def test_too_much_input(editor: Client, bot: Chatbot, sandbox: Sandbox) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    response = editor.post(url, {"webhook_url": "x" * (5 * 1024 * 1024)})
    assert response.status_code in {400, 413}
    assert writes(sandbox) == []


def test_too_many_fields(editor: Client, bot: Chatbot) -> None:
    values = {f"field{number}": "x" for number in range(1_500)}
    response = editor.post(f"/chatbots/{bot.id}/webhook/", values)
    assert response.status_code in {400, 413}


@pytest.fixture
def _nothing_is_kept(settings: LazySettings) -> None:
    """Whatever is typed is too long to be kept here: the page itself keeps it."""
    settings.KEPT_INPUT_BYTES = 10


@pytest.mark.usefixtures("_nothing_is_kept")
def test_a_form_from_before_a_sign_in_keeps_its_input(
    careful: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    form = drawn(careful.get(url)).form(url)
    form.fields["csrfmiddlewaretoken"] = "x" * 64
    values = form.fields | {"webhook_url": NEW}
    response = careful.post(url, values, headers={"Origin": "http://localhost"})
    page = assert_error(response, 403, "This form is out of date")
    assert writes(sandbox) == []
    again = page.form(url)
    assert again.fields["webhook_url"] == NEW
    assert again.fields["csrfmiddlewaretoken"] != "x" * 64
    assert again.submit(careful).status_code == 302
    assert bot.webhook_url == NEW
    assert Change.objects.filter(chatbot_id=bot.id).count() == 1


@pytest.mark.usefixtures("_nothing_is_kept")
def test_buttons_pressed_are_kept_as_well(careful: Client, bot: Chatbot) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    form = drawn(careful.get(url)).form(url)
    values = form.fields | {"clear": "1", "csrfmiddlewaretoken": "x" * 64}
    response = careful.post(url, values, headers={"Origin": "http://localhost"})
    drawn(response).form(url).submit(careful)
    assert bot.webhook_url is None


@pytest.mark.parametrize("origin", ["http://evil.example", "null", ""])
def test_a_form_of_another_site_is_not_offered_again(
    origin: str, careful: Client, bot: Chatbot, sandbox: Sandbox
) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    careful.get(url)
    headers = {"Origin": origin} if origin else {}
    response = careful.post(url, {"webhook_url": NEW}, headers=headers)
    page = assert_error(response, 403, "This form is out of date")
    assert not page.has_form(url)
    assert NEW not in page.html
    assert writes(sandbox) == []


@pytest.mark.parametrize(
    ("url", "values"),
    [
        ("/token/", {"access_token": "a-token-0123456789", "label": "x"}),
        ("/account/password/change/", {"oldpassword": "a-token-0123456789"}),
        ("/account/login/", {"login": "a@example.com", "password": "a-token-0123456789"}),
    ],
)
def test_a_form_with_a_secret_is_never_drawn_again(
    url: str, values: dict[str, str], careful: Client, sandbox: Sandbox
) -> None:
    response = careful.post(url, values, headers={"Origin": "http://localhost"})
    page = assert_error(response, 403, "This form is out of date")
    assert "a-token-0123456789" not in page.html
    assert calls(sandbox) == []


def break_down(request: HttpRequest) -> HttpResponse:
    """A fault of our own."""
    raise RuntimeError("secret-of-the-fault")


@pytest.fixture
def broken(settings: LazySettings) -> None:
    settings.ROOT_URLCONF = "tests.pages.test_errors"


@pytest.mark.parametrize("headers", [{}, htmx("results")], ids=["page", "htmx"])
def test_a_fault_of_our_own(headers: dict[str, str], broken: None, browse: Browsing) -> None:
    member = browse("viewer")
    member.raise_request_exception = False
    response = member.get("/broken/", headers=headers)
    page = assert_error(response, 500, "This is a fault of the dashboard.")
    assert "secret-of-the-fault" not in page.html
    assert page.inline == []


def test_caigunns_words_are_a_quotation(editor: Client, sandbox: Sandbox) -> None:
    wild = "<script>alert(1)</script> \x07 javascript:alert(1) " + "長" * 600
    sandbox.order(Fault("status", status=400, path="chatbot$", body={"detail": wild}, times=9))
    page = assert_error(editor.get("/chatbots/"), 422, "<script>alert(1)</script>")
    assert "<script>alert" not in page.html
    assert "Caigunn’s own words:" in page.text
    assert "長" * 600 not in page.text


def test_caigunns_words_never_name_the_token(editor: Client, sandbox: Sandbox) -> None:
    token = sandbox.users[0].token
    detail = {"detail": f"Bad token {token}"}
    sandbox.order(Fault("status", status=400, path="chatbot$", body=detail, times=9))
    page = assert_error(editor.get("/chatbots/"), 422, "Bad token")
    assert token not in page.html


def test_two_errors_in_a_row_both_show(editor: Client, sandbox: Sandbox) -> None:
    sandbox.close()
    first, second = (editor.get("/chatbots/", headers=htmx("results")) for _ in range(2))
    assert assert_page(first, 503).ids == assert_page(second, 503).ids
    assert first["X-Request-ID"] != second["X-Request-ID"]


urlpatterns = [path("broken/", break_down), *site_urlpatterns]
handler500 = "caigunn_admin.errors.server_error"


def test_an_address_that_takes_only_forms_has_a_page_of_its_own(editor: Client) -> None:
    response = editor.get("/token/refresh/")
    assert_error(response, 405, "This address cannot be opened like that")
    assert response["Allow"] == "POST"


def test_an_unknown_role_may_do_nothing(browse: Browsing, join: Joining, sandbox: Sandbox) -> None:
    member = join("viewer")
    Member.objects.filter(pk=member.pk).update(role="owner")
    assert_error(browse(member).get("/chatbots/"), 403, "Yours is owner")
