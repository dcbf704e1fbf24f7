"""Laws: a restart after any step changes nothing, both databases say the same, and every path reaches the end.

Models and paths are drawn at random. One engine runs on PostgreSQL and is never closed; the other runs on SQLite and is
closed and opened again after every step. In the middle and in the end both databases must hold the same, keys apart.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.clock import Clock
from procession.engine.engine import Engine
from tests.engine import drawn
from tests.engine.conftest import empty
from tests.engine.dumps import everything, runtime
from tests.engine.looking import left_over, rows, values

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@contextmanager
def opened(url: str, moment: datetime) -> Iterator[Engine]:
    clock = Clock()
    clock.freeze(moment)
    with open_engine(url, clock=clock) as engine:
        yield engine


class Restarting:
    """An engine that is opened for each step anew; its clock goes on."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._now = NOON

    @contextmanager
    def step(self) -> Iterator[Engine]:
        with opened(self._url, self._now) as engine:
            yield engine
            self._now = engine.clock()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(model=drawn.models, path=drawn.paths)
def test_a_restart_after_any_step_changes_nothing(
    model: bytes, path: list[int], sqlite_template: Path, postgres_once: str, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "law.db")
    empty(postgres_once)
    restarting = Restarting(f"sqlite:///{tmp_path}/law.db")
    start = ec.StartProcess(process_id="p", variables=values(choice=1), business_key="k")
    with opened(postgres_once, NOON) as steady:
        with restarting.step() as other:
            for engine in (steady, other):
                engine.deploy(("p.bpmn", model))
                engine.submit(start)
        _walk(steady, restarting, path)
        with restarting.step() as other:
            assert everything(steady) == everything(other)
        assert left_over(steady) == {}
        states = {state for (state,) in rows(steady, "SELECT state FROM history_instance")}
        assert "COMPLETED" in states
        assert "ACTIVE" not in states
        assert rows(steady, "SELECT node FROM history_activity WHERE ended IS NULL") == []
    empty(postgres_once)


def _walk(steady: Engine, restarting: Restarting, path: list[int]) -> None:
    for step in range(drawn.MOST_STEPS):
        choices = drawn.moves(steady)
        if not choices:
            return
        chosen = path[step % len(path)] % len(choices)
        if step >= len(path):
            chosen = 0  # to the end, the shortest way
        with restarting.step() as other:
            others = drawn.moves(other)
            assert len(others) == len(choices)
            others[chosen](other)
            choices[chosen](steady)
            if step == len(path) - 1:
                assert runtime(steady) == runtime(other)
    raise AssertionError(f"no end after {drawn.MOST_STEPS} steps")
