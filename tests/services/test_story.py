"""What a Change says to people."""

from typing import Any

import pytest

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.services.undo import Plan
from chatbots.story import Line, label, lines, plain, story

FILE = {"name": "face.png", "size": 120, "type": "image/png", "thumbnail": "data:image/png;…"}


def change(kind: Kind = Kind.SETTINGS, outcome: Outcome = Outcome.DONE, **more: Any) -> Change:
    return Change(kind=kind, outcome=outcome, chatbot_id="bot", **more)


def told(one: Change) -> list[tuple[str, Any, Any]]:
    return [(line.name, line.before, line.asked) for line in lines(one)]


def test_the_difference_field_by_field() -> None:
    one = change(
        before={"title": "Old", "prompt": None},
        asked={"title": "New", "prompt": "Hi", "main_color": "#123456", "avatar": FILE},
        after={"title": "New", "prompt": "Hi"},
    )
    assert lines(one) == (
        Line("title", "Title", "Old", "New", reported="New"),
        Line("prompt", "Prompt", None, "Hi", reported="Hi"),
        Line("main_color", "Main colour", None, "#123456", is_known=False),
        Line("avatar", "Avatar", None, FILE, is_known=False),
    )


def test_what_caigunn_reported_instead() -> None:
    one = change(
        Kind.WEBHOOK,
        Outcome.FAILED,
        before={"webhook_url": "old"},
        asked={"webhook_url": "new"},
        after={"webhook_url": "third"},
    )
    (line,) = lines(one)
    assert (line.has_report, line.reported) == (True, "third")
    one.outcome = Outcome.DONE
    assert not lines(one)[0].has_report


def test_a_creation_has_no_before() -> None:
    one = change(
        Kind.CREATE,
        before={"ids_of_title": ["another"]},
        asked={"title": "New", "plan_id": "plan-1", "webhook_url": "new"},
    )
    assert told(one) == [
        ("title", None, "New"),
        ("plan_id", None, "plan-1"),
        ("webhook_url", None, "new"),
    ]
    assert not any(line.is_known for line in lines(one))
    assert [line.label for line in lines(one)] == ["Title", "Plan", "Webhook URL"]


def test_a_deletion_tells_what_is_gone() -> None:
    one = change(
        Kind.DELETE,
        before={"title": "Old", "prompt": "long", "webhook_url": None, "plan_id": "plan-1"},
        asked={"is_deleted": True},
    )
    assert told(one) == [
        ("title", "Old", None),
        ("webhook_url", None, None),
        ("plan_id", "plan-1", None),
    ]


KNOWN = {"token": "…abcd", "label": "Support", "ends_at": "2026-03-10T00:00:00+00:00"}
ANEW = KNOWN | {"token": "…efgh", "ends_at": None}


@pytest.mark.parametrize(
    ("kind", "before", "asked", "after", "says"),
    [
        (
            Kind.TOKEN_CONNECT,
            {},
            KNOWN,
            KNOWN,
            [
                ("token", None, "…abcd"),
                ("label", None, "Support"),
                ("ends_at", None, KNOWN["ends_at"]),
            ],
        ),
        (
            Kind.TOKEN_REFRESH,
            KNOWN,
            {"expired_date": None},
            ANEW,
            [("token", "…abcd", "…efgh"), ("ends_at", KNOWN["ends_at"], None)],
        ),
        (
            Kind.TOKEN_DISCONNECT,
            KNOWN,
            {},
            {},
            [
                ("token", "…abcd", None),
                ("label", "Support", None),
                ("ends_at", KNOWN["ends_at"], None),
            ],
        ),
    ],
)
def test_what_was_done_to_a_token(
    kind: Kind, before: Any, asked: Any, after: Any, says: Any
) -> None:
    assert told(change(kind, before=before, asked=asked, after=after)) == says


@pytest.mark.parametrize("outcome", [Outcome.PENDING, Outcome.UNKNOWN, Outcome.FAILED])
def test_a_refresh_that_is_not_done_has_not_taken_the_token_away(outcome: Outcome) -> None:
    one = change(
        Kind.TOKEN_REFRESH, outcome, before=KNOWN, asked={"expired_date": "2026-12-31"}, after={}
    )
    (line,) = lines(one)
    assert (line.name, line.asked, line.is_known) == ("expired_date", "2026-12-31", False)
    one.asked = {"expired_date": None}
    assert lines(one) == ()


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("outcome", Outcome)
def test_check_now_is_offered_where_it_can_settle_something(kind: Kind, outcome: Outcome) -> None:
    of_chatbots = {Kind.CREATE, Kind.WEBHOOK, Kind.SETTINGS, Kind.DELETE}
    expected = outcome == Outcome.UNKNOWN and kind in of_chatbots
    assert story(change(kind, outcome)).can_check is expected
    nameless = change(kind, outcome)
    nameless.chatbot_id = ""
    assert not story(nameless).can_check


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("outcome", Outcome)
def test_there_is_a_way_to_undo_it_or_a_reason_why_not(kind: Kind, outcome: Outcome) -> None:
    values = {"webhook_url": "old", "title": "Old"}
    one = story(change(kind, outcome, before=values, asked={"title": "New"}, after={}))
    assert bool(one.undo.values) is not bool(one.undo.why_not)


def test_where_the_chatbot_cannot_be_written_that_is_why() -> None:
    done = change(Kind.WEBHOOK, before={"webhook_url": "old"}, asked={"webhook_url": "new"})
    assert story(done).undo.values
    assert story(done, why_closed="It is gone.").undo == Plan(why_not="It is gone.")
    failed = change(Kind.WEBHOOK, Outcome.FAILED)
    assert "It was not saved" in story(failed, why_closed="It is gone.").undo.why_not


def test_what_is_not_undone_goes_by_its_label() -> None:
    one = change(
        outcome=Outcome.UNDONE, before={"title": "a"}, asked={"title": "b", "main_color": "#123"}
    )
    assert story(one).left_out == ("Main colour",)


@pytest.mark.parametrize(
    ("name", "says"),
    [("model_id", "Model"), ("ends_at", "Ends"), ("something_new", "something_new")],
)
def test_labels(name: str, says: str) -> None:
    assert label(name) == says


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, ""),
        ("", ""),
        ("text", "text"),
        (True, "true"),
        (5, "5"),
        (FILE, "face.png (120 B)"),
        ({}, " (? B)"),
        ([], ""),
        (["a", "b"], "a\nb"),
        ([{"type": "text", "value": "Hi"}, {"type": "else"}], "Hi\n"),
    ],
)
def test_a_value_as_text(value: Any, says: str) -> None:
    assert plain(value) == says
