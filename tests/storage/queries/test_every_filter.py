"""Every filter and every sorting of every query table makes a statement that both databases take."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from procession.storage import Storage
from procession.storage.queries import definitions, history, logs, runtime, tasks
from procession.storage.queries.language import Comparison, Kind, Query, QueryTable, count, rows

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TABLES = [
    thing
    for module in (definitions, history, logs, runtime, tasks)
    for thing in vars(module).values()
    if isinstance(thing, QueryTable)
]
COMPARISONS = [
    Comparison("a", operator, value)
    for operator in ("eq", "neq", "gt", "lteq", "like", "notLike")
    for value in ("x", 5)
] + [Comparison("a", "eq", value) for value in (None, True, 5.5, 2**70, NOW)]
SAMPLES: dict[Kind, list[Any]] = {
    Kind.TEXT: ["x", "17", "9" * 30, "%_*?[\\", "'; DROP TABLE task; --", ""],
    Kind.TEXTS: [["x"], ["x", "y"], ["1", "2"], ["z"] * 3],
    Kind.NUMBER: [0, -(2**31)],
    Kind.LONG: [0, 2**63 - 1],
    Kind.FLAG: [True],
    Kind.SWITCH: [],
    Kind.MOMENT: [NOW, datetime(1, 1, 2, tzinfo=UTC)],
    Kind.VALUES: [COMPARISONS],
    Kind.MOMENTS: [[("gt", NOW), ("lt", NOW)]],
    Kind.VALUE: ["x", 5, 1.5, None, True, NOW],
}


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_filter_makes_a_statement(storage: Storage, table: QueryTable) -> None:
    switches = frozenset(name for name, found in table.filters.items() if found.kind is Kind.SWITCH)
    with storage.read() as connection:
        for name, found in table.filters.items():
            for value in SAMPLES[found.kind]:
                assert count(connection, table, Query({name: value}, switches=switches), NOW) == 0
                assert rows(connection, table, Query({name: value}), NOW) == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_sorting_makes_a_statement(storage: Storage, table: QueryTable) -> None:
    with storage.read() as connection:
        for column in table.sorts.values():
            for ascending in (True, False):
                assert rows(connection, table, Query(sorting=[(column, ascending)], first=3, most=5), NOW) == []
        for sort in table.variable_sorts.values():
            for kind in ("String", "Long", "Double", "Nonsense"):
                assert rows(connection, table, Query(sorting=[(sort("a", kind), True)], first=1), NOW) == []


def test_a_list_of_any_length_is_one_parameter(storage: Storage) -> None:
    many = [str(number) for number in range(1, 100_000)]
    with storage.read() as connection:
        assert count(connection, tasks.TASK, Query({"taskIdIn": many, "assigneeIn": many}), NOW) == 0
