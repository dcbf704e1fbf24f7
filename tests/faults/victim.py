"""The process that is killed: an engine with its job executor, and threads that start, work and decide.

What was acknowledged is appended to a file before anything else is done, so that whoever killed the process knows what
must not be lost. Instance `n` has business key `n`; a process starts those that its share asks for and that are missing.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine, EngineSettings
from procession.errors import Invalid, Missing
from procession.kernel import commands as c
from procession.kernel.variables import typed
from procession.storage.drivers import at_once
from procession.storage.leases import TopicRequest, lease_external
from procession.storage.postgres import PostgresDriver
from tests.faults.model import MODEL

LOCK_MS = 1_000
GIVE_UP = 120.0


@dataclass(frozen=True)
class Order:
    """What a victim shall do. It starts the instances `share` of `of`; `statement` is the one at which it kills itself."""

    url: str
    acknowledged: str
    total: int
    share: int = 0
    of: int = 1
    statement: int | None = None


def live(order: Order) -> None:
    """Works until every instance has ended, or until killed."""
    settings = EngineSettings(job_lock=LOCK_MS / 1000, job_poll=0.05, name=f"node {order.share}")
    with open_engine(order.url, settings=settings) as engine:
        if order.statement is not None:
            die_at(engine, order.statement)
        engine.deploy(("model.bpmn", MODEL), name="faults", filter_duplicates=True)
        engine.start()
        Victim(engine, order).work()


class Victim:
    """The threads around an engine."""

    def __init__(self, engine: Engine, order: Order) -> None:
        self._engine = engine
        self._order = order
        self._done = threading.Event()
        self._failures: list[BaseException] = []
        self._file = os.open(order.acknowledged, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def work(self) -> None:
        jobs = [self._start, self._do_external_tasks, self._do_external_tasks, self._do_user_tasks]
        threads = [threading.Thread(target=self._guard, args=(job, place)) for place, job in enumerate(jobs)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + GIVE_UP
        while not self._done.is_set() and time.monotonic() < deadline:
            if (
                self._one("SELECT count(*) FROM history_instance WHERE process_id = 'p' AND ended IS NOT NULL")
                >= self._order.total
            ):
                self._done.set()
            self._done.wait(0.1)
        finished = self._done.is_set()
        self._done.set()
        for thread in threads:
            thread.join()
        os.close(self._file)
        if self._failures:
            raise self._failures[0]
        if not finished:
            raise TimeoutError(f"not finished after {GIVE_UP:g} s")

    def _guard(self, job: Callable[[int], None], place: int) -> None:
        try:
            job(place)
        except BaseException as error:
            self._failures.append(error)
            self._done.set()

    def _start(self, _place: int) -> None:
        known = {key for (key,) in self._rows("SELECT business_key FROM history_instance WHERE process_id = 'p'")}
        for number in range(self._order.share, self._order.total, self._order.of):
            if self._done.is_set():
                return
            if str(number) not in known:
                started: ec.Started = self._engine.submit(ec.StartProcess(process_id="p", business_key=str(number)))
                self._acknowledge("started", started.instance)

    def _do_external_tasks(self, place: int) -> None:
        engine, worker = self._engine, f"{os.getpid()}-{place}"
        while not self._done.is_set():
            heard = engine.externals_bell.rings
            with engine.storage.transaction() as transaction:
                taken = at_once(lease_external(transaction, [TopicRequest("work", LOCK_MS)], worker, 5, engine.clock()))
            for task in taken:
                # two variables of one completion: both are there, with one value, or neither
                values = {name: typed(f"{worker} {task.key}") for name in ("left", "right")}
                try:
                    engine.submit(c.CompleteExternal(task.key, worker, local_variables=values))
                except (Missing, Invalid):
                    continue  # the lock ran out, and another worker was faster
                self._acknowledge("completed", task.key)
            if not taken:
                engine.externals_bell.wait(heard, 0.05)

    def _do_user_tasks(self, _place: int) -> None:
        while not self._done.is_set():
            found = self._rows("SELECT key FROM task ORDER BY key LIMIT 20")
            for (key,) in found:
                try:
                    self._engine.submit(c.CompleteTask(key))
                except Missing:
                    continue  # the other node's user
                self._acknowledge("decided", key)
            if not found:
                self._done.wait(0.02)

    def _acknowledge(self, what: str, key: int) -> None:
        os.write(self._file, f"{what} {key}\n".encode())

    def _rows(self, statement: str) -> list[Any]:
        with self._engine.storage.read() as connection:
            return list(connection.exec_driver_sql(statement))

    def _one(self, statement: str) -> Any:
        return self._rows(statement)[0][0]


# ---------------------------------------------------------------- dying at a chosen statement


def die_at(engine: Engine, statement: int) -> None:
    """Kills this process just before it sends its `statement`-th statement (from 1), COMMIT included."""
    left = [statement]
    mutex = threading.Lock()

    def count(_text: object = None) -> None:
        with mutex:
            left[0] -= 1
            if left[0] <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    writer = engine.storage._writer
    if isinstance(writer, sqlite3.Connection):
        writer.set_trace_callback(count)
        return

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            count()
            return method(*arguments, **named)

        return call

    # every statement, COMMIT included, waits in a list until its flight leaves
    for name in ("_put", "flush"):
        setattr(PostgresDriver, name, counted(getattr(PostgresDriver, name)))
