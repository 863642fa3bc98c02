"""No fault of Caigunn, wherever it strikes, costs a member their input or tells them what is not
so (issue: the fault matrix). `make faults` prints what each cell shows."""

from collections.abc import Iterator
from typing import get_args

import pytest

from chatbots.sandbox import FaultKind
from tests.faults.matrix import pages, pieces, troubles, writes
from tests.faults.matrix.cells import routes
from tests.faults.matrix.stage import Stage
from tests.pages.drawn import Form


@pytest.fixture
def stage(db: None) -> Iterator[Stage]:
    with Stage() as ready:
        yield ready


@pytest.mark.parametrize("piece", pieces.names())
def test_no_cell_breaks_a_rule(stage: Stage, piece: str) -> None:
    broken = {
        f"{cell.trouble}: {cell.status} {cell.sees!r}": cell.breaches
        for cell in pieces.play(stage, piece)
        if cell.breaches
    }
    assert broken == {}


def test_every_address_is_in_the_matrix() -> None:
    covered = {page.route for page in pages.pages()} | {write.route for write in writes.writes()}
    # What an Admin does with members is between this dashboard and its database.
    of_team = {route for route in routes() if route.startswith("team/")}
    assert routes() - covered - of_team - set(pages.SILENT) - set(writes.SILENT) == set()


def test_every_kind_of_fault_is_in_the_matrix() -> None:
    kinds = set(get_args(FaultKind))
    assert {trouble.kind for trouble in troubles.OF_READS} == kinds
    assert {trouble.kind for trouble in troubles.OF_WRITES} == kinds
    for kind in kinds - {"reset_before", "reset_after"}:
        found = {one.acts for one in troubles.OF_WRITES if one.kind == kind}
        assert found == {False, True}


@pytest.mark.parametrize("route", sorted(set(pages.SILENT) & routes()))
def test_a_page_that_asks_caigunn_nothing_shows_no_fault(stage: Stage, route: str) -> None:
    stage.set_back()
    stage.sandbox.close()
    answer = stage.get(pages.SILENT[route])
    # The home page leads to the list, which says that Caigunn does not answer.
    assert (answer.status, answer.final_status) in {(200, 200), (302, 503)}


@pytest.mark.parametrize("route", sorted(set(writes.SILENT) & routes()))
def test_a_write_that_asks_caigunn_nothing_meets_no_fault(stage: Stage, route: str) -> None:
    stage.set_back()
    stage.sandbox.close()
    form: Form | None = stage.get(writes.SILENT[route]).form(f"/{route}")
    assert form is not None
    answer = stage.send(form, "", {})
    assert answer.final_status == 200
    assert answer.seen.good
