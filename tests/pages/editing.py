"""A webhook form that is open in a browser."""

import pytest
from django.test import Client

from chatbots.sandbox import Chatbot
from tests.pages.drawn import Drawn, assert_error, assert_fragment, assert_page, drawn, htmx

NEW = "https://new.example.com/hook"
PAGE_OR_FRAGMENT = pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "fragment"])


class Editing:
    """A form that is open in a browser, sent as a page or as a fragment."""

    def __init__(self, client: Client, bot: Chatbot, *, is_htmx: bool) -> None:
        self.url = f"/chatbots/{bot.id}/webhook/"
        self.is_htmx = is_htmx
        self._client = client
        self._headers = htmx(f"webhook-{bot.id}", "/chatbots/") if is_htmx else {}
        self.fields = drawn(client.get(self.url, headers=self._headers)).form(self.url).fields

    def send(self, url: str = NEW) -> object:
        """The answer to the form with this URL typed."""
        values = self.fields | {"webhook_url": url}
        return self._client.post(self.url, values, headers=self._headers)

    def is_rejected(self, url: str = NEW) -> Drawn:
        """The form that comes back with 422, in the shape asked for, with its input."""
        response = self.send(url)
        check = assert_fragment if self.is_htmx else assert_page
        form = check(response, 422)
        assert form.form(self.url).fields["webhook_url"] == url
        return form

    def fails(self, status: int, says: str, url: str = NEW) -> Drawn:
        """The page with the error that htmx lifts out, and the form with its input."""
        page = assert_error(self.send(url), status, says)
        assert page.form(self.url).fields["webhook_url"] == url
        return page
