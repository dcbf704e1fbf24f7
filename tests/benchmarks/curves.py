"""Does it cost the same when there is more of it? Processor time per unit while one thing grows and all else stays.

Cost is the processor time of this process and of the database server, if there is one: wall time says little on a machine
that does other work too. The sizes of a curve are measured in turn, each on a database of its own that lives through all
rounds.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from procession.embedding import open_engine
from tests.benchmarks import growing as g
from tests.benchmarks import models
from tests.benchmarks.figures import figure
from tests.benchmarks.in_process import Place

ROOT = Path(__file__).resolve().parents[2]
MANUAL = '<manualTask id="{id}"/>'
ASYNC = models.chain(1, '<manualTask id="{id}" camunda:asyncBefore="true"/>')
TIMER = models.chain(
    1,
    '<intermediateCatchEvent id="{id}"><timerEventDefinition><timeDuration>P1D</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>",
)
STORED = (10, 1_000, 10_000, 100_000)
HISTORY = (*STORED, 1_000_000)
LENGTHS = (10, 100, 1_000)
WIDE = (*LENGTHS, 10_000)
LONG_CHAIN = g.deployed(lambda size: models.chain(21))

LENGTH = (
    g.Curve("chain", "user tasks in a chain", "task", LENGTHS, 1.3, g.tasks(500), g.deployed(models.chain)),
    g.Curve(
        "chain at once", "nodes in a chain, one transaction", "node", LENGTHS, 1.3, g.at_once(2000),
        g.deployed(lambda size: models.chain(size, MANUAL)),
    ),
    g.Curve("fork", "branches of a fork, a user task in each", "branch", LENGTHS, 1.5, g.tasks(500), g.deployed(models.fork)),
    g.Curve(
        "fork at once", "branches of a fork, one transaction", "branch", LENGTHS, 1.5, g.at_once(2000),
        g.deployed(lambda size: models.fork(size, MANUAL)),
    ),
    g.Curve(
        "parallel", "items of a parallel multi-instance, a user task each", "item", LENGTHS, 1.5,
        g.tasks(500, looping=True), g.deployed(lambda size: models.loop()),
    ),
    g.Curve(
        "parallel at once", "items of a parallel multi-instance, one transaction", "item", WIDE, 2.0,
        g.at_once(2000, looping=True), g.deployed(lambda size: models.loop(tag="manualTask")), compared=100,
    ),
    g.Curve(
        "sequential", "items of a sequential multi-instance, a user task each", "item", LENGTHS, 1.5,
        g.tasks(500, looping=True), g.deployed(lambda size: models.loop(sequential=True)),
    ),
    g.Curve(
        "variables", "variables of an instance", "task", (1, 10, 100, 1_000), 1.5, g.with_variables(8), LONG_CHAIN,
    ),
    g.Curve(
        "characters", "characters of a variable", "task", (10, 10_000, 1_000_000), 1.5, g.with_characters(8), LONG_CHAIN,
    ),
)  # fmt: skip
STORE = (
    g.Curve("stored", "finished instances, a tenth as many waiting", "instance", HISTORY, 1.3, g.instances(150), g.finished),
    g.Curve(
        "lists", "finished instances, for lists and counts", "list", (1_000, 100_000, 1_000_000), 1.5,
        g.lists(2), g.finished,
    ),
    g.Curve("tasks", "open user tasks", "instance", STORED, 1.3, g.instances(150), g.waiting(models.USER)),
    g.Curve("external", "external tasks to fetch", "instance", STORED, 1.3, g.fetched(150), g.waiting(models.EXTERNAL)),
    g.Curve("held", "external tasks held by workers", "instance", STORED, 1.3, g.fetched(150), g.held),
    g.Curve(
        "messages", "instances that wait for the same message", "instance", STORED, 1.3, g.correlated(150),
        g.waiting(models.GROWING, models.MESSAGE),
    ),
    g.Curve(
        "keys", "instances that wait, found by a variable", "instance", STORED, 1.3, g.keyed(150),
        g.waiting(models.GROWING, models.MESSAGE),
    ),
    g.Curve("due", "jobs that are due", "job", STORED, 1.3, g.jobs(150), g.waiting(models.GROWING, ASYNC)),
    g.Curve("timers", "timers to come", "instance", STORED, 1.3, g.instances(150), g.waiting(models.GROWING, TIMER)),
    g.Curve("definitions", "definitions", "instance", (1, 100, 1_000), 1.3, g.instances(150), g.defined),
    g.Curve("all defined", "definitions, all used in turn", "start", (1, 100, 1_000), 1.5, g.all_defined(1000), g.defined),
)  # fmt: skip
DRAWN = {"length": LENGTH, "store": STORE}
"""The curves by the picture that shows them."""
CURVES = {curve.id: curve for curves in DRAWN.values() for curve in curves}


MEMORY = {"parallel": (10, 100, 1_000, 10_000), "parallel at once": (10, 100, 1_000, 10_000)}
"""The curves, and their sizes, whose memory is measured."""
KIB_PER_ITEM = 24
"""What one more item of a multi-instance may take at most while its transaction is open."""


def peaks(places: list[Place], rounds: int, tell: Callable[[str], None], *, most: int = 0) -> dict[str, Any]:
    """The most MiB that a process of its own had resident, beyond what a small instance takes, by curve, database and size."""
    found: dict[str, Any] = {}
    for name, sizes in MEMORY.items():
        for place in places:
            by_size = {
                str(size): figure(_peak(place, name, size) for _ in range(rounds))
                for size in sizes
                if not most or size <= most
            }
            tell(f"  {name}, {place.name}: " + ", ".join(f"{size}: {value} MiB" for size, value in by_size.items()))
            found.setdefault(name, {})[place.name] = by_size
    return found


def _peak(place: Place, name: str, size: int) -> float:
    url = place.fresh()
    try:
        command = [sys.executable, "-m", "tests.benchmarks.peak", url, name, str(size)]
        told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout)
    finally:
        place.drop(url)
    return float(told["peak"] - told["before"])


def measure(
    places: list[Place], rounds: int, tell: Callable[[str], None], *, only: list[str] | None = None, most: int = 0
) -> dict[str, Any]:
    """Microseconds per unit by curve, database and size. `only` names curves; sizes above `most` (0: none) are left out."""
    found: dict[str, Any] = {}
    for curve in CURVES.values():
        if not only or curve.id in only:
            found[curve.id] = {place.name: _one(curve, place, rounds, tell, most) for place in places}
    return found


def _one(curve: g.Curve, place: Place, rounds: int, tell: Callable[[str], None], most: int) -> dict[str, Any]:
    sizes = [size for size in curve.sizes if not most or size <= most]
    costs: dict[int, list[float]] = {size: [] for size in sizes}
    with ExitStack() as stack:
        engines = {}
        for size in sizes:
            url = place.fresh()
            stack.callback(place.drop, url)
            engine = engines[size] = stack.enter_context(open_engine(url))
            curve.prepare(engine, size)
            curve.work(engine, size, g.Meter(None))  # caches, connections, plans
        for _ in range(rounds):
            for size in sizes:
                meter = g.Meter(place.server)
                units = curve.work(engines[size], size, meter)
                costs[size].append(meter.seconds * 1e6 / units)
    figures = {str(size): figure(cost) for size, cost in costs.items()}
    tell(f"  {curve.id}, {place.name}: " + ", ".join(f"{size}: {cost}" for size, cost in figures.items()))
    return figures
