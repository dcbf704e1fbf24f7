"""PostgreSQL as the hot path sees it: prepared statements in pipelines, straight on libpq as psycopg offers it.

Measured per transaction of ten inserts, microseconds of client and server processor: psycopg's cursors in a pipeline 1,025
and 375, the same statements here 275 and 200. What waits is kept in a list and travels in one flight: a transaction that
loads once and saves once costs two round trips, its BEGIN and COMMIT included. Between flights the connection is as psycopg
left it, so that whoever owns it may use it as well.

This file knows nothing of what the tables mean.
"""

from __future__ import annotations

import re
import select
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import count
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from sqlalchemy import BigInteger, Boolean, Double, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.types import TypeEngine

from procession.storage.drivers import Row, quoted

MANY = 4
"""From this number of rows on, one statement with arrays costs less than one statement per row (measured: about equal at 3)."""
MAX_PREPARED = 500
"""Statements that a connection keeps prepared; further ones are sent unprepared."""
_names = count()
_BY_INDEX = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true), set_config('jit', 'off', true), "
    "set_config('plan_cache_mode', 'force_generic_plan', true)"
)
"""For one transaction: what is loaded and saved is found by key. A planner that has not seen statistics yet reads small
tables whole instead, and with them everything that was deleted since the last vacuum; and it plans a statement with a list
anew each time, which takes five times as long as to carry it out (measured: 200 of 240 microseconds)."""
_IDLE, _BROKEN = pq.TransactionStatus.IDLE, pq.ConnStatus.BAD
_BINARY = pq.Format.BINARY
_SYNC, _ABORTED, _FAILED = (
    pq.ExecStatus.PIPELINE_SYNC,
    pq.ExecStatus.PIPELINE_ABORTED,
    pq.ExecStatus.FATAL_ERROR,
)
_prepared: WeakKeyDictionary[psycopg.Connection[Any], dict[str, bytes]] = WeakKeyDictionary()


# ---------------------------------------------------------------- statements


@cache
def rendered(statement: str) -> str:
    """A statement with its marks (`drivers`) replaced."""
    marks = {
        "{skip locked}": "FOR UPDATE SKIP LOCKED",
        "{nowait}": "FOR UPDATE NOWAIT",
        "{for update}": "FOR UPDATE",
        "{is}": "IS NOT DISTINCT FROM",
    }
    for mark, text in marks.items():
        statement = statement.replace(mark, text)
    parts = statement.replace("IN ??", "= ANY(?)").split("?")
    return parts[0] + "".join(f"${place}{part}" for place, part in enumerate(parts[1:], 1))


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


@cache
def _insert(table: Table, columns: tuple[str, ...], *, many: bool) -> str:
    into = f'INSERT INTO "{table.name}" ({quoted(columns)})'
    if not many:
        return f"{into} VALUES ({', '.join(f'${place}' for place in range(1, len(columns) + 1))})"
    return f"{into} SELECT {_unnested(table, columns)}"


def _unnested(table: Table, columns: tuple[str, ...]) -> str:
    """Rows out of one array per column. Not in FROM, where PostgreSQL stores every array's items apart before it uses one:
    seven microseconds a column."""
    return ", ".join(
        f'unnest(${place}::{_array(table.c[name].type)}) AS "{name}"' for place, name in enumerate(columns, 1)
    )


@cache
def _update(table: Table, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> str:
    """A statement for one row, whose parameters are the row's values."""
    places = {name: f"${place}" for place, name in enumerate(columns, 1)}
    changes = [f'"{name}" = {places[name]}' for name in columns[1:]]
    for name, expression in computed:
        filled = _NEW.sub(lambda found: places[found.group(1)], expression)
        changes.append(f'"{name}" = {filled.replace("old.", "")}')
    return f'UPDATE "{table.name}" SET {", ".join(changes)} WHERE "{columns[0]}" = {places[columns[0]]}'


@cache
def _update_many(table: Table, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...]) -> str:
    changes = [f'"{name}" = new."{name}"' for name in columns[1:]]
    changes += [f'"{name}" = {expression}' for name, expression in computed]
    return (
        f'UPDATE "{table.name}" AS old SET {", ".join(changes)} '
        f'FROM (SELECT {_unnested(table, columns)}) AS new WHERE old."{columns[0]}" = new."{columns[0]}"'
    )


_NEW = re.compile(r"new\.(\w+)")


# ---------------------------------------------------------------- values


def _of_text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return value.encode()


def _of_bytes(value: bytes) -> bytes:
    return b"\\x" + value.hex().encode()


def _of_list(values: Sequence[Any]) -> bytes:
    return ("{" + ",".join([_ITEMS[type(value)](value) for value in values]) + "}").encode()


def _text_item(value: str) -> str:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_ITEMS: dict[type[Any], Callable[[Any], str]] = {
    type(None): lambda value: "NULL",
    str: _text_item,
    int: str,
    float: repr,
    bool: lambda value: "t" if value else "f",
    bytes: lambda value: f'"\\\\x{value.hex()}"',
}
_VALUES: dict[type[Any], Callable[[Any], bytes | None]] = {
    type(None): lambda value: None,
    str: _of_text,
    int: lambda value: b"%d" % value,
    float: lambda value: repr(value).encode(),
    bool: lambda value: b"t" if value else b"f",
    bytes: _of_bytes,
    list: _of_list,
    tuple: _of_list,
}
"""How values of exactly these types travel, as PostgreSQL writes them: what comes from `encoding` has no others."""


def _is_filled(column: Sequence[Any]) -> bool:
    return column.count(None) != len(column)


# ---------------------------------------------------------------- the driver


class Question:
    """A statement on its way, and its rows once they are here."""

    __slots__ = ("_driver", "count", "found", "parameters", "statement")

    def __init__(self, driver: PostgresDriver, statement: str, parameters: list[bytes | None]) -> None:
        self._driver = driver
        self.statement = statement
        self.parameters = parameters
        self.count = -1
        self.found: list[tuple[Any, ...]] | None = None

    def __call__(self) -> list[tuple[Any, ...]]:
        if self.found is None:
            self._driver.flush()
        assert self.found is not None
        return self.found


class PostgresDriver:
    """The statements of one transaction on a psycopg connection."""

    name = "postgresql"

    def __init__(self, connection: psycopg.Connection[Any], *, prepares: bool = True) -> None:
        """`prepares` is for connections of our own: what others do with theirs may drop what is prepared."""
        self._connection = connection
        self._pgconn = connection.pgconn
        self._prepared = _prepared.setdefault(connection, {})
        self._most = MAX_PREPARED if prepares else 0
        self._waiting: list[Question] = []
        self._is_together = False
        self.is_committing = False  # from here on nobody but the database knows whether it has committed

    def ask(self, statement: str, parameters: Sequence[Any] = ()) -> Question:
        return self._send(rendered(statement), parameters)

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._send(rendered(statement), parameters)()

    def run(self, statement: str, parameters: Sequence[Any] = ()) -> int:
        question = self._send(rendered(statement), parameters)
        self._soon()
        return question.count

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        if len(rows) >= MANY:
            # a column without any value is left to its default, which is null wherever a row may leave it out
            filled = [
                (name, column)
                for name, column in zip(columns, zip(*rows, strict=True), strict=True)
                if _is_filled(column)
            ]
            statement = _insert(table, tuple(name for name, _ in filled), many=True)
            self._send(statement, [column for _, column in filled])
        else:
            statement = _insert(table, tuple(columns), many=False)
            for row in rows:
                self._send(statement, row)
        self._soon()

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        more = tuple((computed or {}).items())
        if len(rows) >= MANY:
            self._send(_update_many(table, tuple(columns), more), list(zip(*rows, strict=True)))
        else:
            statement = _update(table, tuple(columns), more)
            for row in rows:
                self._send(statement, row)
        self._soon()

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        self.run(f'DELETE FROM "{table.name}" WHERE "key" IN ??', [keys])

    @contextmanager
    def together(self) -> Iterator[None]:
        before, self._is_together = self._is_together, True
        try:
            yield
        finally:
            self._is_together = before

    def commit(self) -> None:
        """Sends what waits and the end of the transaction, which its first statement has opened."""
        if self._waiting or self._pgconn.transaction_status != _IDLE:
            self.is_committing = True
            self._send("COMMIT", ())
            self.flush()

    def rollback(self) -> None:
        """Forgets what waits and ends the transaction. A connection that is of no use any more is closed then."""
        self._waiting.clear()
        if self._connection.closed:
            return
        try:
            if self._pgconn.transaction_status != _IDLE:
                # not by psycopg, which drops all prepared statements of a connection where it sees a rollback
                self._pgconn.exec_(b"ROLLBACK")
        except psycopg.Error:
            self._connection.close()
            return
        if self._pgconn.transaction_status != _IDLE:
            self._connection.close()

    # ------------------------------------------------------------ sending

    def _send(self, statement: str, parameters: Sequence[Any]) -> Question:
        question = Question(self, statement, [_VALUES[type(value)](value) for value in parameters])
        self._waiting.append(question)
        return question

    def _soon(self) -> None:
        if not self._is_together:
            self.flush()

    def flush(self) -> None:
        """Sends everything that waits, in one flight, and takes the answers. Raises the first error among them."""
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        pgconn = self._pgconn
        if self._connection.closed:
            raise psycopg.OperationalError("the connection is closed")
        if not self._connection.autocommit and pgconn.transaction_status == _IDLE:
            opening = ["BEGIN", _BY_INDEX] if self._most else ["BEGIN"]
            waiting[:0] = [Question(self, statement, []) for statement in opening]
        pgconn.enter_pipeline_mode()
        try:
            expected = self._dispatch(waiting)
            pgconn.pipeline_sync()
            error = self._collect(expected)
            pgconn.exit_pipeline_mode()
        except BaseException:
            # nobody knows how far it came: such a connection is of no use to anybody
            self._connection.close()
            raise
        if error is not None:
            raise error

    def _dispatch(self, waiting: list[Question]) -> list[tuple[Question, bool]]:
        """Hands statements to libpq; what answers will come: a question's, True where it is only its preparation's."""
        pgconn, prepared = self._pgconn, self._prepared
        expected: list[tuple[Question, bool]] = []
        for question in waiting:
            name = prepared.get(question.statement)
            if name is None:
                name = b"procession_%d" % next(_names) if len(prepared) < self._most else b""
                pgconn.send_prepare(name, question.statement.encode())
                expected.append((question, True))
                if name:
                    prepared[question.statement] = name
            pgconn.send_query_prepared(name, question.parameters, result_format=_BINARY)
            expected.append((question, False))
        return expected

    def _collect(self, expected: list[tuple[Question, bool]]) -> psycopg.Error | None:
        pgconn = self._pgconn
        loading: Any = None
        error: psycopg.Error | None = None
        place = 0
        sent = pgconn.flush() == 0
        while True:
            while not sent or pgconn.is_busy():
                _wait(pgconn.socket, writing=not sent)
                if not sent:
                    sent = pgconn.flush() == 0
                pgconn.consume_input()
                if sent and pgconn.status == _BROKEN:
                    raise psycopg.OperationalError(pgconn.error_message.decode(errors="replace") or "connection lost")
            result = pgconn.get_result()
            if result is None:  # the end of one statement's answers
                continue
            status = result.status
            if status == _SYNC:
                return error
            question, is_preparation = expected[place]
            place += 1
            if status in (_FAILED, _ABORTED):
                if is_preparation:
                    self._prepared.pop(question.statement, None)
                if status == _FAILED and error is None:
                    if pgconn.status == _BROKEN:
                        raise error_from_result(result)
                    error = error_from_result(result)
                    if isinstance(error, psycopg.errors.InvalidSqlStatementName):
                        self._prepared.clear()
            elif not is_preparation:
                question.count = result.command_tuples or 0
                if result.nfields:
                    loading = loading or Transformer(self._connection)
                    loading.set_pgresult(result)
                    question.found = loading.load_rows(0, result.ntuples, tuple)
                else:
                    question.found = []


def _poll(fd: int, *, writing: bool) -> None:
    poll = select.poll()
    poll.register(fd, select.POLLIN | (select.POLLOUT if writing else 0))
    poll.poll()


def _select(fd: int, *, writing: bool) -> None:
    select.select([fd], [fd] if writing else [], [])


_wait = _poll if hasattr(select, "poll") else _select
