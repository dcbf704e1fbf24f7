"""What every test may use: fresh databases, and hypothesis settings that are the same everywhere."""

from __future__ import annotations

import os

import hypothesis
import pytest

from tests import databases
from tests.databases import database_url, postgres_server, postgres_url, sqlite_url

__all__ = ["database_url", "postgres_server", "postgres_url", "sqlite_url"]

# In CI the same examples every time; at a desk new ones each run. A busy machine is no failure: no deadline.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


def pytest_configure(config: pytest.Config) -> None:
    databases.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    databases.end()
