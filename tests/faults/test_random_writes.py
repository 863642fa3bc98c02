"""Random writes: what pages say is what Caigunn holds, and Changes account for every difference.

A small part of them; `python -m tests.faults.random_writes` makes a thousand.
"""

import pytest

from .random_machine import DIALECTS, asked_for, play

STEPS = 22


@pytest.mark.parametrize("number", range(len(DIALECTS)), ids=[" ".join(one) for one in DIALECTS])
def test_whatever_is_written_the_pages_tell_the_truth(number: int, db: None) -> None:
    before = asked_for()
    play(number, examples=2, steps=STEPS)
    assert asked_for() > before, "nothing was written"
