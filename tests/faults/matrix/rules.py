"""What must hold in every cell of a write."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from chatbots.sandbox import RecordedRequest
from tests.pages.calls import WEBHOOK

from .cells import NOT_MET
from .forms import Filled, Part
from .stage import REFRESH, Answer, is_unsafe
from .troubles import Trouble
from .writes import Write

Held = dict[tuple[str, str], object]
# What *Check now* says, of whatever was asked for.
_SETTLED = "Checked: Caigunn has what was asked for"
_AGAIN = re.compile(r"^try again$", re.IGNORECASE)
_MOST = 3
# Caigunn writes these by itself.
_OWN = frozenset({"updated_at", "deleted_at", "share_link"})


@dataclass(frozen=True)
class Run:
    """A write that met a trouble at a place: what came back, and what the sandbox held."""

    write: Write
    place: str
    trouble: Trouble
    filled: Filled
    answer: Answer
    requests: list[RecordedRequest]
    passing: int
    """How many requests of the sort that fails here came through."""
    before: Held
    after: Held
    expected: frozenset[str]
    """What changes when all is well."""

    @property
    def unsafe(self) -> list[RecordedRequest]:
        """What reached Caigunn and may change something there."""
        return [one for one in self.requests if is_unsafe(one.method, one.path)]

    @property
    def changed(self) -> frozenset[str]:
        """What is not as it was at Caigunn; a new chatbot's fields as those of a new one."""
        return changes(self.before, self.after)

    @property
    def written(self) -> str:
        """`changed`, in words."""
        if not self.changed:
            return "nothing"
        if self.changed == self.expected:
            return "what was asked"
        if self.changed < self.expected:
            return f"a part: {', '.join(sorted(self.changed))[:40]}"
        return f"something else: {', '.join(sorted(self.changed - self.expected))[:60]}"

    def may_be_written(self, part: str = "") -> bool:
        """Whether Caigunn may have written something, of this part, that no answer told of."""
        is_refused = self.place.startswith("write") and self.trouble.is_refusal
        return not is_refused and any(part in {"", part_of(one)} for one in self.unsafe)

    def is_claimed(self, part: Part, answer: Answer | None = None) -> bool:
        """Whether the member is told that this part is saved, by the answer or another one."""
        seen = (answer or self.answer).seen
        said = (*seen.good, *seen.remarks)
        if any(re.search(part.claim, words) or _SETTLED in words for words in said):
            return True
        # A redirect to a page that says nothing of it looks like success, too.
        return self.answer.status == 302 and not (seen.bad or seen.error or said)

    def is_denied(self, part: Part) -> bool:
        """Whether the member is told that this part is not saved."""
        seen = self.answer.seen
        return any(re.search(part.denial, words) for words in seen.bad)

    def is_said_by_caigunn(self, part: Part) -> bool:
        """A chatbot that Caigunn does not find in a read counts as deleted (notes §5)."""
        is_not_found = self.trouble.name == "status 404" and "read" in self.place
        return part.name == "deletion" and is_not_found

    @property
    def is_withheld(self) -> bool:
        """Caigunn says that the chatbot is not the member's: they are told nothing of a Change of
        it, nor shown its page again."""
        return self.write.name == "undo" and self.trouble.name in {"status 403", "status 404"}


def part_of(request: RecordedRequest) -> str:
    """What an unsafe request is meant to save."""
    if request.method == "POST":
        return "chatbot"
    if request.path == REFRESH:
        return "token"
    sort = request.headers.get("content-type", "")
    if request.path == WEBHOOK or sort.startswith("application/json"):
        return "webhook"
    return "settings" if request.method == "PUT" else "deletion"


def changes(before: Held, after: Held) -> frozenset[str]:
    """The names of the fields that differ; of a new chatbot `new.<field>`, numbered if there are
    more."""
    old = {where for where, _name in before}
    new = sorted({where for where, _name in after} - old)
    names = {where: f"new{number or ''}." for number, where in enumerate(new)}
    return frozenset(
        names.get(where, "") + name
        for where, name in before.keys() | after.keys()
        if name not in _OWN
        if before.get((where, name)) != after.get((where, name))
        if not (where in names and after.get((where, name)) is None)
    )


def breaches(run: Run) -> Iterator[str]:
    """The rules that the cell breaks, but for those that look at it later."""
    answer = run.answer
    if 500 in {answer.status, answer.final_status}:
        yield f"500: {answer.trace}"
    if not _is_met(run):
        yield NOT_MET
    yield from _too_many(run)
    for part in run.filled.parts:
        is_held = part.is_held()
        if run.is_claimed(part) and not is_held and not run.is_said_by_caigunn(part):
            yield f"a false “saved”: {part.name}"
        if run.is_denied(part) and is_held and not run.is_claimed(part):
            yield f"a false “not saved”: {part.name}"
    if not run.changed <= run.expected:
        yield run.written
    seen = answer.seen
    yield from _misleading(run)
    if not (seen.error or seen.bad or answer.status in {200, 302}):
        yield "an answer without a word about it"


def _misleading(run: Run) -> Iterator[str]:
    """*Try again* where something may have been written; for the steps of a creation, each."""
    parts = run.filled.parts
    if parts and all(run.is_claimed(part) and part.is_held() for part in parts):
        # It is about reading the page that the redirect has led to.
        return
    of_steps = {"/webhook/?again=": "webhook", "/edit/?again=": "settings"}
    for words, href in run.answer.seen.controls:
        if not _AGAIN.search(words):
            continue
        part = next((part for path, part in of_steps.items() if path in href), "")
        if run.may_be_written(part):
            yield f"“Try again” where {part or 'something'} may have been written"


def _is_met(run: Run) -> bool:
    if run.place.startswith("write"):
        return len(run.unsafe) > run.passing
    return len(run.requests) - len(run.unsafe) > run.passing


def _too_many(run: Run) -> Iterator[str]:
    counts = Counter(
        (one.method, one.path, one.headers.get("content-type", "").partition(";")[0])
        for one in run.unsafe
    )
    for (method, path, _sort), count in counts.items():
        is_once = run.write.is_once and (method == "POST" or path.endswith("/refresh"))
        if count > (1 if is_once else _MOST):
            yield f"{count} times {method} {path}"
