"""Short questions from an event loop, without a thread: the answer costs less than the ways of a thread to and fro.

PostgreSQL is asked on a connection whose socket the loop watches, everything that waits in one flight; SQLite, which has no
socket, is read on the spot. Only for prepared statements that find few rows by key. Whatever stands in the way of an answer
gives None: whoever asks then goes the long way, in a thread, where errors have their names.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import Any

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer

from procession.storage.drivers import MAX_PREPARED, SqliteDriver
from procession.storage.postgres import rendered

FEW = 200
"""Rows that are read on the loop; more would keep others waiting."""
PATIENCE = 5.0
"""Seconds without any answer after which a connection is taken for dead."""
_ENDING = 1.0  # seconds that a loop which is about to end gets to close a connection
Rows = list[tuple[Any, ...]]
_names = count()


class Asker(ABC):
    """Answers questions on the event loop on which it was made, and only there."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.is_closed = False
        self._closing = threading.Lock()

    @abstractmethod
    async def rows(self, statement: str, values: Sequence[str | int | None]) -> Rows | None:
        """The rows of a statement whose parameters are marked `?`; None where it must be asked in a thread."""

    @abstractmethod
    def _drop(self) -> None:
        """Closes the connection; what waits for an answer gets None."""

    def close(self) -> None:
        """Closes the connection, from any thread: on the loop where that still runs, or it would be closed in use."""
        with self._closing:
            self.is_closed = True
        dropped = threading.Event()

        def drop() -> None:
            self._drop()
            dropped.set()

        if self.loop.is_running() and _running_loop() is not self.loop:
            with suppress(RuntimeError):  # it has ended just now
                self.loop.call_soon_threadsafe(drop)
                dropped.wait(_ENDING)
        if not dropped.is_set():
            drop()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


class SqliteAsker(Asker):
    """Reads a file by a connection of its own, which never waits for a lock."""

    def __init__(self, open_file: Callable[[], sqlite3.Connection]) -> None:
        super().__init__()
        self._connection: sqlite3.Connection | None = open_file()
        self._connection.execute("PRAGMA busy_timeout=0")

    async def rows(self, statement: str, values: Sequence[str | int | None]) -> Rows | None:
        if self.is_closed or self._connection is None:
            return None
        try:
            found = SqliteDriver(self._connection).first_rows(statement, values, FEW + 1)
        except sqlite3.Error:
            return None
        return found if len(found) <= FEW else None

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class PostgresAsker(Asker):
    """Asks on a connection of its own in libpq's pipeline mode, opened with the first question and anew where it broke."""

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        super().__init__()
        self._connect = connect
        self._connection: psycopg.Connection[Any] | None = None
        self._is_ready = False
        self._opening: asyncio.Task[None] | None = None
        self._prepared: dict[str, bytes] = {}
        self._waiting: list[tuple[str, list[bytes | None], asyncio.Future[Rows | None]]] = []
        self._flying: deque[asyncio.Future[Rows | None] | None] = deque()  # None: the answer of something else
        self._answers = 0
        self._alarm: asyncio.TimerHandle | None = None

    async def rows(self, statement: str, values: Sequence[str | int | None]) -> Rows | None:
        if self.is_closed or any(type(value) is str and "\0" in value for value in values):
            return None
        if not self._is_ready:
            if self._opening is None or self._opening.done():
                self._opening = self.loop.create_task(self._open())
            return None
        future: asyncio.Future[Rows | None] = self.loop.create_future()
        given = [None if value is None else str(value).encode() for value in values]
        self._waiting.append((rendered(statement), given, future))
        if len(self._waiting) == 1:
            self.loop.call_soon(self._fly)
        return await future

    async def _open(self) -> None:
        with suppress(psycopg.Error):
            await asyncio.to_thread(self._connected)
        connection = self._connection
        if connection is not None:
            self._prepared.clear()
            connection.pgconn.nonblocking = 1
            connection.pgconn.enter_pipeline_mode()
            self.loop.add_reader(connection.pgconn.socket, self._readable)
            self._is_ready = True

    def _connected(self) -> None:
        connection = self._connect()
        with self._closing:
            # the loop may have ended meanwhile: then nobody else would close it
            if self.is_closed:
                connection.close()
            else:
                self._connection = connection

    def _fly(self) -> None:
        """Sends everything that waits."""
        if self._connection is None:
            return
        pgconn, waiting = self._connection.pgconn, self._waiting
        self._waiting = []
        try:
            for statement, values, future in waiting:
                name = self._prepared.get(statement)
                if name is None:
                    name = b""
                    if len(self._prepared) < MAX_PREPARED:
                        name = self._prepared[statement] = b"asked_%d" % next(_names)
                    pgconn.send_prepare(name, statement.encode())
                    self._flying.append(None)
                pgconn.send_query_prepared(name, values, result_format=pq.Format.BINARY)
                self._flying.append(future)
            pgconn.pipeline_sync()
            self._flying.append(None)
            self._flush()
        except psycopg.Error:
            self._waiting = waiting
            self._drop()
        if self._alarm is None:
            self._alarm = self.loop.call_later(PATIENCE, self._look, self._answers)

    def _look(self, answers: int) -> None:
        """Gives a connection up that was asked and has not said anything since."""
        self._alarm = None
        if not self._flying:
            return
        if self._answers == answers:
            self._drop()
        else:
            self._alarm = self.loop.call_later(PATIENCE, self._look, self._answers)

    def _flush(self) -> None:
        if self._connection is None:
            return
        pgconn = self._connection.pgconn
        try:
            if pgconn.flush():
                self.loop.add_writer(pgconn.socket, self._flush)
            else:
                self.loop.remove_writer(pgconn.socket)
        except psycopg.Error:
            self._drop()

    def _readable(self) -> None:
        """Takes the answers that are here."""
        if self._connection is None:
            return
        pgconn = self._connection.pgconn
        try:
            pgconn.consume_input()
            while self._flying and not pgconn.is_busy():
                result = pgconn.get_result()
                if result is not None:
                    self._answers += 1
                    self._take(self._flying.popleft(), result)
            broken = pgconn.status == pq.ConnStatus.BAD
        except psycopg.Error:
            broken = True
        if broken:
            self._drop()
        elif not self._flying and self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _take(self, future: asyncio.Future[Rows | None] | None, result: pq.abc.PGresult) -> None:
        fits = result.status == pq.ExecStatus.TUPLES_OK and result.ntuples <= FEW
        if result.status == pq.ExecStatus.FATAL_ERROR:
            self._prepared.clear()  # it may have been the preparation that failed, or what it was made for is gone
        if future is None or future.done():
            return
        loaded: Rows | None = None
        if fits:
            loading = Transformer(self._connection)
            loading.set_pgresult(result)
            loaded = loading.load_rows(0, result.ntuples, tuple)
        future.set_result(loaded)

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        self._is_ready = False
        if connection is not None:
            with suppress(psycopg.Error, RuntimeError, OSError, ValueError):  # of either what is closed already
                self.loop.remove_reader(connection.pgconn.socket)
                self.loop.remove_writer(connection.pgconn.socket)
            connection.close()
        waiting, self._waiting = self._waiting, []
        flying, self._flying = self._flying, deque()
        for future in (*flying, *(future for _, _, future in waiting)):
            if future is not None and not future.done():
                future.set_result(None)
