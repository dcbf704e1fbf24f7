"""One open storage a module, on SQLite and on PostgreSQL: these tests only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from procession.storage import Storage, open_storage
from tests import databases, postgres


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    if request.param == "sqlite":
        path: Path = tmp_path_factory.mktemp("queries") / "procession.db"
        opened = open_storage(f"sqlite:///{path}")
        yield opened
        opened.close()
        return
    try:
        server = databases.server()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    url = server.create_database()
    opened = open_storage(url)
    yield opened
    opened.close()
    server.drop_database(url)
