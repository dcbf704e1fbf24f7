"""PostgreSQL takes changes of several tables as one statement; what is changed of one table keeps its order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import Conflict
from procession.storage import Storage, Transaction, open_storage, postgres, schema
from procession.storage.postgres import _Change, _in_turn

LINK = ("key", "task", "type")
VARIABLE = ("key", "scope", "name", "type", "form", "text_value", "revision")
MESSAGE = ("key", "name", "correlation_key", "published", "expires")


@pytest.fixture
def storage(postgres_url: str) -> Iterator[Storage]:
    opened = open_storage(postgres_url)
    yield opened
    opened.close()


def _change_three_tables(tx: Transaction, *, key: int = 1) -> None:
    with tx.together():
        tx.driver.insert(schema.identity_link, LINK, [(key, 7, "candidate"), (key + 1, 7, "assignee")])
        tx.driver.insert(schema.variable, VARIABLE, [(key, 7, f"n{key}", "String", "text", 'a "text" of $1', 0)])
        tx.driver.update(schema.message, ("key", "name"), [(9, "renamed")])
    with tx.together():
        tx.driver.delete(schema.identity_link, [key + 1])


def _statements(storage: Storage) -> list[str]:
    """What the pool's one connection has prepared that changes something."""
    with storage.transaction() as tx:
        found = tx.driver.rows("SELECT statement FROM pg_prepared_statements WHERE statement ~ 'INSERT|UPDATE|DELETE'")
    return [text for (text,) in found if "node" not in text]


def _stored(storage: Storage) -> tuple[int, int, str]:
    with storage.transaction() as tx:
        (found,) = tx.driver.rows(
            "SELECT (SELECT count(*) FROM identity_link), (SELECT count(*) FROM variable), (SELECT name FROM message)"
        )
    return found[0], found[1], found[2]


def _with_message(storage: Storage) -> None:
    with storage.transaction() as tx:
        tx.driver.insert(schema.message, MESSAGE, [(9, "m", "c", 1, 2)])


def test_changes_of_several_tables_are_one_statement(storage: Storage) -> None:
    _with_message(storage)
    before = set(_statements(storage))
    with storage.transaction() as tx:
        _change_three_tables(tx)
    merged, single = sorted(set(_statements(storage)) - before, key=len, reverse=True)
    assert [merged.count(f'"{name}"') > 0 for name in ("identity_link", "variable", "message")] == [True] * 3
    assert single.startswith("DELETE")
    assert _stored(storage) == (1, 1, "renamed")


def test_where_a_connection_has_prepared_many_they_go_one_by_one(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "MAX_MERGED", 0)
    _with_message(storage)
    before = set(_statements(storage))
    with storage.transaction() as tx:
        _change_three_tables(tx)
    assert len(set(_statements(storage)) - before) == 4
    assert _stored(storage) == (1, 1, "renamed")


def test_a_name_moves_from_a_removed_variable_to_a_new_one(storage: Storage) -> None:
    row = (7, "n", "String", "text")
    with storage.transaction() as tx:
        tx.driver.insert(schema.variable, VARIABLE, [(1, *row, "old", 0)])
    with storage.transaction() as tx, tx.together():
        tx.driver.delete(schema.variable, [1])
        tx.driver.insert(schema.identity_link, LINK, [(1, 7, "candidate")])
        tx.driver.insert(schema.variable, VARIABLE, [(2, *row, "new", 0)])
    with storage.transaction() as tx:
        assert tx.driver.rows("SELECT key, text_value FROM variable") == [(2, "new")]


def test_what_is_asked_afterwards_sees_them(storage: Storage) -> None:
    _with_message(storage)
    with storage.transaction() as tx:
        _change_three_tables(tx)
        assert tx.driver.rows("SELECT count(*) FROM identity_link") == [(1,)]
        tx.driver.insert(schema.identity_link, LINK, [(5, 7, "owner")])
        assert tx.driver.rows("SELECT count(*) FROM identity_link") == [(2,)]


def test_where_one_is_refused_none_is_made(storage: Storage) -> None:
    _with_message(storage)
    with storage.transaction() as tx:
        tx.driver.insert(schema.variable, VARIABLE, [(5, 7, "n1", "String", "text", "taken", 0)])
    with pytest.raises(Conflict), storage.transaction() as tx:
        _change_three_tables(tx)
    assert _stored(storage) == (0, 1, "m")
    with storage.transaction() as tx:  # and the connection is as good as before
        _change_three_tables(tx, key=20)
    assert _stored(storage) == (1, 2, "renamed")


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9))))
def test_each_set_has_one_change_of_a_table_and_each_table_keeps_its_order(made: list[tuple[str, int]]) -> None:
    sets = _in_turn(_Change(table, "", number) for table, number in made)
    assert all(len({change.table for change in one}) == len(one) > 0 for one in sets)
    for table in "abc":
        kept = [change.parameter for one in sets for change in one if change.table == table]
        assert kept == [number for name, number in made if name == table]
