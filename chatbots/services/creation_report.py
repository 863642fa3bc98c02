"""What became of a creation, step by step, judged by what Caigunn reports now."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings as site
from django.db.models import Q, QuerySet
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

    `fields` are the settings concerned; of a step that is not done, those still missing. `detail`
    says why it failed, where that is known; `change` is the write of the step, or the creation
    where nothing was sent.
    """

    name: str
    outcome: Outcome
    change: Change
    fields: tuple[str, ...] = ()
    detail: str = ""


@dataclass(frozen=True)
class CreationReport:
    """A creation, and its steps."""

    change: Change
    steps: tuple[Step, ...]
    other_title: str = ""
    """The title that Caigunn reports, where it is another one than was asked for."""
    other_plan: str = ""

    @property
    def asked_for_webhook(self) -> bool:
        """Whether a webhook was to be set, whatever became of it."""
        return any(step.name == "webhook" for step in self.steps)


def report(
    member: Member, change_id: UUID, chatbot_id: str, info: ChatbotInfo
) -> CreationReport | None:
    """The report of a creation that this member asked for in the last quarter of an hour; none of a
    chatbot that has been deleted since."""
    if info.is_deleted:
        return None
    change = _made_by(member, change_id, chatbot_id).first()
    return _report(change, info) if change else None


def is_made_by(member: Member, change_id: UUID, chatbot_id: str) -> bool:
    """Whether `report` has something to say of this creation, once the chatbot can be read."""
    return _made_by(member, change_id, chatbot_id).exists()


def _made_by(member: Member, change_id: UUID, chatbot_id: str) -> QuerySet[Change]:
    return _creations(chatbot_id).filter(
        pk=change_id, member=member, created_at__gt=timezone.now() - _SHOWN
    )


def unfinished(chatbot_id: str, info: ChatbotInfo) -> tuple[Step, ...]:
    """The steps of a chatbot's creation that are not done, nor overtaken by a later change; for
    whoever may read the chatbot."""
    # Before that they may still be under way.
    begun_by = timezone.now() - timedelta(seconds=site.LEASE_SECONDS)
    change = _creations(chatbot_id).filter(created_at__lt=begun_by).first()
    if change is None:
        return ()
    return tuple(step for step in _report(change, info).steps if step.outcome != Outcome.DONE)


def missing(change: Change, info: ChatbotInfo) -> set[str]:
    """Of what a step of a creation had asked for: the settings that are still not as asked, nor
    overtaken by a later change. All of it where the Change belongs to no creation."""
    creation = _creations(change.chatbot_id).filter(request_id=change.request_id).first()
    if creation is None:
        return set(change.asked)
    step = _settings(creation, info)
    return set(step.fields) if step and step.outcome != Outcome.DONE else set()


def _creations(chatbot_id: str) -> QuerySet[Change]:
    return Change.objects.filter(kind=Kind.CREATE, chatbot_id=chatbot_id, outcome=Outcome.DONE)


def _report(change: Change, info: ChatbotInfo) -> CreationReport:
    steps = [step for step in (_webhook(change, info), _settings(change, info)) if step]
    is_titled = settings.same("title", info.title, change.asked["title"])
    is_planned = info.plan_id in {None, change.asked["plan_id"]}
    return CreationReport(
        change,
        tuple(steps),
        "" if is_titled else info.title or "—",
        "" if is_planned else info.plan_id or "",
    )


def _webhook(change: Change, info: ChatbotInfo) -> Step | None:
    url = change.asked.get("webhook_url")
    if not url:
        return None
    is_done = same_url(info.webhook_url, url) or _later(change, Kind.WEBHOOK).exists()
    return _step("webhook", change, Kind.WEBHOOK, is_done=is_done)


def _settings(change: Change, info: ChatbotInfo) -> Step | None:
    fields = [name for name in change.asked if name in settings.FIELDS and name != "title"]
    if not fields:
        return None
    now = settings.readable(info)
    # What Caigunn does not report counts as set where it said yes; what it does, where a later
    # change was meant to replace it.
    taken = {
        name
        for one in Change.objects.filter(
            chatbot_id=change.chatbot_id, kind=Kind.SETTINGS, was_accepted=True
        )
        for name in one.asked
        if name not in now
    } | {name for one in _later(change, Kind.SETTINGS) for name in one.asked}
    missing = [
        name
        for name in fields
        if name not in taken
        and not (name in now and settings.same(name, now[name], change.asked[name]))
    ]
    return _step(
        "settings", change, Kind.SETTINGS, is_done=not missing, fields=tuple(missing or fields)
    )


def _later(change: Change, kind: Kind) -> QuerySet[Change]:
    """What was done to the chatbot after its creation, by other page requests."""
    return Change.objects.filter(
        Q(outcome=Outcome.DONE) | Q(outcome=Outcome.UNDONE),
        chatbot_id=change.chatbot_id,
        kind=kind,
        created_at__gt=change.created_at,
    ).exclude(request_id=change.request_id)


def _step(
    name: str, creation: Change, kind: Kind, *, is_done: bool, fields: tuple[str, ...] = ()
) -> Step:
    # By the page request: a step that was refused has given the key of its form back.
    change = (
        Change.objects.filter(
            chatbot_id=creation.chatbot_id, request_id=creation.request_id, kind=kind
        )
        .order_by("-created_at")
        .first()
    )
    if is_done:
        return Step(name, Outcome.DONE, change or creation, fields)
    if change is None:
        return Step(name, Outcome.FAILED, creation, fields)
    is_open = change.outcome in {Outcome.PENDING, Outcome.UNKNOWN}
    outcome = Outcome.UNKNOWN if is_open else Outcome.FAILED
    return Step(name, outcome, change, fields, change.said)
