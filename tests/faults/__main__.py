"""`make soak`: kills for minutes. `--kills 10 --total 1000 --seed 1 --statements 40`; exit code 1 where anything was lost."""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests import postgres
from tests.faults.everything import die_at_every_commit
from tests.faults.killing import Outcome, die_and_recover, kill_and_restart


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=10, help="kills per database")
    parser.add_argument("--total", type=int, default=1000, help="process instances per database")
    parser.add_argument("--statements", type=int, default=40, help="deaths at chosen statements, per database")
    parser.add_argument("--seed", type=int, default=None, help="repeats a run's choices")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}")
    with postgres.running(durable=True) as server:
        databases: dict[str, Callable[[Path], str]] = {
            "SQLite": lambda folder: f"sqlite:///{folder}/faults.db",
            "PostgreSQL": lambda folder: server.create_database(),
        }
        good = True
        for name, make in databases.items():
            for nodes in (1,) if name == "SQLite" else (1, 2):
                print(f"{name}, {nodes} node(s): {options.total} instances, {options.kills} kills")
                load = partial(kill_and_restart, total=options.total, kills=options.kills, nodes=nodes)
                good &= _run(make, partial(load, chance=random.Random(seed)))
            print(f"{name}: {options.statements} deaths, each at a statement of its own")
            for number in range(options.statements):
                good &= _run(make, partial(die_and_recover, statement=1 + number * 5), quiet=True)
            good &= _every_commit(name, make)
    print("nothing was lost, nothing was done twice" if good else "SOMETHING IS WRONG, see above")
    return 0 if good else 1


def _every_commit(name: str, make: Callable[[Path], str]) -> bool:
    """Death at each commit of the scenario with every kind of record, before it and after it."""
    for when in ("before", "after"):
        numbers = itertools.count()
        with tempfile.TemporaryDirectory(prefix="procession-faults-") as folder:

            def fresh(folder: str = folder, numbers: Iterator[int] = numbers) -> str:
                place = Path(folder, str(next(numbers)))
                place.mkdir()
                return make(place)

            try:
                deaths = die_at_every_commit(fresh, before=lambda _, when=when: when == "before")
            except AssertionError as broken:
                print(f"  BROKEN: {broken}")
                return False
        print(f"{name}: {deaths} deaths, {when} each commit")
    return True


def _run(make: Callable[[Path], str], work: Callable[[str, Path], Outcome], *, quiet: bool = False) -> bool:
    with tempfile.TemporaryDirectory(prefix="procession-faults-") as name:
        folder = Path(name)
        outcome = work(make(folder), folder)
    if not quiet or outcome.violations:
        print(f"  {outcome.kills} kills in {outcome.seconds:.1f} s")
    for violation in outcome.violations:
        print(f"  BROKEN: {violation}")
    return not outcome.violations


if __name__ == "__main__":
    sys.exit(main())
