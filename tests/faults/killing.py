"""Kills victims and starts them again until all work is done. `kill -9`: nothing is flushed, nothing is said goodbye to.

Victims come from a fork server that has imported everything already: a new one lives within milliseconds.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from procession.storage import open_storage
from tests.faults.invariants import violations
from tests.faults.victim import Order, live

PATIENCE = 60.0
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.faults.victim", "tests.faults.clients"])


@dataclass(frozen=True)
class Outcome:
    """How it went: kills that met a living process, seconds in all, broken invariants."""

    kills: int
    seconds: float
    violations: list[str]


def kill_and_restart(
    url: str,
    folder: Path,
    *,
    total: int,
    kills: int,
    nodes: int = 1,
    chance: random.Random,
    tell: Callable[[str], None] = print,
) -> Outcome:
    """Runs `nodes` victims on one database, kills one of them `kills` times under load, then lets them finish."""
    begun = time.monotonic()
    file = folder / "acknowledged"
    orders = [Order(url, str(file), total, share, nodes) for share in range(nodes)]
    open_storage(url).close()
    running = [_begin(order) for order in orders]
    done = 0
    for number in range(kills):
        # spread over the work: each kill meets a process that is in the middle of something
        mark = _lines(file) + chance.randint(1, max(2, total * 4 // (kills + 1)))
        victim = chance.randrange(nodes)
        if not _wait(partial(_has_come, file, mark, running[victim])):
            break
        time.sleep(chance.uniform(0, 0.02))
        if not running[victim].is_alive():
            break
        running[victim].kill()
        running[victim].join()
        done += 1
        tell(f"  kill {number + 1} of {kills} after {_lines(file)} acknowledged commands")
        running[victim] = _begin(orders[victim])
    failed = [f"a process failed with exit code {p.exitcode}" for p in _finish(running) if p.exitcode]
    return Outcome(done, time.monotonic() - begun, failed + check(url, file, total))


def die_and_recover(url: str, folder: Path, statement: int, total: int = 2) -> Outcome:
    """A victim that dies at a chosen statement, then one that finishes."""
    begun = time.monotonic()
    order = Order(url, str(folder / "acknowledged"), total, statement=statement)
    first = _begin(order)
    _finish([first])
    second = _begin(replace(order, statement=None))
    failed = [f"a process failed with exit code {p.exitcode}" for p in _finish([second]) if p.exitcode]
    return Outcome(
        int(first.exitcode == -9), time.monotonic() - begun, failed + check(url, folder / "acknowledged", total)
    )


def check(url: str, acknowledged: Path, total: int) -> list[str]:
    """The broken invariants of a database where all work is done."""
    storage = open_storage(url)
    try:
        return violations(storage, acknowledged, total)
    finally:
        storage.close()


def _begin(order: Order) -> ForkServerProcess:
    process = _context.Process(target=live, args=(order,), daemon=True)
    process.start()
    return process


def _finish(processes: Sequence[ForkServerProcess]) -> Sequence[ForkServerProcess]:
    for process in processes:
        process.join(PATIENCE * 4)
        if process.is_alive():
            process.kill()
            process.join()
    return processes


def _wait(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.005)
    return True


def _has_come(file: Path, mark: int, process: ForkServerProcess) -> bool:
    return _lines(file) >= mark or not process.is_alive()


def _lines(file: Path) -> int:
    return file.read_bytes().count(b"\n") if file.exists() else 0
