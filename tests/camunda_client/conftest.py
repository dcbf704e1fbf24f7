"""The server the client's tests talk to: a small fake on loopback, and whatever `CAMUNDA_TEST_URL` names."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from camunda_client.c7 import Camunda7Client
from tests.camunda_client.fake_camunda import FakeCamunda, fake_camunda

REAL = os.environ.get("CAMUNDA_TEST_URL")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("CAMUNDA_", "ZEEBE_"))]:
        monkeypatch.delenv(name)


@pytest.fixture(params=["fake", *(["real"] if REAL else [])])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a Camunda 7 server, without `/engine-rest`."""
    if request.param == "real":
        assert REAL is not None
        yield REAL
        return
    with fake_camunda() as (address, _):
        yield address


@pytest.fixture
def client(url: str) -> Iterator[Camunda7Client]:
    """A client for `url`."""
    with Camunda7Client(url) as connected:
        yield connected


@pytest.fixture
def fake() -> Iterator[tuple[str, FakeCamunda]]:
    """The fake alone, with its state: for outages, lost answers and credentials."""
    with fake_camunda() as pair:
        yield pair
