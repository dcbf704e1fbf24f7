"""Saving, then loading, gives the same records, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from procession.kernel.records import Element, IdentityLink, Instance, Life, Phase, Task, Variable, Wait
from procession.kernel.state import MANY_VARIABLES, TABLES, State
from procession.storage import Storage
from procession.storage.drivers import at_once
from tests.storage.records import RECORDS

EXAMPLES = settings(max_examples=10, suppress_health_check=list(HealthCheck))


def save(storage: Storage, *records: Any) -> None:
    with storage.transaction() as tx:
        state = State(tx)
        for record in records:
            state.put(record)
        tx.save(state.changes())


def clear(storage: Storage, table: type[Any]) -> None:
    with storage.transaction() as tx:
        found = tx.find(table, "1 = 1")
        state = State(tx)
        for record in found:
            state.remove(table, record.key)
        tx.save(state.changes())


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
@EXAMPLES
@given(data=st.data())
def test_saved_records_load_as_they_were(storage: Storage, table: type[Any], data: st.DataObject) -> None:
    made = data.draw(st.lists(RECORDS[table], max_size=3, unique_by=lambda r: r.key))
    made = [replace(r, scope=place) for place, r in enumerate(made)] if table is Variable else made
    save(storage, *made)
    with storage.transaction() as tx:
        assert sorted(tx.fetch(table, [r.key for r in made]), key=lambda r: r.key) == sorted(made, key=lambda r: r.key)
    clear(storage, table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
@EXAMPLES
@given(data=st.data())
def test_changed_records_load_as_they_are(storage: Storage, table: type[Any], data: st.DataObject) -> None:
    first, second = data.draw(RECORDS[table]), data.draw(RECORDS[table])
    second = replace(second, key=first.key)
    save(storage, first)
    with storage.transaction() as tx:
        state = State(tx)
        assert state.get(table, first.key) == first
        state.put(second)
        tx.save(state.changes())
    with storage.transaction() as tx:
        assert tx.fetch(table, [first.key]) == [second]
    clear(storage, table)
    with storage.transaction() as tx:
        assert tx.fetch(table, [first.key]) == []


def tree(storage: Storage) -> None:
    """Instance 1 with scope 1 > 2 > 3, element 4 beside 2, variables in 1 and 3, a task at 3."""
    save(
        storage,
        Instance(1, 7, "p", 1),
        Element(1, 1, None, "p", variables=1),
        Element(2, 1, 1, "sub"),
        Element(3, 1, 2, "task", variables=1),
        Element(4, 1, 1, "other", variables=1),
        Variable(11, 1, 1, "a", "Integer", 1),
        Variable(13, 1, 3, "b", "String", "x" * 9000),
        Variable(14, 1, 4, "c", "Integer", 1),
        Task(20, 1, 3, 7, "task", datetime(2024, 1, 1, tzinfo=UTC), variables=1),
        Variable(21, 1, 20, "d", "Integer", 2, task=20),
        IdentityLink(30, 20, "candidate", group="staff"),
    )


@pytest.mark.fault(13)
def test_a_closure_has_the_path_to_the_root_and_its_variables(storage: Storage) -> None:
    tree(storage)
    with storage.transaction() as tx:
        state = State(tx)
        at_once(tx.loading(state, {Task: [20]}))
        assert {e.key for e in state.all(Element)} == {1, 2, 3}
        assert {v.key for v in state.all(Variable)} == {11, 21}  # 13 is large: nobody has looked at it
        assert [i.key for i in state.all(Instance)] == [1]
        assert state.variables(3)["b"].value == "x" * 9000


@pytest.mark.fault(13)
def test_of_very_many_variables_only_the_named_one_is_loaded(storage: Storage) -> None:
    many = [Variable(100 + n, 1, 1, f"v{n}", "Integer", n) for n in range(MANY_VARIABLES + 1)]
    save(storage, Instance(1, 7, "p", 1), Element(1, 1, None, "p", variables=len(many)), *many)
    with storage.transaction() as tx:
        state = State(tx)
        at_once(tx.loading(state, {Instance: [1]}))
        assert list(state.all(Variable)) == []
        assert (state.variable(1, "v7"), state.variable(1, "none")) == (many[7], None)
        assert list(state.all(Variable)) == [many[7]]
        assert list(state.variables(1).values()) == many


def test_groups_load_on_demand(storage: Storage) -> None:
    tree(storage)
    with storage.transaction() as tx:
        state = State(tx)
        assert [e.key for e in state.children(1)] == [2, 4]
        assert [e.key for e in state.children(2, "task")] == [3]
        assert [link.group for link in state.links(20)] == ["staff"]
        assert set(state.variables(4)) == {"c"}


def test_rows_know_their_instance(storage: Storage) -> None:
    tree(storage)
    with storage.transaction() as tx:
        assert tx.instances_of(Task, [20, 99]) == {20: 1}
        assert tx.instances_of(IdentityLink, [30]) == {30: 1}
        assert tx.instances_of(Instance, [1, 2]) == {1: 1}
        assert tx.instances_of(Variable, [11]) == {11: 1}
        assert tx.lock_instances([5, 1]) == {1}
        assert tx.exists(Element, 4)
        assert not tx.exists(Element, 5)


def test_a_failed_transaction_leaves_nothing(storage: Storage) -> None:
    def fail() -> None:
        with storage.transaction() as tx:
            state = State(tx)
            state.put(Instance(1, 7, "p", 1))
            tx.save(state.changes())
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    with storage.transaction() as tx:
        assert tx.fetch(Instance, [1]) == []


def test_a_name_may_move_to_a_new_variable_in_one_batch(storage: Storage) -> None:
    tree(storage)
    with storage.transaction() as tx:
        state = State(tx)
        state.remove(Variable, 11)
        state.put(Variable(12, 1, 1, "a", "Integer", 2))
        tx.save(state.changes())
    with storage.transaction() as tx:
        assert [v.key for v in tx.fetch_group(Variable, 1)] == [12]


@pytest.mark.parametrize("count", [1, 7, 8, 50])
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.__name__)
def test_many_records_are_saved_like_few(storage: Storage, table: type[Any], count: int) -> None:
    made = {key: _example(table, key) for key in range(1, count + 1)}
    save(storage, *made.values())
    with storage.transaction() as tx:
        state = State(tx)
        state.preload(table, made)
        changed = {key: _example(table, key, "changed\t\\N") for key in made}
        for record in changed.values():
            state.put(record)
        tx.save(state.changes())
    with storage.transaction() as tx:
        state = State(tx)
        state.preload(table, made)
        assert {record.key: record for record in state.all(table)} == changed
        for key in made:
            state.remove(table, key)
        tx.save(state.changes())
    with storage.transaction() as tx:
        assert tx.fetch(table, made) == []


def _example(table: type[Any], key: int, text: str = "first") -> Any:
    """A record with something in every field; what is transient is never stored."""
    values: dict[str, Any] = {}
    for name, hint in get_type_hints(table).items():
        if name == "transient":
            continue
        if hint in (str, str | None):
            values[name] = text[:10]
        elif hint in (int, int | None):
            values[name] = key
        elif hint in (datetime, datetime | None):
            values[name] = datetime(2024, 1, 1, tzinfo=UTC)
        elif hint is bool:
            values[name] = True
        elif hint is Life:
            values[name] = Life.ACTIVE
        elif hint is Phase:
            values[name] = Phase.END
        elif name in ("value", "info", "note", "payload", "headers"):
            values[name] = {"a": text}
        elif name == "tags":
            values[name] = (text,)
        elif name == "arrived":
            values[name] = {"a": key}
        else:
            values[name] = ((Wait.JOB, key),)
    return table(**values)


def big_values(storage: Storage) -> int:
    with storage.read() as connection:
        return int(connection.exec_driver_sql("SELECT count(*) FROM big_value").scalar_one())


def test_contents_that_lie_apart_are_kept_for_history(storage: Storage) -> None:
    tree(storage)
    with storage.transaction() as tx:
        state = State(tx)
        state.put(replace(state.need(Variable, 13), value="y" * 9000))
        tx.save(state.changes())
    assert big_values(storage) == 2
