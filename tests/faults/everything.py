"""One instance that touches every kind of record, worked on by somebody who looks at the database and does what is next.

Nothing of what is done is remembered outside of the database: whoever takes over after a crash goes on as if there had been
none, and what is told afterwards must be the same.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from procession.kernel.variables import typed
from procession.storage import Storage, open_storage
from procession.storage.drivers import at_once
from procession.storage.leases import TopicRequest, lease_external
from tests.engine.models import (
    RETRY_NEVER,
    boundary,
    call,
    expression,
    external,
    file,
    message,
    process,
    timer,
    wait,
)
from tests.faults.killing import _context

ASYNC = 'camunda:asyncBefore="true"'
LOOP = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
MODEL = file(
    process(
        '<userTask id="u" camunda:candidateGroups="staff"/>',
        external(),
        expression("f", "${repaired}", ASYNC, RETRY_NEVER),
        message("r"),
        wait("t", "PT1H"),
        f'<userTask id="m">{LOOP}</userTask>',
        call("c", "q"),
        extra=boundary("b", "m", timer("Duration", "P1D"), "late") + '<endEvent id="late"/>',
    ),
    process(
        '<manualTask id="inner" camunda:asyncAfter="true"/>',
        id_="q",
        start='<startEvent id="qs"/>',
        end='<endEvent id="qe"/>',
    ),
)
TOLD = {
    "history_instance": "process_id, state",
    "history_activity": "node, canceled, ended IS NULL",
    "history_task": "node, assignee, delete_reason",
    "history_variable": "name, type, state",
    "history_detail": "name, type, revision",
    "history_incident": "kind, state, node",
    "history_job_log": "node, state, retries",
    "history_external_log": "node, state, retries",
    "history_link": "type, user_id, group_id, operation",
}
RUNNING = (
    "instance",
    "element",
    "variable",
    "task",
    "identity_link",
    "external_task",
    "job",
    "event_subscription",
    "incident",
)


def work(url: str, die_at: int | None = None, *, before: bool = True) -> None:
    """Works until the instance has ended. `die_at`: kills this process at that commit (from 1), `before` or after it."""
    with open_engine(url) as engine:
        if die_at is not None:
            _die(engine.storage, die_at, before=before)
        if not _rows(engine, "SELECT 1 FROM process_definition"):
            engine.deploy(("everything.bpmn", MODEL), name="everything")
        if not _rows(engine, "SELECT 1 FROM history_instance"):
            engine.start_process("p", {"big": "x" * 10_000, "n": 1}, "only")
        while _one_thing(engine):
            pass


def _one_thing(engine: Engine) -> bool:
    """Does what is next; False where nothing is left."""
    return any(look(engine) for look in (_incident, _task, _external, _job, _subscription))


def _incident(engine: Engine) -> bool:
    for key, kind, cause, instance in _rows(engine, "SELECT key, kind, configuration, instance FROM incident LIMIT 1"):
        if kind == "failedExternalTask":
            engine.submit(c.ChangeExternal(int(cause), retries=1))
        else:
            if not _rows(engine, "SELECT 1 FROM variable WHERE name = 'repaired'"):
                engine.submit(c.SetVariables(instance, {"repaired": typed(True)}))
            engine.submit(c.ChangeJob(int(cause), retries=1))
        assert not _rows(engine, f"SELECT 1 FROM incident WHERE key = {key}")
        return True
    return False


def _task(engine: Engine) -> bool:
    for key, assignee in _rows(engine, "SELECT key, assignee FROM task ORDER BY key LIMIT 1"):
        if assignee is None:
            engine.submit(c.ClaimTask(key, "ann"))
        elif not _rows(engine, f"SELECT 1 FROM identity_link WHERE task = {key} AND user_id = 'bob'"):
            engine.submit(c.LinkIdentity(key, "candidate", user="bob"))
        else:
            engine.submit(c.CompleteTask(key, {"big": typed("y" * 10_000)}))
        return True
    return False


def _external(engine: Engine) -> bool:
    for key, retries, worker in _rows(engine, "SELECT key, retries, worker FROM external_task LIMIT 1"):
        if worker is None:
            with engine.storage.transaction() as transaction:
                at_once(lease_external(transaction, [TopicRequest("work", 10**9)], "w", 1, engine.clock()))
        elif retries is None:
            engine.submit(c.FailExternal(key, "w", "no", None, 0, 0))
        else:
            engine.submit(c.CompleteExternal(key, "w"))
        return True
    return False


def _job(engine: Engine) -> bool:
    for (key,) in _rows(engine, "SELECT key FROM job WHERE retries > 0 ORDER BY key LIMIT 1"):
        engine.clock.shift(timedelta(hours=2))
        engine.jobs.run(key)
        engine.clock.reset()
        return True
    return False


def _subscription(engine: Engine) -> bool:
    for _ in _rows(engine, "SELECT 1 FROM event_subscription WHERE name = 'M' LIMIT 1"):
        engine.submit(ec.CorrelateMessage("M", business_key="only"))
        return True
    return False


def told(storage: Storage) -> dict[str, list[tuple[Any, ...]]]:
    """What the database tells of the instance, without keys and times; what is left of what ran."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    with storage.read() as connection:
        for table, columns in TOLD.items():
            rows = connection.exec_driver_sql(f"SELECT {columns} FROM {table}").all()
            found[table] = sorted((tuple(row) for row in rows), key=repr)
        for table in RUNNING:
            found[table] = [tuple(row) for row in connection.exec_driver_sql(f"SELECT key FROM {table}").all()]
    return found


def die_at_every_commit(
    fresh: Callable[[], str], *, before: Callable[[int], bool], drop: Callable[[str], object] = lambda url: None
) -> int:
    """Kills a process at its first commit, another at its second, … until one lives; how many died.

    `before` says whether death comes before the commit of that number or after it. Raises AssertionError where what is told
    in the end is not what it is without a death.
    """
    url = fresh()
    work(url)
    expected = _told(url)
    drop(url)
    assert all((expected[table] == []) == (table in RUNNING) for table in expected), expected
    for number in itertools.count(1):
        url = fresh()
        victim = _context.Process(target=work, args=(url, number), kwargs={"before": before(number)})
        victim.start()
        victim.join(120)
        assert victim.exitcode in (0, -signal.SIGKILL)
        work(url)
        assert _told(url) == expected, f"after a death at commit {number}"
        drop(url)
        if victim.exitcode == 0:
            return number - 1
    raise AssertionError("unreachable")


def _told(url: str) -> dict[str, list[tuple[Any, ...]]]:
    storage = open_storage(url)
    try:
        return told(storage)
    finally:
        storage.close()


def _rows(engine: Engine, statement: str) -> list[Any]:
    with engine.storage.read() as connection:
        return list(connection.exec_driver_sql(statement))


def _die(storage: Storage, number: int, *, before: bool) -> None:
    """Wraps transactions: this process is killed at the end of the block of the `number`-th one, or right after its commit."""
    left = [number]
    enter: Callable[[], Any] = storage._driver

    class Dying:
        def __enter__(self) -> Any:
            self._inside = enter()
            return self._inside.__enter__()

        def __exit__(self, *failure: Any) -> Any:
            left[0] -= 1
            if left[0] == 0 and before:
                os.kill(os.getpid(), signal.SIGKILL)
            result = self._inside.__exit__(*failure)
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

    storage._driver = Dying  # type: ignore[method-assign, assignment]
