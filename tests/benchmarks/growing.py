"""What the curves measure: what is stored before, and the work whose cost is taken while a meter runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from starlette.testclient import TestClient

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from procession.server.application import create_app
from procession.storage import drivers
from procession.storage.leases import TopicRequest, lease_external
from procession.values import TypedValue
from tests.benchmarks import models
from tests.benchmarks.figures import cpu_seconds
from tests.benchmarks.filling import multiply, settle
from tests.benchmarks.lists import LISTS
from tests.benchmarks.models import EXTERNAL, GROWING, TOPIC, USER


class Meter:
    """Adds up processor seconds of this process and of a database server while it runs."""

    def __init__(self, server: int | None) -> None:
        self._server = server
        self.seconds = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        before = self._now()
        try:
            yield
        finally:
            self.seconds += self._now() - before

    def _now(self) -> float:
        return time.process_time() + (0.0 if self._server is None else cpu_seconds(self._server))


Prepare = Callable[[Engine, int], None]
"""Stores what is there before, given the size."""
Work = Callable[[Engine, int, Meter], int]
"""Does some work where so much is stored; gives how many units it did while the meter ran."""


@dataclass(frozen=True)
class Curve:
    """One thing grows through `sizes`; the last size's cost may be `limit` times that of `compared` (else the first)."""

    id: str
    grows: str
    unit: str
    sizes: tuple[int, ...]
    limit: float
    work: Work
    prepare: Prepare = lambda engine, size: None
    compared: int | None = None

    def base(self, by_size: Mapping[str, Any]) -> str:
        """Which of the sizes that were measured is compared with."""
        wanted = str(self.compared)
        return wanted if wanted in by_size else next(iter(by_size))


# ---------------------------------------------------------------- work


def _start(engine: Engine, process: str = GROWING, **variables: Any) -> ec.Started:
    return engine.start_process(process, variables)


def _tasks(engine: Engine, instance: int) -> list[int]:
    with engine.storage.read() as connection:
        found = connection.exec_driver_sql(f"SELECT key FROM task WHERE instance = {instance} ORDER BY key")
        return list(found.scalars())


def _work_off(engine: Engine, instance: int, most: int = 10**9) -> int:
    """Completes an instance's tasks, those too that come later, until there were so many; how many."""
    done = 0
    while done < most and (tasks := _tasks(engine, instance)):
        for task in tasks:
            engine.submit(c.CompleteTask(task))
        done += len(tasks)
    return done


def instances(number: int) -> Work:
    """Starts instances with one task and completes them."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with meter.running():
            return sum(_work_off(engine, _start(engine, USER).instance) for _ in range(number))

    return work


def tasks(number: int, *, looping: bool = False) -> Work:
    """Runs instances of the growing model until so many of their tasks are completed; at least one instance."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        variables = {"items": list(range(size))} if looping else {}
        done = 0
        with meter.running():
            while done < number:
                done += _work_off(engine, _start(engine, **variables).instance)
        return done

    return work


def at_once(number: int, *, looping: bool = False) -> Work:
    """Runs instances that never wait, so that each is one transaction, until there were so many nodes."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        variables = {"items": list(range(size))} if looping else {}
        done = 0
        with meter.running():
            while done < number:
                assert _start(engine, **variables).ended
                done += size
        return done

    return work


def fetched(number: int) -> Work:
    """Starts instances with an external task; a worker fetches and completes as many as were started."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with meter.running():
            for _ in range(number):
                _start(engine, EXTERNAL)
                with engine.storage.transaction() as transaction:
                    (task,) = drivers.at_once(
                        lease_external(transaction, [TopicRequest(TOPIC, 60_000)], "bench", 1, engine.clock())
                    )
                engine.submit(c.CompleteExternal(task.key, "bench"))
        return number

    return work


def correlated(number: int) -> Work:
    """Starts instances that wait for a message, and sends it by business key."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with meter.running():
            for turn in range(number):
                business_key = f"measured-{turn}-{time.monotonic_ns()}"
                engine.start_process(GROWING, {}, business_key)
                engine.submit(ec.CorrelateMessage("m", business_key=business_key))
        return number

    return work


def keyed(number: int) -> Work:
    """Starts instances that wait for a message, and sends it by a variable that tells them apart."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with meter.running():
            for turn in range(number):
                order = f"measured-{turn}-{time.monotonic_ns()}"
                engine.start_process(GROWING, {"order": order})
                engine.submit(ec.CorrelateMessage("m", correlation_keys={"order": TypedValue("String", order)}))
        return number

    return work


def jobs(number: int) -> Work:
    """Leases and runs due jobs, as the job executor does. As many are started first as are run."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        for _ in range(number):
            _start(engine)
        done = 0
        with meter.running():
            while done < number:
                done += engine.jobs.run_due(50)
        return done

    return work


def with_variables(number: int) -> Work:
    """Completes tasks of instances that have so many variables, and go on: the end of one removes each of them."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        variables = {f"v{place}": place for place in range(size)}
        started = [_start(engine, **variables).instance for _ in range(number)]
        with meter.running():
            return sum(_work_off(engine, instance, 20) for instance in started)

    return work


def with_characters(number: int) -> Work:
    """Completes tasks of instances that have one variable of that many characters, and go on."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        started = [_start(engine, text="x" * size).instance for _ in range(number)]
        with meter.running():
            return sum(_work_off(engine, instance, 20) for instance in started)

    return work


def lists(number: int) -> Work:
    """Asks for all lists and counts of consoles, over the application without a socket, so many times."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with engine.storage.read() as connection:
            found = connection.exec_driver_sql("SELECT max(key), max(instance) FROM task").one()
        paths = [path.replace("{task}", str(found[0])).replace("{instance}", str(found[1])) for path in LISTS]
        with TestClient(create_app(engine)) as client, meter.running():
            for path in paths * number:
                answer = client.get(f"/engine-rest{path}")
                assert answer.status_code == 200, (path, answer.text)
        return number * len(paths)

    return work


def all_defined(number: int) -> Work:
    """Starts instances of all definitions in turn."""

    def work(engine: Engine, size: int, meter: Meter) -> int:
        with meter.running():
            for turn in range(number):
                _start(engine, f"other-{turn % size}")
        return number

    return work


# ---------------------------------------------------------------- what is there before


def deployed(model: Callable[[int], bytes]) -> Prepare:
    """The growing model, of that size."""

    def prepare(engine: Engine, size: int) -> None:
        engine.deploy(("growing.bpmn", model(size)), name="growing")

    return prepare


def finished(engine: Engine, size: int) -> None:
    """So many finished instances, and a tenth as many that wait."""
    done = _start(engine, USER, n=1).instance
    _work_off(engine, done)
    multiply(engine.storage, done, size - 1)
    if size >= 10:
        multiply(engine.storage, _start(engine, USER, n=1).instance, size // 10 - 1)
    settle(engine.storage)


def waiting(process: str, model: bytes | None = None) -> Prepare:
    """So many instances that wait for something."""

    def prepare(engine: Engine, size: int) -> None:
        if model is not None:
            engine.deploy(("growing.bpmn", model), name="growing")
        multiply(engine.storage, engine.start_process(process, {"n": 1}, "template").instance, size - 1)
        settle(engine.storage)

    return prepare


def held(engine: Engine, size: int) -> None:
    """So many external tasks that a worker holds for long."""
    waiting(EXTERNAL)(engine, size)
    with engine.storage.transaction() as transaction:
        drivers.at_once(lease_external(transaction, [TopicRequest(TOPIC, 10**9)], "other", size, engine.clock()))
    settle(engine.storage)


def defined(engine: Engine, size: int) -> None:
    """So many other definitions."""
    model = models.chain(3)
    for begin in range(0, size, 100):
        numbers = range(begin, min(size, begin + 100))
        resources = [(f"{n}.bpmn", model.replace(GROWING.encode(), f"other-{n}".encode())) for n in numbers]
        engine.deploy(*resources, name="many")
