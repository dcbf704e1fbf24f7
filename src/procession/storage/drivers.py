"""A database as the hot path sees it: statements run on the raw driver, one per table and batch. And SQLite.

Statements are written once, with these marks, and rendered once per database:
- `?` is a value; `IN ??` a list of keys or texts that travels as one parameter, so that a statement's text never
  depends on how many there are;
- `{skip locked}`, `{nowait}`, `{for update}` and `{is}` stand for what PostgreSQL alone has, or says otherwise.

This file knows SQLite, `postgres` PostgreSQL; neither knows what the tables mean.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from functools import cache, lru_cache
from typing import Any, Protocol, TypeVar

import msgspec
import psycopg
from sqlalchemy import Boolean, Table

from procession.errors import Conflict, Invalid, ProcessionError, Unavailable

MAX_PREPARED = 500
"""Statements that a connection keeps prepared."""
Row = Sequence[Any]
T = TypeVar("T")
Asked = Generator[None, None, T]
"""Work that asks (`Driver.ask`) and yields before it reads its answers, so that what others ask meanwhile travels with it."""
Later = Callable[[], T]
"""What was asked (`Driver.ask`): called, it gives the answer, which the commit has brought at the latest."""


class Driver(Protocol):
    """One connection with one open transaction. `name` is `sqlite` or `postgresql`."""

    @property
    def name(self) -> str: ...

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Runs a statement (marks as above) and gives its rows."""

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> Callable[[], list[tuple[Any, ...]]]:
        """A statement whose rows are wanted later: it is sent together with what is asked next where the driver can."""

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
        """Changes inside are sent without waiting for their answers where the driver can, at the latest with the next
        question or the commit; that is where their errors appear."""

    def flush(self) -> None:
        """Sends what still waits to be sent, for a caller who goes on with the connection itself."""


def side_by_side(works: Iterable[Asked[T]]) -> list[T]:
    """Does several works with as many flights as one of them needs; what they give, in their order. Raises what one raises."""
    given: dict[int, T] = {}
    going = dict(enumerate(works))
    while going:
        for place, work in list(going.items()):
            try:
                next(work)
            except StopIteration as end:
                given[place] = end.value
                del going[place]
    return [given[place] for place in sorted(given)]


def at_once(work: Asked[T]) -> T:
    """Does one work by itself. Raises what it raises."""
    return side_by_side([work])[0]


def quoted(names: Sequence[str]) -> str:
    """Column names as SQL."""
    return ", ".join(f'"{name}"' for name in names)


# ---------------------------------------------------------------- SQLite


_FLAGS = {True: 1, False: 0, None: None}
_PLACES = (1, 4, 16)
"""How many places a short list gets: few enough texts that all stay prepared. To open a list as JSON costs 25 microseconds."""


@cache
def _sqlite(statement: str, places: tuple[int, ...]) -> str:
    """A statement with its marks replaced; `places` says how many each of its lists gets, 0 where one travels as JSON."""
    for mark in ("{skip locked}", "{nowait}", "{for update}"):
        statement = statement.replace(mark, "")
    first, *rest = statement.replace("{is}", "IS").split("IN ??")
    lists = (", ".join("?" * number) or "SELECT value FROM json_each(?)" for number in places)
    return first + "".join(f"IN ({inside}){part}" for inside, part in zip(lists, rest, strict=True))


def _sqlite_asked(statement: str, parameters: Sequence[Any]) -> tuple[str, list[Any]]:
    """A statement and its values as SQLite takes them; in a short list the last one fills the places that are left."""
    places: list[int] = []
    values: list[Any] = []
    for parameter in parameters:
        if not isinstance(parameter, list | tuple):
            values.append(parameter)
            continue
        number = next((most for most in _PLACES if 0 < len(parameter) <= most), 0)
        places.append(number)
        if number:
            values += [*parameter, *parameter[-1:] * (number - len(parameter))]
        else:
            values.append(msgspec.json.encode(parameter).decode())
    return _sqlite(statement, tuple(places)), values


@cache
def _flags(table: Table) -> frozenset[str]:
    return frozenset(str(column.name) for column in table.c if isinstance(column.type, Boolean))


def _bound(table: Table, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, Sequence[Any]]:
    """The columns that are not NULL in all rows, with their values; none without rows. To bind None or a bool costs the
    client several times what a number costs: an adapter is looked for first."""
    flags = _flags(table)
    return {
        name: tuple(map(_FLAGS.__getitem__, values)) if name in flags else values
        for name, values in zip(columns, zip(*rows, strict=True), strict=bool(rows))
        if values.count(None) < len(values)
    }


@lru_cache(MAX_PREPARED)
def _sqlite_insert(table: Table, columns: tuple[str, ...], bound: tuple[str, ...]) -> str:
    values = ", ".join("?" if name in bound else "NULL" for name in columns)
    return f'INSERT INTO "{table.name}" ({quoted(columns)}) VALUES ({values})'


@lru_cache(MAX_PREPARED)
def _sqlite_update(
    table: Table, columns: tuple[str, ...], bound: tuple[str, ...], computed: tuple[tuple[str, str], ...]
) -> str:
    # numbered parameters, so that a computed column may use a value again
    places = dict.fromkeys(columns, "NULL") | {name: f"?{place}" for place, name in enumerate(bound, 1)}
    changes = [f'"{name}" = {places[name]}' for name in columns[1:]]
    for name, expression in computed:
        for column, place in places.items():
            expression = expression.replace(f"new.{column}", place)
        changes.append(f'"{name}" = {expression.replace("old.", "")}')
    return f'UPDATE "{table.name}" SET {", ".join(changes)} WHERE "{columns[0]}" = {places[columns[0]]}'


class SqliteDriver:
    """The statements of one transaction on a SQLite connection in autocommit mode (the transaction is ours)."""

    name = "sqlite"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(*_sqlite_asked(statement, parameters)).fetchall()

    def first_rows(self, statement: str, parameters: Sequence[Any], most: int) -> list[tuple[Any, ...]]:
        """As `rows`, but so many at most; what comes after them is not even looked for."""
        with closing(self._connection.execute(*_sqlite_asked(statement, parameters))) as cursor:
            return cursor.fetchmany(most)

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> Callable[[], list[tuple[Any, ...]]]:
        found = self.rows(statement, parameters)
        return lambda: found

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        return self._connection.execute(*_sqlite_asked(statement, parameters)).rowcount

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        bound = _bound(table, columns, rows)
        if bound:
            statement = _sqlite_insert(table, tuple(columns), tuple(bound))
            self._connection.executemany(statement, zip(*bound.values(), strict=True))

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        bound = _bound(table, columns, rows)
        if bound:
            statement = _sqlite_update(table, tuple(columns), tuple(bound), tuple((computed or {}).items()))
            self._connection.executemany(statement, zip(*bound.values(), strict=True))

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        self._connection.executemany(f'DELETE FROM "{table.name}" WHERE "key" = ?', [(key,) for key in keys])

    def together(self) -> AbstractContextManager[None]:
        return nullcontext()

    def flush(self) -> None:
        pass


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
            | psycopg.errors.InvalidSqlStatementName()  # somebody dropped what was prepared: it is prepared again
        ):
            return Conflict(f"Another transaction was first: {error}")
        case psycopg.IntegrityError() | sqlite3.IntegrityError():
            return Conflict(f"The database refused the change: {error}")
        case psycopg.DataError():
            return Invalid(f"A value cannot be stored: {error}")
        case psycopg.OperationalError() | psycopg.errors.InternalError_():
            return Unavailable(f"The database cannot be reached: {error}")
        case sqlite3.OperationalError() if "locked" in str(error) or "busy" in str(error):
            return Unavailable("The database is busy: another process holds its lock")
        case sqlite3.OperationalError() if any(word in str(error) for word in ("disk", "readonly", "unable to open")):
            return Unavailable(f"The database cannot be written: {error}")
    return None
