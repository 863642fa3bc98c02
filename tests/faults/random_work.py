"""How random writes are made, and what has to hold after each of them."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, ClassVar

from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from caigunn_admin.activity.models import Change, Kind, Outcome
from chatbots.sandbox import AsOf, Model, WebhookRoute
from tests.pages.drawn import Drawn, Form

from . import random_checks as checks
from . import random_pages as pages
from .random_claims import Asked, assert_nothing_denied, assert_true
from .random_model import HOOK, REPORTED, Held, changed_outside
from .random_stage import ADMIN, EDITOR, Act, Page, Stage
from .random_tree import tree
from .random_values import SEEN_BY_NO_STRANGER, Death, Trouble

Wrong = Trouble | Death | None
_MOST_OPEN_FORMS = 8
# The forms that come back with their input.
_COME_BACK = ("/edit/", "/webhook/", "/new/", "/delete/", "/undo/")


@dataclass
class Open:
    """A form that is open in a browser. `shown` is what Caigunn held when it was drawn."""

    who: str
    address: str
    chatbot_id: str
    form: Form
    shown: Held
    asked: Asked | None = None
    """What is asked for with it, where that is not what is typed."""
    came_back: bool = False
    values: dict[str, Any] = field(default_factory=dict)
    """What was typed into it when it was sent the last time."""

    @property
    def state(self) -> str:
        """What it carries: one form, however often it is sent."""
        return self.form.fields["state"]


class Work(RuleBasedStateMachine):
    """Members in front of a Caigunn, and the forms that they have open."""

    as_of: ClassVar[AsOf] = "2024-11"
    webhook_route: ClassVar[WebhookRoute] = "line"
    written: ClassVar[Counter[str]] = Counter()
    """How many writes were made in this process, by what they were and what became of them."""

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage
        self.forms: list[Open] = []
        self.taken: dict[str, set[Kind]] = {}
        """What Caigunn may have taken of a form, by its state."""
        self.may_be_old: set[str] = set()
        """Of which chatbots a page that is not read anew may show what was before."""
        self.touched = ""
        self.has_news = False
        """Whether something was done since somebody looked at the pages."""
        self.turn = 0

    @initialize(pending=st.sampled_from((0.0, 3600.0)))
    def begin(self, pending: float) -> None:
        """`pending` is PENDING_SECONDS."""
        self.stage = Stage(self.as_of, self.webhook_route, pending=pending)

    def teardown(self) -> None:
        """Nothing undocumented has reached Caigunn; the stage is cleared."""
        if hasattr(self, "stage"):
            refusals = self.stage.sandbox.refusals
            self.stage.close()
            assert refusals == []

    # The pages that members have open

    def chatbot(self, which: int) -> str:
        """One of the chatbots that are not deleted."""
        return self.alive[which % len(self.alive)]

    @property
    def alive(self) -> list[str]:
        """The chatbots that are not deleted; one of them at least."""
        return [key for key, held in self.stage.caigunn.items() if not held["is_deleted"]]

    @property
    def changes(self) -> list[Change]:
        """All Changes, the oldest first."""
        return list(self.stage.changes.values())

    @property
    def outside(self) -> dict[tuple[str, str], bool]:
        """What was changed outside, as `changed_outside` has it."""
        return changed_outside(self.changes, self.stage.caigunn)

    def opened(self, who: str, address: str) -> Open:
        """The form at an address."""
        page = self.stage.open(who, address)
        assert page.status == 200, page.html
        return self._open(who, address, page)

    def _open(self, who: str, address: str, page: Page) -> Open:
        chatbot_id = address.split("/")[2]
        form = Drawn(page.html).form(address)
        for title in tree(page.html).with_class("asked-title"):
            form.fields["confirm_title"] = title.raw
        return Open(who, address, chatbot_id, form, self.stage.caigunn.get(chatbot_id, {}))

    def keep(self, opened: Open) -> None:
        """To be sent later."""
        self.forms = [*self.forms, opened][-_MOST_OPEN_FORMS:]

    def history(self, who: str, changes: list[Change], which: int) -> str:
        """Where one of the Changes stands: the history of its chatbot, or the activity."""
        chatbot_id = changes[which % len(changes)].chatbot_id
        of_chatbot = f"/chatbots/{chatbot_id}/history/" if chatbot_id and which % 4 else ""
        return self.stage.open(who, of_chatbot or "/activity/").html

    # Sending

    def send(
        self,
        opened: Open,
        typed: dict[str, Any],
        trouble: Wrong,
        *,
        twice: bool = False,
        press: dict[str, str] | None = None,
    ) -> Page | None:
        """The page that the form leads to in the end; None where the process died."""
        page = None
        for wrong in (trouble, None)[: 1 + twice]:
            page = self._sent(opened, typed, wrong, press or {})
        return page

    def _sent(
        self,
        opened: Open,
        typed: dict[str, Any],
        trouble: Wrong,
        press: dict[str, str],
    ) -> Page | None:
        values = {**opened.form.fields, **opened.form.rows, **self._as_sent(typed), **press}
        asked = opened.asked or Asked(opened.chatbot_id, values)
        act = self.stage.act()
        page = self.stage.send(act, opened.who, opened.address, values, trouble)
        self.stage.finish(act)
        opened.values = typed
        if page:
            assert_true(page, asked, act.now)
            assert_nothing_denied(page, act.before, act.now)
        else:
            assert any(one.outcome == Outcome.PENDING for one in act.opened)
        self._look_at(act, trouble, has_written=asked.checked is None)
        self._look_at_form(opened, act)
        if page and opened.address.endswith(_COME_BACK):
            self._come_back(opened, page)
        return page

    def _as_sent(self, typed: dict[str, Any]) -> dict[str, Any]:
        values = dict(typed)
        if (number := values.get("model_id")) is not None:
            values["model_id"] = self.model(number).id
        return values

    def model(self, which: int | str) -> Model:
        """A model by its number or its id."""
        models = self.stage.sandbox.models
        return next(one for at, one in enumerate(models) if which in (at, one.id))

    def _look_at(self, act: Act, trouble: Wrong, *, has_written: bool) -> None:
        self.has_news = True
        checks.assert_accounted(act)
        checks.assert_closed_truly(act, has_written=has_written)
        checks.assert_written_once(act, has_trouble=isinstance(trouble, Trouble))
        checks.assert_no_secrets(act.changes.values(), self.stage.sandbox.users)
        for change in act.opened:
            self.count(f"{change.kind} {change.outcome}")
            self.touched = change.chatbot_id or self.touched
        if act.died:
            self.count("died")
        self.written["requests to write"] += len(act.writes)

    def _look_at_form(self, opened: Open, act: Act) -> None:
        if opened.chatbot_id in act.before:
            checks.assert_nobody_overwritten(act, opened.chatbot_id, opened.shown)
        if "state" not in opened.form.fields:
            return
        taken = self.taken.setdefault(opened.state, set())
        again = {checks.kind_of(request)[0] for request in act.writes} & taken
        assert not again, f"the form was sent again, and has written again: {again}"
        taken |= {checks.kind_of(one)[0] for one in act.writes if not checks.is_refusal(one.status)}

    def _come_back(self, opened: Open, page: Page) -> None:
        if not Drawn(page.html).has_form(opened.address):
            return
        back = self._open(opened.who, opened.address, page)
        if opened.asked:
            back.asked, back.chatbot_id = opened.asked, opened.chatbot_id
            back.shown = opened.shown
        back.came_back = True
        if back.state == opened.state:
            back.shown = opened.shown
        self.keep(back)

    def count(self, what: str) -> None:
        """Note that something was written."""
        event(what)
        self.written[what] += 1

    # Whatever happened

    @invariant()
    def the_pages_tell_the_truth(self) -> None:
        """What pages say is what Caigunn holds."""
        if not self.has_news or not self.touched:
            return
        self.has_news = False
        self.turn += 1
        who = (EDITOR, ADMIN)[self.turn % 2]
        caigunn = self.stage.caigunn
        for chatbot_id in {self.touched, *self.may_be_old}:
            self._look_at_chatbot(who, chatbot_id)
        self.may_be_old.clear()
        self._look_at_list(who)
        self._look_at_history(who)
        if not caigunn[self.touched]["is_deleted"]:
            self._look_at_edit_form(who)
        self._look_as_stranger()

    def _look_at_chatbot(self, who: str, chatbot_id: str) -> None:
        address = f"/chatbots/{chatbot_id}/"
        wanted = pages.says(self.stage.caigunn[chatbot_id], chatbot_id)
        if chatbot_id not in self.may_be_old:
            assert pages.detail(self.stage.open(who, address).html) == wanted
        html = self.stage.open(who, f"{address}?fresh=1").html
        assert pages.detail(html) == wanted
        assert pages.outside(html) == {
            name: is_open for (of, name), is_open in self.outside.items() if of == chatbot_id
        }

    def _look_at_list(self, who: str) -> None:
        caigunn = self.stage.caigunn
        found = pages.rows(self.stage.open(who, "/chatbots/?webhooks=1").html)
        outside = self.outside
        assert found == {
            chatbot_id: pages.Row(
                " ".join((held["title"] or "Untitled").split()),
                held[HOOK],
                outside.get((chatbot_id, HOOK)) is False,
            )
            for chatbot_id, held in caigunn.items()
            if not held["is_deleted"]
        }

    def _look_at_history(self, who: str) -> None:
        html = self.stage.open(who, f"/chatbots/{self.touched}/history/").html
        assert pages.outcomes(html) == {
            str(change.pk): str(change.get_outcome_display())
            for change in self.changes
            if change.chatbot_id == self.touched
        }

    def _look_at_edit_form(self, who: str) -> None:
        held = self.stage.caigunn[self.touched]
        fields = self.opened(who, f"/chatbots/{self.touched}/edit/").form.fields
        shared = {True: "true", False: "false"}.get(held["is_shared"], "")
        assert {name: fields[name] for name in REPORTED} == {
            "title": held["title"] or "",
            "prompt": held["prompt"] or "",
            "is_shared": shared,
            "model_id": held["model_id"] or "",
            HOOK: held[HOOK] or "",
        }

    def _look_as_stranger(self) -> None:
        changes = [one for one in self.changes if one.chatbot_id == self.touched]
        places = ["/chatbots/?webhooks=1", "/activity/"]
        places += [
            f"/chatbots/{self.touched}/{part}" for part in ("", "history/", "edit/", "webhook/")
        ]
        places += [f"/changes/{change.pk}/undo/" for change in changes[-1:]]
        address = places[self.turn % len(places)]
        response = self.stage.stranger.get(address)
        assert response.status_code in {200, 404}, address
        text = tree(response.content.decode()).text
        for secret in (*SEEN_BY_NO_STRANGER, "editor@", "admin@"):
            assert secret not in text, (address, secret)
