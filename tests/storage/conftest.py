"""An open storage, on SQLite and on PostgreSQL. PostgreSQL copies a database that has the schema already."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from procession.storage import Storage, open_storage
from tests import postgres

TEMPLATE = "storage_schema"


def _make_schema(url: str) -> None:
    open_storage(url).close()


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    if request.param == "sqlite":
        opened = open_storage(f"sqlite:///{tmp_path}/storage.db")
        yield opened
        opened.close()
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    server.create_template(TEMPLATE, _make_schema)
    url = server.create_database(TEMPLATE)
    opened = open_storage(url)
    yield opened
    opened.close()
    server.drop_database(url)
