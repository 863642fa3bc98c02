"""A session that has ended leads to the sign-in page, under htmx too, and from there back: to the
page, or to the form with its input in it (reliability §8.24)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from chatbots.sandbox import Chatbot, Sandbox
from tests.bench.visitor import Visit
from tests.browser.dashboard import Dashboard, collect_static
from tests.pages.drawn import Drawn

from .processes import House, Nursery
from .visiting import LOGIN, Person, dashboards, join

IS_BACK = "Your input is back."


@dataclass
class Site:
    """A dashboard, an Admin of it and somebody else, both connected to the same chatbots."""

    caigunn: Sandbox
    dashboard: Dashboard
    admin: Person
    other: Person

    @property
    def bot(self) -> Chatbot:
        """The first chatbot that is not deleted."""
        return self.caigunn.users[0].chatbots[0]

    def end_session(self) -> None:
        """The Admin's session ends; their browser does not know."""
        self.dashboard.end_session(self.admin.session)
        self.caigunn.clear_requests()


@pytest.fixture(scope="module")
def running_site(
    sqlite_nursery: Nursery, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    collect_static(tmp_path_factory.getbasetemp().parent)
    folder = tmp_path_factory.mktemp("expired")
    with (
        Sandbox(chatbots=4) as caigunn,
        House(sqlite_nursery, caigunn.url) as house,
        dashboards(house, folder) as (dashboard,),
    ):
        admin, other = (join(dashboard, role) for role in ("admin", "editor"))
        for person in (admin, other):
            person.connect(caigunn.users[0].token)
        yield Site(caigunn, dashboard, admin, other)


@pytest.fixture
def site(running_site: Site) -> Site:
    running_site.dashboard.forget()
    if running_site.admin.look("/token/").status != 200:
        running_site.admin.sign_in()
    return running_site


def htmx(site: Site, target: str, page: str) -> dict[str, str]:
    """What htmx says of itself."""
    address = f"{site.dashboard.url}{page}"
    return {"HX_Request": "true", "HX_Target": target, "HX_Current_URL": address}


def to_sign_in(visit: Visit, *, is_htmx: bool) -> str:
    """Where the sign-in page that an answer leads to comes back to. The answer itself is empty, so
    that htmx draws nothing of it in a page."""
    if is_htmx:
        assert (visit.status, visit.text) == (200, "")
        address = visit.headers["hx-redirect"]
    else:
        assert visit.status == 302
        address = visit.headers["location"]
    parts = urlsplit(address)
    assert (parts.scheme, parts.netloc, parts.path) == ("", "", LOGIN)
    return parse_qs(parts.query)["next"][0]


def signed_in_again(person: Person, back: str) -> Drawn:
    """The page that somebody comes to after signing in."""
    visit = person.sign_in(back)
    assert (visit.status, visit.headers["location"]) == (302, back)
    return person.open(back)


PAGES = ("/chatbots/?size=50", "/plans/", "/chatbots/{id}/", "/chatbots/{id}/edit/", "/activity/")


@pytest.mark.parametrize("address", PAGES)
def test_a_page_comes_back_after_the_sign_in(site: Site, address: str) -> None:
    page = address.format(id=site.bot.id)
    before = heading(site.admin.open(page))
    site.end_session()
    back = to_sign_in(site.admin.look(page), is_htmx=False)
    assert back == page
    after = signed_in_again(site.admin, back)
    assert (heading(after), "Sign out" in after.text) == (before, True)


def heading(page: Drawn) -> str:
    """What the page is about."""
    found = re.search(r"<h1>(.*?)</h1>", page.html, re.DOTALL)
    assert found
    return found[1]


FRAGMENTS = {
    "results": "/chatbots/?size=50",
    "webhooks": "/chatbots/?size=50",
    "webhook-{id}": "/chatbots/{id}/webhook/",
}


@pytest.mark.parametrize("target", FRAGMENTS)
def test_a_part_of_a_page_leads_to_the_sign_in_page_and_back_to_the_page(
    site: Site, target: str
) -> None:
    page = "/chatbots/?size=50"
    asked = FRAGMENTS[target].format(id=site.bot.id)
    headers = htmx(site, target.format(id=site.bot.id), page)
    assert "<html" not in site.admin.look(asked, **headers).text
    site.end_session()
    back = to_sign_in(site.admin.look(asked, **headers), is_htmx=True)
    assert back == page
    assert site.caigunn.requests == []
    assert "Sign out" in signed_in_again(site.admin, back).text


FORMS = {
    "webhook": (
        "/chatbots/{id}/webhook/",
        {"webhook_url": "https://new.example.com/{way}", "reason": "Moved <b>house</b>"},
    ),
    "edit": (
        "/chatbots/{id}/edit/",
        {"title": "Typed for <long> 客服 {way}", "prompt": "One\nTwo {way}"},
    ),
    "new": ("/chatbots/new/", {"title": "Made after a while {way}", "prompt": "One\nTwo {way}"}),
    "delete": ("/chatbots/{id}/delete/", {"confirm_title": "{title}", "reason": "Old"}),
}


@pytest.mark.parametrize("is_htmx", [False, True], ids=["page", "htmx"])
@pytest.mark.parametrize("name", FORMS)
def test_the_input_of_a_form_is_there_again_and_is_sent_once(
    site: Site, name: str, is_htmx: bool
) -> None:
    bot, admin = site.bot, site.admin
    address = FORMS[name][0].format(id=bot.id)
    given = {"title": bot.title, "way": "htmx" if is_htmx else "page"}
    typed = {key: value.format(**given) for key, value in FORMS[name][1].items()}
    form = admin.form(address)
    if name == "new":
        typed["plan_id"] = site.caigunn.users[0].plans[1].id
    site.end_session()
    headers = htmx(site, f"webhook-{bot.id}", "/chatbots/") if is_htmx else {}
    back = to_sign_in(admin.send(form, headers, **typed), is_htmx=is_htmx)
    # Nothing was sent to Caigunn, and nothing that was typed stands in an address.
    assert site.caigunn.requests == []
    assert not [value for value in typed.values() if value in back]
    # It is the Admin's: whoever else signs in finds an empty form.
    theirs = site.other.look(back)
    assert not [value for value in typed.values() if value != bot.title and value in theirs.text]
    page = signed_in_again(admin, back)
    assert IS_BACK in page.text
    again = page.form(address)
    assert {key: again.fields[key].replace("\r\n", "\n") for key in typed} == typed
    site.caigunn.clear_requests()
    first = admin.send(again)
    assert first.status == 302
    # The form from before is the same one.
    assert admin.send(form, None, **typed).status == 302
    assert sum(one.method != "GET" for one in site.caigunn.requests) == 1 + (name == "new")
    titles = [one.title for one in site.caigunn.users[0].chatbots]
    assert {
        "webhook": bot.webhook_url == typed.get("webhook_url"),
        "edit": (bot.title, bot.fields["prompt"]) == (typed.get("title"), typed.get("prompt")),
        "new": titles.count(typed.get("title", "")) == 1,
        "delete": bot.is_deleted,
    }[name]
