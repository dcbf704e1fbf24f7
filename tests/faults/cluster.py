"""Two nodes, workers and people on one PostgreSQL, all of which are killed at random and come back, the database included.

Each external task and job is done once: history says so, and the journal that the clients write. Nobody is answered what
must not be answered, everything ends soon after the last death, and nothing leaks in the node that outlives the others.
"""

from __future__ import annotations

import os
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from procession.embedding import open_engine
from tests import postgres
from tests.faults.clients import Place, decide, lines, serve, start, work
from tests.faults.killing import _context, check
from tests.faults.model import EXTERNALS, JOBS, MODEL
from tests.faults.slopes import Slope, Watch
from tests.faults.table import END

NODES = ("a", "b")
_LEFT = """
SELECT 'instances', count(*) FROM instance
UNION ALL SELECT 'jobs of ' || coalesce(lock_owner, 'nobody'), count(*) FROM job GROUP BY lock_owner
UNION ALL SELECT 'external tasks of ' || coalesce(worker, 'nobody'), count(*) FROM external_task GROUP BY worker
UNION ALL SELECT 'tasks', count(*) FROM task
"""
LOOK = 5.0
"""Seconds between two looks at what is left."""
STARTERS = 8
SLOW = 2.0
"""Seconds without acknowledged work after PostgreSQL's return that are worth a line."""
_ENDED = "SELECT count(*) FROM history_instance WHERE process_id = 'p' AND ended IS NOT NULL"


@dataclass(frozen=True)
class Plan:
    """How much is done in how many seconds, and how often who dies: every `pauses` seconds, chosen between the two, of each
    kind `deaths` times at most."""

    instances: int
    seconds: float
    pauses: tuple[float, float] = (5.0, 40.0)
    deaths: int = 10**6
    workers: int = 2
    seed: int = 1


@dataclass
class Outcome:
    """What happened. `answered` counts answers by kind, `back` is how long after a death of PostgreSQL, once it takes
    connections, the first work was acknowledged."""

    plan: Plan
    seconds: float = 0.0
    kills: Counter[str] = field(default_factory=Counter)
    unavailable: int = 0
    back: list[float] = field(default_factory=list)
    finished: float = 0.0
    slopes: Mapping[str, Slope] = field(default_factory=dict)
    violations: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """What is kept of it and written into the table of faults."""
        return {
            "date": datetime.now(UTC).date().isoformat(),
            "processors": os.cpu_count(),
            "minutes": round(self.plan.seconds / 60, 1),
            "instances": self.plan.instances,
            "external tasks": self.plan.instances * EXTERNALS,
            "jobs": self.plan.instances * JOBS,
            "pauses": list(self.plan.pauses),
            "kills": dict(sorted(self.kills.items())),
            "unavailable": self.unavailable,
            "back": [round(x, 2) for x in (median(self.back), max(self.back))] if self.back else [],
            "finished": round(self.finished, 1),
            "slopes": {name: {key: round(x, 2) for key, x in vars(one).items()} for name, one in self.slopes.items()},
            "violations": self.violations,
        }


class Cluster:
    """The processes around one database; `kill` and `revive` by name."""

    def __init__(self, server: postgres.Server, folder: Path, workers: int) -> None:
        self._server = server
        self._folder = folder
        self.url = server.create_database()
        self.journal = folder / "journal"
        self._ports = tuple(_free_port() for _ in NODES)
        self._workers = [f"{kind} {number}" for kind in ("worker", "people") for number in range(workers)]
        self._processes: dict[str, ForkServerProcess] = {}
        self._mutex = threading.Lock()
        self._over = False

    def __enter__(self) -> Cluster:
        with open_engine(self.url) as engine:
            engine.deploy(("model.bpmn", MODEL), name="faults")
        for name in (*NODES, *self._workers):
            self._begin(name)
        return self

    def __exit__(self, *exc: object) -> None:
        with self._mutex:
            self._over = True
        for process in self._processes.values():
            process.kill()
            process.join()

    def place(self, own: int) -> Place:
        """What a client is told whose node is the `own`-th."""
        return Place(self._ports, own % len(NODES), str(self.journal))

    def _begin(self, name: str) -> None:
        if name in NODES:
            number = NODES.index(name)
            arguments = (self.place(number), self.url, str(self._folder / f"node-{name}.log"))
            process = _context.Process(target=serve, args=arguments, daemon=True)
        else:
            kind, _, which = name.partition(" ")
            target = work if kind == "worker" else decide
            process = _context.Process(target=target, args=(self.place(int(which)),), daemon=True)
        process.start()
        self._processes[name] = process

    def clients(self) -> list[str]:
        """Names of workers and people."""
        return self._workers

    def nodes(self) -> dict[str, int]:
        """Process ids of the nodes that live."""
        with self._mutex:
            return {name: pid for name in NODES if (pid := self._processes[name].pid) is not None}

    def serves(self, name: str) -> bool:
        """True where the node takes connections."""
        try:
            socket.create_connection(("127.0.0.1", self._ports[NODES.index(name)]), 1).close()
        except OSError:
            return False
        return True

    def kill(self, name: str) -> None:
        """`kill -9`, and a successor at once."""
        with self._mutex:
            if not self._over:
                self._processes[name].kill()
                self._processes[name].join()
                self._begin(name)

    def mend(self) -> list[str]:
        """Successors of those that ended by themselves, as an orchestrator does; their names."""
        with self._mutex:
            ended = [name for name, process in self._processes.items() if not self._over and not process.is_alive()]
            for name in ended:
                self._begin(name)
            return ended

    def progress(self) -> int:
        """Grows with every acknowledged piece of work."""
        return sum(len(lines(self.journal, what)) for what in ("started", "completed", "decided"))

    def finish(self) -> dict[str, int | None]:
        """Asks the nodes to end; their exit codes, None for one that does not."""
        with self._mutex:
            self._over = True
        for name in self._workers:
            self._processes[name].kill()
            self._processes[name].join()
        for name in NODES:
            self._processes[name].terminate()
        for name in NODES:
            self._processes[name].join(30)
        return {name: self._processes[name].exitcode for name in NODES}


def soak(plan: Plan, folder: Path, tell: Callable[[str], None] = print) -> Outcome:
    """Runs a plan on a PostgreSQL of its own."""
    begun = time.monotonic()
    with ExitStack() as stack:
        server = stack.enter_context(postgres.running(durable=True, revived=True))
        cluster = stack.enter_context(Cluster(server, folder, plan.workers))
        watch = stack.enter_context(Watch(cluster.nodes, min(1.0, plan.seconds / 60)))
        return _Soak(plan, server, cluster, watch, begun, tell).run()


class _Soak:
    def __init__(
        self,
        plan: Plan,
        server: postgres.Server,
        cluster: Cluster,
        watch: Watch,
        begun: float,
        tell: Callable[[str], None],
    ) -> None:
        self._plan = plan
        self._server = server
        self._cluster = cluster
        self._watch = watch
        self._begun = begun
        self._tell = tell
        self._calm = threading.Event()
        self._done = threading.Event()
        self._outcome = Outcome(plan)
        self._loading = 0.0
        self._failures: list[str] = []

    def run(self) -> Outcome:
        outcome, plan = self._outcome, self._plan
        self._loading = time.monotonic()
        killers = [
            threading.Thread(target=self._guarded, args=(self._kill_databases,)),
            threading.Thread(target=self._guarded, args=(self._kill_nodes,)),
            threading.Thread(target=self._guarded, args=(self._kill_clients,)),
            threading.Thread(target=self._guarded, args=(self._mend,)),
        ]
        for killer in killers:
            killer.start()
        with ThreadPoolExecutor(STARTERS) as pool:
            for number in range(plan.instances):
                if self._failures:
                    break
                due = self._loading + plan.seconds * number / plan.instances
                time.sleep(max(0.0, due - time.monotonic()))
                pool.submit(start, self._cluster.place(number), number).add_done_callback(self._failed)
        self._calm.set()
        last = time.monotonic()
        for killer in killers[:-1]:
            killer.join()
        look, done, moved = last + LOOK, 0, last
        while (ended := self._ended()) < plan.instances and time.monotonic() < moved + END and not self._failures:
            if ended > done:
                done, moved = ended, time.monotonic()
            if time.monotonic() > look:
                look += LOOK
                self._tell(f"  {time.monotonic() - last:6.1f} s after the last start: {self._left()}")
            time.sleep(0.2)
        self._done.set()
        outcome.finished = time.monotonic() - last
        outcome.slopes = self._watch.slopes()
        killers[-1].join()
        codes = self._cluster.finish()
        outcome.violations += [f"node {name} ended with {code}" for name, code in codes.items() if code != 0]
        outcome.violations += check(self._cluster.url, self._cluster.journal, plan.instances)
        wrong = Counter([*self._failures, *lines(self._cluster.journal, "wrong")])
        outcome.violations += [f"{text} ({times} times)" for text, times in wrong.most_common(20)]
        outcome.violations += [f"{name}: {said}" for name, one in outcome.slopes.items() for said in one.leaks()]
        outcome.unavailable = len(lines(self._cluster.journal, "unavailable"))
        outcome.seconds = time.monotonic() - self._begun
        return outcome

    def _failed(self, future: object) -> None:
        error = future.exception()  # type: ignore[attr-defined]
        if error is not None:
            self._failures.append(f"a client failed: {error!r}")

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self._outcome.violations.append(f"{work.__name__} failed: {error!r}")

    def _deaths(self, chance: random.Random) -> Iterator[None]:
        """Waits until the next death, as long as there are any."""
        for _ in range(self._plan.deaths):
            if self._calm.wait(chance.uniform(*self._plan.pauses)):
                return
            yield

    def _died(self, kind: str) -> None:
        self._outcome.kills[kind] += 1
        self._tell(f"  {time.monotonic() - self._loading:6.1f} s: {kind} killed")

    def _kill_databases(self) -> None:
        chance = random.Random(self._plan.seed)
        for _ in self._deaths(chance):
            longest = min(3.0, self._plan.pauses[0])
            self._server.kill(chance.choice((0.0, chance.uniform(0, longest))))
            self._died("PostgreSQL")
            while not self._server.answers():
                time.sleep(0.02)
            begun, before = time.monotonic(), self._cluster.progress()
            while self._cluster.progress() == before and time.monotonic() < begun + END and not self._failures:
                time.sleep(0.02)
            took = time.monotonic() - begun
            self._outcome.back.append(took)
            if took > SLOW:
                self._tell(f"  {time.monotonic() - self._loading:6.1f} s: work goes on {took:.1f} s after PostgreSQL")

    def _kill_nodes(self) -> None:
        """Either, but of the last two thirds of the time each node has one in which it is spared."""
        chance = random.Random(self._plan.seed + 1)
        for _ in self._deaths(chance):
            third = int((time.monotonic() - self._loading) / self._plan.seconds * 3)
            name = chance.choice(NODES) if third == 0 else NODES[third % len(NODES)]
            self._cluster.kill(name)
            self._died(f"node {name}")
            while not self._cluster.serves(name) and not self._calm.is_set():
                time.sleep(0.05)  # who is not there yet cannot die

    def _kill_clients(self) -> None:
        chance = random.Random(self._plan.seed + 2)
        for _ in self._deaths(chance):
            name = chance.choice(self._cluster.clients())
            self._cluster.kill(name)
            self._died(name.split()[0])

    def _mend(self) -> None:
        """A node that finds no database when it starts ends; one that serves must not."""
        while not self._done.wait(0.2):
            for name in self._cluster.mend():
                self._tell(f"  {name} ended by itself")
                self._outcome.kills[f"{name} started in vain"] += 1

    def _left(self) -> str:
        """What has not ended yet, and who holds it."""
        with psycopg.connect(self._cluster.url) as connection:
            rows = connection.execute(_LEFT).fetchall()
        return ", ".join(f"{what} {number}" for what, number in rows)

    def _ended(self) -> int:
        try:
            with psycopg.connect(self._cluster.url) as connection:
                row = connection.execute(_ENDED).fetchone()
        except psycopg.OperationalError:
            return 0  # it is away
        assert row is not None
        return int(row[0])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
