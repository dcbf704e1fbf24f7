"""Hostile expressions: each ends with a value, a null or ExpressionFailed, and nothing else; `test_bounds` has the clock."""

from __future__ import annotations

import time

import pytest

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import compile_expression, compile_unary_tests, from_feel, to_literal
from tests.feel.facts import expr, value

SCOPE = MappingScope({"l": list(range(1000)), "big": "x" * 1_000_000})


def _doubling(first: str, step: str, last: str = "0") -> str:
    entries = [f"a0: {first}", *(f"a{i}: {step.format(i - 1)}" for i in range(1, 60)), f"r: {last}"]
    return "{" + ", ".join(entries) + "}.r"


PAIRS = "[a{0}, a{0}]"

REFUSED = {
    "endless loop": "for i in 1..1000000000 return i",
    "product of loops": "for i in 1..1000, j in 1..1000, k in 1..1000 return i",
    "recursion": "{f: function(x) f(x), r: f(1)}.r",
    "mutual recursion": "{f: function(x) g(x), g: function(x) f(x), r: f(1)}.r",
    "closed parentheses": "(" * 10_000 + "1" + ")" * 10_000,
    "functions": "function(x) " * 9_000 + "1",
    "types": "1 instance of " + "list<" * 20_000,
    "paths": "a" + ".a" * 40_000,
    "filters": "l" + "[1]" * 40_000,
    "calls": "f" + "()" * 40_000,
    "operators": "< " * 40_000,
    "too long": "1" + " " * 200_000,
    "digits": "9" * 100_000,
    "exponent": "1e999999999999",
    "string without end": '"' + "a" * 150_000,
    "comment without end": "/*" + "*" * 100_000,
    "doubled text": _doubling('"aaaaaaaa"', "a{0} + a{0}"),
    "doubled lists": _doubling("[1]", "concatenate(a{0}, a{0})"),
    "flattened lists": _doubling("[1]", PAIRS, "flatten(a59)"),
    "printed lists": _doubling("[1]", PAIRS, "string(a59)"),
    "compared lists": _doubling("[1]", PAIRS, _doubling("[1]", PAIRS, "a59").replace("a", "b") + " = a59"),
    "long strings": 'for i in 1..100000 return big + "x"',
    "joined strings": "string join(for i in 1..1000 return big)",
    "all days": 'for d in @"0001-01-01"..@"9999-12-31" return d',
    "nested results": "for i in 1..90000 return if i = 1 then [] else [partial[-1]]",
}

HARMLESS = {
    "ReDoS": ('matches("aaaaaaaaaaaaaaaaaaaaaaaaaa!", "^(a+)+$")', "false"),
    "group 999": ('replace("abc", "(b)", "$999")', '"a99c"'),
    "alternation": ('split("aaaaaaaaaaaaaaaaaaaaaaaa", "(a|a)*b")', '["aaaaaaaaaaaaaaaaaaaaaaaa"]'),
    "big repetition": ('matches("a", "(a{1000}){1000}")', "null"),
    "tower of powers": ("2 ** (2 ** (2 ** 40))", "null"),
    "power in a string": ("string(9 ** (9 ** 9))", "null"),
    "long duration": ('duration("P99999999999Y")', "null"),
    "exponent in a duration": ('duration("PT1E400S")', "null"),
    "many digits": ('duration("P' + "9" * 5_000 + 'D")', "null"),
    "zone as path": ('time("10:00:00@../../etc/passwd")', "null"),
    "zone as folder": ('time("10:00:00@Europe")', "null"),
    "unknown zone": ('date and time("2024-01-01T00:00:00@Europe/Nowhere")', "null"),
    "offset": ('time("10:00:00+99:99")', "null"),
    "before the first day": ('@"-999999999-01-01" - @"P1D"', "null"),
    "after the last day": ('@"999999999-12-31" + @"P1D"', "null"),
    "class": ('"".__class__', "null"),
    "subclasses": ("{}.__class__.__mro__[1].__subclasses__()", "null"),
    "format": ('"{0.__class__}".format(1)', "null"),
    "globals": ("abs.__globals__", "null"),
    "import": ('__import__("os").system("true")', "null"),
    "huge index": ("[1][10 ** 300]", "null"),
    "huge scale": ("round up(1.5, 10 ** 300)", "null"),
    "huge parts": ("date(10 ** 300, 1, 1)", "null"),
    "huge length": ('substring("abc", 1, 10 ** 30)', '"abc"'),
    "huge quotient": ("modulo(10 ** 300, 0.001)", "null"),
    "huge exponential": ("exp(10 ** 9)", "null"),
    "huge factor": ('@"P1D" * 10 ** 300', "null"),
    "lone surrogate": (r'string length("\ud800")', "1"),
    "long sum": ("1" + " + 1" * 20_000, "20001"),
    "long conjunction": ("true" + " and true" * 10_000, "true"),
    "prototype": ('{"__proto__": 1, constructor: 2}.constructor', "2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    start = time.perf_counter()
    with pytest.raises(ExpressionFailed):
        from_feel(compile_expression(REFUSED[name]).evaluate(SCOPE))
    assert time.perf_counter() - start < 20


@pytest.mark.parametrize("name", HARMLESS)
def test_harmless(name: str) -> None:
    text, expected = HARMLESS[name]
    assert to_literal(value(text)) == expected


@pytest.mark.parametrize("text", ["not(" * 40_000, "<" * 40_000, "[" * 40_000, "not(" * 5_000 + "1" + ")" * 5_000])
def test_hostile_cells(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        compile_unary_tests(text)


def test_a_value_that_unfolds_does_not_leave() -> None:
    with pytest.raises(ExpressionFailed, match="parts"):
        from_feel(value(_doubling("[1]", PAIRS, "a59")))


def test_a_value_nested_too_deep_does_not_enter() -> None:
    nested: list[object] = []
    for _ in range(1_000):
        nested = [nested]
    with pytest.raises(ExpressionFailed, match="nested"):
        value("x", x=nested)


def test_a_huge_integer_enters_as_null() -> None:
    expr("x", None, x=10**10_000)
