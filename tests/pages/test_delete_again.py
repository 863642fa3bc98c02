"""`/chatbots/<id>/delete/`: of a chatbot that is not there any more, and forms that were drawn
through another access token."""

import pytest
from django.test import Client

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import Chatbot, Fault, Sandbox
from tests.conftest import Browsing, Joining, connect
from tests.pages.calls import ALWAYS, fail, writes
from tests.pages.changing import delete_url, follow, opened
from tests.pages.drawn import Form, assert_error, assert_page

CONFIRMED = "is deleted. Caigunn confirms it."
NOT_THERE = "no longer exists at Caigunn."
MAY_BE_GONE = "Caigunn may have deleted this chatbot"
NO_SUCH = "This chatbot no longer exists"


@pytest.fixture
def url(bot: Chatbot) -> str:
    return delete_url(bot)


@pytest.fixture
def form(admin: Client, sandbox: Sandbox, bot: Chatbot, url: str) -> Form:
    """The form with the right title typed, not sent yet."""
    form = opened(admin, url)
    form.fields["confirm_title"] = bot.title
    sandbox.clear_requests()
    return form


@pytest.fixture
def unknown(admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form) -> Change:
    """A deletion of which nobody knows whether it was made."""
    sandbox.order(Fault("delay", path=bot.id, method="GET", times=2, seconds=0.001))
    fail(sandbox, bot.id, 503, method="GET")
    assert_error(form.submit(admin), 504, MAY_BE_GONE)
    sandbox.clear_faults()
    sandbox.clear_requests()
    return Change.objects.get(kind=Kind.DELETE)


def outcome(change: Change) -> str:
    change.refresh_from_db()
    return change.outcome


def vanish(sandbox: Sandbox, bot: Chatbot) -> None:
    """From now on the chatbot is not found."""
    sandbox.users[0].all_chatbots.remove(bot)


def test_that_it_is_not_found_settles_the_deletion(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, unknown: Change
) -> None:
    vanish(sandbox, bot)
    page = follow(admin, form.submit(admin))
    assert f"{bot.title} {CONFIRMED}" in page.text
    assert outcome(unknown) == Outcome.DONE
    assert writes(sandbox) == []


def test_a_colleague_s_form_settles_it_as_well(
    browse: Browsing, join: Joining, sandbox: Sandbox, bot: Chatbot, url: str, unknown: Change
) -> None:
    second = browse(join("admin", "second@example.com"), sandbox.users[0].token)
    bot.write(is_deleted=False)
    form = opened(second, url)
    vanish(sandbox, bot)
    form.fields["confirm_title"] = bot.title
    assert CONFIRMED in follow(second, form.submit(second)).text
    assert outcome(unknown) == Outcome.DONE


def test_reported_as_deleted_to_a_form_of_its_own(
    admin: Client, sandbox: Sandbox, bot: Chatbot, url: str, unknown: Change
) -> None:
    bot.write(is_deleted=False)
    form = opened(admin, url)
    bot.delete()
    page = follow(admin, form.submit(admin, confirm_title=bot.title))
    assert f"{bot.title} {CONFIRMED}" in page.text
    assert outcome(unknown) == Outcome.DONE
    assert writes(sandbox) == []


def test_what_nobody_here_deleted_is_not_said_to_be_confirmed(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form
) -> None:
    vanish(sandbox, bot)
    page = follow(admin, form.submit(admin))
    assert f"{bot.title} {NOT_THERE}" in page.text
    assert CONFIRMED not in page.text
    assert not Change.objects.filter(kind=Kind.DELETE).exists()


def test_a_title_with_markup_is_text(
    admin: Client, sandbox: Sandbox, bot: Chatbot, url: str
) -> None:
    sandbox.edit(bot.id, title="<script>alert(1)</script>")
    form = opened(admin, url)
    vanish(sandbox, bot)
    page = follow(admin, form.submit(admin, confirm_title="x"))
    assert f"<script>alert(1)</script> {NOT_THERE}" in page.text
    assert "<script>alert" not in page.html


# Through another access token


def test_through_another_token_it_says_nothing_of_the_chatbot(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, unknown: Change, url: str
) -> None:
    connect(Member.objects.get(email="admin@example.com"), sandbox.users[1].token)
    page = assert_error(form.submit(admin), 404, NO_SUCH)
    # The form that comes back is no more than what was sent.
    page = assert_error(page.form(url).submit(admin), 404, NO_SUCH)
    assert NOT_THERE not in page.text
    assert page.form(url).fields["confirm_title"] == bot.title
    assert outcome(unknown) == Outcome.UNKNOWN
    assert writes(sandbox) == []


def test_a_form_that_another_token_drew_is_drawn_anew(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    """Even where both reach the chatbot: what is lost is read through the one that deletes."""
    member = Member.objects.get(email="admin@example.com")
    assert_page(admin.get("/token/")).form("/token/disconnect/").submit(admin)
    connect(member, sandbox.users[0].token)
    page = assert_page(form.submit(admin), 422)
    assert "Nothing was deleted; send it again." in page.text
    assert writes(sandbox) == []
    follow(admin, page.form(url).submit(admin))
    assert bot.is_deleted


def test_a_stranger_s_unknown_deletion_is_not_settled(
    admin: Client,
    browse: Browsing,
    join: Joining,
    sandbox: Sandbox,
    bot: Chatbot,
    form: Form,
    unknown: Change,
) -> None:
    """A member with another token learns nothing of it, whatever they send."""
    stranger = browse(join("admin", "stranger@example.com"), sandbox.users[1].token)
    own = sandbox.users[1].chatbots[0]
    state = opened(stranger, delete_url(own)).fields["state"]
    values = {"state": state, "confirm_title": str(own.title)}
    assert_error(stranger.post(form.action, values), 404, NO_SUCH)
    assert outcome(unknown) == Outcome.UNKNOWN


def test_what_cannot_be_read_keeps_the_form_good(
    admin: Client, sandbox: Sandbox, bot: Chatbot, form: Form, url: str
) -> None:
    sandbox.order(Fault("status", path=bot.id, status=503, times=ALWAYS))
    page = assert_error(form.submit(admin), 503, "Caigunn does not answer")
    assert page.form(url).fields["state"] == form.fields["state"]
    sandbox.clear_faults()
    follow(admin, page.form(url).submit(admin))
    assert bot.is_deleted


def test_a_deletion_through_another_connection_is_not_settled(
    admin: Client, sandbox: Sandbox, bot: Chatbot, unknown: Change, url: str
) -> None:
    """Even where both reach the chatbot: not found says nothing of what the other one did."""
    assert_page(admin.get("/token/")).form("/token/disconnect/").submit(admin)
    connect(Member.objects.get(email="admin@example.com"), sandbox.users[0].token)
    bot.write(is_deleted=False)
    form = opened(admin, url)
    vanish(sandbox, bot)
    page = follow(admin, form.submit(admin, confirm_title=bot.title))
    assert f"{bot.title} {NOT_THERE}" in page.text
    assert outcome(unknown) == Outcome.UNKNOWN
