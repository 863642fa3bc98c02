"""Where answers lead: always to a page of this site, whatever the browser says."""

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot, Sandbox
from tests.pages.calls import writes
from tests.pages.drawn import assert_page

NEW = "https://new.example.com/hook"


@pytest.mark.parametrize(
    "back", ["foo", "webhook", "javascript:alert(1)", "//evil.example/", "\\x"]
)
def test_a_next_that_is_no_page_leads_to_the_chatbot(
    editor: Client, bot: Chatbot, sandbox: Sandbox, back: str
) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    form = assert_page(editor.get(url, {"next": back})).form(url)
    response = form.submit(editor, webhook_url=NEW, next=back)
    assert (response.status_code, response["Location"]) == (302, f"/chatbots/{bot.id}/")
    assert len(writes(sandbox)) == 1


@pytest.mark.parametrize("page", ["http://[", "http://localhost//evil.example/x", "nonsense"])
def test_a_page_that_cannot_be_is_left_out(client: Client, db: None, page: str) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": page}
    response = client.get("/chatbots/", headers=headers, SERVER_NAME="localhost")
    assert response["HX-Redirect"] == "/account/login/?next=/"


def test_the_heading_of_a_refused_form_still_names_the_chatbot(
    editor: Client, bot: Chatbot
) -> None:
    url = f"/chatbots/{bot.id}/webhook/"
    response = assert_page(editor.get(url)).form(url).submit(editor, webhook_url="nonsense")
    assert bot.title in assert_page(response, 422).text
