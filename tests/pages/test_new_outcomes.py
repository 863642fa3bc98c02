"""`/chatbots/new/`: what a member sees of a creation that does not go as asked."""

from datetime import timedelta

import pytest
import time_machine
from django.conf import LazySettings
from django.test import Client
from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.sandbox import AsOf, Fault, Sandbox
from chatbots.services.access import new_deadline
from chatbots.services.leases import held
from chatbots.services.lifecycle import creation_lease
from tests.conftest import Browsing
from tests.pages.calls import (
    ALWAYS,
    CHATBOTS,
    NO_ANSWER,
    TOKEN_REFUSED,
    fail,
    only,
    refuse_token,
    writes,
)
from tests.pages.changes import member_of
from tests.pages.changing import NEW, creations, opened, picture
from tests.pages.drawn import Form, assert_error, assert_page
from tests.pages.keeping import after_reconnecting, leads_to_kept

MAY_EXIST = "Caigunn may have created this chatbot"
ONLY_LIST = only(CHATBOTS)
TITLE = "Lost & found"

MADE = [
    Fault("status", method="POST", status=500, applied=True),
    Fault("status", method="POST", status=502, applied=True),
    Fault("status", method="POST", status=504, applied=True),
    Fault("reset_after", method="POST"),
    Fault("close", method="POST"),
    Fault("cut", method="POST"),
    Fault("not_json", method="POST"),
    Fault("empty", method="POST"),
    Fault("wrong_shape", method="POST"),
    Fault("redirect", method="POST", headers={"Location": "https://x.example/"}, applied=True),
]
NOT_MADE = [
    Fault("status", method="POST", status=502),
    Fault("status", method="POST", status=503),
    Fault("reset_before", method="POST"),
    Fault("not_json", method="POST", applied=False),
    Fault("redirect", method="POST", headers={"Location": "https://x.example/"}),
]


@pytest.fixture
def plan(sandbox: Sandbox) -> str:
    return sandbox.users[0].plans[1].id


@pytest.fixture
def form(admin: Client, sandbox: Sandbox, plan: str) -> Form:
    """A new chatbot, typed in and not sent yet."""
    form = opened(admin, NEW)
    form.fields |= {"title": TITLE, "plan_id": plan, "prompt": "Be kind."}
    sandbox.clear_requests()
    return form


def is_kept(form: Form) -> bool:
    return (form.fields["title"], form.fields["prompt"]) == (TITLE, "Be kind.")


# The answer is lost


@pytest.mark.parametrize("fault", MADE, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_lost_after_it_was_made(fault: Fault, admin: Client, sandbox: Sandbox, form: Form) -> None:
    sandbox.order(fault)
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    made = sandbox.users[0].chatbots[-1]
    assert made.title == TITLE
    assert "A chatbot with this title appeared since." in page.text
    assert f"/chatbots/{made.id}/" in page.hrefs
    assert is_kept(page.form(NEW))
    assert NEW in page.hrefs  # a new form, by its link
    assert "Try again" not in page.text
    # Neither the form that came back, nor the one of before, nor either changed sends it again.
    for again in (page.form(NEW), form):
        for title in (TITLE, "Another title"):
            page = assert_error(again.submit(admin, title=title), 504, MAY_EXIST)
            assert f"/chatbots/{made.id}/" in page.hrefs
            assert page.form(NEW).fields["title"] == title
    assert creations(sandbox) == 1


@pytest.mark.parametrize("fault", NOT_MADE, ids=lambda fault: f"{fault.kind}-{fault.status}")
def test_lost_before_it_was_made(fault: Fault, admin: Client, sandbox: Sandbox, form: Form) -> None:
    sandbox.order(fault)
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert "No new chatbot with this title was found so far." in page.text
    assert "Try again" not in page.text
    assert is_kept(page.form(NEW))
    assert_error(page.form(NEW).submit(admin), 504, MAY_EXIST)
    assert creations(sandbox) == 1
    # A form of its own, asked for by the link, may create.
    assert opened(admin, NEW).submit(admin, **form.fields | {"state": ""}).status_code == 422
    fresh = opened(admin, NEW)
    values = form.fields | {"state": fresh.fields["state"]}
    again = assert_error(fresh.submit(admin, **values), 504, MAY_EXIST)
    assert creations(sandbox) == 1
    assert again.form(NEW).submit(admin, press="another").status_code == 302
    assert creations(sandbox) == 2


def test_the_same_title_from_another_form_is_asked_about(
    admin: Client, sandbox: Sandbox, form: Form
) -> None:
    """Two tabs, or *back* and Create again."""
    made = form.submit(admin)["Location"].partition("?")[0]
    fresh = opened(admin, NEW)
    values = form.fields | {"state": fresh.fields["state"]}
    page = assert_page(fresh.submit(admin, **values), 422)
    assert "You made a chatbot with this title now" in page.text
    assert made in page.hrefs
    assert is_kept(page.form(NEW))
    assert creations(sandbox) == 1
    assert page.form(NEW).submit(admin, press="another").status_code == 302
    assert creations(sandbox) == 2


def test_those_of_before_are_not_offered(admin: Client, sandbox: Sandbox, form: Form) -> None:
    old = sandbox.users[0].chatbots[0]
    sandbox.edit(old.id, title=TITLE)
    sandbox.order(Fault("reset_before", method="POST"))
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert f"/chatbots/{old.id}/" not in page.hrefs


def test_lost_with_a_file_that_does_not_come_again(
    admin: Client, sandbox: Sandbox, form: Form
) -> None:
    sandbox.order(Fault("close", method="POST"))
    page = assert_error(form.submit(admin, avatar=picture()), 504, MAY_EXIST)
    assert "Choose the picture again" in page.text
    for _again in range(3):
        page = assert_error(page.form(NEW).submit(admin), 504, MAY_EXIST)
    assert creations(sandbox) == 1


def test_too_slow(admin: Client, sandbox: Sandbox, form: Form, settings: LazySettings) -> None:
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.5
    sandbox.order(Fault("hang", method="POST"))
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert is_kept(page.form(NEW))
    assert creations(sandbox) == 1


@pytest.mark.parametrize("as_of", ["2024-07", "2024-11"])
def test_what_was_made_cannot_be_read(
    as_of: AsOf, browse: Browsing, settings: LazySettings
) -> None:
    with Sandbox(as_of=as_of) as caigunn:
        settings.CAIGUNN_API_BASE_URL = caigunn.url
        admin = browse("admin", caigunn.users[0].token)
        form = opened(admin, NEW)
        fail(caigunn, f"{CHATBOTS}/.", 503)
        values = {"title": TITLE, "plan_id": caigunn.users[0].plans[0].id}
        page = assert_error(form.submit(admin, **values), 504, MAY_EXIST)
        assert f"/chatbots/{caigunn.users[0].chatbots[-1].id}/" in page.hrefs
        assert creations(caigunn) == 1


# Double


def test_sent_twice(admin: Client, sandbox: Sandbox, form: Form) -> None:
    first = form.submit(admin)
    for _again in range(3):
        assert form.submit(admin)["Location"] == first["Location"]
    assert creations(sandbox) == 1
    assert writes(sandbox) == ["POST", "PUT"]


def test_back_and_sent_with_another_title(admin: Client, sandbox: Sandbox, form: Form) -> None:
    form.submit(admin)
    made = sandbox.users[0].chatbots[-1]
    page = assert_page(form.submit(admin, title="Second thoughts"), 422)
    assert "so nothing was created now" in page.text
    assert f"/chatbots/{made.id}/" in page.hrefs
    assert creations(sandbox) == 1
    assert page.form(NEW).submit(admin).status_code == 302
    assert creations(sandbox) == 2


# The state of the form


@pytest.mark.parametrize("state", ["", "nonsense", "a:b:c"])
def test_without_a_readable_state_nothing_is_created(
    state: str, admin: Client, sandbox: Sandbox, form: Form
) -> None:
    page = assert_page(form.submit(admin, state=state), 422)
    assert "Nothing was created; your input is still here." in page.text
    assert is_kept(page.form(NEW))
    assert writes(sandbox) == []
    assert page.form(NEW).submit(admin).status_code == 302


def test_another_members_state(
    admin: Client, editor: Client, bot: object, sandbox: Sandbox, form: Form
) -> None:
    theirs = opened(editor, f"/chatbots/{sandbox.users[0].chatbots[0].id}/edit/")
    page = assert_page(form.submit(admin, state=theirs.fields["state"]), 422)
    assert "opened by somebody else" in page.text
    assert writes(sandbox) == []


def test_a_form_expires_after_a_week(admin: Client, sandbox: Sandbox, form: Form) -> None:
    member = member_of(admin)
    with time_machine.travel(timezone.now() + timedelta(days=8), tick=True):
        admin.force_login(member)
        page = assert_page(form.submit(admin), 422)
    assert "This form was too old" in page.text
    assert is_kept(page.form(NEW))
    assert writes(sandbox) == []


# What Caigunn refuses


@pytest.mark.parametrize("status", [400, 406, 409])
def test_refused_as_a_whole(status: int, admin: Client, sandbox: Sandbox, form: Form) -> None:
    fail(sandbox, ONLY_LIST, status, method="POST")
    page = assert_page(form.submit(admin), 422)
    assert f"Said with {status}" in page.text
    assert is_kept(page.form(NEW))
    sandbox.clear_faults()
    assert page.form(NEW).submit(admin).status_code == 302


def test_forbidden(admin: Client, sandbox: Sandbox, form: Form) -> None:
    fail(sandbox, ONLY_LIST, 403, method="POST")
    page = assert_error(form.submit(admin), 403, "Caigunn does not allow this")
    assert "Said with 403" in page.text
    assert is_kept(page.form(NEW))
    assert "Caigunn refused this token" not in assert_page(admin.get("/token/")).text


def test_a_refused_token(admin: Client, sandbox: Sandbox, form: Form) -> None:
    refuse_token(sandbox)
    page = assert_error(form.submit(admin), 403, TOKEN_REFUSED)
    assert leads_to_kept(after_reconnecting(page), NEW)
    assert is_kept(page.form(NEW))
    assert writes(sandbox) == []
    assert "Caigunn refused this token" in assert_page(admin.get("/token/")).text
    sandbox.clear_faults()
    assert page.form(NEW).submit(admin).status_code == 302


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_rate_limited(method: str, admin: Client, sandbox: Sandbox, form: Form) -> None:
    fail(sandbox, ONLY_LIST, 429, method=method, headers={"Retry-After": "9"})
    response = form.submit(admin)
    page = assert_error(response, 503, "Try again in 9 seconds. Nothing was changed.")
    assert response["Retry-After"] == "9"
    assert is_kept(page.form(NEW))
    sandbox.clear_faults()
    assert page.form(NEW).submit(admin).status_code == 302


def test_down_before_the_write(admin: Client, sandbox: Sandbox, form: Form) -> None:
    sandbox.close()
    page = assert_error(form.submit(admin), 503, NO_ANSWER)
    assert is_kept(page.form(NEW))
    assert MAY_EXIST not in page.text
    assert "Try again" not in page.text
    assert not Change.objects.filter(kind=Kind.CREATE).exists()


def test_the_list_before_is_not_understood(admin: Client, sandbox: Sandbox, form: Form) -> None:
    sandbox.order(Fault("not_json", path=ONLY_LIST, times=ALWAYS))
    page = assert_error(form.submit(admin), 502, "in a way this dashboard does not understand")
    assert is_kept(page.form(NEW))
    assert writes(sandbox) == []


def test_while_it_is_being_sent(
    admin: Client, sandbox: Sandbox, form: Form, settings: LazySettings
) -> None:
    """A second press while the first is under way makes no form that could create another."""
    member = Member.objects.get(email="admin@example.com")
    settings.CAIGUNN_TOTAL_TIMEOUT = 0.3
    with held(creation_lease(member, form.fields["title"]), new_deadline()):
        page = assert_page(form.submit(admin), 422)
    assert "This form is being sent already." in page.text
    assert page.form(NEW).fields["state"] == form.fields["state"]
    assert is_kept(page.form(NEW))
    assert writes(sandbox) == []


def test_a_creation_that_never_ended(admin: Client, sandbox: Sandbox, form: Form) -> None:
    """The process died between the call and its answer: looked for, and not sent again."""
    form.submit(admin)
    Change.objects.filter(kind=Kind.CREATE).update(outcome=Outcome.PENDING, chatbot_id="")
    page = assert_error(form.submit(admin), 504, MAY_EXIST)
    assert f"/chatbots/{sandbox.users[0].chatbots[-1].id}/" in page.hrefs
    fail(sandbox, ONLY_LIST, 503)
    for title in (TITLE, "Another title"):
        assert_error(form.submit(admin, title=title), 504, MAY_EXIST)
    assert creations(sandbox) == 1
