"""A table as a plain function gives what the whole evaluation gives: for every policy, type, limit, default and value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.dmn import compile_definitions, read_dmn
from procession.dmn.deciding import Compiled
from procession.values import Long, Short, TypedValue
from tests.dmn.models import decision, document, input_data, table, text
from tests.dmn.test_index import CELLS, CONSTANTS

POLICIES = [
    'hitPolicy="UNIQUE"',
    'hitPolicy="FIRST"',
    'hitPolicy="ANY"',
    'hitPolicy="PRIORITY"',
    'hitPolicy="RULE ORDER"',
    'hitPolicy="OUTPUT ORDER"',
    'hitPolicy="COLLECT"',
    *(f'hitPolicy="COLLECT" aggregation="{one}"' for one in ("SUM", "MIN", "MAX", "COUNT")),
]
OUTPUTS = st.sampled_from(["1", "-2.5", '"a"', "true", "null", 'date("2024-01-01")', "[1, 2]", "x", "limit + 1", "1 +"])
TYPES = st.sampled_from(["", "Any", "number", "string", "boolean", "date", "date and time", "small", "list", "unknown"])
ITEM = '<itemDefinition name="small"><typeRef>number</typeRef><allowedValues><text>&lt; 3</text></allowedValues></itemDefinition>'
BIG = st.sampled_from([10**33, 10**34, 10**34 + 1, -(10**40) - 1, 10**7000, float("inf"), float("nan"), 1e300])
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-6, 6),
    BIG,
    st.sampled_from([0.5, 1.0, -2.5, Decimal("0.50"), Long(2), Short(3), "a", "b", "c d", "", [1, 2], [2], {"y": 1}]),
    st.sampled_from([date(2024, 1, 1), date(2024, 2, 29), date(2025, 1, 1), TypedValue("String", "a")]),
    st.sampled_from(["2024-01-01", "2024-02-30", "2024-02-29T10:00:00", "-2024-02-29", "2024-02-29" + " " * 40]),
    st.sampled_from([datetime(2024, 1, 1, 10), datetime(2024, 1, 1, 11, tzinfo=UTC)]),
)


PLAIN = CONSTANTS | st.sampled_from(["-", "< 2", "[-2..3]", '"a", 1', 'not("a")', "!= 1", "true", "null"])
PLAIN |= st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "="]), CONSTANTS)
LITERALS = st.sampled_from(["1", "-2.5", '"a"', "true", "null", 'date("2024-01-01")'])


@st.composite
def models(draw: Callable[..., Any]) -> Compiled:
    """A decision of one table over `x` and another input; most have nothing that must be evaluated in full."""
    plain, count = draw(st.sampled_from([True, True, True, False])), draw(st.integers(1, 2))
    cells, outputs = (PLAIN, LITERALS) if plain else (CELLS, OUTPUTS)
    types = st.just("") if plain else TYPES
    logic = table(
        draw(st.lists(st.tuples(cells, cells, *[outputs] * count).map(list), min_size=1, max_size=6)),
        inputs=("x", draw(st.sampled_from(["c.y", "z", "date(z)"] if plain else ["c.y", "x + 1", "count", "d"]))),
        outputs=("one", "two")[:count],
        values=draw(st.sampled_from([[], ['1, "a"']])),
        defaults=draw(st.sampled_from([[], ["7"]])),
        types=draw(st.sampled_from([[], ["number"]])),
    )
    logic = logic.replace('hitPolicy="UNIQUE"', draw(st.sampled_from(POLICIES)))
    logic = logic.replace("<inputExpression ", f'<inputExpression typeRef="{draw(TYPES)}" ', draw(st.integers(0, 1)))
    if draw(st.booleans()):
        logic = logic.replace("</inputExpression>", "</inputExpression>" + text("inputValues", draw(cells)), 1)
    required = draw(st.sampled_from([(), ("i:x",)]))
    elements = [input_data("x", draw(types))] if required or not plain else []
    return compile_definitions(read_dmn(document(ITEM, *elements, decision("d", logic, required, draw(types)))))


@given(models(), st.lists(st.fixed_dictionaries({"x": VALUES}, optional={"z": VALUES, "c": VALUES}), min_size=1))
def test_a_function_gives_what_the_whole_evaluation_gives(model: Compiled, cases: list[dict[str, Any]]) -> None:
    for variables in cases:
        variables["limit"] = 2
        assert repr(model.decide("d", variables)) == repr(model.evaluate("d", variables).value)


RULES = [['"a"', "< 5", "1", '"low"'], ['"a"', ">= 5", "2", '"high"'], ["-", "> 90", "3", '"top"']]


@pytest.mark.parametrize(
    ("policy", "variables", "expected"),
    [
        ("UNIQUE", {"x": "a", "c": {"y": 4}}, {"n": 1, "s": "low"}),
        ("UNIQUE", {"x": "b", "c": {"y": 4}}, None),
        ("UNIQUE", {"x": "a", "c": {"y": 99}}, None),
        ("FIRST", {"x": "a", "c": {"y": 99}}, {"n": 2, "s": "high"}),
        ("COLLECT", {"x": "a", "c": {"y": 99}}, [{"n": 2, "s": "high"}, {"n": 3, "s": "top"}]),
        ("FIRST", {"x": "a"}, None),
    ],
)
def test_values(policy: str, variables: Mapping[str, Any], expected: Any) -> None:
    logic = table(RULES, inputs=("x", "c.y"), outputs=("n", "s"), policy=policy)
    decide = compile_definitions(read_dmn(document(decision("d", logic)))).direct("d")
    assert decide(variables) == expected


def test_what_is_given_out_is_the_callers() -> None:
    logic = table([["-", "1", "2"]], outputs=("a", "b"))
    decide = compile_definitions(read_dmn(document(decision("d", logic)))).direct("d")
    decide({"x": 1})["a"] = "changed"
    assert decide({"x": 1}) == {"a": 1, "b": 2}
