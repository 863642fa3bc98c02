"""A running sandbox, and somebody who calls it."""

from collections.abc import Iterator

import pytest

from chatbots.sandbox import Sandbox

from .calls import Caller


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Iterator[Caller]:
    with Caller(sandbox) as calling:
        yield calling
