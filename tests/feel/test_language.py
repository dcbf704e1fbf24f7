"""The language: literals, operators, names, control, in the order of the standard (DMN 1.5, chapter 10.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.feel.facts import Feel, expr

LITERALS: list[tuple[str, Any]] = [
    ("1", 1),
    ("-1", -1),
    (".5", 0.5),
    ("1.5e2", 150),
    ("true", True),
    ("false", False),
    ("null", None),
    ('"a"', "a"),
    (r'"a\nb\t\"\\"', 'a\nb\t"\\'),
    (r'"\u0041\U01F40E"', "A🐎"),
    (r'"\ud83d\udc0e"', "🐎"),
    (r'"\d+"', r"\d+"),
    ("1 // comment", 1),
    ("/* a * b */ 1", 1),
    ("[1, 2]", [1, 2]),
    ("[]", []),
    ("{}", {}),
    ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
    ('{"a b": 1, c-d: 2}', {"a b": 1, "c-d": 2}),
    ("{a: 1, a: 2}", None),
    ("{🐎: 1}.🐎", 1),
    ('@"2024-02-29"', Feel('date("2024-02-29")')),
    ('@"P1D"', Feel('duration("P1D")')),
    ('@"10:00:00Z"', Feel('time("10:00:00Z")')),
    ('@"2024-01-01T24:00:00"', Feel('date and time("2024-01-02T00:00:00")')),
    ('@"nonsense"', None),
    ("[1..5]", Feel("[1..5]")),
    ("]1..5[", Feel("(1..5)")),
    ("(< 5)", Feel("(< 5)")),
    ("(= 5)", Feel("[5..5]")),
    ('[1.."a"]', None),
]

OPERATORS: list[tuple[str, Any]] = [
    ("1 + 2 * 3", 7),
    ("(1 + 2) * 3", 9),
    ("2 ** 3 ** 2", 64),
    ("-2 ** 2", 4),
    ("10 - 2 - 3", 5),
    ("1 / 3 * 3", Feel("0.9999999999999999999999999999999999")),
    ("0.1 + 0.2", 0.3),
    ("1 / 0", None),
    ("10 ** 7000", None),
    ('"a" + "b"', "ab"),
    ('"a" + 1', None),
    ("1 + null", None),
    ('-"a"', None),
    ('-@"P1D"', Feel('@"-P1D"')),
    ('@"2024-01-31" + @"P1M"', Feel('@"2024-02-29"')),
    ('@"2024-01-01" + @"PT36H"', Feel('@"2024-01-02"')),
    ('@"2024-03-01" - @"2024-02-01"', Feel('@"P29D"')),
    ('@"10:00:00" + @"PT15H"', Feel('@"01:00:00"')),
    ('@"2024-01-01T00:00:00Z" - @"2024-01-01T00:00:00+01:00"', Feel('@"PT1H"')),
    ('@"2024-01-01T00:00:00Z" - @"2024-01-01T00:00:00"', None),
    ('@"P1D" * 1.5', Feel('@"P1DT12H"')),
    ('@"P1Y" / 2', Feel('@"P6M"')),
    ('@"P1D" / @"PT6H"', 4),
    ("1 = 1.0", True),
    ('1 = "1"', None),
    ("1 = null", False),
    ("null = null", True),
    ("1 != 2", True),
    ('"b" > "a"', True),
    ("1 < null", None),
    ("[1, 2] = [1, 2]", True),
    ('[1, 2] = [1, "2"]', None),
    ("{a: 1, b: 2} = {b: 2, a: 1}", True),
    ('@"P1Y" = @"P12M"', True),
    ('@"2024-01-01T00:00:00@Europe/Paris" = @"2023-12-31T23:00:00Z"', True),
    ("5 between 1 and 5", True),
    ("null between 1 and 5", None),
    ("5 in [1..5)", False),
    ("5 in (1, 2, 5)", True),
    ("5 in (< 2, > 4)", True),
    ("5 in [[1..2], [4..6]]", True),
    ("5 in != 5", False),
    ("5 in (null..10]", None),
    ("[1, 2] in [[1, 2], [3]]", True),
    ("true and null", None),
    ("false and null", False),
    ("true or null", True),
    ("false or 1", None),
    ("1 instance of number", True),
    ("null instance of Any", False),
    ("[1, 2] instance of list<number>", True),
    ("{a: 1} instance of context<a: number>", True),
    ('{a: "x"} instance of context<a: number>', False),
    ("[1..2] instance of range<number>", True),
    ('@"P1D" instance of days and time duration', True),
    ("abs instance of function<number> -> number", True),
    ("1 instance of nonsense", None),
]

READING: list[tuple[str, Any]] = [
    ("{a: {b: 1}}.a.b", 1),
    ("{a: 1}.b", None),
    ('time("10:30:11Z") = time("11:30:11+01:00")', False),
    ('time("10:30:11Z") = time("10:30:11+00:00")', True),
    ('time("10:30:11Z") <= time("11:30:11+01:00")', True),
    ('date and time("2020-01-01T10:00:00Z") = date and time("2020-01-01T11:00:00+01:00")', True),
    ("-2.5 instance of number", True),
    ("{a-b: {c d/e: 3}}.a-b.c d/e + 1", 4),
    ("0 ** 0", 1),
    ('@"10:10:10@Etc/UTC"', Feel('time("10:10:10@Etc/UTC")')),
    ("null.a", None),
    ("[{a: 1}, {a: 2}].a", [1, 2]),
    ("[{a: 1}, {b: 2}].a", [1, None]),
    ("[1, 2, 3][1]", 1),
    ("[1, 2, 3][-1]", 3),
    ("[1, 2, 3][4]", None),
    ("[1, 2, 3][0]", None),
    ("[1, 2, 3][item > 1]", [2, 3]),
    ("[{a: 1, b: 2}, {a: 3, b: 4}][a > 1].b", [4]),
    ("[{item: 1}, {item: 2}][item > 1]", [{"item": 2}]),
    ("[3, 2, 1][[3, 2][1] - 1]", 2),
    ("1[1]", 1),
    ("1[item > 1]", []),
    ("[][1]", None),
    ('@"2024-05-06".weekday', 1),
    ('@"2024-05-06T07:08:09+02:00".time offset', Feel('@"PT2H"')),
    ('@"2024-05-06T07:08:09@Europe/Paris".timezone', "Europe/Paris"),
    ('@"-P1DT2H".hours', -2),
    ('@"P14M".years', 1),
    ("[1..5).end included", False),
    ("{`a b`: 1, c: `a b` + 1}.c", 2),
    ("{a b: 1, c: a b + 1}.c", 2),
    ("{a-b: 3, a: 2, b: 1, c: a-b, d: a - b}.c", 3),
    ("{a-b: 3, a: 2, b: 1, c: a-b, d: a - b}.d", 1),
]

CONTROL: list[tuple[str, Any]] = [
    ("if true then 1 else 2", 1),
    ("if null then 1 else 2", 2),
    ("for x in [1, 2] return x * 2", [2, 4]),
    ("for x in 1..3 return x", [1, 2, 3]),
    ("for x in 3..1 return x", [3, 2, 1]),
    ("for x in (1..4) return x", [2, 3]),
    ('for d in @"2024-02-28"..@"2024-03-01" return d.day', [28, 29, 1]),
    ("for x in [1, 2], y in [x, 10] return x * y", [1, 10, 4, 20]),
    ("for x in 1..4 return if x = 1 then 1 else x * partial[-1]", [1, 2, 6, 24]),
    ("for first name in [1] return first name", [1]),
    ("for x in null return x", None),
    ("some x in [1, 2] satisfies x > 1", True),
    ("some x in [1, null] satisfies x > 5", None),
    ("every x in [] satisfies false", True),
    ("every x in [1, 2], y in [1] satisfies x > y", False),
    ("(function(x, y) x - y)(3, 1)", 2),
    ("(function(x, y) x - y)(y: 3, x: 1)", -2),
    ("(function(x: number) x)(1, 2)", None),
    ('(function(x: number) x)("a")', None),
    ("{add: function(n) function(m) n + m, r: add(1)(2)}.r", 3),
    ("{fib: function(n) if n < 2 then n else fib(n - 1) + fib(n - 2), r: fib(12)}.r", 144),
    ("sort([3, 1, 2], function(a, b) a > b)", [3, 2, 1]),
    ("{f: abs, r: f(-1)}.r", 1),
    ("(function(x) external {java: {class: x}})(1)", None),
    ("missing", None),
    ("missing(1)", None),
]


@pytest.mark.parametrize(("text", "expected"), LITERALS + OPERATORS + READING + CONTROL)
def test_language(text: str, expected: Any) -> None:
    expr(text, expected)


def test_names_with_spaces_are_known_by_the_scope() -> None:
    expr("Full Name + 1", 3, Full_Name=2)
    expr("Extra days case 1 + Extra days case 2", 3, Extra_days_case_1=1, Extra_days_case_2=2)
    expr("every i in values in a list satisfies i > 0", True, values_in_a_list=[1, 2])


def test_a_declared_variable_hides_a_builtin() -> None:
    expr("count + 1", 2, count=1)
    expr("count([1])", None, count=1)
