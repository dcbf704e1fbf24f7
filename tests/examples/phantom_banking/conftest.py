"""The project on SQLite and on PostgreSQL, migrated once each; its engine is the server of the examples' tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import databases, postgres
from tests.examples.phantom_banking.project import Project
from tests.examples.rest import Server


@pytest.fixture(scope="session", params=["sqlite", "postgres"])
def project(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, server: Server
) -> Iterator[Project]:
    """Tables and models are there; rows stay from test to test."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('phantom')}/phantom.db"
    else:
        try:
            url = databases.server().create_database()
        except postgres.CannotRun as reason:
            pytest.skip(f"PostgreSQL cannot run here: {reason}")
    found = Project(url, server.rest)
    said = found.run(
        "from django.core.management import call_command as call\ncall('migrate', verbosity=0)\ncall('deploy_processes')"
    )
    assert "Deployment" in said
    yield found
    if request.param == "postgres":
        databases.server().drop_database(url)
