"""No request is attempted more than three times, whatever goes wrong (reliability §8.10)."""

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, get_args

import pytest
from django.conf import LazySettings

from chatbots.caigunn import CaigunnError
from chatbots.sandbox import Fault, FaultKind, Sandbox
from chatbots.services import catalogue, deletion, details, webhooks
from chatbots.services import settings as settings_service
from chatbots.services.access import Access, access_of
from chatbots.services.outcomes import NotSavedError, UnsettledError
from tests.conftest import Joining, connect

from .writes import NEW_TITLE, NEW_URL, OLD_URL, bot, prepare

pytestmark = pytest.mark.django_db

MOST = 3
# What a kind needs besides its name: so that it is over soon, and no larger than it has to be.
MORE: dict[str, dict[str, Any]] = {
    "drip_body": {"seconds": 0.3},
    "drip_headers": {"seconds": 0.3},
    "huge": {"size": 3_000_000},
    "bomb": {"size": 3_000_000},
    "redirect": {"headers": {"Location": "/api/external/user/plan"}},
    "delay": {"seconds": 0.3},
}
FAULTS: dict[str, tuple[FaultKind, dict[str, Any]]] = {
    **{kind: (kind, MORE.get(kind, {})) for kind in get_args(FaultKind)},
    **{
        f"status {status}": ("status", {"status": status})
        for status in (400, 401, 403, 404, 405, 408, 409, 422, 425, 429, 502, 503, 504)
    },
    "429, at once": ("status", {"status": 429, "headers": {"Retry-After": "0"}}),
    "503, at once": ("status", {"status": 503, "headers": {"Retry-After": "0"}}),
}


@pytest.fixture
def access(join: Joining, sandbox: Sandbox, settings: LazySettings) -> Access:
    """The access of an Admin who is connected as the first user, and in a hurry."""
    prepare(sandbox)
    admin = join("admin")
    connect(admin, sandbox.users[0].token)
    settings.CAIGUNN_READ_TIMEOUT = 0.2
    settings.CAIGUNN_TOTAL_TIMEOUT = 5.0
    settings.BREAKER_FAILURES = 1_000_000
    sandbox.clear_requests()
    return access_of(admin, "a page")


def most_attempts(sandbox: Sandbox, method: str) -> int:
    """How often the request of the method that was sent most often was sent."""
    asked = [one for one in sandbox.requests if one.method == method]
    return max(Counter((one.path, json.dumps(one.query)) for one in asked).values())


READS: dict[str, Callable[[Access, str], object]] = {
    "list": lambda access, _: catalogue.chatbots(access),
    "chatbot": details.chatbot,
}


@pytest.mark.parametrize(("kind", "more"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("read", READS.values(), ids=READS)
def test_a_read(
    sandbox: Sandbox,
    access: Access,
    read: Callable[[Access, str], object],
    kind: FaultKind,
    more: dict[str, Any],
) -> None:
    sandbox.order(Fault(kind, path="/user/chatbot", times=99, **more))
    with pytest.raises(CaigunnError):
        read(access, bot(sandbox).id)
    assert 1 <= most_attempts(sandbox, "GET") <= MOST


def save_settings(access: Access, chatbot_id: str) -> object:
    asked = settings_service.Asked({"title": NEW_TITLE, "main_color": "#123456"})
    return settings_service.save(access, chatbot_id, asked, started_from={}, form_key="one")


def save_webhook(access: Access, chatbot_id: str, url: str | None = NEW_URL) -> object:
    return webhooks.save(access, chatbot_id, url, started_from=OLD_URL, form_key="one")


def clear_webhook(access: Access, chatbot_id: str) -> object:
    return save_webhook(access, chatbot_id, None)


def delete(access: Access, chatbot_id: str) -> object:
    return deletion.delete(access, chatbot_id, form_key="one")


WRITES: dict[str, tuple[str, Callable[[Access, str], object]]] = {
    "webhook": ("PUT", save_webhook),
    "webhook cleared": ("DELETE", clear_webhook),
    "settings": ("PUT", save_settings),
    "deletion": ("DELETE", delete),
}


@pytest.mark.parametrize("is_done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(("kind", "more"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize(("method", "write"), WRITES.values(), ids=WRITES)
def test_a_write(
    sandbox: Sandbox,
    access: Access,
    method: str,
    write: Callable[[Access, str], object],
    kind: FaultKind,
    more: dict[str, Any],
    *,
    is_done: bool,
) -> None:
    """Reading works, so that it is known after each attempt whether the write was made: once it
    was, it is never sent again."""
    sandbox.order(Fault(kind, method=method, times=99, applied=is_done, **more))
    with suppress(CaigunnError, NotSavedError, UnsettledError):
        write(access, bot(sandbox).id)
    assert 1 <= most_attempts(sandbox, method) <= (1 if is_done else MOST)
