"""What the database alone can do: the rows of a run, written again in the same transactions by a loop, and nothing read.

By the run's own driver (`replay`): statements, values and batches are recorded as they went to it, and it adds next to
nothing: prepared statements, one flight per transaction on PostgreSQL. What was engine is left out, and so are all its
questions, so this is the limit of anything that stores the same. And by a raw script (`script`): what psycopg and sqlite3 give
to anybody who writes many rows, `executemany`, one statement per table and kind of change. `same_rows` proves that the
databases hold the same afterwards.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import psycopg
from sqlalchemy import func, select
from sqlalchemy.engine import make_url

from procession.storage import Storage, schema
from procession.storage.drivers import SqliteDriver, quoted
from procession.storage.postgres import PostgresDriver
from tests.benchmarks.filling import RUNTIME

METHODS = ("run", "insert", "update", "delete")
_NEW = re.compile(r"new\.(\w+)")
Call = tuple[str, tuple[Any, ...], dict[str, Any]]


class Recorder:
    """Keeps every change of every transaction. `delete` runs another statement inside: only the outer call is kept."""

    def __init__(self) -> None:
        self.transactions: list[list[Call]] = []
        self._inside = False

    @contextmanager
    def recording(self) -> Iterator[None]:
        kinds = (SqliteDriver, PostgresDriver)
        before = {(kind, name): getattr(kind, name) for kind in kinds for name in (*METHODS, "together", "__init__")}
        for (kind, name), method in before.items():
            setattr(kind, name, self._wrapped(name, method))
        try:
            yield
        finally:
            for (kind, name), method in before.items():
                setattr(kind, name, method)

    def _wrapped(self, name: str, method: Any) -> Any:
        if name == "__init__":

            def begin(driver: Any, connection: Any) -> None:
                method(driver, connection)
                driver.calls = []
                self.transactions.append(driver.calls)

            return begin
        if name == "together":

            @contextmanager
            def together(driver: Any) -> Iterator[None]:
                driver.calls.append(("together", (), {}))
                with method(driver):
                    yield
                driver.calls.append(("apart", (), {}))

            return together

        def call(driver: Any, *arguments: Any, **named: Any) -> Any:
            if self._inside:
                return method(driver, *arguments, **named)
            driver.calls.append((name, arguments, named))
            self._inside = True
            try:
                return method(driver, *arguments, **named)
            finally:
                self._inside = False

        return call

    def taken(self) -> list[list[Call]]:
        """The transactions so far that changed anything; begins anew."""
        found, self.transactions = [calls for calls in self.transactions if calls], []
        return found


def same_rows(one: Storage, other: Storage) -> None:
    """Raises AssertionError where two databases do not hold the same process instances, runtime and history."""
    for table in (*RUNTIME, *schema.HISTORY):
        key = table.c.key
        sums = select(func.count(), func.sum(key % 1_000_003))
        found = []
        for storage in (one, other):
            with storage.read() as connection:
                found.append(tuple(connection.execute(sums).one()))
        assert found[0] == found[1], f"{table.name}: {found[0]} rows and sum of keys, {found[1]} when written again"


def replay(storage: Storage, transactions: list[list[Call]]) -> tuple[float, float]:
    """Sends the transactions again; seconds of wall time, and of this process' processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    for calls in transactions:
        with storage.transaction() as transaction, ExitStack() as open_:
            driver = transaction.driver
            for name, arguments, named in calls:
                if name == "together":
                    open_.enter_context(driver.together())
                elif name == "apart":
                    open_.close()
                else:
                    getattr(driver, name)(*arguments, **named)
    return time.perf_counter() - wall, time.process_time() - cpu


def script(url: str, warm_up: list[list[Call]], transactions: list[list[Call]]) -> float:
    """Writes the rows of the transactions by `executemany`; seconds of wall time that took, without those of `warm_up`."""
    with closing(_connect(url)) as connection:
        mark = "?" if isinstance(connection, sqlite3.Connection) else "%s"
        first, then = ([_many(calls, mark) for calls in those] for those in (warm_up, transactions))
        _write(connection, first)
        begun = time.perf_counter()
        _write(connection, then)
        return time.perf_counter() - begun


def _connect(url: str) -> Any:
    if url.startswith("postgresql"):
        return psycopg.connect(url)
    connection = sqlite3.connect(make_url(url).database or "")
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "cache_size=-32000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _write(connection: Any, transactions: list[list[tuple[str, Sequence[Any]]]]) -> None:
    for statements in transactions:
        cursor = connection.cursor()
        for statement, rows in statements:
            cursor.executemany(statement, rows)
        connection.commit()


def _many(calls: list[Call], mark: str) -> list[tuple[str, Sequence[Any]]]:
    """What was asked of the driver as statements and their rows."""
    found: list[tuple[str, Sequence[Any]]] = []
    for name, arguments, named in calls:
        match name, arguments:
            case "insert", (table, columns, rows):
                places = ", ".join([mark] * len(columns))
                found.append((f'INSERT INTO "{table.name}" ({quoted(columns)}) VALUES ({places})', rows))
            case "update", (table, (key, *columns), rows, *more):
                changes, values = [f'"{column}" = {mark}' for column in columns], [*range(1, len(columns) + 1)]
                for column, expression in (more[0] if more else named.get("computed") or {}).items():
                    values += [columns.index(used) + 1 for used in _NEW.findall(expression)]
                    expression = _NEW.sub(mark, expression).replace("old.", "")
                    changes.append(f'"{column}" = {expression}')
                text = f'UPDATE "{table.name}" SET {", ".join(changes)} WHERE "{key}" = {mark}'
                found.append((text, [[*(row[place] for place in values), row[0]] for row in rows]))
            case "delete", (table, keys):
                found.append((f'DELETE FROM "{table.name}" WHERE "key" = {mark}', [(key,) for key in keys]))
            case "together" | "apart", _:
                pass
            case _:
                raise ValueError(f"The script does not know how to {name}: {arguments[:1]}")
    return found
