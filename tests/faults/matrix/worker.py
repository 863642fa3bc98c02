"""What each process of the printer does. Imports Django only once its environment is set."""

import logging
import os

from tests import environment


def begin() -> None:
    """Django, a migrated database in memory, and no log: the matrix is what is printed."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "caigunn_admin.settings"
    os.environ.update(environment.PINNED)
    import django  # noqa: PLC0415 - its settings are read from the environment
    from django.test.runner import DiscoverRunner  # noqa: PLC0415

    django.setup()
    logging.disable(logging.CRITICAL)
    runner = DiscoverRunner(verbosity=0, interactive=False)
    runner.setup_test_environment()
    runner.setup_databases()


def played(piece: str) -> tuple[str, list[tuple[str, ...]], list[str]]:
    """The rows of a piece, and which rules it breaks."""
    from tests.faults.matrix import pieces  # noqa: PLC0415 - after the settings
    from tests.faults.matrix.stage import Stage  # noqa: PLC0415

    with Stage() as stage:
        try:
            cells = list(pieces.play(stage, piece))
        except AssertionError as error:
            return piece, [], [f"{piece}: cannot be played: {error}"]
    rows: list[tuple[str, ...]] = [
        (cell.trouble, cell.status, cell.sees, cell.written, str(cell.sent), cell.input or "–")
        for cell in cells
    ]
    return piece, rows, [f"{piece} | {cell.trouble}: {b}" for cell in cells for b in cell.breaches]
