"""Plays the cells of a write."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

from caigunn_admin.activity.models import Change, Outcome
from tests.pages.drawn import Form

from .cells import Cell, played
from .forms import REASON
from .rules import Run, breaches, changes
from .stage import Answer, NoAnswer, Stage
from .troubles import OF_READS, OF_WRITES, Trouble
from .writes import Course, Write


def cells(stage: Stage, write: Write, place: str) -> Iterator[Cell]:
    """The cells of one write and place. Raises AssertionError where the write does not work when
    all is well, or takes another course than it says."""
    course, expected = _healthy(stage, write)
    number = _number(write, place)
    for trouble in OF_WRITES if place.startswith("write") else OF_READS:
        play = partial(_cell, stage, write, place, trouble, course, number, expected)
        yield played(play, is_slow=trouble.is_slow)


def _number(write: Write, place: str) -> int:
    """Which unsafe request the place is about, counted from 1; 0 where it is about none."""
    if place in {"first read", "later reads"}:
        return 0
    ends = [f" {number}, {what}" for number, what in enumerate(write.asks, 1)]
    return next((number for number, end in enumerate(ends, 1) if place.endswith(end)), 1)


def _healthy(stage: Stage, write: Write) -> tuple[Course, frozenset[str]]:
    """The course of the write when all is well, and what changes at Caigunn."""
    stage.set_back()
    filled = write.open(stage)
    stage.sandbox.clear_requests()
    before = stage.holds()
    answer = stage.send(filled.form, filled.press, filled.typed)
    found = Course.of(stage)
    said = f"{write.name}: {answer.statuses} {answer.seen.said!r} {answer.trace}"
    assert answer.final_status == 200, said
    assert len(found.methods) == len(write.asks), f"{said}: sends {found.methods}"
    after = stage.holds()
    run = Run(write, "", OF_READS[0], filled, answer, [], 0, before, after, changes(before, after))
    for part in filled.parts:
        if "not " in write.name:
            assert run.is_denied(part), f"{said}: {part.name} is not said to be unsaved"
            continue
        assert part.is_held(), f"{said}: {part.name} is not held"
        assert run.is_claimed(part), f"{said}: {part.name} is not said to be saved"
    assert (found.reads_before[0] if found.methods else found.reads) > 0 or not write.reads_first
    assert list(write.later(stage)) == []
    return found, run.expected


def _cell(
    stage: Stage,
    write: Write,
    place: str,
    trouble: Trouble,
    course: Course,
    number: int,
    expected: frozenset[str],
    seconds: float,
) -> Cell:
    stage.set_back()
    filled = write.open(stage)
    stage.sandbox.clear_requests()
    before = stage.holds()
    course.order(stage, place, number, trouble)
    try:
        with stage.patience(seconds):
            answer = stage.send(filled.form, filled.press, filled.typed)
    except NoAnswer:
        stage.all_is_well()
        return _unanswered(write, place, trouble)
    stage.all_is_well()
    requests, after = stage.sandbox.requests, stage.holds()
    passing = _passing(course, place, number)
    run = Run(write, place, trouble, filled, answer, requests, passing, before, after, expected)
    found = list(breaches(run))
    lost = [*_lost(stage, run)]
    if lost:
        found.append(f"lost input: {', '.join(lost)}")
    found += _sent_again(stage, run)
    found += write.later(stage)
    found += [f"undocumented: {refusal}" for refusal in stage.sandbox.refusals]
    return Cell(
        write.name,
        place,
        trouble.name,
        answer.statuses,
        answer.seen.said,
        run.written,
        len(run.unsafe),
        _input(run, lost),
        tuple(dict.fromkeys(found)),
    )


def _passing(course: Course, place: str, number: int) -> int:
    if place.startswith("write"):
        return number - 1
    if place == "later reads":
        return 1
    return course.reads_before[number - 1] if number else 0


def _unanswered(write: Write, place: str, trouble: Trouble) -> Cell:
    said = "no answer in time"
    return Cell(write.name, place, trouble.name, "none", "", "?", 0, "", (said,))


# What was typed


def _input(run: Run, lost: list[str]) -> str:
    if not any(part.typed for part in run.filled.parts):
        return ""
    if lost:
        return "lost"
    return "saved" if all(run.is_claimed(part) for part in run.filled.parts) else "kept"


def _lost(stage: Stage, run: Run) -> Iterator[str]:
    """The fields of what is not said to be saved whose input is gone."""
    if run.is_withheld:
        return
    pages = _before_them(stage, run)
    here = _where_it_stands(stage, run, pages)
    for part in run.filled.parts:
        is_settled = part.is_held() or run.is_said_by_caigunn(part)
        if is_settled and any(run.is_claimed(part, page) for page in pages):
            continue
        for name, typed in part.typed.items():
            if not any(_value(form, name) == typed for form in here):
                yield name


def _before_them(stage: Stage, run: Run) -> list[Answer]:
    """The pages that the member has before them: the answer; after a redirect also the page that
    the links of an error come back to, and what *Check now* leads to."""
    if run.answer.status != 302:
        return [run.answer]
    shown = stage.get(run.answer.address) if run.answer.seen.error else run.answer
    checks = [form for form in shown.page.forms if form.action.endswith("/check/")]
    return [shown, *(stage.send(form, "", {}) for form in checks)]


def _where_it_stands(stage: Stage, run: Run, pages: list[Answer]) -> list[dict[str, Any]]:
    """What is typed in the forms before them, or in those that they are led to; why it was asked
    for also stands with a Change that is not settled."""
    action = run.filled.form.action
    found = [_fields(form) for form in pages[0].page.forms if form.action == action]
    if Change.objects.filter(reason=REASON, outcome__in=(Outcome.PENDING, Outcome.UNKNOWN)):
        found.append({"reason": REASON})
    marks = ("again=", "reason=")
    hrefs = {href for page in pages for href in page.page.hrefs}
    # *Reconnect* leads through the token page back to where it stands.
    hrefs |= {back for href in hrefs for back in parse_qs(urlsplit(href).query).get("next", [])}
    for way in sorted(href for href in hrefs if any(mark in href for mark in marks)):
        found += [_fields(form) for form in stage.get(way).page.forms]
    return found


def _fields(form: Form) -> dict[str, Any]:
    return {**form.fields, **form.rows}


def _value(fields: dict[str, Any], name: str) -> Any:
    value = fields.get(name)
    if isinstance(value, list):
        return [text for text in value if text]
    return value.replace("\r\n", "\n") if isinstance(value, str) else value


def _sent_again(stage: Stage, run: Run) -> Iterator[str]:
    """The form that came back, sent once more when all is well: what was asked for is there then,
    or the member is told why not; and nothing is made twice."""
    form = run.answer.form(run.filled.form.action)
    is_worth_it = bool(run.unsafe) and run.answer.status != 302 and run.filled.parts
    if form is None or not is_worth_it or not run.filled.parts[0].typed:
        return
    more = {**run.filled.files, **run.filled.unkept}
    answer = stage.send(form, run.filled.press, more)
    again = Run(
        run.write,
        run.place,
        run.trouble,
        run.filled,
        answer,
        stage.sandbox.requests,
        0,
        run.before,
        stage.holds(),
        run.expected,
    )
    if 500 in {answer.status, answer.final_status}:
        yield f"sent again: 500 {answer.trace}"
    if not again.changed <= run.expected:
        yield f"sent again: {again.written}"
    for part in run.filled.parts:
        if again.is_claimed(part) and not part.is_held():
            yield f"sent again: a false “saved”: {part.name}"
    if run.write.is_once:
        sent = [one for one in again.unsafe if one.method == "POST"]
        if run.may_be_written() and len(sent) > 1:
            yield "sent again: the creation was sent twice"
    elif not (again.changed == run.expected or answer.seen.bad or answer.seen.error):
        yield f"sent again: not saved, without a word: {answer.statuses} {answer.seen.said!r}"
