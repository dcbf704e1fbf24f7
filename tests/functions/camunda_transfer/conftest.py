"""The world of the transfer, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.functions.camunda_transfer.world import FOLDER, SERVICE, World, database_environment
from tests.modeler.local_modeler import ENVIRONMENT, LocalModeler


@pytest.fixture
def world(postgres_url: str) -> Iterator[World]:
    """The world with one service and both tables."""
    modeler = LocalModeler()
    with psycopg.connect(postgres_url, autocommit=True) as database:
        database.execute((FOLDER / "schema.sql").read_bytes())
        database.execute("INSERT INTO manual_services (id, name) VALUES (%s, 'Orders')", [SERVICE])
        made = World(modeler, ENVIRONMENT | database_environment(postgres_url), database)
        made.container()
        yield made
        for function in made.functions:
            function.database.close()
            function.http and function.http.close()
    modeler.end()
