"""A run through all that a member does, and a search of what it has left behind for secrets."""

import base64
import binascii
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
import psycopg.sql

from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.browser.dashboard import PASSWORD
from tests.pages.drawn import Form

from .visiting import LOGIN, Person

WRONG_PASSWORD, NEXT_PASSWORD = "typed-and-Wrong-7712", "typed-and-Next-7713"
WRONG_TOKEN = "nobody-has-this-token-0001"
NEW = "/chatbots/new/"
HOOK = "https://new.example.com/hook"
CHATBOT = r"/user/chatbot/[^/]+$"
REFRESH = "/token/refresh$"
SECRET_FIELDS = ("api_key", "opentalk_api_token")
_PACKED = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")


@dataclass
class Run:
    """Caigunn, the Admin who goes through everything, and every secret that there was."""

    caigunn: Sandbox
    admin: Person
    secrets: set[str] = field(
        default_factory=lambda: {WRONG_TOKEN, WRONG_PASSWORD, NEXT_PASSWORD, PASSWORD}
    )

    @property
    def bots(self) -> list[Chatbot]:
        """The chatbots that are there."""
        return self.caigunn.users[0].chatbots

    def note_secrets(self) -> None:
        """Remember every secret that Caigunn has at this moment."""
        for user in self.caigunn.users:
            self.secrets.add(user.token)
            for bot in user.all_chatbots:
                self.secrets |= {str(bot.fields[name]) for name in SECRET_FIELDS} - {"", "None"}

    def found_in(self, where: str, text: str) -> list[str]:
        """Where a secret stands in the text. The failure must not print it whole either."""
        return [
            f"{where}: {secret[:6]}…"
            for secret in self.secrets
            if secret in text or quote(secret, "") in text
        ]

    def everything(self) -> None:
        """Every page and every form, good and bad, with faults in between."""
        self.note_secrets()
        for part in (self._sign_in, self._connect, self._look, self._write, self._fail):
            part()
            self.note_secrets()
        self._refresh()
        self.note_secrets()
        self._sign_out()

    def _sign_in(self) -> None:
        assert self.admin.sign_in(password=WRONG_PASSWORD).status == 200
        # Typed into the wrong field.
        form = self.admin.form(LOGIN)
        self.admin.send(form, login=WRONG_PASSWORD, password=WRONG_PASSWORD)
        # That field keeps what was typed.
        self.admin.visits.pop()
        assert self.admin.sign_in().status == 302

    def _connect(self) -> None:
        token = self.caigunn.users[0].token
        for wrong in (WRONG_TOKEN, f"{token} x", f"{token}\r\nx: y"):
            self.admin.send(self.admin.form("/token/"), access_token=wrong, label="Support")
        self.admin.connect(token)

    def _look(self) -> None:
        one = f"/chatbots/{self.bots[0].id}/"
        self._open(
            *("/", "/token/", "/plans/", "/chatbots/?webhooks=1", "/chatbots/?q=bot", one),
            *("/chatbots/?q=none&search_webhooks=1", f"{one}edit/", f"{one}history/"),
            *(f"/chatbots/new/?from={self.bots[0].id}&webhook=1", f"{one}delete/", "/activity/"),
            *("/healthz", "/readyz", "/nowhere/"),
        )
        # The one that has both.
        full = next(bot for bot in self.bots if all(bot.fields[name] for name in SECRET_FIELDS))
        for name in SECRET_FIELDS:
            form = self.admin.form(f"/chatbots/{full.id}/", f"/chatbots/{full.id}/reveal/")
            assert str(full.fields[name]) in self.admin.send(form, field=name).text

    def _open(self, *addresses: str) -> None:
        for address in addresses:
            self.admin.look(address)

    def _write(self) -> None:
        one = f"/chatbots/{self.bots[1].id}/"
        plan = self.caigunn.users[0].plans[0].id
        assert self._send(f"{one}webhook/", webhook_url="https：//wrong") == 422
        assert self._send(f"{one}webhook/", webhook_url=HOOK) == 302
        assert (
            self._send(f"{one}edit/", title="Renamed", prompt="1\n2", main_color="#123abc") == 302
        )
        made = self.admin.send(self.admin.form(NEW), title="Made here", plan_id=plan)
        self.note_secrets()
        # The page of a new chatbot shows its key, once.
        assert self.bots[-1].api_key in self.admin.follow(made).html
        gone = self.bots[-1]
        assert self._send(f"/chatbots/{gone.id}/delete/", confirm_title=gone.title) == 302
        undo = next(href for href in self.admin.open(f"{one}history/").hrefs if "/undo/" in href)
        self.admin.follow(self.admin.send(self.admin.form(undo)))
        self._open("/activity/", "/activity/?format=csv", "/activity.csv")
        # Its own key in the URL: at Caigunn, and on the pages that show the URL.
        keyed = self.keyed
        assert self._send(f"/chatbots/{keyed.id}/webhook/", webhook_url=f"{HOOK}?k={keyed.api_key}")
        self._open(f"/chatbots/{keyed.id}/", f"/chatbots/{keyed.id}/history/")

    def _send(self, address: str, **typed: str) -> int:
        return self.admin.send(self.admin.form(address), None, **typed).status

    @property
    def keyed(self) -> Chatbot:
        """The chatbot whose webhook URL holds its key."""
        return self.bots[2]

    def _fail(self) -> None:
        """Answers that repeat a secret, and answers that are lost."""
        one, bot = f"/chatbots/{self.bots[1].id}/", self.bots[1]
        token = {"detail": f"bad token {self.caigunn.users[0].token}"}
        key = {"detail": f"bad key {bot.api_key}"}
        for fault in (
            Fault("status", path=CHATBOT, status=400, body=token),
            Fault("status", path=CHATBOT, status=500, body=key),
            Fault("not_json", path=CHATBOT),
        ):
            self._order(fault)
            self._open(f"{one}?fresh=1")
        for fault in (
            Fault("status", method="PUT", status=400, body=token),
            Fault("status", method="PUT", status=400, body=key),
            Fault("reset_after", method="PUT"),
        ):
            for address, typed in (("webhook/", "webhook_url"), ("edit/", "prompt")):
                form = self.admin.form(one + address)
                self._order(fault)
                self.admin.send(form, None, **{typed: f"{HOOK}/again"})
                self.caigunn.clear_faults()
        self._open("/activity/", f"{one}history/")
        form = self.admin.form(NEW)
        self._order(Fault("reset_after", method="POST"))
        self.admin.send(form, title="Lost", plan_id=self.caigunn.users[0].plans[0].id)
        self.caigunn.clear_faults()

    def _order(self, fault: Fault) -> None:
        self.caigunn.clear_faults()
        self.caigunn.order(fault)

    def _refresh(self) -> None:
        """Well, refused with the token in the answer, and with an answer that is lost."""
        self.admin.follow(self.admin.send(self._refresh_form()))
        self.note_secrets()
        body = {"detail": f"bad token {self.caigunn.users[0].token}"}
        for fault in (
            Fault("status", path=REFRESH, status=400, body=body),
            Fault("reset_after", path=REFRESH),
        ):
            form = self._refresh_form()
            self._order(fault)
            self.admin.send(form, expired_date="2031-01-01")
            self.note_secrets()
        self.caigunn.clear_faults()
        self.admin.follow(self.admin.send(self._refresh_form()))
        self.admin.connect(self.caigunn.users[0].token)

    def _refresh_form(self) -> Form:
        return self.admin.form("/token/", "/token/refresh/")

    def _sign_out(self) -> None:
        """After another password; what is sent afterwards is kept for the next sign-in."""
        change = self.admin.form("/account/password/change/")
        passwords = {"oldpassword": PASSWORD, "password1": NEXT_PASSWORD}
        for second in (WRONG_PASSWORD, NEXT_PASSWORD):
            self.admin.send(change, None, **passwords, password2=second)
        forms = [
            self.admin.form(f"/chatbots/{self.bots[1].id}/webhook/"),
            self.admin.form("/token/"),
        ]
        self.admin.send(self.admin.open("/token/").form("/account/logout/"))
        self.admin.send(forms[0], webhook_url=f"{HOOK}/kept")
        self.admin.send(forms[1], access_token=self.caigunn.users[0].token)
        assert self.admin.sign_in(password=NEXT_PASSWORD).status == 302


def dump(url: str) -> Iterator[tuple[str, str]]:
    """Every value of every table, with what it unpacks to; of SQLite also the files."""
    if url.startswith("sqlite"):
        name = url.removeprefix("sqlite:///")
        for file in (Path(name), Path(f"{name}-wal")):
            if file.exists():
                yield file.suffix, file.read_bytes().decode("latin-1")
        with closing(sqlite3.connect(name)) as lite:
            tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
            for (table,) in lite.execute(tables).fetchall():
                for row in lite.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                    yield from ((table, unpacked(value)) for value in row)
        return
    with psycopg.connect(url) as server:
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        for (table,) in server.execute(tables).fetchall():
            query = psycopg.sql.SQL("SELECT * FROM {}").format(psycopg.sql.Identifier(table))
            for row in server.execute(query).fetchall():
                yield from ((table, unpacked(value)) for value in row)


def unpacked(value: object) -> str:
    """The value as text, and what it holds packed: the cache keeps its entries as base64, a session
    is signed, and may be compressed."""
    text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    found = [text]
    for packed in _PACKED.findall(text):
        bare = packed.rstrip("=").replace("+", "-").replace("/", "_")
        with suppress(binascii.Error, ValueError):
            plain = base64.urlsafe_b64decode(bare + "=" * (-len(bare) % 4))
            found.append(plain.decode("latin-1"))
            with suppress(zlib.error):
                found.append(zlib.decompress(plain).decode("latin-1"))
    return "\n".join(found)
