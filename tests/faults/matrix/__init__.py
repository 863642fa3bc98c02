"""The fault matrix: everything that can go wrong at Caigunn, on every page and in every write.

`python -m tests.faults.matrix` prints it; `tests/faults/test_matrix.py` asserts that no cell breaks
a rule of `rules.py`.
"""
