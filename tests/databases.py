"""Databases for tests: each test that asks gets a fresh, empty one, on SQLite and on PostgreSQL alike.

    def test_something(database_url: str) -> None: ...      # runs twice: [sqlite], [postgres]
    def test_something(postgres_url: str) -> None: ...      # PostgreSQL only

One PostgreSQL serves the whole run. Whichever xdist worker needs it first starts it; the others find its address in
the folder of the run, which the controlling process makes and, at the end, stops the server of.
"""

from __future__ import annotations

import fcntl
import functools
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres

FOLDER = "PROCESSION_TEST_RUN"
OWNER = "PROCESSION_TEST_OWNER"


def begin() -> None:
    """Called once in the controlling process, before workers exist: they inherit the environment."""
    if FOLDER not in os.environ:
        os.environ[FOLDER] = tempfile.mkdtemp(prefix="procession-tests-")
        os.environ[OWNER] = str(os.getpid())


def end() -> None:
    """Stops the server that any worker started. Only the process that began the run does this."""
    if os.environ.get(OWNER) != str(os.getpid()):
        return
    folder = Path(os.environ.pop(FOLDER))
    del os.environ[OWNER]
    state = folder / "server.json"
    if state.exists() and "pid" in (found := json.loads(state.read_text())):
        postgres.Server(**found).stop()
    shutil.rmtree(folder, ignore_errors=True)


@functools.cache
def server() -> postgres.Server:
    """The server of this run, started on first use. Raises `CannotRun`, the same for every worker."""
    folder = Path(os.environ[FOLDER])
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = folder / "server.json"
        if not state.exists():
            try:
                answer: dict[str, object] = vars(postgres.start(owner=int(os.environ[OWNER])))
            except postgres.CannotRun as reason:
                answer = {"cannot run": str(reason)}
            state.touch(mode=0o600)
            state.write_text(json.dumps(answer))
        found = json.loads(state.read_text())
    if "cannot run" in found:
        raise postgres.CannotRun(found["cannot run"])
    return postgres.Server(**found)


@pytest.fixture
def postgres_server() -> postgres.Server:
    """The server of this run, for tests that need more than one database of it."""
    try:
        return server()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")


@pytest.fixture
def postgres_url(postgres_server: postgres.Server) -> Iterator[str]:
    """The URL of an empty PostgreSQL database, dropped after the test."""
    url = postgres_server.create_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path}/procession.db"


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database; the test runs once for each kind."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url
