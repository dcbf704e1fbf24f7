"""The engine in this process: instances per second and microseconds per command, by database and number of threads."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
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
from tests.benchmarks.floor import Recorder, replay, same_rows
from tests.benchmarks.models import MODELS, USER
from tests.benchmarks.stages import STAGES, Stages

COMMANDS = 2  # per instance: start, complete


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
    share: list[float] = field(default_factory=list)

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
            "% of what the database alone does": figure(self.share),
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


def measure(
    places_: list[Place], threads: tuple[int, ...], instances: int, rounds: int, tell: Callable[[str], None]
) -> dict[str, Any]:
    """All configurations in turn, `rounds` times over, so that what else the machine does meets all of them alike."""
    samples = {(place.name, number): Samples() for place in places_ for number in threads}
    for round_ in range(rounds):
        for place in places_:
            for number in threads:
                tell(f"  round {round_ + 1} of {rounds}: {place.name}, {number} threads")
                _one(place, number, instances, samples[place.name, number])
    return {f"{name}, {number} threads": found.figures() for (name, number), found in samples.items()}


def _one(place: Place, threads: int, instances: int, samples: Samples) -> None:
    url = place.fresh()
    try:
        with open_engine(url) as engine:
            _run(engine, threads, min(instances, 20))  # caches, connections, plans
            stages = Stages()
            server = 0.0 if place.server is None else cpu_seconds(place.server)
            wall, cpu = time.perf_counter(), time.process_time()
            with stages.measuring():
                _run(engine, threads, instances)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            server = 0.0 if place.server is None else cpu_seconds(place.server) - server
    finally:
        place.drop(url)
    commands = instances * COMMANDS
    samples.rate.append(instances / wall)
    samples.cpu.append(cpu * 1e6 / commands)
    samples.server_cpu.append(server * 1e6 / commands)
    samples.batch.append(stages.commands / max(stages.batches, 1))
    samples.wall_stages.append(stages.per_command(stages.wall))
    samples.cpu_stages.append(stages.per_command(stages.cpu))
    run, (wall, cpu) = wall, _floor(place, threads, instances)
    samples.share.append(wall / run * 100)
    samples.floor_wall.append(wall * 1e6 / commands)
    samples.floor_cpu.append(cpu * 1e6 / commands)


def _floor(place: Place, threads: int, instances: int) -> tuple[float, float]:
    """Records a run on one copy, writes its rows to another."""
    source, target = place.fresh(), place.fresh()
    try:
        with open_engine(source) as engine:
            engine.storage.heartbeat()
            recorder = Recorder()
            with recorder.recording():
                _run(engine, threads, min(instances, 20))
                warm_up = recorder.taken()
                _run(engine, threads, instances)
            storage = open_storage(target)
            try:
                replay(storage, warm_up)  # connections, prepared statements, plans
                spent = replay(storage, recorder.taken())
                same_rows(engine.storage, storage)
                return spent
            finally:
                storage.close()
    finally:
        place.drop(source)
        place.drop(target)


def _run(engine: Engine, threads: int, instances: int) -> None:
    """Starts instances, then completes their tasks, from several threads."""
    _in_threads(threads, [ec.StartProcess(process_id=USER)] * instances, engine.submit)
    with engine.storage.read() as connection:
        tasks = connection.exec_driver_sql("SELECT key FROM task ORDER BY key").scalars().all()
    _in_threads(threads, [c.CompleteTask(task) for task in tasks], engine.submit)


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
