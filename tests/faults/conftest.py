"""Caigunn over a socket, and houses of processes on either database."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from chatbots.sandbox import Sandbox
from tests import servers

from .databases import PostgreSQLDatabases, SQLiteFiles
from .processes import House, Nursery

OpenHouse = Callable[..., House]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.PostgreSQL]:
    """A PostgreSQL for all tests of this process, started for the first that asks."""
    with servers.running() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("sqlite")
    with Nursery(SQLiteFiles(folder), folder) as nursery:
        yield nursery


@pytest.fixture(scope="session")
def postgresql_nursery(
    postgresql: servers.PostgreSQL, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Nursery]:
    folder = tmp_path_factory.mktemp("postgresql")
    with Nursery(PostgreSQLDatabases(postgresql), folder) as nursery:
        yield nursery


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.servers)])
def nursery(request: pytest.FixtureRequest) -> Nursery:
    """Where processes come from that share a database; each test that asks runs on both kinds."""
    nursery: Nursery = request.getfixturevalue(f"{request.param}_nursery")
    return nursery


@pytest.fixture
def caigunn() -> Iterator[Sandbox]:
    """A Caigunn of 2024-11 whose first user has two chatbots; nothing undocumented reaches it."""
    with Sandbox(chatbots=2) as running:
        yield running
        assert running.refusals == []


@pytest.fixture
def open_house(nursery: Nursery, caigunn: Sandbox) -> Iterator[OpenHouse]:
    """Opens a house in front of Caigunn whose one member is connected as its first user."""
    with ExitStack() as stack:

        def opened(**settings: Any) -> House:
            house = stack.enter_context(House(nursery, caigunn.url, **settings))
            house.ask("connect", caigunn.users[0].token)
            caigunn.clear_requests()
            return house

        yield opened
