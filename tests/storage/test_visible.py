"""Which variables elements see: inner ones hide outer ones; what several ask side by side is one statement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from procession.kernel.records import Element, Variable
from procession.kernel.state import State
from procession.storage import Storage, Transaction
from procession.storage.columns import BIG_VALUE
from procession.storage.drivers import side_by_side
from procession.storage.visible import ask_visible, visible_variables

NAMES = ("a", "b", "c")


@st.composite
def trees(draw: st.DrawFn) -> tuple[list[int | None], dict[int, dict[str, int]]]:
    """The parents of elements 1, 2, …, and the variables of each."""
    parents: list[int | None] = [None]
    parents += [draw(st.integers(1, place)) for place in range(1, draw(st.integers(1, 8)))]
    values = st.dictionaries(st.sampled_from(NAMES), st.integers(0, 99), max_size=3)
    return parents, {key: draw(values) for key in range(1, len(parents) + 1)}


def _expected(parents: Sequence[int | None], own: Mapping[int, Mapping[str, int]], key: int) -> dict[str, int]:
    above = parents[key - 1]
    return {**({} if above is None else _expected(parents, own, above)), **own[key]}


def _put(tx: Transaction, parents: Sequence[int | None], own: Mapping[int, Mapping[str, int]]) -> None:
    state, keys = State(), iter(range(100, 1000))
    for key, parent in enumerate(parents, 1):
        state.put(Element(key, 1, parent, "node"))
        for name, value in own[key].items():
            state.put(Variable(next(keys), 1, key, name, "Integer", value))
    tx.save(state.changes())


def _values(seen: Mapping[str, Variable]) -> dict[str, Any]:
    return {name: variable.value for name, variable in seen.items()}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(tree=trees(), data=st.data())
def test_each_element_sees_its_own_and_what_is_above_it(storage: Storage, tree: Any, data: st.DataObject) -> None:
    parents, own = tree
    elements = st.lists(st.integers(1, len(parents)), unique=True)
    asked = data.draw(st.lists(st.tuples(elements, elements), min_size=1, max_size=3))
    with storage.transaction() as tx:
        _put(tx, parents, own)
        found = side_by_side([ask_visible(tx, wanted, local=local) for wanted, local in asked])
        for (wanted, local), answer in zip(asked, found, strict=True):
            seen = {key: _values(variables) for key, variables in answer().items()}
            expected = {key: _expected(parents, own, key) for key in wanted}
            assert seen == expected | {key: own[key] for key in local}
        for table in ("element", "variable"):
            tx.driver.run(f"DELETE FROM {table}")


def test_what_several_ask_side_by_side_is_one_statement(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    with storage.transaction() as tx:
        _put(tx, [None, 1, 1, 1], {1: {"a": 1}, 2: {"b": 2}, 3: {"a": 3}, 4: {}})
        statements: list[str] = []
        ask = tx.driver.ask

        def counted(statement: str, parameters: Sequence[Any] = ()) -> Any:
            statements.append(statement)
            return ask(statement, parameters)

        monkeypatch.setattr(tx.driver, "ask", counted)
        answers = side_by_side(ask_visible(tx, [key]) for key in (2, 3, 4))
        assert len(statements) == 1
        seen = [_values(answer()[key]) for key, answer in zip((2, 3, 4), answers, strict=True)]
        assert seen == [{"a": 1, "b": 2}, {"a": 3}, {"a": 1}]


def test_it_is_asked_again_after_a_change(storage: Storage) -> None:
    with storage.transaction() as tx:
        _put(tx, [None], {1: {"a": 1}})
        assert _values(visible_variables(tx, [1])[1]) == {"a": 1}
        state = State(tx)
        state.put(Variable(500, 1, 1, "b", "String", "x" * (BIG_VALUE + 1)))
        tx.save(state.changes())
        assert _values(visible_variables(tx, [1])[1]) == {"a": 1, "b": "x" * (BIG_VALUE + 1)}


def test_nothing_is_seen_where_there_is_nothing(storage: Storage) -> None:
    with storage.transaction() as tx:
        assert visible_variables(tx, []) == {}
        assert visible_variables(tx, [7], local=[8]) == {7: {}, 8: {}}
