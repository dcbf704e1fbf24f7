"""The world of the transfer: one database a file of tests, its tables new for each test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests import databases, postgres
from tests.functions.camunda_transfer.world import FOLDER, SERVICE, World, database_environment
from tests.modeler.local_modeler import ENVIRONMENT, LocalModeler

TABLES = "DROP TABLE IF EXISTS manual_services, camunda_transfers, elsewhere;"


@pytest.fixture(scope="module")
def transfer_url() -> Iterator[str]:
    """The URL of a database for all tests of a file."""
    try:
        server = databases.server()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(scope="module")
def connected(transfer_url: str) -> Iterator[psycopg.Connection[Any]]:
    """The tests' own connection."""
    with psycopg.connect(transfer_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def world(transfer_url: str, connected: psycopg.Connection[Any]) -> Iterator[World]:
    """The world with one service and both tables."""
    connected.execute(TABLES.encode() + (FOLDER / "schema.sql").read_bytes())
    connected.execute("INSERT INTO manual_services (id, name) VALUES (%s, 'Orders')", [SERVICE])
    made = World(LocalModeler(), ENVIRONMENT | database_environment(transfer_url), connected)
    made.container()
    yield made
    made.end()
