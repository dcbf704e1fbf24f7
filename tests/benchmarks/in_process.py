"""The engine in this process: instances per second and microseconds per command, by database and by who sends commands:
threads that wait for each, or coroutines of one event loop."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from procession.storage import open_storage
from tests import postgres
from tests.benchmarks.figures import Figure, cpu_seconds, figure
from tests.benchmarks.floor import Recorder, replay, same_rows, script
from tests.benchmarks.models import MODELS, USER
from tests.benchmarks.stages import STAGES, Stages

COMMANDS = 2  # per instance: start, complete
SHARE = "% of what the database alone does by our driver"
SHARE_OF_SCRIPT = "% of what a raw script does"


@dataclass
class Place:
    """A database with the models, to copy fresh ones from: `fresh` gives the URL of a copy, `drop` takes it away."""

    name: str
    fresh: Callable[[], str]
    drop: Callable[[str], None]
    server: int | None = None  # the process that is the database


@dataclass
class Samples:
    """What the runs of one configuration gave."""

    rate: list[float] = field(default_factory=list)
    batch: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)
    wall_stages: list[dict[str, float]] = field(default_factory=list)
    cpu_stages: list[dict[str, float]] = field(default_factory=list)
    floor_wall: list[float] = field(default_factory=list)
    floor_cpu: list[float] = field(default_factory=list)
    script_wall: list[float] = field(default_factory=list)
    share: list[float] = field(default_factory=list)
    share_of_script: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        def stages(samples: list[dict[str, float]]) -> dict[str, Figure]:
            return {stage: figure(sample[stage] for sample in samples) for stage in STAGES}

        return {
            "instances per second": figure(self.rate),
            "commands per transaction": figure(self.batch),
            "processor µs per command": figure(self.cpu),
            "processor µs of the database server per command": figure(self.server_cpu),
            "wall µs per command": stages(self.wall_stages),
            "processor µs per command, by stage": stages(self.cpu_stages),
            SHARE_OF_SCRIPT: figure(self.share_of_script),
            SHARE: figure(self.share),
            "raw script, wall µs per command": figure(self.script_wall),
            "database alone, wall µs per command": figure(self.floor_wall),
            "database alone, processor µs per command": figure(self.floor_cpu),
        }


def places(server: postgres.Server, folder: Path) -> list[Place]:
    """A SQLite file and a database of a server, both with the models deployed."""
    template = folder / "template.db"
    _deploy(f"sqlite:///{template}")
    numbers = iter(range(10**6))

    def copy() -> str:
        path = folder / f"run{next(numbers)}.db"
        shutil.copy(template, path)
        return f"sqlite:///{path}"

    def delete(url: str) -> None:
        for path in folder.glob(Path(url.removeprefix("sqlite:///")).name + "*"):
            path.unlink()

    server.create_template("benchmark", _deploy)
    return [
        Place("SQLite file", copy, delete),
        Place("PostgreSQL", lambda: server.create_database("benchmark"), server.drop_database, server.pid),
    ]


def _deploy(url: str) -> None:
    with open_engine(url) as engine:
        engine.deploy(*((f"{id_}.bpmn", model) for id_, model in MODELS.items()), name="benchmark")


@dataclass(frozen=True)
class Callers:
    """Who sends commands: so many threads, or so many coroutines, each one command after the other."""

    number: int
    in_threads: bool

    @property
    def name(self) -> str:
        return f"{self.number} {'threads' if self.in_threads else 'coroutines'}"

    def send(self, engine: Engine, commands: list[Any]) -> None:
        """Returns when all are durable. Raises what one of them raises."""
        if self.in_threads:
            _in_threads(self.number, commands, engine.submit)
        else:
            asyncio.run(_in_coroutines(self.number, commands, engine))


def callers(numbers: Iterable[int]) -> list[Callers]:
    """Threads of each number, and coroutines of each where there are several."""
    return [
        Callers(number, in_threads) for in_threads in (True, False) for number in numbers if in_threads or number > 1
    ]


def measure(
    places_: list[Place], callers_: list[Callers], instances: int, rounds: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """All configurations in turn, `rounds` times over, so that what else the machine does meets all of them alike."""
    samples = {(place.name, who): Samples() for place in places_ for who in callers_}
    for round_ in range(rounds):
        for place in places_:
            for who in callers_:
                tell(f"  round {round_ + 1} of {rounds}: {place.name}, {who.name}")
                _one(place, who, instances, samples[place.name, who])
    return {f"{name}, {who.name}": found.figures() for (name, who), found in samples.items()}


def _one(place: Place, who: Callers, instances: int, samples: Samples) -> None:
    url = place.fresh()
    try:
        with open_engine(url) as engine:
            _run(engine, who, min(instances, 20))  # caches, connections, plans
            server = 0.0 if place.server is None else cpu_seconds(place.server)
            wall, cpu = time.perf_counter(), time.process_time()
            _run(engine, who, instances)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            server = 0.0 if place.server is None else cpu_seconds(place.server) - server
            # reading the clocks costs time of its own
            stages = Stages()
            with stages.measuring():
                _run(engine, who, instances)
    finally:
        place.drop(url)
    commands = instances * COMMANDS
    samples.rate.append(instances / wall)
    samples.cpu.append(cpu * 1e6 / commands)
    samples.server_cpu.append(server * 1e6 / commands)
    samples.batch.append(stages.commands / max(stages.batches, 1))
    samples.wall_stages.append(stages.per_command(stages.wall))
    samples.cpu_stages.append(stages.per_command(stages.cpu))
    run, (wall, cpu, script_wall) = wall, _floor(place, who, instances)
    samples.share.append(wall / run * 100)
    samples.share_of_script.append(script_wall / run * 100)
    samples.script_wall.append(script_wall * 1e6 / commands)
    samples.floor_wall.append(wall * 1e6 / commands)
    samples.floor_cpu.append(cpu * 1e6 / commands)


def _floor(place: Place, who: Callers, instances: int) -> tuple[float, float, float]:
    """Records a run on one copy, writes its rows to two others: seconds by our driver, of which processor, and by a script."""
    source, target, scripted = place.fresh(), place.fresh(), place.fresh()
    try:
        with open_engine(source) as engine:
            engine.storage.heartbeat()
            recorder = Recorder()
            with recorder.recording():
                _run(engine, who, min(instances, 20))
                warm_up = recorder.taken()
                _run(engine, who, instances)
            storage = open_storage(target)
            try:
                replay(storage, warm_up)  # connections, prepared statements, plans
                taken = recorder.taken()
                wall, cpu = replay(storage, taken)
                same_rows(engine.storage, storage)
            finally:
                storage.close()
            by_script = script(scripted, warm_up, taken)
            storage = open_storage(scripted)
            try:
                same_rows(engine.storage, storage)
            finally:
                storage.close()
            return wall, cpu, by_script
    finally:
        for url in (source, target, scripted):
            place.drop(url)


def _run(engine: Engine, who: Callers, instances: int) -> None:
    """Starts instances, then completes their tasks."""
    who.send(engine, [ec.StartProcess(process_id=USER)] * instances)
    with engine.storage.read() as connection:
        tasks = connection.exec_driver_sql("SELECT key FROM task ORDER BY key").scalars().all()
    who.send(engine, [c.CompleteTask(task) for task in tasks])


async def _in_coroutines(number: int, commands: list[Any], engine: Engine) -> None:
    left = iter(commands)

    async def work() -> None:
        for command in left:
            await engine.submitted(command)

    async with asyncio.TaskGroup() as group:
        for _ in range(number):
            group.create_task(work())


def _in_threads(threads: int, commands: list[Any], submit: Callable[[Any], Any]) -> None:
    failures: list[BaseException] = []

    def work(share: list[Any]) -> None:
        try:
            for command in share:
                submit(command)
        except BaseException as error:
            failures.append(error)

    workers = [threading.Thread(target=work, args=(commands[place::threads],)) for place in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    if failures:
        raise failures[0]
