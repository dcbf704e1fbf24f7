"""What every test may use: fresh databases, and hypothesis settings that are the same everywhere."""

from __future__ import annotations

import os
import time

import hypothesis
import pytest

from tests import budgets, databases
from tests.databases import database_url, postgres_server, postgres_url, sqlite_url

__all__ = ["database_url", "postgres_server", "postgres_url", "sqlite_url"]

# In CI the same examples every time; at a desk new ones each run. A busy machine is no failure: no deadline.
hypothesis.settings.register_profile("ci", derandomize=True, deadline=None, database=None, print_blob=True)
hypothesis.settings.register_profile("desk", deadline=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "desk")


BEGUN = time.monotonic()


def pytest_configure(config: pytest.Config) -> None:
    databases.begin()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = (one for kept in terminalreporter.stats.values() for one in kept if isinstance(one, pytest.TestReport))
    for line in budgets.exceeded(budgets.spent(reports), time.monotonic() - BEGUN):
        terminalreporter.write_line(f"above its budget (tests/budgets.py): {line}", yellow=True)


def pytest_unconfigure(config: pytest.Config) -> None:
    databases.end()
