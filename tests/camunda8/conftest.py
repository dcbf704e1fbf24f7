"""An engine with both dialects in memory, its REST API without a socket, a server on one, and environments of real clients."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from procession import open_engine
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from tests.camunda8.play import Play
from tests.camunda8.sockets import listening
from tests.databases import server
from tests.postgres import CannotRun
from tests.server.calling import Caller

MODELS = Path(__file__).parent / "models"


@pytest.fixture(scope="session")
def in_memory() -> Iterator[Engine]:
    """One engine for the whole run: to make its schema takes longer than most tests."""
    with open_engine("sqlite://") as opened:
        yield opened


@pytest.fixture
def engine(in_memory: Engine) -> Iterator[Engine]:
    """An engine in memory that is empty, in real time."""
    yield in_memory
    in_memory.clock.reset()
    in_memory.reset()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on each of the databases, for a module."""
    if request.param == "sqlite":
        with open_engine(f"sqlite:///{tmp_path_factory.mktemp('stored')}/procession.db") as opened:
            yield opened
        return
    try:
        found = server()
    except CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    url = found.create_database()
    with open_engine(url) as opened:
        yield opened
    found.drop_database(url)


@pytest.fixture
def api(engine: Engine) -> Play:
    """The API below `/v2`, in test mode, without authentication."""
    return Play(engine, Caller(create_app(engine, Settings(test_mode=True, auth=False))))


@pytest.fixture(scope="session")
def environment(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """The interpreter of an environment of its own with one package from the registry, kept between runs.

    Skips where the package cannot be installed.
    """
    cache = request.config.cache
    assert cache is not None

    def make(package: str) -> Path:
        folder = (
            Path(cache.mkdir("clients")) / package.replace("==", "-") / f"{sys.version_info[0]}.{sys.version_info[1]}"
        )
        python, stamp = folder / "bin" / "python", folder / "installed"
        if not stamp.exists():
            shutil.rmtree(folder, ignore_errors=True)
            venv.create(folder, with_pip=True)
            install = [str(python), "-m", "pip", "install", "-q", "--disable-pip-version-check", package]
            done = subprocess.run(install, capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"{package} cannot be installed: {done.stderr.strip().splitlines()[-1:]}")
            stamp.write_text(json.dumps(package))
        return python

    return make


@pytest.fixture
def address() -> Iterator[str]:
    """A server on a socket."""
    with listening() as found:
        yield found
