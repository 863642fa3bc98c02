"""What holds after whatever a member did, and on every page afterwards."""

from collections import Counter
from collections.abc import Iterable

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import RecordedRequest, User

from .random_model import (
    HOOK,
    OPEN,
    REPORTED,
    accounts_for,
    all_text,
    differences,
    same,
)
from .random_stage import Act

_ATTEMPTS = 3


def kind_of(request: RecordedRequest) -> tuple[Kind, str]:
    """What a request to write is about, and by which of several ways it is made."""
    is_of_webhook = request.path.endswith("/chatbot/webhook")
    if request.method == "POST":
        return Kind.CREATE, "create"
    if is_of_webhook:
        return Kind.WEBHOOK, request.method
    if request.method == "DELETE":
        return Kind.DELETE, "delete"
    is_json = request.headers.get("content-type", "").startswith("application/json")
    return (Kind.WEBHOOK, "JSON") if is_json else (Kind.SETTINGS, "form")


def is_refusal(status: int | None) -> bool:
    """Whether the answer says that nothing was written."""
    return status is not None and 400 <= status < 500 and status != 408


def assert_accounted(act: Act) -> None:
    """Each difference in what Caigunn holds is one that a Change of this act has asked for, and
    each new chatbot is that of a creation."""
    for found in differences(act.before, act.now):
        assert accounts_for(act.opened, found), found
    new = [chatbot_id for chatbot_id in act.now if chatbot_id not in act.before]
    creations = [one for one in act.opened if one.kind == Kind.CREATE]
    assert len(new) <= len(creations) <= 1
    for chatbot_id in new:
        (creation,) = creations
        assert creation.outcome in OPEN | {Outcome.DONE}
        assert creation.chatbot_id in {chatbot_id, ""}
        asked = creation.asked | {"is_deleted": False}
        for name, value in act.now[chatbot_id].items():
            # What is not as it was asked for has to be a step that did not come so far.
            if name in asked and not same(name, asked[name], value):
                assert name not in {"title", "is_deleted"}


def assert_closed_truly(act: Act, *, has_written: bool = True) -> None:
    """What is called done was so when it was, and what is called failed has changed nothing."""
    for change in act.closed:
        held = act.now.get(change.chatbot_id)
        if change.outcome == Outcome.DONE:
            assert held is not None, change
            _assert_done(change, held, has_written=has_written)
        elif change.outcome == Outcome.FAILED and change in act.opened and held:
            was = act.before.get(change.chatbot_id)
            for name in change.asked:
                assert was is None or held.get(name) == was.get(name), (name, change.detail)
        elif change.outcome == Outcome.UNDONE:
            by = [one for one in act.changes.values() if one.undoes_id == change.pk]
            assert any(one.outcome in {Outcome.DONE, Outcome.UNDONE} for one in by)


def _assert_done(change: Change, held: dict[str, object], *, has_written: bool) -> None:
    for name, value in change.after.items():
        if name in held:
            assert same(name, held[name], value), (name, held[name], value)
    if change.kind == Kind.CREATE:
        return
    for name, value in change.asked.items():
        if has_written or name in (*REPORTED, "is_deleted"):
            assert same(name, held.get(name), value), (name, held.get(name), value)


def assert_written_once(act: Act, *, has_trouble: bool) -> None:
    """Nothing is written that no Change was opened for, and nothing twice."""
    opened = Counter(change.kind for change in act.opened)
    assert all(count == 1 for count in opened.values()), opened
    sent = Counter(kind_of(request) for request in act.writes)
    for (kind, _way), count in sent.items():
        assert opened[kind] == 1, f"{kind} was written without a Change"
        most = _ATTEMPTS if has_trouble and kind != Kind.CREATE else 1
        assert count <= most, sent


def assert_no_secrets(changes: Iterable[Change], users: Iterable[User]) -> None:
    """Neither an access token nor an API key stands in any Change."""
    text = all_text(changes)
    for user in users:
        assert user.token not in text
        for bot in user.all_chatbots:
            assert bot.api_key not in text


def assert_nobody_overwritten(act: Act, chatbot_id: str, shown: dict[str, object]) -> None:
    """What was written replaced what the form had shown, not what somebody else wrote since."""
    was = act.before[chatbot_id]
    written = {name for one in act.opened if one.chatbot_id == chatbot_id for name in one.asked}
    for name in written & {*REPORTED, HOOK}:
        if was[name] != act.now[chatbot_id][name]:
            assert same(name, was[name], shown[name]), (name, was[name], shown[name])
