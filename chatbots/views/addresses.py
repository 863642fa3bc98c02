"""What the query of a list page says."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from caigunn_admin.http import MemberRequest
from chatbots.forms import ListForm

MAX_QUERY = 200


@dataclass(frozen=True)
class ListAddress:
    """Which rows of the list a member wants to see."""

    page: int
    size: int
    q: str
    webhooks: bool
    search_webhooks: bool

    def query(self, **changes: object) -> str:
        """The query string of this address with some of it changed; what is default is left out."""
        values = {
            "page": self.page,
            "size": self.size,
            "q": self.q,
            "webhooks": self.webhooks,
            "search_webhooks": self.search_webhooks,
        } | changes
        kept = {name: value for name, value in values.items() if value and value != 1}
        flags = {name: 1 for name, value in values.items() if value is True}
        return urlencode(kept | flags)

    @property
    def next(self) -> str:
        """The query of the next page."""
        return self.query(page=self.page + 1)

    @property
    def previous(self) -> str:
        """The query of the page before."""
        return self.query(page=self.page - 1)

    @property
    def here(self) -> str:
        """The query of this page."""
        return self.query()


def list_address(request: MemberRequest) -> ListAddress:
    """The address asked for; the size, where none is named, is the one chosen last."""
    data = _asked(request)
    return ListAddress(
        page=data.get("page") or 1,
        size=data.get("size") or request.user.page_size,
        # Shortened rather than dropped: the whole list must not pass for what was searched for.
        q=request.GET.get("q", "").replace("\0", "").strip()[:MAX_QUERY],
        webhooks=data.get("webhooks") or False,
        search_webhooks=data.get("search_webhooks") or False,
    )


def page_number(request: MemberRequest) -> int:
    """`?page=`, 1 where it is missing or makes no sense."""
    return _asked(request).get("page") or 1


def _asked(request: MemberRequest) -> dict[str, Any]:
    """What the query says, as far as it makes sense."""
    if not request.GET:
        return {}
    form = ListForm(request.GET)
    form.is_valid()
    return form.cleaned_data


def to_chatbot(chatbot_id: str) -> HttpResponse:
    """Redirect to the page of a chatbot."""
    return redirect(reverse("chatbot", args=[chatbot_id]))
