"""Unary tests: the cells of decision tables, with Camunda 7.24's verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import NOT_CONSTANT, UnaryTests, compile_unary_tests, constant_value, to_literal
from procession.feel.syntax import Literal, OperatorTest, RangeLiteral

VARIABLES = {"a": 1, "yes": True, "list": [1, 2], "Full Name": "Ann"}


def cell(text: str) -> UnaryTests:
    return compile_unary_tests(text, VARIABLES)


FACTS: list[tuple[str, Any, bool | None]] = [
    ("-", 5, True),
    ("", None, True),
    ("5", 5, True),
    ("5", "5", None),
    ("< 5", 4, True),
    ("< 5", "a", None),
    ("< 5", None, None),
    (">= 5", 5, True),
    ("!= 5", 5, False),
    ("= 5", 5, True),
    ("[1..5]", 5, True),
    ("]1..5[", 5, False),
    ("(1..5]", None, None),
    ("1, 2, 5", 2, True),
    ("not(1, 2)", 5, True),
    ("not(1, 2)", 2, False),
    ('not("a")', 5, None),
    ("not(< 5)", 5, True),
    ('"a", "b"', "b", True),
    ("null", None, True),
    ("not(null)", 1, True),
    ("true", True, True),
    ("true", 1, None),
    ("false", False, True),
    ("yes", 1, True),
    ("a = 1", 7, True),
    ("a > 5", 7, None),
    ("list", 2, True),
    ("list", 5, False),
    ("a", 1, True),
    ("missing", 1, False),
    ("? > 3", 5, True),
    ("? > 3", 1, False),
    ("? > 3 and ? < 5", 4, True),
    ('contains(?, "a")', "cat", True),
    ("count(?) > 1", [1, 2], True),
    ("some x in ? satisfies x = 2", [1, 2], True),
    ("not(? > 3)", 5, False),
    ("[1, 5], 7", 5, True),
    ('date("2024-01-01")', "2024-01-01", None),
    ('> date("2024-01-01")', None, None),
    ("Full Name", "Ann", True),
    ("-5", -5, True),
    ("(1 + 4)", 5, True),
]


@pytest.mark.parametrize(("text", "given", "verdict"), FACTS)
def test_verdict(text: str, given: Any, verdict: bool | None) -> None:
    assert cell(text).matches(MappingScope(VARIABLES), given) is verdict


@pytest.mark.parametrize("text", ["< ", "1,", "not(1", "1 2", "== 5", "[1..", "?.", ", 1"])
def test_unreadable(text: str) -> None:
    with pytest.raises(ExpressionFailed) as failure:
        cell(text)
    assert failure.value.position >= 0
    assert failure.value.source == text


def test_the_syntax_is_there_for_indexing() -> None:
    match cell('"a", < 5, [1..2)').syntax.tests:
        case (Literal("a"), OperatorTest("<", operand), RangeLiteral(start_closed=True, end_closed=False)):
            assert constant_value(operand) == 5
        case other:
            pytest.fail(str(other))


@pytest.mark.parametrize(
    ("text", "constant"),
    [('"a"', '"a"'), ("-1.5", "-1.5"), ("[1..2)", "[1..2)"), ('date("2024-01-01")', "2024-01-01"), ('@"P1D"', "P1D")],
)
def test_constant_value(text: str, constant: str) -> None:
    assert to_literal(constant_value(cell(text).syntax.tests[0])) == constant


def test_not_constant() -> None:
    assert constant_value(cell("a + 1").syntax.tests[0]) is NOT_CONSTANT


@pytest.mark.parametrize(("text", "constant"), [("-", True), ("< 5, 7", True), ("< a", False), ("? > 3", False)])
def test_constant(text: str, constant: bool) -> None:
    assert cell(text).constant is constant


def test_names() -> None:
    assert cell("< a, Full Name, f(b)").names == {"a", "Full Name", "f", "b"}
