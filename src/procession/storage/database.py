"""Opening a database, its connections, and the two ways to use it: `transaction` to change, `read` to query.

| URL                                   | database                                                                  |
|---------------------------------------|---------------------------------------------------------------------------|
| `sqlite:///relative.db`, `sqlite:////absolute.db` | a file: one write connection, a pool of read connections      |
| `sqlite://`                           | in memory, one connection for all; gone with the storage                  |
| `postgresql://user:password@host/name` | psycopg 3, a pool                                                        |

SQLite runs in WAL with `synchronous=FULL`: what was committed survives a kill and a power cut.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool, StaticPool

from procession.errors import Conflict, Invalid, Unavailable
from procession.storage.asking import Asker, PostgresAsker, SqliteAsker
from procession.storage.drivers import MAX_PREPARED, Driver, SqliteDriver, translated
from procession.storage.keys import KeyMaker, real_millis
from procession.storage.migrations import needs_upgrade, upgrade
from procession.storage.nodes import NodeLease, claim_node, holder_name, release_node, renew_node
from procession.storage.postgres import PostgresDriver
from procession.storage.transaction import Transaction

Joinable = sqlite3.Connection | psycopg.Connection[Any]
"""A connection whose transaction the caller opened and ends."""
_MIGRATION_LOCK = 7_240_002
_TRY_AGAIN = 0.01  # seconds between two attempts at what SQLite does not wait for itself
_PING_AFTER = 5.0  # seconds without use after which a connection is asked whether it lives


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """How many connections, and for how long. Times in seconds.

    `minimum` connections to PostgreSQL are opened at the start; one that was idle for longer than `idle` is replaced when
    next used.
    """

    size: int = 10
    minimum: int = 1  # opened at the start
    connect_timeout: float = 30.0
    idle: float = 600.0
    busy_timeout: float = 30.0  # SQLite: how long a write waits for another process


class _Translated:
    """Raises what drivers and the pool raise by the names that they have in this program."""

    def __init__(self, pool_timeout: float) -> None:
        self._pool_timeout = pool_timeout

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, psycopg.Error | sqlite3.Error | DBAPIError):
            cause = error.orig if isinstance(error, DBAPIError) else error
            meant = None if cause is None else translated(cause)
            if meant is not None:
                raise meant from error
        elif isinstance(error, PoolTimeout):
            raise Unavailable(f"No database connection became free within {self._pool_timeout:g} s") from error


class Storage:
    """An open database. Safe to use from several threads; close it when done."""

    def __init__(self, url: URL, pool: PoolSettings, clock: Callable[[], int]) -> None:
        self.url = url
        self.dialect = url.get_backend_name()
        self._pool = pool
        self._translated = _Translated(pool.connect_timeout)
        self._clock = clock
        self._write_lock = threading.RLock()
        self._writer: sqlite3.Connection | None = None
        self._in_memory = self.dialect == "sqlite" and url.database in (None, "", ":memory:")
        self._depth = 0
        if self.dialect == "sqlite":
            self._writer = _connect_sqlite(url, pool)
            self.engine = self._sqlite_engine(self._writer)
        else:
            self.engine = _postgres_engine(url, pool)
        self._reading = (
            self.engine.execution_options(isolation_level="AUTOCOMMIT") if self._writer is None else self.engine
        )
        self.keys: KeyMaker = KeyMaker(0, clock, 0)
        self._lease: NodeLease | None = None
        self._lease_lock = threading.Lock()
        self._askers: list[Asker] = []

    def _sqlite_engine(self, writer: sqlite3.Connection) -> Engine:
        if self._in_memory:
            return _engine_over(writer)
        pool = self._pool
        engine = create_engine(
            self.url,
            creator=lambda: _connect_sqlite(self.url, pool, read_only=True),
            pool_size=pool.size,
            max_overflow=0,
            pool_timeout=pool.connect_timeout,
        )
        # our connections are in autocommit mode; a read sees one picture of the database from its begin
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
        return engine

    # ------------------------------------------------------------ changing

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """A transaction that commits at the end of the block and rolls back on an exception.

        Raises Conflict where another transaction was first, Unavailable where the database cannot be reached.
        """
        self.heartbeat()
        with self._translated, self._driver() as driver:
            yield Transaction(driver, self.keys)

    def join(self, connection: Joinable) -> Transaction:
        """A transaction on a connection that the caller opened and commits. On SQLite it should have begun already."""
        driver: Driver
        if isinstance(connection, sqlite3.Connection):
            driver = SqliteDriver(connection)
        else:
            driver = PostgresDriver(connection, prepares=False)
        return Transaction(driver, self.keys)

    @contextmanager
    def joined(self, connection: Joinable) -> Iterator[Transaction]:
        """`join`, with what the drivers raise translated as in `transaction`; neither commits nor rolls back.

        On SQLite the caller holds the one write lock, so that this node's number cannot be leased beside it. Where it
        is not leased already, a number is taken and given back within the caller's transaction: whatever becomes of
        that, number and keys share its fate.
        """
        with self._translated:
            if not isinstance(connection, sqlite3.Connection):
                self.heartbeat()
                transaction = self.join(connection)
                yield transaction
                transaction.driver.flush()
            elif self._lease is not None and not self._lease.is_old(self._clock()):
                yield self.join(connection)
            else:
                driver = SqliteDriver(connection)
                lease = claim_node(driver, holder_name(), self._clock())
                keys = KeyMaker(lease.number, self._clock, lease.expires)
                yield Transaction(driver, keys)
                release_node(driver, lease, max(keys.last_time, self._clock()))

    @contextmanager
    def _driver(self) -> Iterator[Driver]:
        if self._writer is not None:
            with self._write_lock:
                yield from self._sqlite_transaction(self._writer)
            return
        pooled = self.engine.raw_connection()
        connection: psycopg.Connection[Any] = pooled.driver_connection  # type: ignore[assignment]
        driver = PostgresDriver(connection)
        try:
            yield driver
            driver.commit()
        except BaseException as error:
            driver.rollback()
            if connection.closed:
                pooled.invalidate()
                if isinstance(error, psycopg.OperationalError) and not driver.is_committing:
                    raise Conflict(f"The connection broke before anything was committed: {error}") from error
            raise
        finally:
            pooled.close()

    def _sqlite_transaction(self, connection: sqlite3.Connection) -> Iterator[Driver]:
        if self._depth:
            raise RuntimeError("a transaction is open in this thread already")
        connection.execute("BEGIN IMMEDIATE")
        self._depth += 1
        try:
            yield SqliteDriver(connection)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        finally:
            self._depth -= 1

    # ------------------------------------------------------------ reading

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A SQLAlchemy connection for queries. It never sees what is not committed."""
        if self._in_memory:
            with self._write_lock, self.engine.connect() as connection:
                yield connection
            return
        with self._translated, self._reading.connect() as connection:
            yield connection

    @contextmanager
    def view(self) -> Iterator[Transaction]:
        """What `transaction` offers, for looking only: it takes no lock that a writer would wait for."""
        with self.read() as connection:
            raw: Any = connection.connection.driver_connection
            yield Transaction(SqliteDriver(raw) if self.dialect == "sqlite" else PostgresDriver(raw), self.keys)

    def asker(self) -> Asker | None:
        """Who answers short questions on the running event loop, until it or the storage is closed; None for a database
        in memory, whose one connection may be at work. Called on that loop."""
        asker: Asker
        if self._in_memory:
            return None
        if self.dialect == "sqlite":
            asker = SqliteAsker(partial(_connect_sqlite, self.url, self._pool, read_only=True))
        else:
            _, options = self.engine.dialect.create_connect_args(self.url)
            options.update(application_name="procession questions", autocommit=True)
            options.update(connect_timeout=max(1, int(self._pool.connect_timeout)))
            asker = PostgresAsker(partial(psycopg.connect, **options))
        self._askers = [*(other for other in self._askers if not other.is_closed), asker]
        return asker

    def warm_up(self) -> None:
        """Opens the pool's minimum of connections to PostgreSQL; SQLite's cost nothing to open."""
        if self._writer is not None or self._pool.minimum < 2:
            return  # opening the database has left one
        with self._translated, ExitStack() as held:
            for _ in range(min(self._pool.minimum, self._pool.size)):
                held.enter_context(self._reading.connect())

    @property
    def connections_in_use(self) -> int:
        """How many of the pool's connections are at work."""
        pool = self.engine.pool
        return pool.checkedout() if isinstance(pool, QueuePool) else 0

    # ------------------------------------------------------------ schema

    def migrate(self) -> None:
        """Brings the schema up to date; several processes may do so at once. Raises Conflict where it is newer."""
        with self._translated:
            with self._reading.connect() as connection:
                if not needs_upgrade(connection):
                    return
            if self._writer is None:
                with self.engine.begin() as connection:
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (_MIGRATION_LOCK,))
                    if needs_upgrade(connection):
                        upgrade(connection)
                return
            # the first connection of an engine rolls back what it has looked at: connect before the transaction begins
            with _engine_over(self._writer).connect() as connection, self._driver():
                if needs_upgrade(connection):
                    upgrade(connection)

    # ------------------------------------------------------------ the node's number

    def heartbeat(self) -> None:
        """Renews the lease of this node's number where it is time to; every transaction does so first."""
        if self._lease is not None and not self._lease.is_old(self._clock()):
            return
        with self._lease_lock:
            now, lease = self._clock(), self._lease
            if lease is not None and not lease.is_old(now):
                return
            # a transaction of its own: a lease must be committed before the first key is made under it
            with self._translated, self._driver() as driver:
                lease = claim_node(driver, holder_name(), now) if lease is None else renew_node(driver, lease, now)
            self._lease = lease
            self.keys.renew(lease.number, lease.expires)

    def close(self) -> None:
        """Gives the node's number back and closes every connection."""
        if self._lease is not None:
            lease, self._lease = self._lease, None
            with self._translated, self._driver() as driver:
                release_node(driver, lease, max(self.keys.last_time, self._clock()))
            self.keys.renew(lease.number, 0)
        for asker in self._askers:
            asker.close()
        self.engine.dispose()
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _connect_sqlite(url: URL, pool: PoolSettings, *, read_only: bool = False) -> sqlite3.Connection:
    name = url.database or ":memory:"
    if name != ":memory:" and not read_only:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(
        name,
        timeout=pool.busy_timeout,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=MAX_PREPARED,
    )
    _write_ahead(connection, pool.busy_timeout)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-32000", "temp_store=MEMORY"):
        connection.execute(f"PRAGMA {pragma}")
    if read_only:
        connection.execute("PRAGMA query_only=ON")
    return connection


def _write_ahead(connection: sqlite3.Connection, seconds: float) -> None:
    """Turns the write-ahead log on, which SQLite refuses at once, without its time-out, while another process does."""
    until = time.monotonic() + seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                connection.close()
                raise
        time.sleep(_TRY_AGAIN)


def _engine_over(connection: sqlite3.Connection) -> Engine:
    """An engine over one connection that never begins, commits or rolls back: its owner does."""
    return create_engine(
        "sqlite://",
        creator=lambda: connection,
        poolclass=StaticPool,
        isolation_level="AUTOCOMMIT",
        skip_autocommit_rollback=True,
        pool_reset_on_return=None,
    )


def _postgres_engine(url: URL, pool: PoolSettings) -> Engine:
    engine = create_engine(
        url,
        pool_size=pool.size,
        max_overflow=0,
        pool_timeout=pool.connect_timeout,
        pool_use_lifo=True,
        skip_autocommit_rollback=True,
        pool_reset_on_return=None,  # `on_reset` sees to it
        connect_args={"connect_timeout": max(1, int(pool.connect_timeout)), "application_name": "procession"},
    )

    def on_connect(connection: psycopg.Connection[Any], record: ConnectionPoolEntry) -> None:
        # every integer travels as bigint: one prepared statement, whatever the values
        connection.adapters.register_dumper(int, Int8Dumper)
        connection.adapters.register_dumper(int, Int8BinaryDumper)

    def on_reset(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, state: Any) -> None:
        # nothing returns within an open transaction; most have ended theirs, as the connection itself knows
        status = connection.pgconn.transaction_status
        if status == psycopg.pq.TransactionStatus.UNKNOWN:
            record.invalidate()  # it is broken
        elif status != psycopg.pq.TransactionStatus.IDLE:
            connection.rollback()
        record.info["returned"] = time.monotonic()

    def on_checkout(connection: psycopg.Connection[Any], record: ConnectionPoolEntry, proxy: Any) -> None:
        unused = time.monotonic() - record.info.get("returned", time.monotonic())
        if unused > pool.idle:
            raise DisconnectionError
        if unused > _PING_AFTER:
            # not by psycopg: the rollback after it would drop what is prepared
            answer = connection.pgconn.exec_(b"SELECT 1")
            if answer.status != psycopg.pq.ExecStatus.TUPLES_OK:
                raise DisconnectionError

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "reset", on_reset)
    event.listen(engine, "checkout", on_checkout)
    return engine


def open_storage(
    url: str,
    pool: PoolSettings | None = None,
    *,
    clock: Callable[[], int] = real_millis,
    migrate: bool = True,
    lease: bool = True,
) -> Storage:
    """Opens a database, brings its schema up to date and leases a node number; without `lease` the first transaction
    does that, so that opening waits for nobody's write lock.

    `clock` gives real milliseconds since 1970 for keys and leases. Raises Invalid for a URL that is none, Unavailable
    where the database cannot be reached, Conflict where its schema is newer than this program.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise Invalid(
            "The database's URL cannot be read: it looks like sqlite:///file.db or postgresql://host/name"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "postgres":
        backend = "postgresql"
    if backend not in ("sqlite", "postgresql"):
        raise Invalid(f"Databases of kind {backend!r} are not supported: use sqlite:// or postgresql://")
    parsed = parsed.set(drivername="sqlite" if backend == "sqlite" else "postgresql+psycopg")
    settings = pool or PoolSettings()
    try:
        storage = Storage(parsed, settings, clock)
    except sqlite3.OperationalError as error:
        raise Unavailable(f"The database file cannot be opened: {error}") from error
    try:
        if migrate:
            storage.migrate()
        if lease:
            storage.heartbeat()
        storage.warm_up()
    except BaseException:
        storage.engine.dispose()
        if storage._writer is not None:
            storage._writer.close()
        raise
    return storage
