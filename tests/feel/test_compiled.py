"""What callers see: names, constants, warnings, conversions, functions from outside, faults with a position."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from procession.errors import ExpressionFailed
from procession.expressions import BeanOf, Expression, MappingScope
from procession.feel import (
    Evaluation,
    FeelScope,
    Function,
    Null,
    compile_expression,
    from_feel,
    to_feel,
    to_literal,
)
from procession.feel.syntax import ListType, NamedType, Type
from procession.values import JsonValue, Long, ObjectValue, Short, TypedValue
from tests.feel.facts import NOW, expr, value, warns

EMPTY = MappingScope({})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1", ""),
        ("a + b.c", "a b"),
        ("count(a)", "a"),
        ("for x in xs return x + y", "xs y"),
        ("some x in xs satisfies x > item", "xs item"),
        ("{a: 1, b: a + c}", "c"),
        ("(function(p) p + q)(r)", "q r"),
        ("xs[item > y]", "xs y"),
    ],
)
def test_names(text: str, names: str) -> None:
    assert compile_expression(text).names == set(names.split())


@pytest.mark.parametrize(
    ("text", "constant"),
    [("1", True), ("-1", True), ('@"P1D"', True), ("[1, 2]", True), ("now()", False), ("a", False)],
)
def test_constant(text: str, constant: bool) -> None:
    assert compile_expression(text).constant is constant


def test_it_is_an_expression() -> None:
    expression: Expression = compile_expression("1")
    assert (expression.source, expression.evaluate(EMPTY)) == ("1", 1)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("1 +", 3),
        ("(1", 2),
        ('"abc', 0),
        ("1 /* x", 2),
        ("a ` b", 2),
        ("if a then b", 11),
        ("for x return 1", 6),
        ("[1, 2", 5),
        ("{a 1}", 4),
        ("1 1", 2),
        ("a..b", 1),
        ("x instance of", 13),
        ("1 === 2", 2),
        ("", 0),
        ("function(x", 10),
        ("@ 1", 2),
    ],
)
def test_unreadable(text: str, position: int) -> None:
    with pytest.raises(ExpressionFailed) as failure:
        compile_expression(text)
    assert (failure.value.position, failure.value.source) == (position, text)


def test_warnings() -> None:
    warns("1 + missing", "no variable 'missing'", 4)
    warns('1 + "a"', "no result for number + string", 2)
    warns("[1][5]", "no item 5", 3)
    warns("abs(1, 2)", "abs takes no 2 arguments", 3)
    warns('abs("a")', "'n' must be number", 3)
    warns("abs(null)", "'n' is null", 3)
    warns("1(2)", "number is no function", 1)
    warns("{a: 1}.b", "no entry 'b'", 6)


def test_warnings_are_bounded() -> None:
    evaluation = Evaluation()
    compile_expression("for i in 1..1000 return i + missing").evaluate(EMPTY, evaluation)
    assert len(evaluation.warnings) == 100


@pytest.mark.parametrize(
    ("given", "text", "back"),
    [
        (None, "null", None),
        (True, "true", True),
        (5, "5", 5),
        (Short(6), "6", 6),
        (2**40, "1099511627776", Long(2**40)),
        (2.5, "2.5", 2.5),
        (0.1, "0.1", 0.1),
        (float("nan"), "null", None),
        (float("inf"), "null", None),
        ("a", '"a"', "a"),
        ([1, (2, 3)], "[1, [2, 3]]", [1, [2, 3]]),
        ({"a": {"b": 1}}, "{a: {b: 1}}", {"a": {"b": 1}}),
        (date(2024, 1, 2), "2024-01-02", date(2024, 1, 2)),
        (time(1, 2, 3, 4000), "01:02:03.004", time(1, 2, 3, 4000)),
        (timedelta(hours=-1.5), "-PT1H30M", timedelta(hours=-1.5)),
        (datetime(2024, 1, 2, tzinfo=UTC), "2024-01-02T00:00:00Z", datetime(2024, 1, 2, tzinfo=UTC)),
        (
            datetime(2024, 7, 2, tzinfo=ZoneInfo("Europe/Paris")),
            "2024-07-02T00:00:00@Europe/Paris",
            datetime(2024, 7, 2, tzinfo=timezone(timedelta(hours=2))),
        ),
        (JsonValue('{"a": [1.10]}'), "{a: [1.10]}", {"a": [1.1]}),
        (JsonValue("{"), "null", None),
        (TypedValue("Integer", 1), "1", 1),
        (ObjectValue("[1]", value=[1]), "[1]", [1]),
        (b"x", "<opaque>", b"x"),
    ],
)
def test_conversion(given: Any, text: str, back: Any) -> None:
    found = to_feel(given)
    assert to_literal(found) == text
    assert from_feel(found) == back
    assert to_feel(found) == found


@pytest.mark.parametrize(
    ("text", "kind", "back"),
    [
        ("10 ** 30", float, 1e30),
        ("3000000000", Long, 3_000_000_000),
        ("2147483647", int, 2**31 - 1),
        ("1.0", int, 1),
        ("10 ** 400", type(None), None),
        ('@"P14M"', str, "P1Y2M"),
        ("[1..2)", str, "[1..2)"),
        ('@"-0044-03-15"', str, "-0044-03-15"),
    ],
)
def test_back_conversion(text: str, kind: type, back: Any) -> None:
    found = from_feel(value(text))
    assert (type(found), found) == (kind, back)


def test_functions_from_outside() -> None:
    def invoke(evaluation: Evaluation, arguments: Sequence[Any]) -> Any:
        if arguments[0] is None:
            raise Null("nothing to double")
        return arguments[0] * 2

    double = Function(("amount of money",), invoke)
    expr("double it(2)", 4, double_it=double)
    expr("double it(amount of money: 3)", 6, double_it=double)
    expr("for x in [1, 2] return f(x)", [2, 4], f=double)
    warns("f(null)", "nothing to double", 1, f=double)
    warns("f(1, 2)", "takes 1 arguments, not 2", 1, f=double)
    warns("f(a: 1)", "parameters are amount of money", 1, f=double)


def test_beans_give_named_properties_only() -> None:
    expr("task.name", "a", task=BeanOf({"name": "a"}))
    expr("task.properties", None, task=BeanOf({"name": "a"}))


def test_item_definitions() -> None:
    types: dict[str, Type] = {
        "tAll": ListType(NamedType("tOne")),
        "tOne": NamedType("number"),
        "tLoop": NamedType("tLoop"),
    }
    for text, expected in (("[1]", True), ('["a"]', False)):
        assert compile_expression(f"{text} instance of tAll", types=types).evaluate(EMPTY) is expected
    assert compile_expression("1 instance of tLoop", types=types).evaluate(EMPTY) is None


def test_feel_scopes_convert_nothing() -> None:
    values = {"a": [Decimal(1)]}
    scope = FeelScope(values, MappingScope({"b": 2}, NOW))
    assert compile_expression("a").evaluate(scope) is values["a"]
    assert compile_expression("b + a[1]").evaluate(scope) == 3
    assert scope.resolve("b") == 2
    assert scope.now() == NOW


def test_nested_evaluations_share_limits() -> None:
    evaluation = Evaluation(steps=30)
    loop = compile_expression("for i in 1..8 return i")
    loop.evaluate(EMPTY, evaluation)
    with pytest.raises(ExpressionFailed, match="steps"):
        loop.evaluate(EMPTY, evaluation)


def test_values_are_not_changed() -> None:
    given = {"l": [3, 1, 2]}
    for text in ("append(l, 1)", "sort(l)", "remove(l, 1)", "for x in l return partial"):
        compile_expression(text).evaluate(MappingScope(given))
    assert given == {"l": [3, 1, 2]}


def test_assert_fails_on_purpose() -> None:
    with pytest.raises(ExpressionFailed, match="too small"):
        value('assert(1, 1 > 3, "too small")')
