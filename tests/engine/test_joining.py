"""Commands in the caller's own transaction: durable with what the caller wrote beside them, or not at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from procession.engine import commands as ec
from procession.engine.engine import Engine
from procession.errors import Conflict, Invalid, Missing
from procession.kernel import commands as c
from procession.values import TypedValue
from tests.engine.looking import count, one
from tests.engine.models import USER, delegate, external, row

START = ec.StartProcess(process_id="p")
MANY = {f"v{number}": TypedValue("String", "x" * number * 900) for number in range(12)}


class Caller:
    """A program with a connection of its own and a table beside the engine's."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.committed: list[Callable[[], None]] = []

    def begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE" if isinstance(self.connection, sqlite3.Connection) else "BEGIN")

    def write(self, number: int) -> None:
        self.connection.execute(f"INSERT INTO own (number) VALUES ({number})")

    def end(self, how: str) -> None:
        self.connection.execute(how)
        if how == "COMMIT":
            for call in self.committed:
                call()
        self.committed.clear()

    def submit(self, engine: Engine, command: Any) -> Any:
        return engine.submit(command, connection=self.connection, on_commit=self.committed.append)


@pytest.fixture
def caller(engine: Engine, schema_url: str) -> Iterator[Caller]:
    if schema_url.startswith("sqlite"):
        connection: Any = sqlite3.connect(schema_url.removeprefix("sqlite:///"), isolation_level=None, timeout=5)
    else:
        # these cursors, which bind in the client, are what Django's connections come with
        connection = psycopg.connect(schema_url, autocommit=True, cursor_factory=psycopg.ClientCursor)
    connection.execute("CREATE TABLE own (number integer)")
    yield Caller(connection)
    connection.execute("DROP TABLE own")
    connection.close()


def test_both_are_there_after_the_commit(engine: Engine, caller: Caller) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    caller.begin()
    caller.write(1)
    started = caller.submit(engine, ec.StartProcess(process_id="p", variables=MANY))
    with engine.storage.read() as reading:
        assert reading.exec_driver_sql("SELECT count(*) FROM instance").scalar() == 0
    caller.end("COMMIT")
    assert (count(engine, "instance"), count(engine, "own")) == (1, 1)
    assert started.instance == one(engine, "SELECT key FROM instance")
    assert count(engine, "variable") == len(MANY)


def test_neither_is_there_after_a_rollback(engine: Engine, caller: Caller) -> None:
    engine.deploy(("p.bpmn", row(USER)))
    caller.begin()
    caller.write(1)
    caller.submit(engine, START)
    caller.end("ROLLBACK")
    assert [count(engine, table) for table in ("instance", "task", "history_instance", "own")] == [0, 0, 0, 0]


def test_a_command_sees_what_the_one_before_it_did(engine: Engine, caller: Caller) -> None:
    caller.begin()
    caller.submit(engine, ec.Deploy((("p.bpmn", row(USER)),)))
    caller.submit(engine, START)
    (task,) = caller.connection.execute("SELECT key FROM task").fetchone()
    caller.submit(engine, c.CompleteTask(task, {}))
    caller.end("COMMIT")
    assert (count(engine, "instance"), count(engine, "history_instance")) == (0, 1)


def test_a_command_that_fails_leaves_the_transaction_usable(engine: Engine, caller: Caller) -> None:
    caller.begin()
    caller.write(1)
    with pytest.raises(Missing):
        caller.submit(engine, START)
    caller.write(2)
    caller.end("COMMIT")
    assert count(engine, "own") == 2


def test_code_of_a_process_joins_as_well(engine: Engine, caller: Caller) -> None:
    engine.deploy(("p.bpmn", row(delegate("d", "note"))), ("q.bpmn", row(USER, id_="q")))
    engine.registry.delegate("note")(lambda execution: engine.submit(ec.StartProcess(process_id="q")))
    caller.begin()
    caller.submit(engine, START)
    caller.end("ROLLBACK")
    assert count(engine, "history_instance") == 0
    caller.begin()
    caller.submit(engine, START)
    caller.end("COMMIT")
    assert count(engine, "history_instance") == 2


def test_what_waits_is_woken_by_the_commit_and_not_before(engine: Engine, caller: Caller) -> None:
    engine.deploy(("p.bpmn", row(external())))
    heard = engine.externals_bell.rings
    caller.begin()
    caller.submit(engine, START)
    assert engine.externals_bell.rings == heard
    caller.end("COMMIT")
    assert engine.externals_bell.rings == heard + 1


def test_a_rolled_back_deployment_is_forgotten(engine: Engine, caller: Caller) -> None:
    caller.begin()
    deployed = caller.submit(engine, ec.Deploy((("p.bpmn", row(USER)),)))
    caller.submit(engine, START)
    caller.end("ROLLBACK")
    with pytest.raises(Missing):
        engine.submit(ec.StartProcess(id=deployed.processes[0]["id"]))


def test_definitions_are_changed_in_transactions_of_their_own(engine: Engine, caller: Caller) -> None:
    deployed = engine.deploy(("p.bpmn", row(USER)))
    with pytest.raises(Invalid, match="transaction of its own"):
        caller.submit(engine, ec.DeleteDeployment(deployed.key))


def test_a_conflict_is_the_callers(engine: Engine, caller: Caller) -> None:
    caller.begin()
    caller.write(1)
    caller.submit(engine, ec.Deploy((("p.bpmn", row(USER)),)))
    caller.connection.execute("CREATE UNIQUE INDEX own_number ON own (number)")
    engine.registry.delegate("twice")(lambda execution: caller.write(1))
    caller.submit(engine, ec.Deploy((("t.bpmn", row(delegate("d", "twice"), id_="t")),)))
    with pytest.raises(Conflict):
        caller.submit(engine, ec.StartProcess(process_id="t"))
    caller.end("ROLLBACK")
    assert count(engine, "deployment") == 0
