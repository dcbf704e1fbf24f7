"""An open, empty storage, on SQLite and on PostgreSQL: opened once per run, emptied after each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from procession.storage import Storage, open_storage, schema
from tests import databases, postgres


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def opened(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('storage')}/storage.db"
    else:
        try:
            url = databases.server().create_database()
        except postgres.CannotRun as reason:
            pytest.skip(f"PostgreSQL cannot run here: {reason}")
    storage = open_storage(url)
    yield storage
    storage.close()


@pytest.fixture
def storage(opened: Storage) -> Iterator[Storage]:
    yield opened
    with opened.transaction() as tx:
        for table in reversed(schema.metadata.sorted_tables):
            if table.name != "node":
                tx.driver.run(f'DELETE FROM "{table.name}"')
