"""The two databases as the hot path sees them: statements run on the raw driver, one per table and batch.

Statements are written once, with these marks, and rendered once per database:
- `?` is a value; `IN ??` a list of keys or texts that travels as one parameter, so that a statement's text never
  depends on how many there are;
- `{skip locked}`, `{nowait}`, `{for update}` and `{is}` stand for what PostgreSQL alone has, or says otherwise.

This file knows both dialects and nothing of what the tables mean.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache
from typing import Any, Protocol

import msgspec
import psycopg
from psycopg.rows import tuple_row
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from sqlalchemy import BigInteger, Boolean, Double, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.types import TypeEngine

from procession.errors import Conflict, Invalid, ProcessionError, Unavailable

Row = Sequence[Any]


class Driver(Protocol):
    """One connection with one open transaction. `name` is `sqlite` or `postgresql`."""

    @property
    def name(self) -> str: ...

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs a statement (marks as above) and gives its rows."""

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        """Runs a statement and gives the number of rows it touched, or -1 inside `together`."""

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Adds rows; `rows` hold values in the order of `columns`."""

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        """Changes rows by key, which is the first column. `computed` sets further columns to SQL expressions, in which
        `old.` names the stored row and `new.` one of `columns`."""

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        """Deletes rows by key."""

    def together(self) -> AbstractContextManager[None]:
        """Statements inside are sent without waiting for each other's answer where the driver can; inserts of many rows
        may come last."""


def quoted(names: Sequence[str]) -> str:
    """Column names as SQL."""
    return ", ".join(f'"{name}"' for name in names)


# ---------------------------------------------------------------- SQLite


@cache
def _sqlite(statement: str) -> str:
    for mark in ("{skip locked}", "{nowait}", "{for update}"):
        statement = statement.replace(mark, "")
    return statement.replace("{is}", "IS").replace("IN ??", "IN (SELECT value FROM json_each(?))")


@cache
def _sqlite_insert(table: str, columns: tuple[str, ...]) -> str:
    return f'INSERT INTO "{table}" ({quoted(columns)}) VALUES ({", ".join("?" * len(columns))})'


@cache
def _sqlite_update(table: str, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> str:
    # numbered parameters, so that a computed column may use a value again
    places = {name: f"?{place}" for place, name in enumerate(columns, 1)}
    changes = [f'"{name}" = {places[name]}' for name in columns[1:]]
    for name, expression in computed:
        for column, place in places.items():
            expression = expression.replace(f"new.{column}", place)
        changes.append(f'"{name}" = {expression.replace("old.", "")}')
    return f'UPDATE "{table}" SET {", ".join(changes)} WHERE "{columns[0]}" = {places[columns[0]]}'


def _sqlite_value(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | tuple) else value


class SqliteDriver:
    """The statements of one transaction on a SQLite connection in autocommit mode (the transaction is ours)."""

    name = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(_sqlite(statement), [_sqlite_value(p) for p in parameters]).fetchall()

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(_sqlite(statement), [_sqlite_value(p) for p in parameters]).rowcount

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        self._connection.executemany(_sqlite_insert(table.name, tuple(columns)), rows)

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        statement = _sqlite_update(table.name, tuple(columns), tuple((computed or {}).items()))
        self._connection.executemany(statement, rows)

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        self.run(f'DELETE FROM "{table.name}" WHERE "key" IN ??', [list(keys)])

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()


# ---------------------------------------------------------------- PostgreSQL


@cache
def _postgres(statement: str) -> str:
    marks = {
        "{skip locked}": "FOR UPDATE SKIP LOCKED",
        "{nowait}": "FOR UPDATE NOWAIT",
        "{for update}": "FOR UPDATE",
        "{is}": "IS NOT DISTINCT FROM",
    }
    for mark, text in marks.items():
        statement = statement.replace(mark, text)
    return statement.replace("IN ??", "= ANY(%s)").replace("?", "%s")


def _array(kind: TypeEngine[Any]) -> str:
    match kind:
        case Boolean():
            return "boolean[]"
        case SmallInteger():
            return "smallint[]"
        case BigInteger():
            return "bigint[]"
        case Integer():
            return "integer[]"
        case Double():
            return "double precision[]"
        case LargeBinary():
            return "bytea[]"
        case _:
            return "text[]"


MANY = 8
"""From this number of rows on, one statement with arrays (or COPY) is faster than one small statement per row.

Measured for an instance of seven tables' rows, save and commit, microseconds per instance: of 1 instance UNNEST takes 2,600,
COPY 1,300, small statements in a pipeline 970; of 10 instances 600, 270, 440; of 100 instances 315, 120, 340.
"""


@cache
def _postgres_insert(table: str, columns: tuple[str, ...]) -> str:
    return f'INSERT INTO "{table}" ({quoted(columns)}) VALUES ({", ".join(["%s"] * len(columns))})'


@cache
def _postgres_update(
    table: str, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...]
) -> tuple[str, tuple[int, ...]]:
    """A statement for one row, and which value of the row each of its parameters is."""
    places = list(range(1, len(columns)))
    changes = [f'"{name}" = %s' for name in columns[1:]]
    for name, expression in computed:
        places += [columns.index(found) for found in _NEW.findall(expression)]
        changes.append(f'"{name}" = {_NEW.sub("%s", expression).replace("old.", "")}')
    return f'UPDATE "{table}" SET {", ".join(changes)} WHERE "{columns[0]}" = %s', (*places, 0)


@cache
def _postgres_update_many(table: Table, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> str:
    arrays = ", ".join(f"%s::{_array(table.c[name].type)}" for name in columns)
    changes = [f'"{name}" = new."{name}"' for name in columns[1:]]
    changes += [f'"{name}" = {expression}' for name, expression in computed]
    return (
        f'UPDATE "{table.name}" AS old SET {", ".join(changes)} '
        f'FROM unnest({arrays}) AS new({quoted(columns)}) WHERE old."{columns[0]}" = new."{columns[0]}"'
    )


_NEW = re.compile(r"new\.(\w+)")


class PostgresDriver:
    """The statements of one transaction on a psycopg connection: few rows in a pipeline, many by COPY and arrays."""

    name = "postgresql"

    def __init__(
        self, connection: psycopg.Connection[Any], cursor: Callable[[], psycopg.Cursor[Any]] | None = None
    ) -> None:
        self._connection = connection
        self._cursor = cursor or connection.cursor
        self._later: list[tuple[str, Sequence[str], Sequence[Row]]] | None = None

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self._cursor().execute(_postgres(statement), parameters, binary=True).fetchall()
        return found

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        return self._cursor().execute(_postgres(statement), parameters).rowcount

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if len(rows) < MANY:
            with self._cursor() as cursor:
                cursor.executemany(_postgres_insert(table.name, tuple(columns)), rows)
        elif self._later is not None:
            self._later.append((table.name, columns, rows))  # COPY does not go together with a pipeline
        else:
            self._copy(table.name, columns, rows)

    def _copy(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        statement = f'COPY "{table}" ({quoted(columns)}) FROM STDIN'
        with self._cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        more = tuple((computed or {}).items())
        if len(rows) < MANY:
            statement, places = _postgres_update(table.name, tuple(columns), more)
            with self._cursor() as cursor:
                cursor.executemany(statement, [[row[place] for place in places] for row in rows])
        else:
            arrays = [list(column) for column in zip(*rows, strict=True)]
            self._cursor().execute(_postgres_update_many(table, tuple(columns), more), arrays)

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        self.run(f'DELETE FROM "{table.name}" WHERE "key" IN ??', [list(keys)])

    @contextmanager
    def together(self) -> Iterator[None]:
        self._later = []
        try:
            with self._connection.pipeline():
                yield
            for table, columns, rows in self._later:
                self._copy(table, columns, rows)
        finally:
            self._later = None


def plain_cursor(connection: psycopg.Connection[Any]) -> psycopg.Cursor[Any]:
    """A cursor as our statements expect it, on a connection that somebody else has set up: values bound by the server,
    rows as tuples, every integer a bigint."""
    cursor = psycopg.Cursor(connection, row_factory=tuple_row)
    cursor.adapters.register_dumper(int, Int8Dumper)
    cursor.adapters.register_dumper(int, Int8BinaryDumper)
    return cursor


# ---------------------------------------------------------------- errors


DATABASE_ERRORS = (psycopg.Error, sqlite3.Error)
"""What the drivers raise: after one, the transaction is lost and can only be rolled back."""


def translated(error: BaseException) -> ProcessionError | None:
    """What a driver's error means, None where it is a fault of this program."""
    match error:
        case (
            psycopg.errors.SerializationFailure()
            | psycopg.errors.DeadlockDetected()
            | psycopg.errors.LockNotAvailable()
        ):
            return Conflict(f"Another transaction was first: {error}")
        case psycopg.IntegrityError() | sqlite3.IntegrityError():
            return Conflict(f"The database refused the change: {error}")
        case psycopg.DataError():
            return Invalid(f"A value cannot be stored: {error}")
        case psycopg.OperationalError():
            return Unavailable(f"The database cannot be reached: {error}")
        case sqlite3.OperationalError() if "locked" in str(error) or "busy" in str(error):
            return Unavailable("The database is busy: another process holds its lock")
        case sqlite3.OperationalError() if any(word in str(error) for word in ("disk", "readonly", "unable to open")):
            return Unavailable(f"The database cannot be written: {error}")
    return None
