"""The writes: what is open in the browser before they are sent, and where a fault can meet them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from caigunn_admin.activity.models import Change, Kind, Outcome
from tests.pages.drawn import Form

from . import forms
from .cells import routes
from .forms import HOOK, Filled, Part, undo_address
from .later import Later, chatbots, detail, token
from .stage import READS, Stage, is_unsafe, unsafe_faults
from .troubles import Trouble

_BOT = "chatbots/<chatbot:chatbot_id>/"
_CHECK = "changes/<uuid:change_id>/check/"
_LOST = Trouble("lost", "reset_after")
_NOT_MADE = Trouble("not made", "reset_before")


@dataclass(frozen=True)
class Write:
    """`open` sets the stage and gives the form that is then sent. `asks` says what the unsafe
    requests to Caigunn are for, in their order; `is_once`: none of them may ever be repeated.
    `reads_first`: Caigunn is read before anything is sent to it; `is_checked`: after it."""

    name: str
    route: str
    open: Callable[[Stage], Filled]
    asks: tuple[str, ...] = ()
    is_once: bool = False
    reads_first: bool = True
    is_checked: bool = True
    begins_like_another: bool = False
    """Up to the check of its first unsafe request it takes the course of another write."""
    reads_again: bool = False
    """Only of those that send nothing unsafe: more reads come after the first."""
    later: Later = detail

    @property
    def places(self) -> tuple[str, ...]:
        """Where a fault can meet it."""
        found = ["first read"] if self.reads_first and not self.begins_like_another else []
        if self.reads_again:
            found.append("later reads")
        for number, what in enumerate(self.asks, 1):
            if number == 1 and self.begins_like_another:
                continue
            suffix = f" {number}, {what}" if len(self.asks) > 1 else ""
            found.append(f"write{suffix}")
            if self.is_checked:
                found.append(f"read-back{suffix}")
        return tuple(found)


@dataclass(frozen=True)
class Course:
    """How many requests reach Caigunn, and in which order, when all is well: unsafe by method, and
    how many reads come before each of them."""

    methods: tuple[str, ...]
    reads_before: tuple[int, ...]
    reads: int

    @classmethod
    def of(cls, stage: Stage) -> "Course":
        """The one that has just been taken."""
        methods, before, reads = [], [], 0
        for one in stage.sandbox.requests:
            if is_unsafe(one.method, one.path):
                methods.append(one.method)
                before.append(reads)
            else:
                reads += 1
        return cls(tuple(methods), tuple(before), reads)

    def order(self, stage: Stage, place: str, number: int, trouble: Trouble) -> None:
        """Have the trouble meet the `number`-th unsafe request and all after it, or the reads from
        there on."""
        at = self.reads_before[number - 1] if number else int(place == "later reads")
        if trouble.is_everywhere or not place.startswith("write"):
            stage.fail_reads(trouble.fault("GET", READS), at)
        if trouble.is_everywhere or place.startswith("write"):
            earlier = self.methods[: max(0, number - 1)]
            # The write itself is made; only what checks it fails.
            made = self.methods[:number] if place.startswith("read-back") else earlier
            counts = {method: made.count(method) for method in made}
            stage.fail_writes(unsafe_faults(trouble.fault), counts)


def course(stage: Stage, opener: Callable[[Stage], Filled]) -> Course:
    """The course of a write when all is well; the stage is set back before."""
    stage.set_back()
    filled = opener(stage)
    stage.sandbox.clear_requests()
    stage.send(filled.form, filled.press, filled.typed)
    return Course.of(stage)


def _unsettled(
    opener: Callable[[Stage], Filled], lost: Trouble, stage: Stage, *, action: str = "/check/"
) -> Filled:
    """*Check now*, or another button, after a write whose outcome is unknown."""
    known = course(stage, opener)
    stage.set_back()
    filled = opener(stage)
    known.order(stage, "write", 1, lost)
    if lost.kind == "reset_after" and action == "/check/":
        known.order(stage, "read-back", 1, _NOT_MADE)
    elif action == "/check/":
        stage.fail_reads(_NOT_MADE.fault("GET", READS), known.reads_before[0])
    answer = stage.send(filled.form, filled.press, filled.typed)
    stage.all_is_well()
    stage.sandbox.clear_requests()
    form = _button(answer.page.forms, action)
    assert form is not None, f"no button to {action}: {answer.statuses} {answer.seen.said!r}"
    first = filled.parts[0]
    part = Part(
        first.name,
        {},
        first.is_held,
        claim=r"Checked: Caigunn has|Created\. Caigunn reports it|is deleted",
        denial=r"was not saved|still exists",
    )
    return Filled(form, (part,))


def _named_but_unread(stage: Stage) -> Filled:
    """*Check now* after a creation that Caigunn named and that could not be read."""
    known = course(stage, forms.new)
    stage.set_back()
    filled = forms.new(stage)
    known.order(stage, "read-back", 1, _NOT_MADE)
    answer = stage.send(filled.form, filled.press, filled.typed)
    stage.all_is_well()
    stage.sandbox.clear_requests()
    form = _button(answer.page.forms, "/check/")
    assert form is not None
    claim = r"Created\. Caigunn reports it|Checked: Caigunn has"
    part = Part("chatbot", {}, filled.parts[0].is_held, claim, denial="was not created")
    return Filled(form, (part,))


def _undo(stage: Stage) -> Filled:
    """*Undo*, from the history, of a webhook that was set a moment ago."""
    bot = stage.bot
    before = bot.webhook_url
    form = forms.opened(stage, undo_address(stage))
    part = Part("webhook", forms.reason(form), lambda: bot.webhook_url == before, "Undone")
    return Filled(form, (part,))


def _outside(do: str, stage: Stage) -> Filled:
    """*Accept it*, or *Restore*, of a webhook that was changed outside."""
    bot = stage.bot
    filled = forms.webhook(stage)
    stage.send(filled.form, "", filled.typed)
    stage.sandbox.edit(bot.id, webhook_url="https://outside.example.com/hook")
    address = f"/chatbots/{bot.id}/"
    form = forms.opened(stage, f"{address}?fresh=1", f"{address}outside/")

    def is_done() -> bool:
        if do == "restore":
            return bot.webhook_url == HOOK
        return Change.objects.filter(kind=Kind.ACCEPT, outcome=Outcome.DONE).exists()

    typed = forms.reason(form)
    part = Part("webhook", typed, is_done, claim="Restored|Accepted")
    return Filled(form, (part,), unkept={"do": do})


def _button(found: list[Form], ending: str) -> Form | None:
    return next((form for form in found if urlsplit(form.action).path.endswith(ending)), None)


def _check(name: str, opener: Callable[[Stage], Filled], lost: Trouble) -> Write:
    return Write(f"Check now: {name}", _CHECK, partial(_unsettled, opener, lost))


_ALL = (
    Write("create", "chatbots/new/", forms.new, ("create",), is_once=True, later=chatbots),
    Write(
        "create with settings and webhook",
        "chatbots/new/",
        forms.new_with_all,
        ("create", "settings", "webhook"),
        is_once=True,
        begins_like_another=True,
        later=chatbots,
    ),
    Write("webhook set", f"{_BOT}webhook/", forms.webhook, ("webhook",)),
    Write("webhook clear", f"{_BOT}webhook/", forms.webhook_cleared, ("webhook",)),
    Write("settings readable", f"{_BOT}edit/", forms.readable, ("settings",), later=chatbots),
    Write("settings unreadable", f"{_BOT}edit/", forms.unreadable, ("settings",)),
    Write(
        "settings and webhook",
        f"{_BOT}edit/",
        forms.settings_and_webhook,
        ("settings", "webhook"),
    ),
    Write("delete", f"{_BOT}delete/", forms.deletion, ("delete",), later=chatbots),
    Write("reveal", f"{_BOT}reveal/", forms.reveal),
    Write("token connect", "token/", forms.connecting, later=token),
    Write(
        "token refresh",
        "token/refresh/",
        forms.refreshing,
        ("refresh",),
        is_once=True,
        reads_first=False,
        later=token,
    ),
    _check("webhook, saved", forms.webhook, _LOST),
    _check("webhook, not saved", forms.webhook, _NOT_MADE),
    _check("settings, saved", forms.readable, _LOST),
    _check("settings, not saved", forms.readable, _NOT_MADE),
    _check("deletion, done", forms.deletion, _LOST),
    _check("deletion, not done", forms.deletion, _NOT_MADE),
    Write("Check now: creation", _CHECK, _named_but_unread, later=chatbots),
    Write(
        "This is the one",
        "changes/<uuid:change_id>/adopt/",
        partial(_unsettled, forms.new, _LOST, action="/adopt/"),
        reads_again=True,
        later=chatbots,
    ),
    Write("undo", "changes/<uuid:change_id>/undo/", _undo, ("webhook",)),
    Write("outside: accept", f"{_BOT}outside/", partial(_outside, "accept")),
    Write("outside: restore", f"{_BOT}outside/", partial(_outside, "restore"), ("webhook",)),
)

# These ask Caigunn nothing: route to the page on which their form stands.
SILENT = {"token/disconnect/": "/token/"}


def writes() -> list[Write]:
    """Those that the site has."""
    known = routes()
    return [write for write in _ALL if write.route in known]
