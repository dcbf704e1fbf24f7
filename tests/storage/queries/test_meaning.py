"""What filters mean, on both databases alike: patterns, comparisons of variables, sorting with nothing to sort by."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from procession.storage import Storage, schema
from procession.storage.encoding import encode_value, millis
from procession.storage.queries.language import Comparison, Query, count, rows
from procession.storage.queries.tasks import TASK
from procession.storage.queries.variables import NAMES, VALUES
from procession.values import Long, type_of

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = datetime(2013, 1, 23, 12, 42, 45, tzinfo=UTC)
OWN = {"number": 5, "wide": Long(5), "fraction": 5.0, "text": "5", "flag": True, "none": None, "date": MOMENT}
TASKS = [(1, "wire_1", "Bob", 1), (2, "Wire%2", None, None), (3, "wi*e?[3", "bob", 3), (4, "back\\slash", "Ann", 2)]


@pytest.fixture(scope="module", autouse=True)
def filled(storage: Storage) -> Iterator[None]:
    columns = ("key", "created", "name", "assignee", "due", "priority", "state", "suspended", "variables")
    with storage.transaction() as transaction:
        transaction.driver.insert(
            schema.task,
            columns,
            [(key, millis(NOW), name, user, due, 50, "Created", False, 0) for key, name, user, due in TASKS],
        )
        values = (
            "key",
            "scope",
            "task",
            "name",
            "type",
            "form",
            "text_value",
            "long_value",
            "double_value",
            "revision",
        )
        lines = []
        for index, (name, value) in enumerate({**OWN, "Phrase": "Hello World"}.items()):
            held = encode_value(value)
            lines.append((100 + index, 1, 1, name, type_of(value), held.form, held.text, held.long, held.double, 0))
        transaction.driver.insert(schema.variable, values, lines)
    yield
    with storage.transaction() as transaction:
        transaction.driver.run("DELETE FROM task")
        transaction.driver.run("DELETE FROM variable")


def found(storage: Storage, filters: dict[str, Any], **more: Any) -> list[int]:
    query = Query(filters, **more)
    with storage.read() as connection:
        keys = [row["key"] for row in rows(connection, TASK, query, NOW)]
        if not query.first and query.most is None:
            assert count(connection, TASK, query, NOW) == len(keys)
    return keys


@pytest.mark.parametrize(
    ("filters", "keys"),
    [
        ({"name": "WIRE_1"}, [1]),
        ({"nameNotEqual": "WIRE_1"}, [2, 3, 4]),
        ({"nameLike": "wire%"}, [1, 2]),
        ({"nameLike": "wire\\_1"}, [1]),
        ({"nameLike": "wire\\%%"}, [2]),
        ({"nameLike": "w__e%"}, [1, 2, 3]),
        ({"nameLike": "%*e?[%"}, [3]),
        ({"nameLike": "back\\\\%"}, [4]),
        ({"nameLike": "%\\"}, []),
        ({"nameNotLike": "w%"}, [4]),
        ({"assigneeLike": "b%"}, [3]),
        ({"assigneeLike": "%o%"}, [1, 3]),
        ({"assignee": "bob"}, [3]),
        ({"assigneeIn": ["bob", "Ann"]}, [3, 4]),
        ({"assigneeNotIn": ["bob", "Ann"]}, [1]),
        ({"unassigned": True}, [2]),
        ({"taskId": "2"}, [2]),
        ({"taskId": "02"}, []),
        ({"taskId": "2; DROP TABLE task"}, []),
        ({"taskIdIn": ["1", "4", "x"]}, [1, 4]),
        ({"withoutCandidateUsers": True}, [2]),
        ({"createdOn": NOW}, [1, 2, 3, 4]),
        ({"createdAfter": NOW}, []),
        ({"updatedAfter": MOMENT}, [1, 2, 3, 4]),
    ],
)
def test_filters(storage: Storage, filters: dict[str, Any], keys: list[int]) -> None:
    assert found(storage, filters) == keys


def holds(storage: Storage, name: str, operator: str, value: Any, *switches: str) -> bool:
    filters = {"taskVariables": [Comparison(name, operator, value)]}
    return found(storage, filters, switches=frozenset(switches)) == [1]


EQUAL = [
    *((name, value) for name in ("number", "wide", "fraction") for value in (5, 5.0)),
    ("text", "5"),
    ("flag", True),
    ("none", None),
    ("date", MOMENT),
]


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("value", [5, 5.0, "5", True, None, MOMENT], ids=repr)
def test_equal_means_of_the_same_kind(storage: Storage, name: str, value: Any) -> None:
    equal = any(own == name and other == value and type(other) is type(value) for own, other in EQUAL)
    assert holds(storage, name, "eq", value) is equal
    assert holds(storage, name, "neq", value) is not equal


@pytest.mark.parametrize("operator", ["eq", "neq", "gt", "lteq", "like"])
def test_a_variable_that_is_not_there_meets_nothing(storage: Storage, operator: str) -> None:
    assert not holds(storage, "absent", operator, "x")


def test_order(storage: Storage) -> None:
    assert holds(storage, "number", "gt", 4)
    assert holds(storage, "fraction", "lteq", 5)
    assert holds(storage, "fraction", "lt", 5.5)
    assert not holds(storage, "number", "lt", 5.5)  # a Camunda 7 compares a fraction with Double alone
    assert holds(storage, "date", "gteq", MOMENT)
    assert not holds(storage, "text", "gt", 4)


def test_case_plays_no_part_where_switched_off(storage: Storage) -> None:
    assert not holds(storage, "Phrase", "eq", "hello world")
    assert holds(storage, "Phrase", "eq", "hello world", VALUES)
    assert holds(storage, "Phrase", "like", "hello%", VALUES)
    assert not holds(storage, "Phrase", "like", "hello%")
    assert holds(storage, "phrase", "eq", "Hello World", NAMES)
    assert not holds(storage, "Phrase", "neq", "hello world", VALUES)


def test_one_of_a_group_is_enough(storage: Storage) -> None:
    assert found(storage, {}, either=[{"assignee": "bob", "taskId": "1"}]) == [1, 3]
    assert found(storage, {}, either=[{"assignee": "bob"}, {"taskId": "1"}]) == []
    assert found(storage, {}, either=[{}]) == [1, 2, 3, 4]


def test_what_lacks_a_value_comes_first(storage: Storage) -> None:
    assert found(storage, {}, sorting=[(TASK.sorts["dueDate"], True)]) == [2, 1, 4, 3]
    assert found(storage, {}, sorting=[(TASK.sorts["dueDate"], False)]) == [3, 4, 1, 2]


def test_pages(storage: Storage) -> None:
    assert found(storage, {}, first=1, most=2) == [2, 3]
    assert found(storage, {}, first=2) == [3, 4]
    assert found(storage, {}, most=0) == []
    assert found(storage, {}, most=-1) == []


def test_sorted_by_a_variable(storage: Storage) -> None:
    column = TASK.variable_sorts["taskVariable"]("number", "Integer")
    assert found(storage, {}, sorting=[(column, False)]) == [1, 2, 3, 4]
