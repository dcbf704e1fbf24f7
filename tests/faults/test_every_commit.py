"""Death at every commit of a scenario that touches every kind of record; `make soak` has each of them before and after.

One test lets every second death come before the commit and the others after it, the other test the other way round.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from procession.storage import open_storage
from tests import postgres
from tests.faults.everything import die_at_every_commit


@pytest.mark.fault(21)
def test_on_sqlite(sqlite_schema_url: str, tmp_path: Path) -> None:
    template = Path(sqlite_schema_url.removeprefix("sqlite:///"))
    numbers = itertools.count()

    def fresh() -> str:
        copy = tmp_path / f"{next(numbers)}.db"
        shutil.copy(template, copy)
        return f"sqlite:///{copy}"

    assert die_at_every_commit(fresh, before=lambda number: number % 2 == 0) > 20


@pytest.mark.fault(21)
def test_on_postgresql(postgres_server: postgres.Server) -> None:
    postgres_server.create_template("faults", lambda url: open_storage(url).close())
    deaths = die_at_every_commit(
        lambda: postgres_server.create_database("faults"),
        before=lambda number: number % 2 == 1,
        drop=postgres_server.drop_database,
    )
    assert deaths > 20
