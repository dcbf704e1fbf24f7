"""Functions are tested as they are deployed: settings in variables, an engine on a database, events as AWS sends them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from procession import open_engine
from procession.serverless import home
from procession.serverless.embedded import EmbeddedWorkflows
from tests.functions.workflows.models import MODELS

OURS = ("UAEF_", "WEBHOOK_", "VERIFY_WEBHOOK", "CAMUNDA_", "AWS_", "POWERTOOLS_")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Variables of the functions: none but those that a test sets."""
    for name in list(os.environ):
        if name.startswith(OURS) or name.endswith("_WORKFLOW_ID"):
            monkeypatch.delenv(name)
    return monkeypatch


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file with the test's models, made once: tests get copies."""
    path = tmp_path_factory.mktemp("functions") / "template.db"
    with open_engine(f"sqlite:///{path}") as engine:
        engine.deploy(*MODELS.items())
    return path


@pytest.fixture
def deployed(settings: pytest.MonkeyPatch, template: Path, tmp_path: Path) -> Iterator[EmbeddedWorkflows]:
    """A database that `UAEF_DB_URL` names, with the test's models."""
    shutil.copy(template, tmp_path / "uaef.db")
    settings.setenv("UAEF_DB_URL", f"sqlite:///{tmp_path}/uaef.db")
    found = home.workflows()
    assert isinstance(found, EmbeddedWorkflows)
    yield found
    home.close()


@pytest.fixture
def deployed_postgres(settings: pytest.MonkeyPatch, postgres_url: str) -> Iterator[EmbeddedWorkflows]:
    """The same on PostgreSQL."""
    settings.setenv("UAEF_DB_URL", postgres_url)
    found = home.workflows()
    assert isinstance(found, EmbeddedWorkflows)
    found.engine.deploy(*MODELS.items())
    yield found
    home.close()
