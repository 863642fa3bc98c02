"""What the list of chatbots asks of the database, and of htmx for each row."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from chatbots.models import AccessToken
from chatbots.services.catalogue import ChatbotRow
from chatbots.templatetags.caigunn import cells
from tests.pages.drawn import assert_page

URL = "/chatbots/"
_TABLE = re.compile(r"(SELECT|INSERT|UPDATE|DELETE)\b.*?(?:FROM|INTO|UPDATE) ?\"(\w+)\"", re.DOTALL)


def asked(client: Client, url: str) -> list[tuple[str, str]]:
    """The statements of a page, each by its verb and first table, without those of transactions."""
    with CaptureQueriesContext(connection) as seen:
        assert_page(client.get(url))
    found = [_TABLE.search(query["sql"]) for query in seen]
    return [(match[1], match[2]) for match in found if match]


@pytest.mark.parametrize("ends_in", [None, timedelta(days=3)], ids=["no banner", "a banner"])
@pytest.mark.parametrize("url", [URL, f"{URL}?page=1&size=30"])
def test_the_list_asks_for_three_rows_and_keeps_one(
    url: str, ends_in: timedelta | None, editor: Client
) -> None:
    editor.get(URL)
    if ends_in:
        AccessToken.objects.update(ends_at=timezone.now() + ends_in)
    assert asked(editor, url) == [
        ("SELECT", "django_session"),
        ("SELECT", "team_member"),
        ("SELECT", "chatbots_accesstoken"),
        ("INSERT", "caigunn_cache"),
    ]


def test_the_cells_of_a_row_can_stand_in_a_page() -> None:
    row = ChatbotRow("a<b", "T<", has_key=True, key_hint="abcd")
    ((chatbot_id, *rest),) = cells([row])
    assert chatbot_id.__html__() == "a&lt;b"
    assert rest == [row.title, row.has_key, row.key_hint]


def test_a_row_asks_nothing_of_htmx_before_it_is_used(editor: Client) -> None:
    page = assert_page(editor.get(URL))
    in_rows = [attrs for _, attrs in page.tags if attrs.get("form") == "reveal"]
    in_rows += [attrs for _, attrs in page.tags if attrs.get("id", "").startswith("webhook-")]
    assert len(in_rows) > 30
    for attrs in in_rows:
        assert not [name for name in attrs if name.startswith("hx-")], attrs
        # What htmx looks for beside its own attributes.
        assert attrs.get("type") != "submit", attrs
