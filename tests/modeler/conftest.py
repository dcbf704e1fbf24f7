"""The local modeler, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from procession.modeler import ModelerOptions
from tests.modeler.local_modeler import LocalModeler


@pytest.fixture
def modeler() -> Iterator[LocalModeler]:
    """A modeler that asks nobody for a token."""
    local = LocalModeler(ModelerOptions())
    yield local
    local.end()


@pytest.fixture
def http(modeler: LocalModeler) -> Iterator[httpx.Client]:
    with modeler.http() as client:
        yield client
