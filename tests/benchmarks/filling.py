"""A database that has run for long, made in seconds: one instance that really ran, stored again and again under new keys.

Copies lie as they would have been written: every row of every table that belongs to the instance, in the order of keys.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, Table, Text

from procession.storage import Storage, schema
from procession.storage.drivers import Driver, quoted
from procession.storage.history_tables import HISTORY

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
_AT_ONCE = 1000


@dataclass(frozen=True)
class _Template:
    """Rows of one table: their values, where keys stand (row, column, which key), and texts that have keys inside."""

    table: Table
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    keys: list[tuple[int, int, int]]
    texts: list[tuple[int, int]]


def multiply(storage: Storage, instance: int, times: int) -> None:
    """Stores `times` more process instances like this one."""
    with storage.transaction() as transaction:
        known, templates = _templates(transaction.driver, instance)
    for begin in range(0, times, _AT_ONCE):
        with storage.transaction() as transaction:
            fresh = [[transaction.new_key() for _ in known] for _ in range(min(_AT_ONCE, times - begin))]
            for template in templates:
                transaction.driver.insert(template.table, template.columns, list(_copies(template, known, fresh)))


def settle(storage: Storage) -> None:
    """Brings the planner's statistics up to date, as a database does by itself after a while."""
    if storage.dialect == "sqlite":
        with storage.transaction() as transaction:
            transaction.driver.run("PRAGMA optimize")
    else:
        with storage.read() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _templates(driver: Driver, instance: int) -> tuple[list[int], list[_Template]]:
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
    place = {key: number for number, key in enumerate(known)}
    return known, [
        _Template(
            table,
            columns,
            rows,
            [
                (line, column, place[value])
                for line, row in enumerate(rows)
                for column, value in enumerate(row)
                if isinstance(value, int) and value in place
            ],
            [
                (line, column)
                for line, row in enumerate(rows)
                for column, value in enumerate(row)
                if isinstance(table.columns[columns[column]].type, String | Text)
                and isinstance(value, str)
                and any(str(key) in value for key in known)
            ],
        )
        for table, columns, rows in found
    ]


def _copies(template: _Template, known: Sequence[int], fresh: Sequence[Sequence[int]]) -> Iterator[list[Any]]:
    for keys in fresh:
        rows = [list(row) for row in template.rows]
        for line, column, number in template.keys:
            rows[line][column] = keys[number]
        for line, column in template.texts:
            for old, new in zip(known, keys, strict=True):
                rows[line][column] = rows[line][column].replace(str(old), str(new))
        yield from rows
