"""A redirect to another host is never followed, whatever this dashboard asks Caigunn for: the other
host, which would get the access token, sees nothing (reliability §8.1)."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from chatbots.caigunn import CaigunnClient
from chatbots.sandbox import Fault
from tests.client.servers import RawServer, answer
from tests.faults.matrix import forms
from tests.faults.matrix.forms import Filled
from tests.faults.matrix.stage import Stage
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    MAY_HAVE_SAVED,
    NOT_UNDERSTOOD,
    PLANS,
    REFRESH,
    WEBHOOK,
)

MODELS = "/api/external/chatbot/model"
CHATBOT = f"{CHATBOTS}/[^/]+"
REFRESH_LOST = "Caigunn may have refreshed the token"
CREATION_LOST = "Caigunn may have created this chatbot"
DELETION_LOST = "Caigunn may have deleted this chatbot"


@dataclass(frozen=True)
class Operation:
    """A request to Caigunn, and the page or the form that leads to it."""

    method: str
    path: str
    status: int
    """What the member gets."""
    says: str
    page: str = ""
    form: Callable[[Stage], Filled] | None = None
    most: int = 3
    """How often it may be sent."""
    sort: str = ""
    """How its content type begins."""
    is_second_choice: bool = False
    """It is sent where Caigunn does not know another route."""


# By the names that the client has for them.
OPERATIONS = {
    "list_plans": Operation("GET", PLANS, 502, NOT_UNDERSTOOD, page="/plans/"),
    "list_chatbots": Operation("GET", CHATBOTS, 502, NOT_UNDERSTOOD, page="/chatbots/"),
    "get_chatbot": Operation("GET", CHATBOT, 502, NOT_UNDERSTOOD, page="/chatbots/{id}/"),
    # Where the models cannot be read, the id of one can still be typed.
    "list_models": Operation("GET", MODELS, 200, "Model", page="/chatbots/{id}/edit/"),
    "refresh_token": Operation("GET", REFRESH, 504, REFRESH_LOST, form=forms.refreshing, most=1),
    "create_chatbot": Operation("POST", CHATBOTS, 504, CREATION_LOST, form=forms.new, most=1),
    "update_settings": Operation(
        "PUT", CHATBOT, 504, MAY_HAVE_SAVED, form=forms.readable, sort="multipart/form-data"
    ),
    "subscribe_webhook": Operation("PUT", WEBHOOK, 504, MAY_HAVE_SAVED, form=forms.webhook),
    "update_webhook": Operation(
        "PUT",
        CHATBOT,
        504,
        MAY_HAVE_SAVED,
        form=forms.webhook,
        sort="application/json",
        is_second_choice=True,
    ),
    "unsubscribe_webhook": Operation(
        "DELETE", WEBHOOK, 504, MAY_HAVE_SAVED, form=forms.webhook_cleared
    ),
    "delete_chatbot": Operation("DELETE", CHATBOT, 504, DELETION_LOST, form=forms.deletion),
}


@pytest.fixture
def stage(db: None) -> Iterator[Stage]:
    with Stage() as ready:
        ready.set_back()
        yield ready


@pytest.fixture
def other() -> Iterator[RawServer]:
    """A server on another host, which answers as if it were Caigunn."""
    with RawServer(lambda _: answer('{"detail": "ok", "plans": [], "chatbots": []}')) as server:
        yield server


def test_every_operation_is_here() -> None:
    known = {name for name in vars(CaigunnClient) if not name.startswith(("_", "iter_"))}
    assert known == set(OPERATIONS)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", OPERATIONS)
def test_the_other_host_sees_nothing(
    stage: Stage, other: RawServer, name: str, status: int
) -> None:
    asked, caigunn = OPERATIONS[name], stage.sandbox
    target = other.url.replace("127.0.0.1", "localhost") + PLANS
    redirect = Fault(
        "redirect",
        method=asked.method,
        path=f"^{asked.path}$",
        times=ALWAYS,
        status=status,
        headers={"Location": target},
    )
    filled = asked.form(stage) if asked.form else None
    before = stage.holds()
    caigunn.clear_requests()
    if asked.is_second_choice:
        caigunn.order(Fault("status", path=f"^{WEBHOOK}$", status=404, times=ALWAYS))
    caigunn.order(redirect)
    if filled is None:
        shown = stage.get(asked.page.format(id=stage.bot.id))
    else:
        shown = stage.send(filled.form, filled.press, filled.typed)
    sent = [
        one
        for one in caigunn.requests
        if one.method == asked.method
        and re.fullmatch(asked.path, one.path)
        and one.headers.get("content-type", "").startswith(asked.sort)
    ]
    assert {one.status for one in sent} == {status}
    assert 1 <= len(sent) <= asked.most
    assert all("caigunn-access-token" in one.headers for one in sent)
    assert (other.connections, other.seen) == (0, [])
    assert shown.final_status == asked.status
    assert asked.says in shown.page.text
    assert target not in shown.html
    assert stage.holds() == before
