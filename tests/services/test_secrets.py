"""After a full run no token and no API key stands in clear anywhere but in the answer to a reveal
(reliability §8.2)."""

import base64
import binascii
import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.test import Client

from chatbots.caigunn import CaigunnError
from chatbots.models import AccessToken
from chatbots.sandbox import Fault, Sandbox
from chatbots.services import details, refresh, webhooks
from chatbots.services.access import access_of
from chatbots.services.search import search
from tests.conftest import Browsing, Joining

from .conftest import CHATBOT, REFRESH, Desk

pytestmark = pytest.mark.django_db

NEW = "https://new.example.com/hook"


@dataclass
class Run:
    """What a run left behind: the answers it saw, and the secrets that were in play."""

    sandbox: Sandbox
    answers: list[Any]  # the test client's answers, which know their request
    secrets: set[str]

    def note_secrets(self) -> None:
        """Remember every secret that Caigunn has at this moment."""
        for user in self.sandbox.users:
            self.secrets.add(user.token)
            for bot in user.all_chatbots:
                self.secrets |= {
                    str(bot.fields[name])
                    for name in ("api_key", "opentalk_api_token")
                    if bot.fields[name]
                }

    def found_in(self, where: str, text: str) -> list[str]:
        """Where a secret stands in the text. The failure must not print it whole either."""
        return [f"{where}: {secret[:6]}…" for secret in self.secrets if secret in text]


@pytest.fixture
def run(sandbox: Sandbox, browse: Browsing, join: Joining, caplog: pytest.LogCaptureFixture) -> Run:
    """Everything the pages and services do, with faults in between, at the loudest log level."""
    caplog.set_level(logging.DEBUG)
    # Not django.template: its debug lines print the whole context, and the settings forbid them.
    for name in ("urllib3", "chatbots", "django.request", "django.db.backends"):
        caplog.set_level(logging.DEBUG, logger=name)
    found = Run(sandbox, [], set())
    found.note_secrets()
    member = join("admin")
    visit(found, browse(member), sandbox.users[0].token)
    use_services(found, member)
    found.note_secrets()
    return found


def visit(run: Run, client: Client, access_token: str) -> None:
    """Every page and every form, good and bad."""
    bot = run.sandbox.users[0].chatbots[3]
    page = f"/chatbots/{bot.id}/"

    def get(path: str, **headers: Any) -> Any:
        run.answers.append(client.get(path, headers=headers))
        return run.answers[-1]

    def post(path: str, **data: str) -> Any:
        run.answers.append(client.post(path, data))
        return run.answers[-1]

    get("/chatbots/")
    post("/token/", access_token="nobody-has-this-token-0001")
    post("/token/", access_token=f"{access_token} x")
    assert post("/token/", access_token=access_token, label="Support").status_code == 302
    for path in ("/", "/token/", "/plans/", "/chatbots/?webhooks=1", "/chatbots/?q=bot", page):
        get(path)
    get("/chatbots/", **{"HX-Request": "true", "HX-Target": "webhooks"})
    get(f"{page}webhook/")
    state = re.search(r'name="state" value="([^"]+)"', run.answers[-1].content.decode())
    assert state
    post(f"{page}webhook/", state=state[1], webhook_url="https：//wrong")
    assert post(f"{page}webhook/", state=state[1], webhook_url=NEW).status_code == 302
    for field in ("api_key", "opentalk_api_token"):
        revealed = post(f"{page}reveal/", field=field)
        assert str(bot.fields[field]) in revealed.content.decode()
    run.sandbox.order(Fault("status", path=CHATBOT, status=500, body={"detail": bot.api_key}))
    get(f"{page}?fresh=1")
    run.sandbox.order(Fault("not_json", path=CHATBOT))
    get(f"{page}?fresh=1")
    run.note_secrets()
    assert post("/token/refresh/").status_code == 302
    echo = {"detail": f"bad token {run.sandbox.users[0].token}"}
    run.sandbox.order(Fault("status", path=REFRESH, status=400, body=echo))
    post("/token/refresh/", expired_date="2031-01-01")
    get("/token/")
    get("/nowhere/")


def use_services(run: Run, member: Any) -> None:
    """What pages seldom meet: writes that fail, a search by webhook, an unknown refresh."""
    access = access_of(member, "services")
    bots = run.sandbox.users[0].chatbots
    search(access, "none", 1, 30, in_webhooks=True)
    details.chatbots(access, [bot.id for bot in bots])
    run.sandbox.order(
        Fault("status", method="PUT", status=400, body={"detail": f"bad key {bots[5].api_key}"})
    )
    for number in (1, 2):
        try:
            webhooks.save(
                access, bots[5].id, NEW, started_from=bots[5].webhook_url, form_key=f"s{number}"
            )
        except CaigunnError as error:
            logging.getLogger("test").info("%s %r %s", error, error, error.detail)
    run.note_secrets()
    run.sandbox.order(Fault("reset_after", path=REFRESH))
    with pytest.raises(refresh.RefreshUnknownError):
        refresh.refresh(access.request(), AccessToken.objects.get())
    refresh.settle_refresh(access.request(), AccessToken.objects.get())


def cells() -> Iterator[tuple[str, str]]:
    """Every value of every table, with what it unpacks to."""
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            for row in cursor.fetchall():
                for value in row:
                    yield table, unpacked(value)


def unpacked(value: object) -> str:
    """The value as text, and what it holds as base64: the cache keeps its entries so."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    try:
        return text + base64.b64decode(text, validate=True).decode("latin-1")
    except (binascii.Error, ValueError):
        return text


def test_no_secret_stands_in_a_row_or_a_cache_entry(run: Run) -> None:
    dump = list(cells())
    tables = {table for table, _text in dump}
    assert {"caigunn_cache", "activity_change", "chatbots_accesstoken", "django_session"} <= tables
    kept = [text for table, text in dump if table == "caigunn_cache"]
    # The search below would find it: what may be kept is found in the same way.
    assert any(run.sandbox.users[0].chatbots[3].id in text for text in kept)
    assert [found for table, text in dump for found in run.found_in(table, text)] == []
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    assert sessions
    assert [found for text in sessions for found in run.found_in("session", text)] == []


def test_the_caches_are_the_tables_that_were_searched() -> None:
    for name in ("default", "reads"):
        assert isinstance(caches[name], DatabaseCache)


def test_no_secret_stands_in_the_log(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    lines = [f"{record.getMessage()} {record.__dict__}" for record in caplog.get_records("setup")]
    assert any("/user/chatbot" in line for line in lines)
    assert [found for line in lines for found in run.found_in(f"log {line[:60]}", line)] == []


def test_no_secret_stands_in_a_url(run: Run) -> None:
    urls = [f"{one.path}?{one.query}" for one in run.sandbox.requests]
    for answer in run.answers:
        urls += [answer.headers.get("Location", ""), answer.headers.get("HX-Redirect", "")]
        urls += re.findall(r'(?:href|action|src|hx-\w+)="([^"]*)"', answer.content.decode())
    assert len(urls) > 200
    assert [found for url in urls for found in run.found_in("URL", url)] == []
    assert run.sandbox.refusals == []


def test_no_secret_stands_in_a_page_that_does_not_reveal_it(run: Run) -> None:
    pages = [answer for answer in run.answers if "reveal" not in answer.wsgi_request.path]
    assert len(pages) == len(run.answers) - 2
    found = [
        hit
        for answer in pages
        for hit in run.found_in(
            answer.wsgi_request.path,
            answer.content.decode() + str(answer.headers),
        )
    ]
    assert found == []


def test_a_secret_that_is_kept_would_be_found(desk: Desk) -> None:
    """The search itself works."""
    caches["reads"].set("leak", desk.record.open(), 60)
    run = Run(desk.sandbox, [], {desk.record.open()})
    assert [hit for table, text in cells() for hit in run.found_in(table, text)]
