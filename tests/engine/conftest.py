"""Engines on fresh databases. Making the schema is slow, so each worker makes it once and copies it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from procession.embedding import open_engine
from procession.engine.engine import Engine, EngineSettings
from procession.storage import open_storage
from procession.storage.columns import metadata
from tests import databases, postgres

Opener = Callable[..., Engine]


def _migrate(url: str) -> None:
    open_storage(url).close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "empty.db"
    _migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_schema_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "engine.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_once() -> Iterator[str]:
    """One database for the tests of a worker, emptied after each: making one takes longer than most tests."""
    try:
        server = databases.server()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    url = server.create_database()
    _migrate(url)
    yield url
    server.drop_database(url)


@pytest.fixture
def postgres_schema_url(postgres_once: str) -> Iterator[str]:
    yield postgres_once
    empty(postgres_once)


def empty(url: str) -> None:
    """Deletes every row of a PostgreSQL database; the schema stays."""
    with psycopg.connect(url, autocommit=True) as connection:
        deletes = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]
        connection.execute(sql.SQL("; ".join(deletes)))


@pytest.fixture(params=["sqlite", "postgres"])
def schema_url(request: pytest.FixtureRequest) -> str:
    """A database that has the schema and nothing else; the test runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_schema_url")
    return url


@pytest.fixture
def opener(schema_url: str) -> Iterator[Opener]:
    """Opens engines on one database; all are closed after the test. Settings go by name."""
    opened: list[Engine] = []

    def open_one(**settings: Any) -> Engine:
        opened.append(open_engine(schema_url, settings=EngineSettings(**settings)))
        return opened[-1]

    yield open_one
    for engine in opened:
        engine.close()


@pytest.fixture
def engine(opener: Opener) -> Engine:
    return opener()
