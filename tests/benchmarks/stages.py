"""Where a command's time goes: begin, load, step, save, commit. Clocks are read at the borders of the stages only.

Wall time and the thread's own processor time are both kept: on a busy machine the second is the steadier figure.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from procession.engine.committing import Committer
from procession.engine.engine import Engine
from procession.engine.unit import Unit
from procession.storage import Storage, Transaction
from procession.storage.drivers import Asked

STAGES = ("begin", "load", "step", "save", "commit")


class Stages:
    """Nanoseconds per stage, summed over all transactions while `measuring` is on. One leader works at a time."""

    def __init__(self) -> None:
        self.wall = dict.fromkeys(STAGES, 0)
        self.cpu = dict.fromkeys(STAGES, 0)
        self.commands = 0
        self.batches = 0
        self._here = threading.local()
        self._mutex = threading.Lock()

    def _mark(self) -> None:
        self._here.wall, self._here.cpu = time.perf_counter_ns(), time.thread_time_ns()

    def _stop(self, stage: str) -> None:
        """The time since the last mark belongs to `stage`."""
        if getattr(self._here, "wall", None) is None:
            return
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        with self._mutex:
            self.wall[stage] += wall - self._here.wall
            self.cpu[stage] += cpu - self._here.cpu
        self._here.wall, self._here.cpu = wall, cpu

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """Wraps the borders of the stages for the length of the block."""
        transaction, preparing, save = Storage.transaction, Unit.preparing, Unit.save
        committed, commit = Engine.committed, Committer._commit
        stages = self

        def new_transaction(storage: Storage) -> AbstractContextManager[Transaction]:
            stages._mark()
            return transaction(storage)

        def new_preparing(unit: Unit, commands: Any) -> Asked[None]:
            stages._stop("begin")
            yield from preparing(unit, commands)
            stages._stop("load")

        def new_save(unit: Unit) -> None:
            stages._stop("step")
            save(unit)
            stages._stop("save")

        def new_committed(engine: Engine, unit: Unit) -> None:
            stages._stop("commit")
            committed(engine, unit)
            stages._here.wall = None

        def new_commit(committer: Committer, batch: list[Any], *options: Any) -> None:
            stages.commands += len(batch)
            stages.batches += 1
            commit(committer, batch, *options)

        wrapped: list[tuple[type[Any], str, Any, Any]] = [
            (Storage, "transaction", new_transaction, transaction),
            (Unit, "preparing", new_preparing, preparing),
            (Unit, "save", new_save, save),
            (Engine, "committed", new_committed, committed),
            (Committer, "_commit", new_commit, commit),
        ]
        for owner, name, new, _ in wrapped:
            setattr(owner, name, new)
        try:
            yield
        finally:
            for owner, name, _, old in wrapped:
                setattr(owner, name, old)

    def per_command(self, sums: dict[str, int]) -> dict[str, float]:
        """Microseconds per command and stage."""
        return {stage: value / 1000 / max(self.commands, 1) for stage, value in sums.items()}
