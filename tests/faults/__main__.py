"""`make soak`: kills for half an hour; exit code 1 where anything was lost.

Engines in one process each, killed under load and at chosen statements (`--kills 10 --total 1000 --statements 40`); then
two nodes, workers, people and PostgreSQL itself, killed at random (`--minutes 30 --instances 10000`), whose outcome is
written into docs/conformance/soak.json and the table of faults. `--only engines` or `cluster`; `--seed 1` repeats choices.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests import postgres
from tests.faults import table
from tests.faults.cluster import Plan, soak
from tests.faults.everything import die_at_every_commit
from tests.faults.killing import Outcome, die_and_recover, kill_and_restart


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.faults", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=10, help="kills per database")
    parser.add_argument("--total", type=int, default=1000, help="process instances per database")
    parser.add_argument("--statements", type=int, default=40, help="deaths at chosen statements, per database")
    parser.add_argument("--minutes", type=float, default=30.0, help="how long the cluster is under load")
    parser.add_argument(
        "--instances", type=int, default=10_000, help="process instances of the cluster, five tasks each"
    )
    parser.add_argument(
        "--pauses", type=float, nargs=2, default=(5.0, 40.0), help="seconds between two deaths of a kind"
    )
    parser.add_argument("--only", choices=("engines", "cluster"))
    parser.add_argument("--seed", type=int, default=None, help="repeats a run's choices")
    options = parser.parse_args()
    seed = random.randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}")
    good = True
    if options.only != "cluster":
        good &= _engines(options, seed)
    if options.only != "engines":
        good &= _cluster(options, seed)
    print("nothing was lost, nothing was done twice" if good else "SOMETHING IS WRONG, see above")
    return 0 if good else 1


def _engines(options: argparse.Namespace, seed: int) -> bool:
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
    return good


def _cluster(options: argparse.Namespace, seed: int) -> bool:
    plan = Plan(options.instances, options.minutes * 60, tuple(options.pauses), seed=seed)
    print(
        f"cluster: {plan.instances} instances in {options.minutes:g} minutes, a death of each kind every {plan.pauses} s"
    )
    with tempfile.TemporaryDirectory(prefix="procession-soak-") as folder:
        outcome = soak(plan, Path(folder))
        if outcome.violations:
            shutil.copytree(folder, Path(tempfile.gettempdir(), f"procession-soak-seed-{seed}"), dirs_exist_ok=True)
    told = outcome.told()
    print(json.dumps(told, indent=1))
    for violation in outcome.violations:
        print(f"  BROKEN: {violation}")
    table.OUTCOME.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    table.main()
    return not outcome.violations


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
