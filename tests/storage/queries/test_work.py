"""What a command costs does not depend on how much is stored: a little work, whatever waits, is held or has ended.

Work is counted, not timed. SQLite says how many instructions of its machine a statement took; PostgreSQL how many entries of
an index and rows of a table were read, by whatever plan. Each command is tried where statistics were gathered from what is
there, which is lopsided (everything has one name, nothing a business key), and where there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event
from starlette.testclient import TestClient

from procession.embedding import open_engine
from procession.engine import commands as ec
from procession.engine.correlating import Mismatch
from procession.engine.engine import Engine
from procession.errors import ProcessionError
from procession.kernel import commands as c
from procession.server.application import create_app
from procession.storage import PoolSettings
from procession.storage.drivers import at_once
from procession.storage.leases import TopicRequest, extend_job_leases, lease_external, next_due_time, release_jobs
from procession.storage.visible import visible_variables
from procession.values import TypedValue
from tests import databases, postgres
from tests.benchmarks.filling import multiply, settle
from tests.benchmarks.lists import LISTS
from tests.camunda8.play import process as camunda8_process
from tests.engine.models import external, message, row, wait
from tests.storage.queries.test_plans import BIG

MANY = 2000
"""Of each kind: what is gone through from end to end shows."""
FEW = MANY // 4
INSTRUCTIONS = MANY * 3
"""The least that SQLite needs for so many rows, were it only to look at one column of each."""
STEP = 100
SIGNAL = '<signal id="S" name="S"/>'
SIGNALLED = '<intermediateCatchEvent id="{}"><signalEventDefinition signalRef="S"/></intermediateCatchEvent>'
CONDITIONAL = (
    '<intermediateCatchEvent id="c"><conditionalEventDefinition><condition xsi:type="tFormalExpression">${x == 1}</condition>'
    "</conditionalEventDefinition></intermediateCatchEvent>"
)
KEYED = '<message id="m" name="keyed"><extensionElements><zeebe:subscription correlationKey="=key"/></extensionElements></message>'
Work = Callable[[], dict[str, int]]
"""What took more work than it may since the last call."""


def with_signal(node: str, **options: Any) -> bytes:
    return row(node, **options).replace(b"<message ", SIGNAL.encode() + b"<message ", 1)


MODELS: dict[str, bytes] = {
    "user": row('<userTask id="u" camunda:assignee="ann" camunda:candidateGroups="staff"/>', id_="user"),
    "held": row(external("h", "held"), id_="held"),
    "open": row(external("o", "open"), id_="open"),
    "failed": row(external("f", "failed"), id_="failed"),
    "work": row(external(), id_="work"),
    "timer": row(wait("t", "P9D"), id_="timer"),
    "async": row('<manualTask id="m" camunda:asyncBefore="true"/>', id_="async"),
    "message": row(message("r"), id_="message"),
    "signal": with_signal(SIGNALLED.format("w"), id_="signal"),
    "condition": row(CONDITIONAL, id_="condition"),
    "started": row(
        '<userTask id="u"/>', id_="started",
        start='<startEvent id="s"><messageEventDefinition messageRef="M"/></startEvent>',
    ),
}  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[(database, settled) for database in ("sqlite", "postgres") for settled in (False, True)],
    ids=lambda param: f"{param[0]} {'with' if param[1] else 'without'} statistics",
)
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine over some thousand instances that wait for the same things. None has a business key."""
    database, settled = request.param
    if database == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('work') / 'procession.db'}"
    else:
        try:
            # of a table as small as here it would gather pages by bitmap and sort, which it does not do with 100,000 rows
            url = databases.server().create_database() + "?options=-cenable_bitmapscan%3Doff"
        except postgres.CannotRun as reason:
            pytest.skip(f"PostgreSQL cannot run here: {reason}")
    with open_engine(url, pool=PoolSettings(size=1)) as opened:
        _fill(opened)
        if settled:
            settle(opened.storage)
        yield opened
    if database == "postgres":
        databases.server().drop_database(url.partition("?")[0])


def _fill(engine: Engine) -> None:
    for name, model in MODELS.items():
        engine.deploy((f"{name}.bpmn", model), name=name)
    engine.deploy(("keyed.bpmn", camunda8_process(
        '<startEvent id="s"/><receiveTask id="r" messageRef="m"/><endEvent id="e"/>', "s>r r>e", KEYED, "keyed"
    )), name="keyed", dialect="camunda8")  # fmt: skip
    for name in ("user", "held", "open", "timer", "message", "signal", "condition"):
        multiply(engine.storage, engine.start_process(name, {"n": 1, "text": "one"}).instance, MANY)
    multiply(engine.storage, engine.start_process("keyed", {"key": "one"}).instance, MANY)
    with engine.storage.transaction() as transaction:
        at_once(lease_external(transaction, [TopicRequest("held", 10**9)], "other", MANY * 2, engine.clock()))
        transaction.driver.run(
            "UPDATE event_subscription SET correlation_key = 'k ' || key WHERE correlation_key = 'one'"
        )
        transaction.driver.run("UPDATE variable SET text_value = 'v ' || key WHERE name = 'text'")
    multiply(engine.storage, _failing(engine), MANY)
    done = engine.start_process("user", {"n": 1}).instance
    engine.submit(c.CompleteTask(_of(engine, "task", done)))
    multiply(engine.storage, done, MANY)
    engine.submit(ec.PublishMessage("kept", "key 0", time_to_live=10**9))
    with engine.storage.transaction() as transaction:
        transaction.driver.run(
            "WITH RECURSIVE series(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM series WHERE n < ?) "
            "INSERT INTO message (key, name, correlation_key, published, expires) "
            "SELECT key + n, name, 'key ' || n, published, expires FROM message, series", [MANY],
        )  # fmt: skip


def _failing(engine: Engine) -> int:
    """An instance whose external task has failed for good: an incident waits."""
    instance = engine.start_process("failed", {}).instance
    (task,) = fetched(engine, "failed")
    engine.submit(c.FailExternal(task, "w", "no", None, 0, 0))
    return instance


def _of(engine: Engine, table: str, instance: int) -> int:
    with engine.storage.view() as transaction:
        return int(transaction.driver.rows(f"SELECT max(key) FROM {table} WHERE instance = ?", [instance])[0][0])


@pytest.fixture
def work(engine: Engine) -> Iterator[Work]:
    if engine.storage.dialect == "sqlite":
        yield from _instructions(engine)
    else:
        yield _read(engine)


def _instructions(engine: Engine) -> Iterator[Work]:
    spent: Counter[str] = Counter()
    sent = ["before any"]
    writer = engine.storage._writer
    assert writer is not None

    def tick() -> int:
        spent[sent[-1]] += STEP
        return 0

    def begin(connection: Any, *_: object) -> None:
        connection.set_trace_callback(sent.append)
        connection.set_progress_handler(tick, STEP)

    def found() -> dict[str, int]:
        told = {statement: number for statement, number in spent.items() if number > INSTRUCTIONS}
        spent.clear()
        return told

    begin(writer)
    event.listen(engine.storage.engine, "checkout", begin)
    yield found
    event.remove(engine.storage.engine, "checkout", begin)
    writer.set_trace_callback(None)
    writer.set_progress_handler(None, 0)


def _read(engine: Engine) -> Work:
    seen: dict[str, int] = {}

    def found() -> dict[str, int]:
        with engine.storage.read() as connection:
            connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        with engine.storage.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT indexrelname, relname, idx_tup_read FROM pg_stat_user_indexes "
                "UNION ALL SELECT 'whole', relname, seq_tup_read FROM pg_stat_user_tables"
            ).all()
        now = {f"{table}, {by}": read for by, table, read in rows if table in BIG}
        told = {name: read - seen.get(name, 0) for name, read in now.items() if read - seen.get(name, 0) > FEW}
        seen.update(now)
        return told

    found()
    return found


# ---------------------------------------------------------------- commands


def fetched(engine: Engine, topic: str = "work", **options: Any) -> list[int]:
    with engine.storage.transaction() as transaction:
        found = at_once(lease_external(transaction, [TopicRequest(topic, 60_000)], "w", 1, engine.clock(), **options))
    return [task.key for task in found]


def own_task(engine: Engine) -> int:
    engine.start_process("work", {"n": 1})
    (task,) = fetched(engine)
    return task


def user_task(engine: Engine) -> None:
    instance = engine.start_process("user", {"n": 1}, "mine").instance
    task = _of(engine, "task", instance)
    engine.submit(c.ClaimTask(task, None))
    engine.submit(c.LinkIdentity(task, "candidate", group="others"))
    engine.submit(c.SetVariables(instance, {"n": TypedValue("Integer", 2)}))
    engine.submit(c.SetVariables(instance, {}, remove=("n",)))
    engine.submit(c.CompleteTask(task))


def suspension_and_end(engine: Engine) -> None:
    instance = engine.start_process("timer", {}).instance
    engine.submit(c.SuspendInstance(instance, True))
    engine.submit(c.SuspendInstance(instance, False))
    engine.submit(c.CancelInstance(instance, "over"))


def external_work(engine: Engine) -> None:
    engine.submit(c.CompleteExternal(own_task(engine), "w"))
    task = own_task(engine)
    engine.submit(c.ChangeExternal(task, lock=("w", engine.clock() + timedelta(hours=1)), holder="w"))
    engine.submit(c.ChangeExternal(task, lock=(None, None)))
    engine.submit(c.ChangeExternal(task, retries=3, priority=4))
    (task,) = fetched(engine)
    engine.submit(c.FailExternal(task, "w", "no", None, 0, 0))
    engine.submit(c.ChangeExternal(task, retries=1))
    (task,) = fetched(engine)
    engine.submit(c.ThrowError("E1", external=task, worker="w"))


def fetching(engine: Engine) -> None:
    assert len(fetched(engine, "open")) == 1
    assert len(fetched(engine, "open", use_priority=True)) == 1
    assert fetched(engine, "held") == fetched(engine, "held", use_priority=True) == fetched(engine, "failed") == []


def variables_seen(engine: Engine) -> None:
    with engine.storage.transaction() as transaction:
        (element,) = transaction.driver.rows("SELECT element FROM task ORDER BY key LIMIT 1")[0]
        assert set(visible_variables(transaction, [element])[element]) == {"n", "text"}


def job_executor(engine: Engine) -> None:
    engine.start_process("async", {})
    assert engine.jobs.run_due(1) == 1
    assert engine.jobs.run_due(5) == 0
    with engine.storage.transaction() as transaction:
        next_due_time(transaction)
        extend_job_leases(transaction, [5], "node", engine.clock())
        release_jobs(transaction, "node")


def correlation(engine: Engine) -> None:
    instance = engine.start_process("message", {}, "mine").instance
    engine.submit(ec.CorrelateMessage("M", business_key="mine"))
    instance = engine.start_process("message", {"n": 7}).instance
    engine.submit(ec.CorrelateMessage("M", instance=instance))
    for name, value in (("n", TypedValue("Integer", 7)), ("text", TypedValue("String", "mine"))):
        engine.start_process("message", {name: value.value})
        engine.submit(ec.CorrelateMessage("M", correlation_keys={name: value}))
    with pytest.raises(Mismatch):
        engine.submit(ec.CorrelateMessage("other", business_key="nobody"))


def starts_by_events(engine: Engine) -> None:
    engine.submit(ec.CorrelateMessage("M", start_only=True))
    engine.submit(ec.SendSignal("nobody waits"))
    with pytest.raises(ProcessionError, match="No subscriptions were found"):
        engine.submit(ec.EvaluateConditions({}))


def execution_of_event(engine: Engine) -> None:
    instance = engine.start_process("signal", {}).instance
    with engine.storage.view() as transaction:
        (element,) = transaction.driver.rows("SELECT element FROM event_subscription WHERE instance = ?", [instance])[0]
    engine.submit(ec.SendSignal("S", execution=element))


def published(engine: Engine) -> None:
    engine.start_process("keyed", {"key": "mine"})
    assert engine.submit(ec.PublishMessage("keyed", "mine")).instances
    assert not engine.submit(
        ec.PublishMessage("keyed", "nobody", time_to_live=5, message_id=str(engine.storage.keys()))
    ).instances


def deployment(engine: Engine) -> None:
    for name in ("timer", "message", "started"):
        engine.deploy((f"{name}.bpmn", MODELS[name]), name=name)


def clean_up(engine: Engine) -> None:
    assert engine.cleaner.removable() == 0
    assert engine.cleaner.run() == 0
    engine.submit(ec.CleanHistory())


COMMANDS = (
    user_task, suspension_and_end, external_work, fetching, variables_seen, job_executor, correlation, starts_by_events,
    execution_of_event, published, deployment, clean_up,
)  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_a_command_reads_a_little(engine: Engine, work: Work, command: Callable[[Engine], None]) -> None:
    command(engine)  # what was deleted before is passed once more, as long as nothing has cleaned up
    work()
    command(engine)
    assert work() == {}


# ---------------------------------------------------------------- lists and counts


WAITING = (
    "/execution?messageEventSubscriptionName=M&processInstanceId={instance}",
    "/execution/{element}/messageSubscriptions/M",
    "/event-subscription?eventName=M&processInstanceId={instance}",
)


def test_a_list_reads_a_little(engine: Engine, work: Work) -> None:
    if engine.storage.dialect == "postgresql":
        settle(
            engine.storage
        )  # as it does by itself: what it knows nothing of it takes to be much, and reads tables whole
    keys: dict[str, object] = {}
    with engine.storage.view() as transaction:
        for name, table in (("instance", "instance"), ("element", "event_subscription"), ("task", "task")):
            column = "key" if name != "element" else "element"
            keys[name] = transaction.driver.rows(f"SELECT max({column}) FROM {table}")[0][0]
    client = TestClient(create_app(engine), raise_server_exceptions=False)
    dear = {}
    for path in (*WAITING, *(path for path in LISTS if "noRetriesLeft" not in path)):
        work()
        client.get(f"/engine-rest{path}".format(**keys))
        if told := work():
            dear[path] = told
    assert dear == {}
