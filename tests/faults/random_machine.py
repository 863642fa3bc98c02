"""Random writes through the pages of the dashboard, and at Caigunn itself."""

from typing import Any

from django.core.cache import caches
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import AsOf, WebhookRoute
from tests.pages.drawn import Drawn

from . import random_pages as pages
from .random_claims import Asked
from .random_model import HOOK, OPEN, REPORTED, left, same
from .random_stage import ADMIN, EDITOR, Page
from .random_values import HOOK_TYPED, OF_CHECKS, TROUBLES, outside, typed
from .random_work import Open, Work, Wrong

_MOST_CHATBOTS = 6
WHO = st.sampled_from((EDITOR, ADMIN))
ANY = st.integers(0, 999)
TWICE = st.booleans()
_OUTSIDE = {
    HOOK: "https://b.example.com/outside",
    "title": "Robot of somebody else",
    "prompt": "Answer kindly, but otherwise.",
}


class RandomWrites(Work):
    """Each rule is something that a member does with a page, or that somebody else does at
    Caigunn."""

    # What members do

    @precondition(lambda self: len(self.stage.caigunn) < _MOST_CHATBOTS)
    @rule(
        values=typed(most=5),
        number=ANY,
        trouble=TROUBLES,
        twice=TWICE,
        adopts=st.booleans(),
    )
    def create(
        self, values: dict[str, Any], number: int, trouble: Wrong, *, twice: bool, adopts: bool
    ) -> None:
        opened = self.opened(ADMIN, "/chatbots/new/")
        plans = self.stage.sandbox.users[0].plans
        own = {"title": f"Robot {number}", "plan_id": plans[number % len(plans)].id}
        page = self.send(opened, own | values, trouble, twice=twice)
        if page and adopts:
            self._adopt(page)

    @rule(who=WHO, which=ANY, values=typed(), trouble=TROUBLES, twice=TWICE)
    def edit(
        self, who: str, which: int, values: dict[str, Any], trouble: Wrong, *, twice: bool
    ) -> None:
        opened = self.opened(who, f"/chatbots/{self.chatbot(which)}/edit/")
        self.send(opened, values, trouble, twice=twice)

    @rule(who=WHO, which=ANY, url=HOOK_TYPED, trouble=TROUBLES, twice=TWICE, clears=st.booleans())
    def edit_webhook(
        self, who: str, which: int, url: str, trouble: Wrong, *, twice: bool, clears: bool
    ) -> None:
        opened = self.opened(who, f"/chatbots/{self.chatbot(which)}/webhook/")
        can_clear = any(button.get("name") == "clear" for button in opened.form.buttons)
        press = {"clear": "1"} if clears and can_clear else {}
        self.send(opened, {HOOK: url}, trouble, twice=twice, press=press)

    @precondition(lambda self: len(self.alive) > 1)
    @rule(which=ANY, trouble=TROUBLES, twice=TWICE)
    def delete(self, which: int, trouble: Wrong, *, twice: bool) -> None:
        opened = self.opened(ADMIN, f"/chatbots/{self.chatbot(which)}/delete/")
        self.send(opened, {}, trouble, twice=twice)

    @rule(who=WHO, which=ANY, kind=st.sampled_from(("edit", "webhook", "delete", "new")))
    def open_form(self, who: str, which: int, kind: str) -> None:
        """To be sent later."""
        who = ADMIN if kind in {"delete", "new"} else who
        address = "/chatbots/new/" if kind == "new" else f"/chatbots/{self.chatbot(which)}/{kind}/"
        self.keep(self.opened(who, address))

    @precondition(lambda self: self.forms)
    @rule(which=ANY, values=typed(), trouble=TROUBLES, twice=TWICE, takes=st.booleans())
    def send_older(
        self, which: int, values: dict[str, Any], trouble: Wrong, *, twice: bool, takes: bool
    ) -> None:
        """A form that was opened before, or that came back; `takes`: theirs, after a clash; or
        else, if it was sent before, the same values once more."""
        opened = self.forms[which % len(self.forms)]
        if opened.values and takes and not opened.came_back:
            values = {name: opened.values[name] for name in values if name in opened.values}
        elif takes and opened.came_back:
            values = {f"use_{name}": "theirs" for name in values if name in REPORTED}
        if opened.address == "/chatbots/new/":
            plan_id = self.stage.sandbox.users[0].plans[0].id
            values = {"title": f"Robot {which}", "plan_id": plan_id} | values
            if len(self.stage.caigunn) >= _MOST_CHATBOTS:
                return
        elif opened.address.endswith("/webhook/"):
            values = {name: value for name, value in values.items() if name == HOOK}
        elif opened.address.endswith("/delete/"):
            if len(self.alive) <= 1:
                return
            values = {}
        elif opened.address.endswith("/undo/"):
            values = {}
        self.send(opened, values, trouble, twice=twice)

    @precondition(lambda self: self.undoable)
    @rule(who=WHO, which=ANY, number=ANY, trouble=TROUBLES, twice=TWICE)
    def undo(self, who: str, which: int, number: int, trouble: Wrong, *, twice: bool) -> None:
        links = pages.undo_links(self.history(who, self.undoable, which))
        if not links:
            return
        address = links[number % len(links)]
        page = self.stage.open(who, address)
        action = address.partition("?")[0]
        if not Drawn(page.html).has_form(action):
            return
        form = Drawn(page.html).form(action)
        change = next(one for one in self.changes if str(one.pk) in action)
        shown = {name: change.after.get(name) for name in change.asked}
        asked = Asked(change.chatbot_id, undone=_before(change))
        opened = Open(who, action, change.chatbot_id, form, shown, asked)
        self.send(opened, {"reason": "It was a mistake"}, trouble, twice=twice)

    @precondition(lambda self: self.unsettled)
    @rule(who=WHO, which=ANY, number=ANY, trouble=OF_CHECKS, twice=TWICE)
    def check(self, who: str, which: int, number: int, trouble: Wrong, *, twice: bool) -> None:
        """*Check now* of something whose outcome is unknown, wherever that can be pressed."""
        html = self.history(who, self.unsettled, which)
        if self.touched:
            html += self.stage.open(who, f"/chatbots/{self.touched}/").html
        found = [one for one in Drawn(html).forms if one.action.endswith("/check/")]
        if not found:
            return
        form = found[number % len(found)]
        change = next(one for one in self.changes if str(one.pk) in form.action)
        self.touched = change.chatbot_id
        asked = Asked(change.chatbot_id, checked=change)
        opened = Open(who, form.action, change.chatbot_id, form, {}, asked)
        self.send(opened, {}, trouble, twice=twice)

    @precondition(lambda self: self.places)
    @rule(
        who=WHO,
        number=ANY,
        does=st.sampled_from(("accept", "restore")),
        trouble=TROUBLES,
        twice=TWICE,
    )
    def decide(self, who: str, number: int, does: str, trouble: Wrong, *, twice: bool) -> None:
        """Accept or restore what was changed outside: just now, if nothing was before."""
        if not self.outside:
            chatbot_id, name = self.places[number % len(self.places)]
            self.edit_outside_as({name: _OUTSIDE[name]}, chatbot_id)
        found = list(self.outside)
        if not found:
            # Somebody has accepted just that value before.
            return
        chatbot_id, name = found[number % len(found)]
        html = self.stage.open(who, f"/chatbots/{chatbot_id}/?fresh=1").html
        action = f"/chatbots/{chatbot_id}/outside/"
        forms = [one for one in Drawn(html).forms if one.fields.get("field") == name]
        values = [button.get("value") for form in forms for button in form.buttons]
        if does not in values:
            return
        held = self.stage.caigunn[chatbot_id]
        asked = Asked(chatbot_id, restored={name: left(self.changes)[chatbot_id, name]})
        opened = Open(who, action, chatbot_id, forms[0], dict(held), asked)
        page = self.send(opened, {}, trouble, twice=twice, press={"do": does})
        if page and "Accepted. This is what it should be" in page.html:
            assert (chatbot_id, name) not in self.outside

    # What happens by itself, and at Caigunn

    @rule()
    def forget_readings(self) -> None:
        """A day passes: what was kept of what was read is gone."""
        caches["reads"].clear()

    @rule(which=ANY, fields=outside())
    def edit_outside(self, which: int, fields: dict[str, Any]) -> None:
        if "is_deleted" not in fields or len(self.alive) > 1:
            self.edit_outside_as(fields, self.chatbot(which))

    @precondition(lambda self: self.lost)
    @rule(number=ANY)
    def arrive_late(self, number: int) -> None:
        """A write whose answer was lost arrives at Caigunn long after."""
        lost = self.lost
        change = lost[number % len(lost)]
        values = {name: value for name, value in change.asked.items() if name in REPORTED}
        self.edit_outside_as(values, change.chatbot_id, "late")

    # Parts of these

    def edit_outside_as(
        self, fields: dict[str, Any], chatbot_id: str, what: str = "outside"
    ) -> None:
        """Have Caigunn hold these values."""
        values = dict(fields)
        if (model_id := values.pop("model_id", None)) is not None:
            values["model"] = self.model(model_id).reference
        self.stage.sandbox.edit(chatbot_id, **values)
        self.count(what)
        self.touched = chatbot_id
        self.has_news = True
        self.may_be_old.add(chatbot_id)

    def _adopt(self, page: Page) -> None:
        """*This is the one*."""
        forms = [one for one in Drawn(page.html).forms if one.action.endswith("/adopt/")]
        if forms:
            chatbot_id = forms[0].fields["chatbot_id"]
            opened = Open(ADMIN, forms[0].action, chatbot_id, forms[0], {}, Asked(chatbot_id))
            self.send(opened, {}, None)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Where somebody else may change what was left here."""
        found = left(self.changes)
        return [(of, name) for of in self.alive for name in _OUTSIDE if (of, name) in found]

    @property
    def undoable(self) -> list[Change]:
        """The Changes that may have something to be undone."""
        kinds = {Kind.WEBHOOK, Kind.SETTINGS}
        done = [one for one in self.changes if one.outcome == Outcome.DONE and one.kind in kinds]
        return [one for one in done if _before(one)]

    @property
    def unsettled(self) -> list[Change]:
        """The Changes whose outcome is open."""
        return [one for one in self.changes if one.outcome in OPEN]

    @property
    def lost(self) -> list[Change]:
        """Those of them that can still arrive at a chatbot."""
        caigunn = self.stage.caigunn
        return [
            one
            for one in self.unsettled
            if one.kind in {Kind.WEBHOOK, Kind.SETTINGS}
            and not caigunn[one.chatbot_id]["is_deleted"]
        ]


def _before(change: Change) -> dict[str, Any]:
    """What undoing a Change brings back."""
    return {
        name: change.before[name]
        for name in change.asked
        if name in REPORTED
        and name in change.before
        and not same(name, change.before[name], change.after.get(name))
        and (name in {HOOK, "prompt"} or change.before[name] not in (None, ""))
    }


DIALECTS: tuple[tuple[AsOf, WebhookRoute], ...] = (
    ("2024-11", "line"),
    ("2024-07", "line"),
    ("2024-11", "samples"),
    ("2024-07", "samples"),
    ("2024-11", "both"),
    ("2024-07", "both"),
    ("2024-11", "none"),
    ("2024-07", "none"),
)


def play(number: int, *, examples: int, steps: int, shrinks: bool = True) -> None:
    """Write at random, the same for the same seed; the seed says which Caigunn it is, too. The
    first of the examples is one in which nothing is written. With `shrinks`, what fails is made as
    short as can be, which takes a while."""
    as_of, route = DIALECTS[number % len(DIALECTS)]
    own = {"as_of": as_of, "webhook_route": route}
    machine = type(RandomWrites.__name__, (RandomWrites,), own)
    how = settings(
        max_examples=examples,
        stateful_step_count=steps,
        database=None,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(machine), settings=how)


def asked_for() -> int:
    """How many writes were asked for in this process."""
    kinds = tuple(f"{kind} " for kind in Kind)
    return sum(times for what, times in Work.written.items() if what.startswith(kinds))
