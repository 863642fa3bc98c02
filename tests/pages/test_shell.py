"""What every page has: headers, no inline script or style, the Sandbox badge, the menu."""

import gzip
import re

import pytest
from django.conf import LazySettings
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.conftest import Browsing
from tests.pages.calls import fail
from tests.pages.drawn import assert_page, drawn, htmx

PAGES = (
    "/chatbots/",
    "/chatbots/?webhooks=1",
    "/chatbots/?q=a",
    "/chatbots/?page=9",
    "/chatbots/<id>/",
    "/chatbots/<id>/webhook/",
    "/chatbots/<id>/edit/",
    "/chatbots/<id>/delete/",
    "/chatbots/new/",
    "/chatbots/new/?from=<id>",
    "/plans/",
    "/token/",
    "/nowhere/",
    "/account/password/change/",
    "/account/email/",
    "/account/logout/",
)
every_page = pytest.mark.parametrize("address", PAGES)


@every_page
def test_headers(address: str, admin: Client, bot: Chatbot) -> None:
    response = admin.get(address.replace("<id>", bot.id))
    cache = response["Cache-Control"]
    assert {"no-store", "private", "no-cache"} <= {part.strip() for part in cache.split(",")}
    assert re.fullmatch(r"[0-9a-f]{12}", response["X-Request-ID"])
    assert response["X-Frame-Options"] == "DENY"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert "Cookie" in response["Vary"]


@every_page
def test_content_security_policy(address: str, admin: Client, bot: Chatbot) -> None:
    policy = admin.get(address.replace("<id>", bot.id))["Content-Security-Policy"]
    assert "unsafe-" not in policy
    assert "*" not in policy
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["form-action"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"


@every_page
def test_nothing_is_inline_and_nothing_is_fetched_from_elsewhere(
    address: str, admin: Client, bot: Chatbot
) -> None:
    page = drawn(admin.get(address.replace("<id>", bot.id)))
    assert page.is_page
    assert page.inline == []
    sources = page.attribute("src")
    sources += [attrs["href"] for tag, attrs in page.tags if tag == "link"]
    assert sources
    assert all(source.startswith(("/static/", "data:image/")) for source in sources)
    assert not page.attribute("hx-on")
    assert not [name for _, attrs in page.tags for name in attrs if name.startswith("hx-on")]


@every_page
def test_every_form_works_without_javascript(address: str, admin: Client, bot: Chatbot) -> None:
    address = address.replace("<id>", bot.id)
    page = drawn(admin.get(address))
    for form in page.forms:
        assert form.action.startswith("/")
        assert form.buttons
        assert form.method in {"get", "post"}
        assert ("csrfmiddlewaretoken" in form.fields) is (form.method == "post")
    # What htmx fetches has an address of its own beside it.
    for tag, attrs in page.tags:
        if "hx-get" in attrs and tag == "a":
            assert attrs["href"].startswith("/")
        if "hx-post" in attrs:
            is_button = tag == "button" and attrs.get("formaction") == attrs["hx-post"]
            assert is_button or (tag, attrs.get("method")) == ("form", "post")


@every_page
def test_the_sandbox_says_so(address: str, admin: Client, bot: Chatbot) -> None:
    page = assert_page(admin.get(address.replace("<id>", bot.id)), 404 if "now" in address else 200)
    assert "Sandbox" in page.text
    assert "· Sandbox ·" in page.html


def test_caigunn_itself_is_no_sandbox(browse: Browsing, settings: LazySettings) -> None:
    settings.CAIGUNN_API_BASE_URL = settings.CAIGUNN_ADDRESS
    page = assert_page(browse("viewer").get("/token/"))
    assert "Sandbox" not in page.html


def test_ids_are_unique(admin: Client, bot: Chatbot) -> None:
    for address in PAGES:
        ids = drawn(admin.get(address.replace("<id>", bot.id))).attribute("id")
        assert len(ids) == len(set(ids)), address


def test_request_ids_differ(admin: Client) -> None:
    assert admin.get("/token/")["X-Request-ID"] != admin.get("/token/")["X-Request-ID"]


def test_fragments_vary_by_what_asked_for_them(admin: Client) -> None:
    for headers in ({}, htmx("results"), htmx("webhooks")):
        response = admin.get("/chatbots/", headers=headers)
        assert {"HX-Request", "HX-Target"} <= set(re.split(r",\s*", response["Vary"]))
        assert "no-store" in response["Cache-Control"]


def test_pages_are_compressed(admin: Client) -> None:
    response = admin.get("/chatbots/", headers={"Accept-Encoding": "gzip"})
    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert "客服小幫手" in gzip.decompress(response.content).decode()
    assert len(response.content) < 20_000


def test_a_revealed_secret_is_not_compressed(admin: Client, bot: Chatbot) -> None:
    url = f"/chatbots/{bot.id}/reveal/"
    response = admin.post(url, {"field": "api_key"}, headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in response.headers
    assert bot.api_key in response.content.decode()


def test_clear_site_data_when_signing_out(admin: Client) -> None:
    page = assert_page(admin.get("/token/"))
    assert "Clear-Site-Data" not in admin.get("/token/").headers
    response = page.form("/account/logout/").submit(admin)
    assert response["Clear-Site-Data"] == '"cache", "storage"'
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize("role", ["viewer", "editor", "admin"])
def test_the_menu_names_the_pages_that_exist(role: str, browse: Browsing, sandbox: Sandbox) -> None:
    client = browse(role, sandbox.users[0].token)
    page = assert_page(client.get("/plans/"))
    assert {"/", "/chatbots/", "/plans/", "/token/"} <= set(page.hrefs)
    assert f"{role}@example.com" in page.text
    assert f"Role: {role.title()}" in page.text
    current = [attrs["href"] for _, attrs in page.tags if attrs.get("aria-current") == "page"]
    assert current == ["/plans/"]
    for href in page.hrefs:
        if href.startswith("/"):
            assert client.get(href).status_code in {200, 302}, href


def test_every_link_of_every_page_leads_somewhere(admin: Client, bot: Chatbot) -> None:
    seen: set[str] = set()
    for address in PAGES:
        for href in drawn(admin.get(address.replace("<id>", bot.id))).hrefs:
            if href.startswith(("/", "?")) and href not in seen and bot.id in href:
                seen.add(href)
                assert admin.get(href).status_code in {200, 302}, href
    assert seen


def test_links_to_elsewhere_give_nothing_away(
    admin: Client, sandbox: Sandbox, bot: Chatbot
) -> None:
    sandbox.edit(bot.id, share_link="https://outside.example/")
    page = assert_page(admin.get(f"/chatbots/{bot.id}/"))
    link = next(attrs for _, attrs in page.tags if attrs.get("href") == "https://outside.example/")
    assert {"noopener", "noreferrer"} <= set(link["rel"].split())


def test_an_error_page_has_the_same_frame(admin: Client, sandbox: Sandbox) -> None:
    fail(sandbox, "chatbot$", 500)
    response = admin.get("/chatbots/")
    page = assert_page(response, 503)
    assert "no-store" in response["Cache-Control"]
    assert "unsafe-" not in response["Content-Security-Policy"]
    assert page.inline == []
    assert "/plans/" in page.hrefs


def test_the_head_of_htmx(admin: Client) -> None:
    page = assert_page(admin.get("/token/"))
    config = next(attrs["content"] for _, attrs in page.tags if attrs.get("name") == "htmx-config")
    for setting in (
        '"historyCacheSize":0',
        '"historyRestoreAsHxRequest":false',
        '"allowEval":false',
        '"includeIndicatorStyles":false',
        '"select":"#error-message"',
    ):
        assert setting in config
    assert {"alerts", "messages"} <= page.ids
