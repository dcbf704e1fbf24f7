"""An engine in memory and the application over it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from procession.camunda7.dialect import Camunda7Dialect
from procession.engine.engine import Engine
from procession.server.application import create_app
from procession.server.settings import Settings
from procession.storage import open_storage
from tests.server.calling import Caller

Serve = Callable[..., Caller]


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(open_storage("sqlite://"), Camunda7Dialect()) as opened:
        yield opened


@pytest.fixture
def serve(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Serve:
    """Makes the application with settings, whatever the environment says."""

    def make(**settings: Any) -> Caller:
        return Caller(create_app(engine, Settings(**settings)))

    return make
