"""PostgreSQL as the hot path sees it: prepared statements in pipelines, straight on libpq as psycopg offers it.

Measured per transaction of ten inserts, microseconds of client and server processor: psycopg's cursors in a pipeline 1,025
and 375, the same statements here 275 and 200. What waits is kept in a list and travels in one flight: a transaction that
loads once and saves once costs two round trips, its BEGIN and COMMIT included. Changes that are made `together` travel as one
statement for all tables, or as few as keep the order of what happens to each: up to an eighth less processor time in all, more
where few commands share a transaction. Between flights the connection is as psycopg left it, so that whoever owns it may use
it as well.

This file knows nothing of what the tables mean.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from itertools import count
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import msgspec
import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from sqlalchemy import BigInteger, Boolean, Double, Integer, LargeBinary, SmallInteger, Table
from sqlalchemy.types import TypeEngine

from procession.storage.drivers import MAX_PREPARED, Row, quoted

FEW = 4
"""Up to so many rows of one table by itself travel value by value; more, and those of several tables, as JSON, which costs the
client a third and the server little more."""
MAX_MERGED = 100
"""Statements that a connection has prepared from which on no further changes of several tables are made one statement: each
such set of tables has a plan of its own, as large as theirs together."""
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


def _type(kind: TypeEngine[Any]) -> str:
    match kind:
        case Boolean():
            return "boolean"
        case SmallInteger():
            return "smallint"
        case BigInteger():
            return "bigint"
        case Integer():
            return "integer"
        case Double():
            return "double precision"
        case LargeBinary():
            return "bytea"
        case _:
            return "text"


@cache
def _insert(table: Table, columns: tuple[str, ...], number: int) -> str:
    return f'INSERT INTO "{table.name}" ({quoted(columns)}) {_rows(table, columns, number)}'


@cache
def _update(table: Table, columns: tuple[str, ...], computed: tuple[tuple[str, str], ...], number: int) -> str:
    changes = [f'"{name}" = new."{name}"' for name in columns[1:]]
    changes += [f'"{name}" = {expression}' for name, expression in computed]
    return (
        f'UPDATE "{table.name}" AS old SET {", ".join(changes)} FROM ({_rows(table, columns, number)}) '
        f'AS new({quoted(columns)}) WHERE old."{columns[0]}" = new."{columns[0]}"'
    )


@cache
def _delete(table: Table) -> str:
    return f'DELETE FROM "{table.name}" WHERE "key" = ANY($1)'


def _rows(table: Table, columns: tuple[str, ...], number: int) -> str:
    """So many rows as SQL, whose parameters are their values; where `number` is 0, any number of rows in one parameter."""
    types = [_type(table.c[name].type) for name in columns]
    if number:
        places = count(1)
        rows = (", ".join(f"${next(places)}::{kind}" for kind in types) for _ in range(number))
        return f"VALUES {', '.join(f'({row})' for row in rows)}"
    items = [
        f"decode(item->>{place}, 'base64')" if kind == "bytea" else f"(item->>{place})::{kind}"
        for place, kind in enumerate(types)
    ]
    return f"SELECT {', '.join(items)} FROM jsonb_array_elements($1::jsonb) AS item"


@cache
def _floats(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(place for place, name in enumerate(columns) if isinstance(table.c[name].type, Double))


def _parcels(table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Any]]]:
    """How rows travel, as numbers and parameters of `_rows`."""
    if len(rows) <= FEW or _is_bulky(columns):
        for begin in range(0, len(rows), FEW):
            part = rows[begin : begin + FEW]
            yield len(part), [value for row in part for value in row]
        return
    yield 0, [_as_json(table, columns, rows)]


def _is_bulky(columns: tuple[str, ...]) -> bool:
    return "content" in columns


def _as_json(table: Table, columns: tuple[str, ...], rows: Sequence[Row]) -> msgspec.Raw:
    for place in _floats(table, columns):
        # as text, because numbers in JSON have no negative zero
        rows = [row if row[place] is None else [*row[:place], repr(row[place]), *row[place + 1 :]] for row in rows]
    return msgspec.Raw(msgspec.json.encode(rows))


class _Change(NamedTuple):
    """A change of one table whose rows or keys are one parameter."""

    table: str
    statement: str
    parameter: Any


@lru_cache(MAX_PREPARED)
def _merged(statements: tuple[str, ...]) -> str:
    """Changes of as many tables as one statement, each with the parameter of its place."""
    *before, last = (text.replace("$1", f"${place}") for place, text in enumerate(statements, 1))
    if not before:
        return last
    return f"WITH {', '.join(f'c{place} AS ({text})' for place, text in enumerate(before, 1))} {last}"


def _in_turn(changes: Iterable[_Change]) -> list[list[_Change]]:
    """Changes in sets that have one of each table at most: what is changed of one table keeps its order."""
    sets: list[list[_Change]] = []
    turns: dict[str, int] = {}
    for change in changes:
        turn = turns[change.table] = turns.get(change.table, -1) + 1
        if turn == len(sets):
            sets.append([])
        sets[turn].append(change)
    return sets


# ---------------------------------------------------------------- values


def _of_text(value: str) -> bytes:
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return value.encode()


def _of_bytes(value: bytes) -> bytes:
    return b"\\x" + value.hex().encode()


def _of_list(values: Sequence[Any]) -> bytes:
    """Keys or texts as an array: PostgreSQL's form is JSON in other brackets, but for what JSON writes with a backslash."""
    encoded = msgspec.json.encode(values)
    if encoded.find(b"\\") >= 0:  # `in` makes an error and drops it
        return ("{" + ",".join(map(_item, values)) + "}").encode()
    return b"{%b}" % encoded[1:-1]


def _item(value: Any) -> str:
    if not isinstance(value, str):
        return "NULL" if value is None else str(value)
    if "\0" in value:
        raise psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


_VALUES: dict[type[Any], Callable[[Any], bytes]] = {
    str: _of_text,
    int: lambda value: b"%d" % value,
    float: lambda value: repr(value).encode(),
    bool: lambda value: b"t" if value else b"f",
    bytes: _of_bytes,
    msgspec.Raw: bytes,
    list: _of_list,
    tuple: _of_list,
}
"""How values of exactly these types travel, as PostgreSQL writes them: what comes from `encoding` has no others."""


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


class _Together:
    """Blocks of changes that wait for each other, one within the other."""

    def __init__(self) -> None:
        self.depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *_: object) -> None:
        self.depth -= 1


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
        self._changes: list[_Change] = []
        self._together = _Together()
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
        named = tuple(columns)
        if self._is_merging and not _is_bulky(named):
            self._changes.append(_Change(table.name, _insert(table, named, 0), _as_json(table, named, rows)))
            return
        for number, parameters in _parcels(table, named, rows):
            self._send(_insert(table, named, number), parameters)
        self._soon()

    def update(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row], computed: Mapping[str, str] | None = None
    ) -> None:
        named, more = tuple(columns), tuple((computed or {}).items())
        if self._is_merging and not _is_bulky(named):
            self._changes.append(_Change(table.name, _update(table, named, more, 0), _as_json(table, named, rows)))
            return
        for number, parameters in _parcels(table, named, rows):
            self._send(_update(table, named, more, number), parameters)
        self._soon()

    def delete(self, table: Table, keys: Sequence[int]) -> None:
        statement = _delete(table)
        if self._is_merging:
            self._changes.append(_Change(table.name, statement, keys))
            return
        self._send(statement, [keys])
        self._soon()

    @property
    def _is_merging(self) -> bool:
        return self._together.depth > 0 and self._most > 0

    def _merge(self) -> None:
        """Puts the changes that were collected among what waits to be sent, as few statements."""
        changes, self._changes = self._changes, []
        for together in _in_turn(changes):
            together.sort()  # by table, of which none is there twice
            merged = _merged(tuple([change.statement for change in together]))
            if merged in self._prepared or len(self._prepared) < MAX_MERGED:
                self._put(merged, [change.parameter for change in together])
            else:
                for change in together:
                    self._put(change.statement, [change.parameter])

    def together(self) -> AbstractContextManager[None]:
        return self._together

    def commit(self) -> None:
        """Sends what waits and the end of the transaction, which its first statement has opened."""
        if self._waiting or self._changes or self._pgconn.transaction_status != _IDLE:
            self.is_committing = True
            self._send("COMMIT", ())
            self.flush()

    def rollback(self) -> None:
        """Forgets what waits and ends the transaction. A connection that is of no use any more is closed then."""
        self._waiting.clear()
        self._changes.clear()
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
        if self._changes:
            self._merge()
        return self._put(statement, parameters)

    def _put(self, statement: str, parameters: Sequence[Any]) -> Question:
        question = Question(self, statement, [None if v is None else _VALUES[type(v)](v) for v in parameters])
        self._waiting.append(question)
        return question

    def _soon(self) -> None:
        if not self._together.depth:
            self.flush()

    def flush(self) -> None:
        """Sends everything that waits, in one flight, and takes the answers. Raises the first error among them."""
        if self._changes:
            self._merge()
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
