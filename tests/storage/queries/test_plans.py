"""No command, and no list or count that consoles and workers ask for, reads a big table from end to end.

PostgreSQL counts what its plans read, whatever statement they belong to: rows of a big table that sequential scans have
read must be none. SQLite explains each statement as it was sent: none may SCAN a big table without an index. Unfiltered
counts, which have to read everything, are not asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.kernel import commands as c
from procession.server.application import create_app
from procession.storage import PoolSettings
from procession.storage.drivers import at_once
from procession.storage.history_tables import HISTORY
from procession.storage.leases import TopicRequest, lease_external, next_due_time
from procession.storage.queries.history import HISTORY_TASK
from procession.storage.queries.language import Query, rows
from tests import databases, postgres
from tests.benchmarks.filling import RUNTIME, multiply, settle
from tests.benchmarks.lists import LISTS
from tests.engine.models import external, message, row, wait

MANY = 3000
BIG = {table.name for table in (*RUNTIME, *HISTORY)}
MODELS = {
    "user": '<userTask id="u" camunda:assignee="ann" camunda:candidateGroups="staff"/>',
    "external": external(),
    "timer": wait("t", "P9D"),
    "async": '<manualTask id="m" camunda:asyncBefore="true"/>',
    "message": message("r"),
}
Watch = Callable[[], list[str]]
"""What was read from end to end since the last call."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine over some thousand instances of each model, waiting and finished."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('plans') / 'procession.db'}"
    else:
        try:
            url = databases.server().create_database()
        except postgres.CannotRun as reason:
            pytest.skip(f"PostgreSQL cannot run here: {reason}")
    # one connection: what a backend has read is known when that backend says so
    with open_engine(url, pool=PoolSettings(size=1)) as opened:
        for name, node in MODELS.items():
            opened.deploy((f"{name}.bpmn", row(node, id_=name)), name=name)
            multiply(opened.storage, opened.start_process(name, {"n": 1}, f"{name} 0").instance, MANY)
        done = opened.start_process("user", {"n": 1}, "done").instance
        opened.submit(c.CompleteTask(one(opened, f"SELECT key FROM task WHERE instance = {done}")))
        multiply(opened.storage, done, MANY)
        _scatter(opened)
        settle(opened.storage)
        yield opened
    if request.param == "postgres":
        databases.server().drop_database(url)


def _scatter(engine: Engine) -> None:
    """Copies have the values of what they were copied from: as many people, topics and times as there are in real life."""
    with engine.storage.transaction() as transaction:
        for statement in (
            "UPDATE task SET assignee = 'user ' || (key % 500), created = created - key % 100000",
            "UPDATE history_task SET assignee = 'user ' || (key % 500), started = started - key % 100000",
            "UPDATE identity_link SET group_id = 'group ' || (key % 100)",
            "UPDATE external_task SET topic = 'topic ' || (key % 20)",
            "UPDATE instance SET business_key = process_id || ' ' || key",
            "UPDATE history_instance SET business_key = process_id || ' ' || key, started = started - key % 100000",
        ):
            transaction.driver.run(statement)


@pytest.fixture
def watch(engine: Engine) -> Iterator[Watch]:
    if engine.storage.dialect == "sqlite":
        yield from _explained(engine)
    else:
        found = _counted(engine)
        found()
        yield found


def _counted(engine: Engine) -> Watch:
    seen: dict[str, int] = {}

    def found() -> list[str]:
        with engine.storage.read() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        with engine.storage.read() as connection:
            rows = connection.exec_driver_sql("SELECT relname, seq_tup_read FROM pg_stat_user_tables").all()
        now = {name: read for name, read in rows if name in BIG}
        told = [f"{name}: {read - seen.get(name, 0)} rows" for name, read in now.items() if read > seen.get(name, 0)]
        seen.update(now)
        return told

    return found


def _explained(engine: Engine) -> Iterator[Watch]:
    sent: list[str] = []
    writer = engine.storage._writer
    assert writer is not None
    writer.set_trace_callback(sent.append)

    def trace(connection: Any, record: Any, proxy: Any) -> None:
        connection.set_trace_callback(sent.append)

    event.listen(engine.storage.engine, "checkout", trace)

    def found() -> list[str]:
        statements, sent[:] = list(dict.fromkeys(sent)), []
        told = []
        with engine.storage.read() as connection:
            for statement in statements:
                if not re.match(r"\s*(SELECT|WITH|UPDATE|DELETE)", statement) or "pragma" in statement.lower():
                    continue
                plan = connection.exec_driver_sql("EXPLAIN QUERY PLAN " + statement.replace("%", "%%")).all()
                for *_, line in plan:
                    scanned = re.match(r"SCAN (\w+)(?! USING)", line)
                    if scanned and " USING " not in line and _table_of(scanned[1], statement) in BIG:
                        told.append(f"{line}: {statement[:300]}")
        sent.clear()
        return told

    yield found
    event.remove(engine.storage.engine, "checkout", trace)
    writer.set_trace_callback(None)


def _table_of(name: str, statement: str) -> str:
    """The table that an alias stands for."""
    aliased = re.search(rf'"?(\w+)"? (?:AS )?{name}\b', statement)
    return aliased[1] if aliased and aliased[1] in BIG else name


def one(engine: Engine, statement: str) -> Any:
    with engine.storage.read() as connection:
        return connection.exec_driver_sql(statement).scalar()


# ---------------------------------------------------------------- commands


def test_commands(engine: Engine, watch: Watch) -> None:
    """Start, set variables, complete, fetch, fail, correlate, run a job, suspend, cancel."""
    for _ in range(6):  # from the sixth time on PostgreSQL may choose a plan for any parameters
        _everything(engine)
    assert watch() == []


def _everything(engine: Engine) -> None:
    storage, now = engine.storage, engine.clock()
    instance = engine.start_process("user", {"n": 1}, "mine").instance
    task = one(engine, f"SELECT max(key) FROM task WHERE instance = {instance}")
    engine.submit(c.ClaimTask(task, None))
    engine.submit(c.LinkIdentity(task, "candidate", group="others"))
    engine.submit(c.SetVariables(instance, {}, remove=("n",)))
    engine.submit(c.SuspendInstance(instance, True))
    engine.submit(c.SuspendInstance(instance, False))
    engine.submit(c.CompleteTask(task))
    engine.start_process("external", {}, "mine")
    with storage.transaction() as transaction:
        (leased,) = at_once(lease_external(transaction, [TopicRequest("work", 60_000)], "w", 1, now))
    engine.submit(c.FailExternal(leased.key, "w", "no", None, 1, 0))
    with storage.transaction() as transaction:
        (leased,) = at_once(lease_external(transaction, [TopicRequest("work", 60_000)], "w", 1, engine.clock()))
    engine.submit(c.CompleteExternal(leased.key, "w"))
    engine.start_process("message", {}, "mine")
    engine.submit(ec.CorrelateMessage("M", business_key="mine"))
    engine.start_process("async", {}, "mine")
    assert engine.jobs.run_due(1) == 1
    with storage.transaction() as transaction:
        next_due_time(transaction)
    engine.submit(c.CancelInstance(engine.start_process("timer", {}, "mine").instance, "over"))


# ---------------------------------------------------------------- lists and counts


@pytest.mark.parametrize("path", LISTS)
def test_lists(engine: Engine, watch: Watch, path: str) -> None:
    task, instance = one(engine, "SELECT max(key) FROM task"), one(engine, "SELECT max(instance) FROM task")
    watch()
    client = TestClient(create_app(engine), raise_server_exceptions=False)
    answer = client.get(f"/engine-rest{path}".replace("{instance}", str(instance)).replace("{task}", str(task)))
    assert answer.status_code == 200, answer.text
    assert watch() == []


OF_INSTANCE = {"processInstanceKey": "{instance}"}
SEARCHES: list[tuple[str, dict[str, Any]]] = [
    ("process-instances", OF_INSTANCE),
    ("process-instances", {**OF_INSTANCE, "state": "ACTIVE", "hasIncident": False}),
    ("process-instances", {"businessId": "user 7"}),
    ("process-instances", {"parentProcessInstanceKey": "5"}),
    ("element-instances", OF_INSTANCE),
    ("element-instances", {**OF_INSTANCE, "state": {"$in": ["ACTIVE", "COMPLETED"]}, "elementId": "u"}),
    ("element-instances", {"elementInstanceKey": "{instance}"}),
    ("variables", OF_INSTANCE),
    ("variables", {"scopeKey": "{instance}", "name": "n"}),
    ("variables", {"variableKey": "5"}),
    ("incidents", OF_INSTANCE),
    ("jobs", OF_INSTANCE),
    ("jobs", {"jobKey": "5"}),
    ("user-tasks", OF_INSTANCE),
    ("user-tasks", {"userTaskKey": "{task}"}),
    ("user-tasks", {"assignee": "user 7", "state": "CREATED"}),
    ("message-subscriptions", OF_INSTANCE),
    ("decision-instances", OF_INSTANCE),
    ("audit-logs", OF_INSTANCE),
    ("audit-logs", {"userTaskKey": "{task}"}),
    ("process-instances/{instance}/incidents", {}),
    ("user-tasks/{task}/variables", {}),
    ("user-tasks/{task}/effective-variables", {}),
]


@pytest.mark.parametrize(("path", "filters"), SEARCHES, ids=[f"{path} {[*filters]}" for path, filters in SEARCHES])
def test_searches_of_camunda_8(engine: Engine, watch: Watch, path: str, filters: dict[str, Any]) -> None:
    task, instance = one(engine, "SELECT max(key) FROM task"), one(engine, "SELECT max(instance) FROM task")
    keys = {"{instance}": str(instance), "{task}": str(task)}
    for name, key in keys.items():
        path = path.replace(name, key)
    body = {
        "filter": {name: keys.get(value, value) if isinstance(value, str) else value for name, value in filters.items()}
    }
    watch()
    client = TestClient(create_app(engine), raise_server_exceptions=False)
    answer = client.post(f"/v2/{path}/search", json=body)
    assert answer.status_code == 200, answer.text
    assert watch() == []


def test_only_what_is_found_by_key_keeps_its_plan(postgres_url: str) -> None:
    """PostgreSQL may keep one plan for any value from the sixth time on. With a number of rows that it does not know it takes
    them to be many, and goes along the keys of all rows until it has found as many: which they never are."""
    kept = "SELECT statement FROM pg_prepared_statements WHERE statement LIKE %s"
    with open_engine(postgres_url) as engine, engine.storage.read() as connection:
        for name, value in (("taskAssignee", "user 7"), ("processInstanceId", "1")):
            for _ in range(7):
                rows(connection, HISTORY_TASK, Query({name: value}), engine.clock())
        (statement,) = connection.exec_driver_sql(kept, ("%FROM history_task%WHERE%",)).scalars()
    assert "instance = $1" in statement
