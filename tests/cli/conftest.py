"""The commands' tests talk to the small fake of the client's tests, and to whatever `CAMUNDA_TEST_URL` names."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from typer.testing import CliRunner, Result

from camunda_client.c7 import Camunda7Client
from procession.cli.app import app
from tests.camunda_client.conftest import REAL
from tests.camunda_client.fake_camunda import FakeCamunda, fake_camunda

Run = Callable[..., Result]


@pytest.fixture(params=["fake", *(["real"] if REAL else [])])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The server that CAMUNDA_URL names during the test."""
    for name in ("CAMUNDA_USER", "CAMUNDA_PASSWORD", "CAMUNDA_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    with fake_camunda() as (address, _):
        address = REAL if request.param == "real" and REAL else address
        monkeypatch.setenv("CAMUNDA_URL", address)
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Camunda7Client]:
    with Camunda7Client(url) as connected:
        yield connected


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeCamunda]:
    """The fake alone, with its state."""
    for name in ("CAMUNDA_USER", "CAMUNDA_PASSWORD", "CAMUNDA_PASSWORD_FILE"):
        monkeypatch.delenv(name, raising=False)
    with fake_camunda() as (address, engine):
        monkeypatch.setenv("CAMUNDA_URL", address)
        yield engine


@pytest.fixture
def run() -> Run:
    """Runs `procession` with arguments: `run("start", "key").stdout`."""
    return lambda *arguments, **options: CliRunner().invoke(app, [str(word) for word in arguments], **options)
