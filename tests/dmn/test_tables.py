"""Decision tables by the standard: every hit policy, aggregation, default, priority, and what goes wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dmn.models import decide, decision, document, table, value

OVERLAPPING = [["> 0", '"a"'], ["> 5", '"b"'], ["> 9", '"a"']]
NUMBERS = [["> 0", "1"], ["> 5", "2.5"], ["> 9", "-4"]]
ORDER = '"b", "a"'


@pytest.mark.parametrize(
    ("policy", "x", "expected"),
    [
        ("UNIQUE", 3, "a"),
        ("UNIQUE", 7, None),
        ("FIRST", 7, "a"),
        ("ANY", 3, "a"),
        ("ANY", 7, None),
        ("PRIORITY", 7, "b"),
        ("RULE ORDER", 10, ["a", "b", "a"]),
        ("OUTPUT ORDER", 10, ["b", "a", "a"]),
        ("COLLECT", 10, ["a", "b", "a"]),
        ("COLLECT", 3, ["a"]),
        ("COLLECT", 0, None),
        ("FIRST", 0, None),
    ],
)
def test_hit_policies(policy: str, x: int, expected: Any) -> None:
    assert value(table(OVERLAPPING, policy=policy, values=[ORDER]), x=x) == expected


@pytest.mark.parametrize(
    ("aggregation", "x", "expected"),
    [
        ("SUM", 10, -0.5),
        ("MIN", 10, -4),
        ("MAX", 10, 2.5),
        ("COUNT", 10, 3),
        ("COUNT", 0, 0),
        ("SUM", 0, None),
        ("MIN", 0, None),
    ],
)
def test_aggregations(aggregation: str, x: int, expected: Any) -> None:
    logic = table(NUMBERS, policy="COLLECT", extra=f'aggregation="{aggregation}"')
    assert value(logic, x=x) == expected


def test_a_default_is_not_aggregated_and_words_have_no_sum() -> None:
    counted = table(NUMBERS, policy="COLLECT", extra='aggregation="COUNT"', defaults=["7"])
    assert [value(counted, x=x) for x in (0, 10)] == [7, 3]
    assert value(table([["-", '"a"'], ["-", '"b"']], policy="COLLECT", extra='aggregation="SUM"'), x=1) is None


def test_any_allows_equal_outputs() -> None:
    assert value(table([["> 0", "1"], ["> 1", "1.0"]], policy="ANY"), x=2) == 1


def test_several_outputs_are_a_context() -> None:
    logic = table([["-", "1", '"x"']], outputs=("price", "kind"))
    assert value(logic, x=0) == {"price": 1, "kind": "x"}


def test_priorities_count_output_by_output() -> None:
    rules = [["-", '"low"', '"x"'], ["-", '"high"', '"y"'], ["-", '"high"', '"x"']]
    logic = table(rules, outputs=("risk", "kind"), policy="PRIORITY", values=['"high", "low"', '"x", "y"'])
    assert value(logic, x=0) == {"risk": "high", "kind": "x"}


def test_defaults_where_nothing_matches() -> None:
    logic = table([["> 5", '"a"']], defaults=['"none"'])
    assert (value(logic, x=6), value(logic, x=1)) == ("a", "none")


def test_rows_and_records_of_a_hit() -> None:
    result = decide(document(decision("d", table(OVERLAPPING, policy="RULE ORDER"))), "d", x=7)
    assert result.rows == ({"out": "a"}, {"out": "b"})
    (record,) = result.decisions
    assert [(one.clause_id, one.clause_name, one.type, one.value) for one in record.inputs] == [
        ("in0", "In 0", "Integer", 7)
    ]
    assert [(one.rule_id, one.rule_order, one.variable_name, one.value) for one in record.outputs] == [
        ("rule1", 1, "out", "a"),
        ("rule2", 2, "out", "b"),
    ]
    assert (record.root, result.elements) == (None, 6)


def test_a_broken_hit_policy_is_null_and_said() -> None:
    result = decide(document(decision("d", table(OVERLAPPING))), "d", x=7)
    assert result.value is None
    assert [one.message for one in result.warnings] == ["the hit policy UNIQUE allows one rule to match, not 2"]


def test_an_output_of_another_type_is_null_and_said() -> None:
    result = decide(document(decision("d", table([["-", '"a"']], types=["number"]))), "d", x=7)
    assert (result.value, result.warnings[0].message) == (None, "the output 'out' is not a number")


def test_a_cell_that_cannot_be_read_does_not_match() -> None:
    result = decide(document(decision("d", table([["1 +", "1"], ["7", "2"]], policy="FIRST"))), "d", x=7)
    assert result.value == 2


def test_booleans_are_compared_with_booleans() -> None:
    logic = table([["y", '"same"'], ["not(y)", '"other"']], policy="FIRST")
    assert (value(logic, x=True, y=True), value(logic, x=False, y=True)) == ("same", "other")
