"""*This is the one*: a creation whose answer was lost is settled by its member, who names the
chatbot that it made."""

import pytest
from django.conf import LazySettings
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Fault, Sandbox
from chatbots.services.access import new_deadline
from chatbots.services.leases import held
from chatbots.services.lifecycle import creation_lease
from tests.conftest import Browsing, Joining
from tests.pages.calls import (
    CHATBOTS,
    NO_ANSWER,
    fail,
    only,
    refuse_token,
    writes,
)
from tests.pages.changing import HOOK, NEVER, NEW, creations, edit_url, follow, opened, webhook_url
from tests.pages.drawn import Drawn, Form, assert_error, assert_page

MAY_EXIST = "Caigunn may have created this chatbot"
NOT_THE_ONE = "This is not one that the lost creation may have made."
TITLE = "Lost & <b>found</b>"
PANEL = "This chatbot is new"


@pytest.fixture
def form(admin: Client, sandbox: Sandbox) -> Form:
    form = opened(admin, NEW)
    form.fields |= {"title": TITLE, "plan_id": sandbox.users[0].plans[0].id}
    form.fields |= {"webhook_url": HOOK, "main_color": "#123abc"}
    sandbox.clear_requests()
    return form


@pytest.fixture
def lost(admin: Client, sandbox: Sandbox, form: Form) -> Drawn:
    """The page of a creation whose answer was lost after the chatbot was made."""
    sandbox.order(Fault("reset_after", method="POST"))
    return assert_error(form.submit(admin), 504, MAY_EXIST)


def creation() -> Change:
    return Change.objects.get(kind=Kind.CREATE)


def url() -> str:
    return f"/changes/{creation().pk}/adopt/"


def made(sandbox: Sandbox) -> Chatbot:
    return sandbox.users[0].chatbots[-1]


def refuses(client: Client, chatbot_id: str, says: str = NOT_THE_ONE) -> None:
    """Nothing is settled by naming this chatbot."""
    before = creation()
    page = follow(client, client.post(url(), {"chatbot_id": chatbot_id}))
    assert says in page.text
    after = creation()
    assert (after.outcome, after.chatbot_id) == (before.outcome, before.chatbot_id)


def test_from_the_lost_answer_to_the_chatbot(admin: Client, sandbox: Sandbox, lost: Drawn) -> None:
    sandbox.clear_requests()
    offer = lost.form(url())
    assert offer.fields["chatbot_id"] == made(sandbox).id
    response = offer.submit(admin)
    assert response["Location"] == f"/chatbots/{made(sandbox).id}/?created={creation().pk}"
    page = follow(admin, response)
    assert PANEL in page.text
    assert made(sandbox).api_key in page.html
    assert (creation().outcome, creation().chatbot_id) == (Outcome.DONE, made(sandbox).id)
    assert creation().after == {"title": TITLE, "plan_id": creation().asked["plan_id"]}
    # What else was asked for was not sent, and can be now.
    assert writes(sandbox) == []
    assert "The webhook was not set." in page.text
    assert "The settings were not saved. Main colour" in page.text
    again = f"?again={creation().pk}"
    follow(admin, opened(admin, webhook_url(made(sandbox)) + again).submit(admin))
    follow(admin, opened(admin, edit_url(made(sandbox)) + again).submit(admin))
    assert made(sandbox).webhook_url == HOOK
    assert made(sandbox).settings["main_color"] == "#123abc"
    page = assert_page(admin.get(response["Location"]))
    assert "The webhook is set and read back." in page.text
    assert "The settings were sent. Main colour" in page.text


def test_afterwards_the_form_tells_what_it_made(
    admin: Client, sandbox: Sandbox, form: Form, lost: Drawn
) -> None:
    first = lost.form(url()).submit(admin)["Location"]
    for one in (form, lost.form(NEW)):
        assert one.submit(admin)["Location"] == first
    assert creations(sandbox) == 1


def test_sent_twice_it_is_settled_once(admin: Client, sandbox: Sandbox, lost: Drawn) -> None:
    offer = lost.form(url())
    first = offer.submit(admin)["Location"]
    closed = creation()
    sandbox.clear_requests()
    assert offer.submit(admin)["Location"] == first
    assert (creation().outcome, creation().closed_at) == (Outcome.DONE, closed.closed_at)
    assert writes(sandbox) == []
    # Another one is not it, then either.
    refuses(admin, sandbox.users[0].chatbots[0].id)


def test_the_list_has_it_at_once(admin: Client, sandbox: Sandbox, form: Form) -> None:
    assert_page(admin.get("/chatbots/"))
    sandbox.order(Fault("reset_after", method="POST"))
    lost = assert_error(form.submit(admin), 504, MAY_EXIST)
    lost.form(url()).submit(admin)
    page = assert_page(admin.get("/chatbots/", {"q": made(sandbox).id}))
    assert f"/chatbots/{made(sandbox).id}/" in page.hrefs


# Which one


def test_none_that_was_there_before(admin: Client, sandbox: Sandbox, form: Form) -> None:
    old = sandbox.users[0].chatbots[0]
    sandbox.edit(old.id, title=TITLE)
    sandbox.order(Fault("reset_after", method="POST"))
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert [one.fields["chatbot_id"] for one in page.forms if one.action == url()] == [
        made(sandbox).id
    ]
    refuses(admin, old.id)


@pytest.mark.parametrize("chatbot_id", ["", NEVER, "../../x", "a b", "x" * 500, "\x00"])
def test_none_that_is_not_there(chatbot_id: str, admin: Client, lost: Drawn) -> None:
    refuses(admin, chatbot_id)


def test_none_of_another_title_or_another_account(
    admin: Client, sandbox: Sandbox, lost: Drawn
) -> None:
    refuses(admin, sandbox.users[0].chatbots[1].id)
    theirs = sandbox.users[1].chatbots[0]
    sandbox.edit(theirs.id, title=TITLE)
    refuses(admin, theirs.id)


def test_none_that_another_creation_made(admin: Client, sandbox: Sandbox, lost: Drawn) -> None:
    """Two of one title: the second was made knowingly, and is not the lost one."""
    fresh = opened(admin, NEW)
    values = {"title": TITLE, "plan_id": creation().asked["plan_id"], "another": "1"}
    first = made(sandbox)
    follow(admin, fresh.submit(admin, **values))
    second = made(sandbox)
    assert first.id != second.id
    lost_one = Change.objects.get(kind=Kind.CREATE, outcome=Outcome.UNKNOWN)
    address = f"/changes/{lost_one.pk}/adopt/"
    page = follow(admin, admin.post(address, {"chatbot_id": second.id}))
    assert NOT_THE_ONE in page.text
    response = admin.post(address, {"chatbot_id": first.id})
    assert response["Location"].startswith(f"/chatbots/{first.id}/?created=")


def test_none_where_nothing_appeared(admin: Client, sandbox: Sandbox, form: Form) -> None:
    sandbox.order(Fault("reset_before", method="POST"))
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert not page.has_form(url())
    refuses(admin, sandbox.users[0].chatbots[0].id)


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.FAILED])
def test_none_for_a_creation_that_is_known(
    outcome: Outcome, admin: Client, sandbox: Sandbox, lost: Drawn
) -> None:
    Change.objects.filter(kind=Kind.CREATE).update(outcome=outcome)
    refuses(admin, made(sandbox).id)


# Who


def test_nobody_but_the_one_who_asked(
    admin: Client,
    editor: Client,
    viewer: Client,
    join: Joining,
    browse: Browsing,
    sandbox: Sandbox,
    lost: Drawn,
) -> None:
    values = {"chatbot_id": made(sandbox).id}
    for client in (editor, viewer):
        assert_error(client.post(url(), values), 403, "This needs the role Admin")
    second = browse(join("admin", "second@example.com"), sandbox.users[0].token)
    assert_error(second.post(url(), values), 404, "There is nothing at this address.")
    Member.objects.filter(email="admin@example.com").update(role="editor")
    assert_error(admin.post(url(), values), 403, "This needs the role Admin")
    assert creation().outcome == Outcome.UNKNOWN


def test_only_a_creation(admin: Client, sandbox: Sandbox, bot: Chatbot) -> None:
    member = Member.objects.get(email="admin@example.com")
    change = Change.objects.create(
        kind=Kind.WEBHOOK, outcome=Outcome.UNKNOWN, member=member, chatbot_id=bot.id
    )
    address = f"/changes/{change.pk}/adopt/"
    assert_error(admin.post(address, {"chatbot_id": bot.id}), 404, "nothing at this address")
    assert_error(admin.post(f"/changes/{NEVER}/adopt/"), 404, "nothing at this address")


def test_through_another_access_token_it_is_not_found(
    admin: Client, sandbox: Sandbox, lost: Drawn
) -> None:
    token_form = assert_page(admin.get("/token/")).form("/token/")
    token_form.submit(admin, access_token=sandbox.users[1].token)
    refuses(admin, made(sandbox).id)


# What goes wrong


@pytest.mark.parametrize("path", [only(CHATBOTS), f"{CHATBOTS}/."])
def test_caigunn_does_not_answer(path: str, admin: Client, sandbox: Sandbox, lost: Drawn) -> None:
    """Not settled; once it answers, it is."""
    fail(sandbox, path, 503)
    offer = lost.form(url())
    assert_error(offer.submit(admin), 503, NO_ANSWER)
    assert creation().outcome == Outcome.UNKNOWN
    sandbox.clear_faults()
    response = offer.submit(admin)
    assert response["Location"] == f"/chatbots/{made(sandbox).id}/?created={creation().pk}"
    assert creation().outcome == Outcome.DONE
    assert creations(sandbox) == 1


def test_a_refused_token(admin: Client, sandbox: Sandbox, lost: Drawn) -> None:
    refuse_token(sandbox)
    assert lost.form(url()).submit(admin).status_code in {403, 503}
    assert (creation().outcome, creation().chatbot_id) == (Outcome.UNKNOWN, "")


def test_while_it_is_being_sent(
    admin: Client, sandbox: Sandbox, lost: Drawn, settings: LazySettings
) -> None:
    member = Member.objects.get(email="admin@example.com")
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.3
    with held(creation_lease(member, TITLE), new_deadline()):
        response = lost.form(url()).submit(admin)
    settings.CAIGUNN_TOTAL_TIMEOUT = 20.0
    assert "It is still being written." in follow(admin, response).text
    assert creation().outcome == Outcome.UNKNOWN
