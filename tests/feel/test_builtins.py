"""The built-in functions, by family."""

from __future__ import annotations

from typing import Any

import pytest

from procession.feel.builtins import BUILTINS
from procession.feel.chance import CHANCE
from tests.feel.facts import Feel, expr

NAMED: list[tuple[str, Any]] = [
    ("list contains(list: [1, null])", True),
    ("list contains(element: 1)", None),
    ("insert before(list: [1], position: 1)", [None, 1]),
    ("insert before(list: [1], newItem: 1)", None),
    ('context put(context: {a: 1}, key: "b")', {"a": 1, "b": None}),
    ("is(value2: 1)", False),
    ("list replace(position: 1, list: [1], newItem: 2)", [2]),
    ("substring(string: 'a')".replace("'", '"'), None),
    ('substring(start position: 2, string: "abc")', "bc"),
    ('substring(start: 2, string: "abc")', None),
    ("before(point1: [1], point2: 2)", True),
    ("includes([1..3], [2])", True),
    ("finishes([10], [1..10])", True),
]

CONVERSION: list[tuple[str, Any]] = [
    ("number(1)", None),
    (
        'date and time(@"2020-07-31T14:27:30@Europe/Berlin", "America/Los_Angeles")',
        Feel('@"2020-07-31T05:27:30@America/Los_Angeles"'),
    ),
    ('date and time(@"2020-01-31T14:27:30Z", "Europe/Berlin")', Feel('@"2020-01-31T15:27:30@Europe/Berlin"')),
    ('date and time(@"2020-01-31T14:27:30", "Europe/Berlin")', Feel('@"2020-01-31T14:27:30@Europe/Berlin"')),
    ('date and time(@"2020-01-31T14:27:30", "Nowhere")', None),
    ('date and time(@"2024-01-01")', None),
    ('time("10:00:00z")', Feel('@"10:00:00Z"')),
    ('number("1.000,5", ".", ",")', 1000.5),
    ('number("1 000")', None),
    ("string(1.50)", "1.50"),
    ("string(10 ** 20)", "1" + "0" * 20),
    ('string([1, "a", null, {b c: @"P1D"}])', '[1, "a", null, {b c: P1D}]'),
    ("string(null)", None),
    ('date("2024-02-30")', None),
    ("date(2024, 2, 29)", Feel('@"2024-02-29"')),
    ('date(@"2024-02-29T10:00:00")', Feel('@"2024-02-29"')),
    ('time("10:00:00@Europe/Paris")', Feel('@"10:00:00@Europe/Paris"')),
    ('time(10, 0, 1.5, @"PT1H")', Feel('@"10:00:01.5+01:00"')),
    ('date and time(@"2024-01-01", @"10:00:00Z")', Feel('@"2024-01-01T10:00:00Z"')),
    ("date and time(2024, 1, 2, 3, 4, 5)", Feel('@"2024-01-02T03:04:05"')),
    ('duration("P1Y1D")', None),
    ('duration("P25M")', Feel('@"P2Y1M"')),
    ('years and months duration(@"2011-12-22", @"2013-08-24")', Feel('@"P1Y8M"')),
    ('range("[1..3)")', Feel("[1..3)")),
    ('range("[3..1]")', None),
]

BOOLEAN: list[tuple[str, Any]] = [
    ("not(true)", False),
    ("not(1)", None),
    ("all([true, null])", None),
    ("all([false, null])", False),
    ("any(true, null)", True),
    ("any([])", False),
    ("is(1, 1)", True),
    ('is(@"23:00:50Z", @"23:00:50")', False),
]

STRING: list[tuple[str, Any]] = [
    ('substring("foobar", 3)', "obar"),
    ('substring("foobar", -2, 1)', "a"),
    ('substring("foobar", 9)', None),
    (r'substring("\U01F40Eab", 2)', "ab"),
    ('string length("🐎")', 1),
    ('upper case("aß")', "ASS"),
    ('lower case("AB")', "ab"),
    ('substring before("foobar", "x")', ""),
    ('substring after("foobar", "ob")', "ar"),
    ('contains("abc", null)', None),
    ('starts with(["abc"], "a")', True),
    ('ends with("abc", "c")', True),
    ('matches("foobar", "^fo*b")', True),
    ('matches("ABC", "b", "i")', True),
    ('matches("a", "b", "p")', None),
    (r'matches("x", "[A-Z-[OI]]", "i")', True),
    (r'matches("h", "(.)\1")', False),
    ('replace("abcd", "(ab)|(a)", "[1=$1][2=$2]")', "[1=ab][2=]cd"),
    (r'replace("abc", "b", "\$")', "a$c"),
    ('replace("abc", "b", "$")', None),
    ('replace("a.c", ".", "x", "q")', "axc"),
    (r'split("John Doe", "\s")', ["John", "Doe"]),
    ('split("a;b;;", ";")', ["a", "b", "", ""]),
    ('string join(["a", null, "b"], "-")', "a-b"),
]

LISTS: list[tuple[str, Any]] = [
    ("list contains([1, null], null)", True),
    ("count([1, 2])", 2),
    ("count(null)", None),
    ("min(3, 1, 2)", 1),
    ('max(["a", "c"])', "c"),
    ("max([1, null])", None),
    ("sum([])", None),
    ("sum(1, 2)", 3),
    ('sum([@"P1D", @"PT1H"])', None),
    ("product([2, 3])", 6),
    ("mean([1, 2])", 1.5),
    ("median([8, 2, 5, 7])", 6),
    ("stddev([2, 4, 7, 5])", Feel("2.081665999466132735282297706979931")),
    ("mode([6, 3, 9, 6, 3])", [3, 6]),
    ("sublist([1, 2, 3], -2)", [2, 3]),
    ("sublist([1, 2, 3], 2, 1)", [2]),
    ("append([1], 2, 3)", [1, 2, 3]),
    ("concatenate([1], [2])", [1, 2]),
    ("insert before([1, 3], 2, 2)", [1, 2, 3]),
    ("remove([1, 2], -1)", [1]),
    ("list replace([1, 2], 2, 9)", [1, 9]),
    ("list replace([1, 2], function(item, new) item = 1, 9)", [9, 2]),
    ("reverse([1, 2])", [2, 1]),
    ("index of([1, 2, 1], 1)", [1, 3]),
    ("union([1, 2], [2, 3])", [1, 2, 3]),
    ('distinct values([1, 1.0, "1", null, null, {a: 1}, {a: 1}])', [1, "1", None, {"a": 1}]),
    ("flatten([1, [2, [3, []]]])", [1, 2, 3]),
    ("sort([3, 1, 2])", [1, 2, 3]),
]

NUMERIC: list[tuple[str, Any]] = [
    ("decimal(2.5, 0)", 2),
    ("decimal(1 / 3, 2)", 0.33),
    ("floor(-1.5)", -2),
    ("ceiling(1.21, 1)", 1.3),
    ("round up(5.51, 1)", 5.6),
    ("round down(-5.5, 0)", -5),
    ("round half up(-1.5, 0)", -2),
    ("round half down(1.5, 0)", 1),
    ("round half up(1, 9999)", None),
    ('abs(@"-P1Y")', Feel('@"P1Y"')),
    ("modulo(-12, 5)", 3),
    ("modulo(1, 0)", None),
    ("sqrt(16)", 4),
    ("sqrt(-1)", None),
    ("log(1)", 0),
    ("exp(0)", 1),
    ("odd(-3)", True),
    ("even(10 ** 33 + 2)", True),
    ("abs(n: -1)", 1),
    ("abs(number: -1)", None),
]

TEMPORAL: list[tuple[str, Any]] = [
    ("now()", Feel('@"2026-03-04T05:06:07Z"')),
    ("today()", Feel('@"2026-03-04"')),
    ('day of year(@"2024-12-31")', 366),
    ('day of week(@"2019-09-17")', "Tuesday"),
    ('month of year(@"2019-09-17")', "September"),
    ('week of year(@"2005-01-01")', 53),
    ('last day of month(@"2024-02-01")', Feel('@"2024-02-29"')),
]

RANGES: list[tuple[str, Any]] = [
    ("before(1, 10)", True),
    ("before([1..5), 5)", True),
    ("after(5, [1..5])", False),
    ("meets([1..5], [5..10])", True),
    ("met by([5..10], [1..5])", True),
    ("overlaps([1..5], (5..8])", False),
    ("overlaps before([1..5], [3..8])", True),
    ("overlaps after([3..8], [1..5])", True),
    ("finishes(10, [1..10])", True),
    ("finished by([1..10], [5..10])", True),
    ("includes([1..10], [4..6])", True),
    ("during(5, [1..10])", True),
    ("starts(1, (1..5])", False),
    ("started by([1..10], [1..5])", True),
    ("coincides([1..5], [1..5])", True),
]

CONTEXTS: list[tuple[str, Any]] = [
    ('get value({a: {b: 1}}, ["a", "b"])', 1),
    ("get entries({a: 1})", [{"key": "a", "value": 1}]),
    ('context([{key: "a", value: 1}])', {"a": 1}),
    ('context put({a: {b: 1}}, ["a", "c"], 2)', {"a": {"b": 1, "c": 2}}),
    ("context merge([{a: 1, b: 1}, {a: 2}])", {"a": 2, "b": 1}),
]

CAMUNDA: list[tuple[str, Any]] = [
    ("is defined(missing)", False),
    ("is defined(1)", True),
    ("get or else(null, 1)", 1),
    ('fromAi(1, "a number", "number", null, {required: false})', 1),
    ('fromAi(value: 2, type: "number")', 2),
    ("assert(1, 1 > 0)", 1),
    ("is empty([])", True),
    ('is blank(" ")', True),
    ('trim(" a ")', "a"),
    ('extract("this is 1234 and 1256", "12[0-9]*")', ["1234", "1256"]),
    ('to base64("FEEL")', "RkVFTA=="),
    # without a source of random numbers; with one: test_chance
    ("uuid()", None),
    ("random number()", None),
    ('string join(["a", "b"], ",", "[", "]")', "[a,b]"),
    ("duplicate values([1, 2, 3, 2, 1])", [1, 2]),
    ("partition([1, 2, 3], 2)", [[1, 2], [3]]),
    ('put({a: 1}, "b", 2)', {"a": 1, "b": 2}),
    ("put all({a: 1}, {b: 2})", {"a": 1, "b": 2}),
]

FACTS = NAMED + CONVERSION + BOOLEAN + STRING + LISTS + NUMERIC + TEMPORAL + RANGES + CONTEXTS + CAMUNDA


@pytest.mark.parametrize(("text", "expected"), FACTS)
def test_builtin(text: str, expected: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CHANCE, "bits", None)
    expr(text, expected)


def test_every_builtin_has_a_fact() -> None:
    texts = "\n".join(text for text, _ in FACTS)
    assert [name for name in BUILTINS if f"{name}(" not in texts] == []


def test_every_signature_names_its_function_and_family() -> None:
    for name, overloads in BUILTINS.items():
        assert all(overload.signature.startswith(f"{name}(") and overload.family for overload in overloads)
