"""The faults of tests/faults/table.py that other rooms have no test for."""

from __future__ import annotations

import os
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from procession.embedding import open_engine
from procession.engine.engine import Engine
from procession.errors import Invalid, Missing, ProcessionError, Unavailable
from procession.kernel import commands as c
from procession.kernel.variables import typed
from procession.storage import PoolSettings
from procession.storage.drivers import at_once
from procession.storage.leases import TopicRequest, lease_external
from tests import postgres
from tests.engine.conftest import Opener
from tests.engine.looking import count, rows
from tests.engine.models import delegate, external, row, wait
from tests.faults.killing import _context

ASYNC = 'camunda:asyncBefore="true"'
WORK = row(external())


def take(engine: Engine, worker: str, lock_ms: int = 60_000) -> list[Any]:
    with engine.storage.transaction() as transaction:
        return at_once(lease_external(transaction, [TopicRequest("work", lock_ms)], worker, 1, engine.clock()))


def begin(engine: Engine, model: bytes = WORK) -> int:
    if not count(engine, "process_definition"):
        engine.deploy(("p.bpmn", model))
    return engine.start_process("p").instance


def ended(engine: Engine) -> int:
    return count(engine, "history_instance", "state = 'COMPLETED'")


# ---------------------------------------------------------------- workers


def _complete_and_die(url: str, key: int) -> None:
    with open_engine(url) as engine:
        engine.committer._committed = lambda unit: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        engine.submit(c.CompleteExternal(key, "w", {"by": typed("first")}))


@pytest.mark.fault(2)
def test_an_answer_that_never_came(opener: Opener, schema_url: str) -> None:
    engine = opener()
    begin(engine)
    (task,) = take(engine, "w")
    victim = _context.Process(target=_complete_and_die, args=(schema_url, task.key))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    with pytest.raises(Missing):
        engine.submit(c.CompleteExternal(task.key, "w", {"by": typed("again")}))
    assert ended(engine) == 1
    assert rows(engine, "SELECT text_value FROM history_variable") == [("first",)]
    assert count(engine, "history_external_log", "state = 'successful'") == 1


@pytest.mark.fault(3)
def test_two_complete_the_same_task(opener: Opener) -> None:
    engines = [opener(), opener()]
    for _ in range(5):
        begin(engines[0])
        (task,) = take(engines[0], "w")
        winners: list[str] = []

        def complete(engine: Engine, who: str, key: int = task.key, won: list[str] = winners) -> None:
            try:
                engine.submit(c.CompleteExternal(key, "w", {"by": typed(who)}))
            except Missing:
                return
            won.append(who)

        threads = [threading.Thread(target=complete, args=(one, who)) for one, who in zip(engines, "ab", strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(winners) == 1
        last = "SELECT text_value FROM history_variable ORDER BY key DESC LIMIT 1"
        assert rows(engines[0], last) == [(winners[0],)]
    assert count(engines[0], "history_variable") == 5


@pytest.mark.fault(4)
def test_a_worker_dies_while_it_holds_a_task(engine: Engine) -> None:
    begin(engine)
    (task,) = take(engine, "dead", 1000)
    assert take(engine, "alive") == []
    engine.clock.shift(timedelta(seconds=2))
    (again,) = take(engine, "alive")
    assert (again.key, again.retries, again.worker) == (task.key, task.retries, "alive")


@pytest.mark.fault(5)
@pytest.mark.parametrize("taken", [False, True])
def test_a_worker_is_late(engine: Engine, taken: bool) -> None:
    begin(engine)
    (task,) = take(engine, "late", 1000)
    engine.clock.shift(timedelta(seconds=2))
    if taken:
        take(engine, "other")
        with pytest.raises(Invalid):
            engine.submit(c.CompleteExternal(task.key, "late"))
    engine.submit(c.CompleteExternal(task.key, "other" if taken else "late"))
    assert count(engine, "history_external_log", "state = 'successful'") == 1


# ---------------------------------------------------------------- jobs and timers


@pytest.mark.fault(6)
def test_a_node_that_stops_holds_no_job(opener: Opener) -> None:
    engine, other = opener(job_poll=0.05), opener()
    going, go_on = threading.Event(), threading.Event()

    def slow(execution: Any) -> None:
        going.set()
        go_on.wait(20)

    for node in (engine, other):
        node.registry.delegates["slow"] = slow
    for _ in range(4):
        begin(engine, row(delegate("d", "slow", ASYNC)))
    engine.start()
    assert going.wait(20)
    stopping = threading.Thread(target=engine.jobs.stop)
    stopping.start()
    go_on.set()
    stopping.join(20)
    assert count(other, "job", "lock_owner IS NOT NULL") == 0
    other.jobs.run_due()
    assert ended(other) == 4


@pytest.mark.fault(6)
@pytest.mark.parametrize("lost", ["lease", "run"])
def test_a_job_whose_answer_got_lost_runs_soon(opener: Opener, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    """The node that locked it lives, but does not know of it any more: the lock would last for minutes."""
    engine = opener(job_poll=0.05)
    begin(engine, row(wait("t", "PT0S")))
    failures = iter([Unavailable("the answer got lost")])

    def failing(work: Any) -> Any:
        def once(*arguments: Any, **named: Any) -> Any:
            done = work(*arguments, **named) if lost == "lease" else None
            for failure in failures:
                raise failure
            return done if lost == "lease" else work(*arguments, **named)

        return once

    if lost == "lease":
        monkeypatch.setattr(engine.jobs, "_lease", failing(engine.jobs._lease))
    else:
        monkeypatch.setattr(engine.committer, "_commit", failing(engine.committer._commit))
    engine.start()
    until = time.monotonic() + 20
    while not ended(engine):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert count(engine, "history_job_log", "state = 'successful'") == 1


@pytest.mark.fault(7)
def test_the_clock_jumps(engine: Engine) -> None:
    begin(engine, row(wait("t", "PT1H"), wait("again", "PT1H")))
    engine.clock.shift(timedelta(hours=1, seconds=1))
    assert engine.jobs.run_due() == 1
    engine.clock.shift(timedelta(hours=-1))  # back, and further back
    assert engine.jobs.run_due() == 0
    engine.clock.shift(timedelta(hours=2, seconds=2))
    assert engine.jobs.run_due() == 1
    assert ended(engine) == 1
    assert count(engine, "history_job_log", "state = 'successful'") == 2


@pytest.mark.fault(14)
def test_many_timers_in_one_second(opener: Opener) -> None:
    engine = opener(job_poll=0.05)
    for _ in range(150):
        begin(engine, row(wait("t", "PT1H")))
    engine.clock.shift(timedelta(hours=2))
    engine.start()
    until = time.monotonic() + 60
    while ended(engine) < 150:
        assert time.monotonic() < until
        time.sleep(0.05)
    assert count(engine, "history_job_log", "state = 'successful'") == 150


# ---------------------------------------------------------------- the database


@contextmanager
def away(engine: Engine) -> Iterator[None]:
    """The database takes no connection and has dropped those that were there; on SQLite somebody holds the lock."""
    if engine.storage.dialect == "sqlite":
        other = sqlite3.connect(str(engine.storage.url.database), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    url = engine.storage.url.set(drivername="postgresql").render_as_string(hide_password=False)
    name = sql.Identifier(str(engine.storage.url.database))
    with psycopg.connect(url.rpartition("/")[0] + "/postgres", autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(name))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [engine.storage.url.database]
        )
        yield
        admin.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


@pytest.mark.fault(8)
def test_the_database_is_away(database_url: str) -> None:
    pool = PoolSettings(busy_timeout=0.2, connect_timeout=2)
    with open_engine(database_url, pool=pool) as engine:
        begin(engine)
        with away(engine):
            for _ in range(3):
                with pytest.raises(Unavailable):
                    engine.start_process("p")
        begun = time.monotonic()
        while True:
            try:
                engine.start_process("p")
                break
            except ProcessionError:
                assert time.monotonic() - begun < 5, "it does not come back"
        assert count(engine, "instance") == 2


def fill(engine: Engine) -> int:
    """Starts instances with large values until it fails; how many were started."""
    started = 0
    while started < 200:
        try:
            start_large(engine)
        except Unavailable:
            return started
        started += 1
    raise AssertionError("the disk was never full")


def start_large(engine: Engine) -> None:
    engine.start_process("p", {"large": os.urandom(500_000).hex()})


def whole(engine: Engine, started: int) -> None:
    """Nothing is left of what failed."""
    assert count(engine, "instance") == count(engine, "history_instance") == count(engine, "task") == started


@pytest.mark.fault(9)
def test_the_disk_is_full_on_sqlite(sqlite_url: str) -> None:
    with open_engine(sqlite_url) as engine:
        engine.deploy(("p.bpmn", row('<userTask id="u"/>')))
        writer = engine.storage._writer
        assert writer is not None
        (pages,) = writer.execute("PRAGMA page_count").fetchone()
        writer.execute(f"PRAGMA max_page_count = {pages + 1000}")
        started = fill(engine)
        whole(engine, started)
        writer.execute("PRAGMA max_page_count = 4294967294")
        start_large(engine)
        assert rows(engine, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.fault(9)
def test_the_disk_is_full_on_postgresql() -> None:
    """A server whose files may not grow beyond 20 MiB is told by its system what a full disk tells."""
    _, hard = before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20 * 2**20, hard))
    try:
        server = postgres.start()
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    try:
        with open_engine(server.create_database()) as engine:
            engine.deploy(("p.bpmn", row('<userTask id="u"/>')))
            started = fill(engine)
            whole(engine, started)
            engine.start_process("p")  # what fits goes on
            with engine.storage.transaction() as transaction:
                transaction.driver.run("TRUNCATE big_value")  # somebody makes room
            start_large(engine)
            whole(engine, started + 2)
    finally:
        server.stop()


# ---------------------------------------------------------------- upgrades


def _migrate_and_die(url: str, statement: int) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine as Database

    left = [statement]

    def one(*_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Database, "before_cursor_execute", one)
    open_engine(url).close()


@pytest.mark.fault(19)
@pytest.mark.parametrize("statement", [3, 20, 60])
def test_an_upgrade_is_interrupted(database_url: str, statement: int) -> None:
    victim = _context.Process(target=_migrate_and_die, args=(database_url, statement))
    victim.start()
    victim.join(60)
    assert victim.exitcode == -signal.SIGKILL
    with open_engine(database_url) as engine:
        begin(engine)
        assert count(engine, "instance") == 1
