"""People in front of a dashboard that runs as in production: what they open, fill in and send."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode

from tests.bench.visitor import Visit, Visitor
from tests.browser.dashboard import PASSWORD, Dashboard
from tests.environment import PINNED
from tests.pages.drawn import Drawn, Form

from .processes import House

_SETTINGS = """
from caigunn_admin.settings import *
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""
LOGIN = "/account/login/"
_MOST_REDIRECTS = 3


class Person(Visitor):
    """A browser without JavaScript, and whoever sits in front of it. `visits` is all that it was
    answered, with the address that was asked."""

    def __init__(self, url: str, email: str, **cookies: str) -> None:
        super().__init__(url, **cookies)
        self.email = email
        self.visits: list[tuple[str, Visit]] = []

    @property
    def session(self) -> str:
        """The key of the session."""
        return self._cookies["session"]

    def open(self, address: str, **headers: str) -> Drawn:
        """The page at an address; AssertionError where it is another one, or an error."""
        visit = self.look(address, **headers)
        assert visit.status == 200, (address, visit.status, visit.headers.get("location"))
        return Drawn(visit.text, address)

    def look(self, address: str, **headers: str) -> Visit:
        """Whatever an address answers."""
        visit = self.get(address, **headers)
        self.visits.append((address, visit))
        return visit

    def form(self, address: str, action: str = "") -> Form:
        """A form of a page, open in the browser."""
        return self.open(address).form(action or address.partition("?")[0])

    def send(self, form: Form, headers: dict[str, str] | None = None, **typed: str) -> Visit:
        """Send a form with what was typed."""
        visit = self.post(form.action, form.fields | typed, **(headers or {}))
        self.visits.append((form.action, visit))
        return visit

    def follow(self, visit: Visit) -> Drawn:
        """The page that an answer leads to, at once or after redirects."""
        address = ""
        for _redirect in range(_MOST_REDIRECTS):
            if visit.status != 302:
                break
            address = visit.headers["location"]
            visit = self.look(address)
        assert visit.status == 200, (address, visit.status)
        return Drawn(visit.text, address)

    def sign_in(self, back: str = "/chatbots/", password: str = PASSWORD) -> Visit:
        """The answer of the sign-in page, asked for `back`."""
        form = self.form(f"{LOGIN}?{urlencode({'next': back})}", LOGIN)
        return self.send(form, login=self.email, password=password)

    def connect(self, access_token: str) -> None:
        """Connect to Caigunn."""
        answered = self.send(self.form("/token/"), access_token=access_token)
        assert answered.status == 302, answered


@contextmanager
def dashboards(
    house: House, folder: Path, count: int = 1, *, settings: str = ""
) -> Iterator[list[Dashboard]]:
    """So many servers on the database of a house, each with workers of its own. `settings` is
    added to those of production, beside the password hash that the house's members have."""
    databases, name = house._nursery.databases, house._database
    (folder / "served.py").write_text(_SETTINGS + settings)
    environment = {
        "DJANGO_SETTINGS_MODULE": "served",
        "PYTHONPATH": str(folder),
        "DATABASE_URL": databases.url().replace(databases.name(), name),
        # What the house has sealed and signed is good here too.
        "SECRET_KEY": PINNED["SECRET_KEY"],
        "TOKEN_KEYS": PINNED["TOKEN_KEYS"],
    }
    with ExitStack() as stack:
        found = []
        for number in range(count):
            (folder / f"{number}").mkdir()
            caigunn = str(house._settings["CAIGUNN_API_BASE_URL"])
            one = Dashboard(folder / f"{number}", caigunn, **environment)
            one.database = Path(name)
            found.append(stack.enter_context(one))
        yield found


def join(dashboard: Dashboard, role: str) -> Person:
    """A new member with this role, who is signed in."""
    email = f"{role}-here@example.com"
    dashboard.add_member(email, role)
    person = Person(dashboard.url, email)
    answered = person.sign_in()
    assert answered.status == 302, answered
    return person
