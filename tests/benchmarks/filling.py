"""A database that has run for long, made in seconds: one instance that really ran, stored again and again under new keys.

Copies lie as they would have been written: every row of every table that belongs to the instance, in the order of keys. The
database makes them itself, one statement for each row of what is copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from sqlalchemy import String, Table, Text

from procession.storage import Storage, schema
from procession.storage.drivers import Driver, quoted
from procession.storage.history_tables import HISTORY, history_task
from procession.storage.keys import NODE_BITS, NODES, SEQUENCE_BITS

RUNTIME: tuple[Table, ...] = (
    schema.instance,
    schema.element,
    schema.variable,
    schema.task,
    schema.identity_link,
    schema.external_task,
    schema.job,
    schema.event_subscription,
    schema.incident,
    schema.big_value,
)
_AT_ONCE = 10_000
_APART = 997
"""Milliseconds between two copies, which lie one after the other in the past."""
_SHIFT = NODE_BITS + SEQUENCE_BITS
_STEP = (_APART << _SHIFT) + 1  # so that the remainders of keys differ, whatever they are divided by
_PAST = ("started", "ended", "created", "time")
"""Columns whose moments lie as far back as the keys; what is still to come (`due`) stays."""
_VARIED = {"assignee": 500, "group_id": 100}
"""Texts of which there are so many, as there are people and groups: else no index would find anything."""
_numbers = count(NODES - 1, -1)
"""Each call makes keys as a node of its own would; real ones have small numbers."""


@dataclass(frozen=True)
class _Copy:
    """A statement that stores copies of one row, and its parameters but for the last and the first copy's number."""

    statement: str
    parameters: list[Any]


def multiply(storage: Storage, instance: int, times: int) -> None:
    """Stores `times` more process instances like this one, begun about a second after each other before it began."""
    with storage.transaction() as transaction:
        copies = _copies(transaction.driver, instance)
    for last in range(times, 0, -_AT_ONCE):
        with storage.transaction() as transaction:
            for copy in copies:
                numbers = [last, max(1, last - _AT_ONCE + 1)]
                transaction.driver.run(copy.statement, [*numbers, *copy.parameters])


def settle(storage: Storage) -> None:
    """Brings the planner's statistics up to date, as a database does by itself after a while, and writes what filling has left
    in memory: that would else be work of whoever is measured next."""
    if storage.dialect == "sqlite":
        with storage.transaction() as transaction:
            transaction.driver.run("PRAGMA optimize")
    else:
        with storage.read() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
            connection.exec_driver_sql("CHECKPOINT")


def _copies(driver: Driver, instance: int) -> list[_Copy]:
    found: list[tuple[Table, tuple[str, ...], list[tuple[Any, ...]]]] = []
    for table in (*RUNTIME, *HISTORY):
        columns = tuple(column.name for column in table.columns)
        if table is schema.identity_link:
            where = "task IN (SELECT key FROM task WHERE instance = ?)"
        else:
            where = f"{'key' if table is schema.instance else 'instance'} = ?"
        rows = driver.rows(f'SELECT {quoted(columns)} FROM "{table.name}" WHERE {where} ORDER BY key', [instance])
        if rows:
            found.append((table, columns, rows))
    known = sorted({row[columns.index("key")] for _, columns, rows in found for row in rows})
    base = ((known[0] >> _SHIFT) << _SHIFT) + (next(_numbers) << SEQUENCE_BITS)
    fresh = {key: f"({base + place} - n * {_STEP})" for place, key in enumerate(known)}
    return [_copy(table, columns, row, fresh) for table, columns, rows in found for row in rows]


def _copy(table: Table, columns: Sequence[str], row: Sequence[Any], fresh: Mapping[int, str]) -> _Copy:
    """`fresh` says what is to stand for a key in copy `n`."""
    values: list[str] = []
    parameters: list[Any] = []
    for name, value in zip(columns, row, strict=True):
        if isinstance(value, int) and value in fresh:
            values.append(fresh[value])
            continue
        if name in _VARIED and (value is not None or table in (schema.task, history_task)):
            values.append(f"'{name} ' || (n % {_VARIED[name]})")
            continue
        parameters.append(value)
        if name in _PAST and value is not None:
            values.append(f"CAST(? AS bigint) - n * {_APART}")
        elif isinstance(value, str) and isinstance(table.columns[name].type, String | Text):
            inside = "CAST(? AS text)"
            for key, instead in fresh.items():
                if str(key) in value:
                    inside = f"replace({inside}, '{key}', CAST({instead} AS text))"
            values.append(inside)
        else:
            values.append("?")
    return _Copy(
        "WITH RECURSIVE series(n) AS (SELECT CAST(? AS bigint) UNION ALL SELECT n - 1 FROM series WHERE n > CAST(? AS bigint)) "
        f'INSERT INTO "{table.name}" ({quoted(columns)}) SELECT {", ".join(values)} FROM series',
        parameters,
    )
