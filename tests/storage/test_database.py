"""Opening: migrations, refusals, several processes at once; and what a kill leaves behind."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, select, text

from procession.errors import Conflict, Invalid, Unavailable
from procession.kernel.records import Element, Instance
from procession.kernel.state import State
from procession.storage import PoolSettings, Storage, Transaction, open_storage, schema
from procession.storage.migrations import REVISIONS


def _is_comparable(thing: object, name: str | None, kind: str, *_: object) -> bool:
    """Alembic cannot compare how an index sorts null; tests of the plans show that it is used."""
    return not (kind == "index" and name is not None and name.endswith("_ended_key"))


@pytest.mark.filterwarnings("ignore:.*expression-based index")
def test_migrations_make_the_schema(database_url: str) -> None:
    storage = open_storage(database_url)
    with storage.engine.connect() as connection:
        opts = {"compare_server_default": False, "include_object": _is_comparable}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, schema.metadata) == []
    storage.close()


def test_the_pools_minimum_is_opened_at_the_start(postgres_url: str) -> None:
    storage = open_storage(postgres_url, PoolSettings(size=5, minimum=3))
    with storage.read() as connection:
        found = connection.execute(text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"))
        assert found.scalar_one() == 3
    storage.close()


def test_every_revision_is_listed() -> None:
    folder = Path(open_storage.__code__.co_filename).parent / "migrations" / "versions"
    assert tuple(sorted(path.name[:4] for path in folder.glob("*.py"))) == REVISIONS


def test_several_may_open_an_empty_database_at_once(database_url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        opened = list(pool.map(lambda _: open_storage(database_url), range(8)))
    assert len({storage.keys.node for storage in opened}) == 8
    for storage in opened:
        storage.close()


@pytest.mark.fault(19)
def test_a_newer_schema_is_refused(database_url: str) -> None:
    storage = open_storage(database_url)
    with storage.transaction() as tx:
        tx.driver.run("UPDATE alembic_version SET version_num = ?", ["9999"])
    storage.close()
    with pytest.raises(Conflict, match="schema 9999, which this version of Procession does not know"):
        open_storage(database_url)


@pytest.mark.parametrize("url", ["mysql://host/name", "no url", "oracle://x"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(Invalid, match=r"sqlite://.*postgresql://"):
        open_storage(url)


def test_a_database_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        open_storage("postgresql://nobody@127.0.0.1:1/none", PoolSettings(connect_timeout=2))


def test_a_file_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"):
        open_storage(f"sqlite:///{tmp_path}")


def test_memory_is_one_database_for_all(tmp_path: Path) -> None:
    storage = open_storage("sqlite://")
    with storage.transaction() as tx:
        tx.save(_changes(tx.new_key()))
    with storage.read() as connection:
        assert len(connection.execute(select(schema.instance)).all()) == 1
    storage.close()


def test_sqlite_is_durable(sqlite_url: str) -> None:
    storage = open_storage(sqlite_url)
    with storage.transaction() as tx:
        answers = [tx.driver.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "foreign_keys")]
    assert answers == ["wal", 2, 1]
    storage.close()


def test_queries_cannot_write(sqlite_url: str) -> None:
    storage = open_storage(sqlite_url)
    with storage.read() as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(text("DELETE FROM instance"))
    storage.close()


def test_queries_see_what_is_committed_only(storage: Storage) -> None:
    with storage.transaction() as tx:
        tx.save(_changes(1))
        with storage.read() as connection:
            assert connection.execute(select(schema.instance.c.key)).all() == []
    with storage.read() as connection:
        assert connection.execute(select(schema.instance.c.key)).scalar() == 1


def test_a_rollback_keeps_what_is_prepared(database_url: str) -> None:
    """psycopg drops every prepared statement of a connection after a rollback that it has seen, ours as well."""
    storage = open_storage(database_url, PoolSettings(size=1))
    for _ in range(8):
        with storage.read() as connection:
            connection.execute(select(schema.instance.c.key)).all()

    def fail() -> None:
        with storage.transaction() as tx:
            assert tx.driver.rows("SELECT 1 WHERE 1 = ?", [1]) == [(1,)]
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
        with storage.read() as connection:
            connection.execute(select(schema.instance.c.key)).all()
    storage.close()


def test_nothing_returns_to_the_pool_within_a_transaction(postgres_url: str, caplog: pytest.LogCaptureFixture) -> None:
    storage = open_storage(postgres_url, PoolSettings(size=1))
    for leave in ("BEGIN", "BEGIN; SELECT 1/0", "its end"):
        with storage.engine.connect() as connection:
            pgconn = _pgconn(connection)
            if leave == "its end":
                pgconn.finish()  # as a network does
            else:
                pgconn.exec_(leave.encode())
        with storage.engine.connect() as connection:
            assert _pgconn(connection).transaction_status == psycopg.pq.TransactionStatus.IDLE
            assert (_pgconn(connection) is pgconn) is (leave != "its end")
    storage.close()
    assert caplog.records == []


def _pgconn(connection: Connection) -> psycopg.pq.abc.PGconn:
    return cast("psycopg.Connection[object]", connection.connection.driver_connection).pgconn


def test_what_is_prepared_survives_a_pause_and_comes_back_where_it_was_dropped(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("procession.storage.database._PING_AFTER", -1.0)  # every connection is asked whether it lives
    storage = open_storage(postgres_url, PoolSettings(size=1))
    for _ in range(8):
        with storage.read() as connection:
            connection.execute(select(schema.instance.c.key)).all()
        with storage.transaction() as tx:
            tx.driver.rows("SELECT 1 WHERE 1 = ?", [1])
    with storage.read() as connection:
        connection.exec_driver_sql("DEALLOCATE ALL")
    with pytest.raises(Conflict), storage.transaction() as tx:
        tx.driver.rows("SELECT 1 WHERE 1 = ?", [1])
    with storage.transaction() as tx:
        assert tx.driver.rows("SELECT 1 WHERE 1 = ?", [1]) == [(1,)]
    storage.close()


def test_a_transaction_on_the_callers_connection(database_url: str) -> None:
    storage = open_storage(database_url)
    connection: sqlite3.Connection | psycopg.Connection[tuple[object, ...]]
    if storage.dialect == "sqlite":
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
    else:
        connection = psycopg.connect(database_url)
    _save(storage.join(connection))
    connection.rollback()
    with storage.transaction() as tx:
        assert tx.fetch(Instance, [5]) == []
    if isinstance(connection, sqlite3.Connection):
        connection.execute("BEGIN IMMEDIATE")
    _save(storage.join(connection))
    connection.commit()
    connection.close()
    with storage.transaction() as tx:
        assert [i.key for i in tx.fetch(Instance, [5])] == [5]
    storage.close()


def _save(transaction: Transaction) -> None:
    transaction.save(_changes(5))
    transaction.driver.flush()


def test_a_key_that_is_taken_is_a_conflict(storage: Storage) -> None:
    def twice() -> None:
        with storage.transaction() as tx:
            tx.save(_changes(1))
            tx.save(_changes(1))

    with pytest.raises(Conflict, match="refused"):
        twice()


@pytest.mark.parametrize("names", [("a", "b"), ("a", None), (None, None)])
def test_what_is_null_in_some_rows_or_all_is_stored_as_such(storage: Storage, names: tuple[str | None, ...]) -> None:
    table, columns = schema.job_definition, ("key", "type", "node", "suspended", "priority")
    rows = [(1, "timer", names[0], True, None), (2, "timer", names[1], False, None)]
    changed = [(1, "batch", names[1], False, 7), (2, "batch", None, True, None)]
    stored = f"SELECT {', '.join(columns)} FROM job_definition ORDER BY key"
    with storage.transaction() as tx:
        tx.driver.insert(table, columns, rows)
        assert tx.driver.rows(stored) == rows
        tx.driver.update(table, columns[:-1], [row[:-1] for row in changed], {"priority": "new.key + 1"})
        assert tx.driver.rows(stored) == [(*changed[0][:-1], 2), (*changed[1][:-1], 3)]
        tx.driver.update(table, columns, changed)
        assert tx.driver.rows(stored) == changed
        tx.driver.insert(table, columns, [])
        tx.driver.update(table, columns, [])
        assert tx.driver.rows(stored) == changed


def _changes(key: int) -> dict[type, object]:
    state = State()
    state.put(Instance(key, 7, "p", key))
    state.put(Element(key, key, None, "p"))
    return state.changes()  # type: ignore[return-value]


_WRITER = """
import sys
from tests.storage.test_database import _changes
from procession.storage import open_storage
storage = open_storage(sys.argv[1])
while True:
    with storage.transaction() as tx:
        key = tx.new_key()
        tx.save(_changes(key))
    print(key, flush=True)
"""


def test_a_kill_loses_nothing_that_was_committed(database_url: str) -> None:
    writer = subprocess.Popen([sys.executable, "-c", _WRITER, database_url], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    told = [int(writer.stdout.readline()) for _ in range(20)]
    writer.kill()
    told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    writer.wait()
    writer.stdout.close()
    storage = open_storage(database_url)
    with storage.transaction() as tx:
        instances = {i.key for i in tx.find(Instance, "1 = 1")}
        elements = {e.key for e in tx.find(Element, "1 = 1")}
    storage.close()
    assert set(told) <= instances
    assert instances == elements
