"""What a test sees of an engine's database, and the moves that nearly every test makes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from procession.engine.committing import Waiting
from procession.engine.engine import Engine
from procession.engine.unit import Envelope
from procession.kernel import commands as c
from procession.kernel.records import Variable
from procession.kernel.variables import typed
from procession.storage import drivers
from procession.storage.leases import TopicRequest, lease_external

RUNTIME = (
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


def rows(engine: Engine, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """Rows of a query in the marks of `storage.drivers`."""
    with engine.storage.transaction() as transaction:
        return transaction.driver.rows(statement, parameters)


def one(engine: Engine, statement: str, *parameters: Any) -> Any:
    """The only value of the only row."""
    ((value,),) = rows(engine, statement, *parameters)
    return value


def count(engine: Engine, table: str, where: str = "1 = 1", *parameters: Any) -> int:
    return int(one(engine, f"SELECT count(*) FROM {table} WHERE {where}", *parameters))


def left_over(engine: Engine) -> dict[str, int]:
    """The runtime tables that are not empty."""
    found = {
        table: count(engine, table, "instance IS NOT NULL")
        for table in RUNTIME
        if table not in ("instance", "identity_link")
    }
    found |= {table: count(engine, table) for table in ("instance", "identity_link")}
    return {table: number for table, number in found.items() if number}


def nodes(engine: Engine, instance: int) -> list[str]:
    """Where the tokens of an instance are: its innermost live elements, sorted."""
    found = rows(engine, "SELECT key, parent, node FROM element WHERE instance = ?", instance)
    parents = {parent for _, parent, _ in found}
    return sorted(node for key, _, node in found if key not in parents)


def state(engine: Engine, instance: int) -> str:
    """The state of an instance in history."""
    return str(one(engine, "SELECT state FROM history_instance WHERE key = ?", instance))


def variables(engine: Engine, scope: int) -> dict[str, Any]:
    """The variables that live in a scope, as plain values."""
    with engine.storage.transaction() as transaction:
        return {v.name: v.value for v in transaction.find(Variable, "scope = ?", [scope])}


def past_variables(engine: Engine, instance: int) -> dict[str, str | None]:
    """Name and type of the variables that history knows of an instance."""
    return dict(rows(engine, "SELECT name, type FROM history_variable WHERE instance = ?", instance))


def values(**plain: Any) -> Mapping[str, Any]:
    return {name: typed(value) for name, value in plain.items()}


def task(engine: Engine, node: str = "u", instance: int | None = None) -> int:
    """The key of the only open task at a node."""
    if instance is None:
        return int(one(engine, "SELECT key FROM task WHERE node = ?", node))
    return int(one(engine, "SELECT key FROM task WHERE node = ? AND instance = ?", node, instance))


def lease(engine: Engine, topic: str = "work", limit: int = 100, worker: str = "w") -> list[int]:
    """Locks external tasks for a minute; their keys."""
    with engine.storage.transaction() as transaction:
        found = drivers.at_once(
            lease_external(transaction, [TopicRequest(topic, 60_000)], worker, limit, engine.clock())
        )
    return [external.key for external in found]


def complete_external(engine: Engine, **plain: Any) -> None:
    """Does the only open external task."""
    (key,) = lease(engine)
    engine.submit(c.CompleteExternal(key, "w", values(**plain)))


def later(engine: Engine, **amount: float) -> int:
    """Lets time pass and runs what is due then, until nothing is; how many jobs ran."""
    engine.clock.freeze(engine.clock() + timedelta(**amount))
    total = 0
    while ran := engine.jobs.run_due():
        total += ran
    return total


def caused(engine: Engine, instance: int) -> list[tuple[str, str | None]]:
    """Kind and message of the incidents of an instance."""
    return [
        tuple(row)
        for row in rows(engine, "SELECT kind, message FROM incident WHERE instance = ? ORDER BY key", instance)
    ]


def at_once(engine: Engine, commands: Sequence[Any]) -> list[Any]:
    """The commands in one batch, as if all had waited while another was written; each answer or error."""
    waiting = [Waiting(command, Envelope()) for command in commands]
    with engine.committer._mutex:
        engine.committer._queue.extend(waiting)
    engine.committer._lead()
    return [one_.value if one_.error is None else one_.error for one_ in waiting]
