"""Timers: thousands that are due at once while people work, and how late they fire at a steady rate."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from typing import Any

from procession.embedding import open_engine
from procession.engine.engine import Engine, EngineSettings
from procession.kernel import commands as c
from tests.benchmarks.curves import TIMER
from tests.benchmarks.figures import figure
from tests.benchmarks.filling import multiply, settle
from tests.benchmarks.in_process import Place
from tests.benchmarks.models import GROWING, USER

PER_SECOND = 200
PATIENCE = 300.0


def measure(places: list[Place], timers: int, rounds: int) -> dict[str, Any]:
    """Figures by database. Raises AssertionError where a timer did not fire, or fired twice."""
    found: dict[str, Any] = {}
    for place in places:
        bursts, slow, slowest, late, latest = [], [], [], [], []
        for _ in range(rounds):
            seconds, commands = _fresh(place, timers, _burst)
            bursts.append(seconds)
            slow.append(_percentile(commands, 99))
            slowest.append(commands[-1])
            lateness = _fresh(place, min(timers, PER_SECOND * 20), _steady)
            late.append(_percentile(lateness, 99))
            latest.append(lateness[-1])
        found[place.name] = {
            f"{timers} due at once: seconds until all have fired": figure(bursts),
            "p99 of commands meanwhile, ms": figure(slow),
            "slowest, ms": figure(slowest),
            f"{PER_SECOND} a second: p99 of lateness, ms": figure(late),
            "latest, ms": figure(latest),
        }
    return found


def _fresh(place: Place, timers: int, work: Any) -> Any:
    url = place.fresh()
    try:
        with open_engine(url, settings=EngineSettings(job_poll=0.5)) as engine:
            engine.deploy(("timer.bpmn", TIMER), name="timers")
            multiply(engine.storage, engine.start_process(GROWING).instance, timers - 1)
            settle(engine.storage)
            return work(engine, timers)
    finally:
        place.drop(url)


def _burst(engine: Engine, timers: int) -> tuple[float, list[float]]:
    """Seconds until all have fired, and milliseconds of the commands meanwhile, sorted."""
    spent: list[float] = []
    over = threading.Event()

    def people() -> None:
        while not over.is_set():
            begun = time.perf_counter()
            instance = engine.start_process(USER).instance
            spent.append((time.perf_counter() - begun) * 1000)
            (task,) = _column(engine, f"SELECT key FROM task WHERE instance = {instance}")
            begun = time.perf_counter()
            engine.submit(c.CompleteTask(task))
            spent.append((time.perf_counter() - begun) * 1000)
            time.sleep(0.01)

    worker = threading.Thread(target=people)
    engine.clock.shift(timedelta(days=1, minutes=1))
    worker.start()
    begun = time.perf_counter()
    engine.start()
    try:
        _await(engine, timers)
        seconds = time.perf_counter() - begun
    finally:
        over.set()
        worker.join()
    return seconds, sorted(spent)


def _steady(engine: Engine, timers: int) -> list[float]:
    """How many milliseconds after its time each timer had fired, sorted."""
    jobs = _column(engine, "SELECT key FROM job ORDER BY key")
    with engine.storage.transaction() as transaction:
        first = int(engine.clock().timestamp() * 1000) + 2000
        due = [(key, first + place * 1000 // PER_SECOND) for place, key in enumerate(jobs)]
        for key, moment in due:
            transaction.driver.run("UPDATE job SET due = ? WHERE key = ?", [moment, key])
    settle(engine.storage)
    engine.start()
    _await(engine, timers)
    fired = dict(_rows(engine, "SELECT job, time FROM history_job_log WHERE state = 'successful'"))
    return sorted(float(fired[key] - moment) for key, moment in due)


def _await(engine: Engine, timers: int) -> None:
    until = time.monotonic() + PATIENCE
    while _column(engine, "SELECT 1 FROM job LIMIT 1"):
        assert time.monotonic() < until, f"not all timers have fired within {PATIENCE:g} s"
        time.sleep(0.1)
    (fired,) = _column(engine, "SELECT count(*) FROM history_job_log WHERE state = 'successful'")
    assert fired == timers, f"{fired} firings of {timers} timers"


def _percentile(values: list[float], percent: int) -> float:
    return values[min(len(values) - 1, len(values) * percent // 100)]


def _rows(engine: Engine, statement: str) -> list[Any]:
    with engine.storage.read() as connection:
        return list(connection.exec_driver_sql(statement))


def _column(engine: Engine, statement: str) -> list[Any]:
    return [row[0] for row in _rows(engine, statement)]
