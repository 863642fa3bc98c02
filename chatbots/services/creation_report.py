"""What became of a creation, step by step, judged by what Caigunn reports now."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from caigunn_admin.activity.models import Change, Kind, Outcome
from caigunn_admin.team.models import Member
from chatbots.caigunn import ChatbotInfo
from chatbots.services import settings
from chatbots.webhook_url import same as same_url

_SHOWN = timedelta(minutes=15)


@dataclass(frozen=True)
class Step:
    """One thing that was to be set once the chatbot existed: `webhook`, or `settings`.

    `fields` are the settings concerned; `detail` says why it failed, where that is known.
    """

    name: str
    outcome: Outcome
    fields: tuple[str, ...] = ()
    detail: str = ""
    change: Change | None = None


@dataclass(frozen=True)
class CreationReport:
    """A creation by this member, and its steps."""

    change: Change
    steps: tuple[Step, ...]
    other_title: str = ""
    """The title that Caigunn reports, where it is another one than was asked for."""
    other_plan: str = ""


def report(
    member: Member, change_id: UUID, chatbot_id: str, info: ChatbotInfo
) -> CreationReport | None:
    """The report of a creation that this member asked for in the last quarter of an hour."""
    change = Change.objects.filter(
        pk=change_id,
        kind=Kind.CREATE,
        member=member,
        chatbot_id=chatbot_id,
        outcome=Outcome.DONE,
        created_at__gt=timezone.now() - _SHOWN,
    ).first()
    if change is None:
        return None
    later = {
        one.kind: one
        # By the page request: a step that was refused has given the key of its form back.
        for one in Change.objects.filter(
            chatbot_id=chatbot_id, request_id=change.request_id
        ).order_by("created_at")
    }
    steps = []
    if url := change.asked.get("webhook_url"):
        is_set = same_url(info.webhook_url, url)
        steps.append(_step("webhook", later.get(Kind.WEBHOOK), is_done=is_set))
    fields = tuple(name for name in change.asked if name in settings.FIELDS and name != "title")
    if fields:
        now = settings.readable(info)
        held = all(
            settings.same(name, now[name], change.asked[name]) for name in fields if name in now
        )
        taken = _taken(chatbot_id)
        is_done = held and all(name in now or name in taken for name in fields)
        steps.append(_step("settings", later.get(Kind.SETTINGS), is_done=is_done, fields=fields))
    is_titled = settings.same("title", info.title, change.asked["title"])
    is_planned = info.plan_id in {None, change.asked["plan_id"]}
    return CreationReport(
        change,
        tuple(steps),
        "" if is_titled else info.title or "—",
        "" if is_planned else info.plan_id or "",
    )


def _taken(chatbot_id: str) -> set[str]:
    """The settings that Caigunn has taken, at the creation or when that was tried again."""
    done = Change.objects.filter(chatbot_id=chatbot_id, kind=Kind.SETTINGS, outcome=Outcome.DONE)
    return {name for change in done for name in change.asked}


def _step(name: str, change: Change | None, *, is_done: bool, fields: tuple[str, ...] = ()) -> Step:
    if is_done:
        return Step(name, Outcome.DONE, fields)
    if change is not None and change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}:
        return Step(name, Outcome.UNKNOWN, fields, change.detail, change)
    return Step(name, Outcome.FAILED, fields, change.detail if change else "")
