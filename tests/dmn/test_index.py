"""The index of a column finds exactly what asking every cell finds."""

from __future__ import annotations

import time
from datetime import date, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from procession.dmn.index import Cell, bits, column
from procession.expressions import MappingScope
from procession.feel import compile_unary_tests, to_feel

NUMBERS = st.integers(-5, 5).map(str) | st.sampled_from(["0.5", "1.0", "-2.50", "1e0"])
STRINGS = st.sampled_from(['"a"', '"b"', '"c d"', '""'])
DATES = st.sampled_from(['date("2024-01-01")', '@"2024-02-29"', 'date("2024-12-31")'])
MOMENTS = st.sampled_from(['date and time("2024-01-01T10:00:00")', '@"2024-01-01T11:00:00Z"'])
OTHERS = st.sampled_from(["null", "true", "false", "limit", "? > 1", "1 = 1", "[1, 2]", 'duration("P1D")', "[1..a]"])
CONSTANTS = NUMBERS | STRINGS | DATES | MOMENTS
TESTS = (
    CONSTANTS
    | OTHERS
    | st.builds("{} {}".format, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), CONSTANTS | OTHERS)
    | st.builds("{}{}..{}{}".format, st.sampled_from("[(]"), NUMBERS, NUMBERS, st.sampled_from("])["))
    | st.builds("[{}..{}]".format, DATES, DATES)
    | st.builds('["{}".."{}")'.format, st.sampled_from("abc"), st.sampled_from("bcd"))
)
CELLS = st.just("-") | st.lists(TESTS, min_size=1, max_size=3).map(", ".join)
CELLS |= st.lists(CONSTANTS | OTHERS, min_size=1, max_size=3).map(lambda parts: f"not({', '.join(parts)})")
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-6, 6),
    st.sampled_from([0.5, 1.0, -2.5, "a", "b", "c d", "", "bb", [1, 2], {"a": 1}]),
    st.sampled_from([date(2024, 1, 1), date(2024, 2, 29), date(2025, 1, 1), datetime(2024, 1, 1, 10)]),
)
SCOPE = MappingScope({"limit": 2, "a": 3})


def cell(text: str) -> Cell:
    tests = compile_unary_tests(text)
    return Cell(lambda scope, value: tests.matches(scope, value) is True, tests)


@given(st.lists(CELLS, max_size=8), VALUES, st.integers(0, 255))
def test_an_index_is_as_good_as_asking(texts: list[str], value: Any, candidates: int) -> None:
    cells = [cell(text) for text in texts]
    candidates &= (1 << len(texts)) - 1
    given_value = to_feel(value)
    asked = [number for number in bits(candidates) if cells[number].ask(SCOPE, given_value)]  # type: ignore[misc]
    assert list(bits(column(cells).narrow(candidates, given_value, SCOPE))) == asked


@given(st.integers(0, 2**70))
def test_bits_are_the_numbers_of_a_set(mask: int) -> None:
    assert sum(1 << number for number in bits(mask)) == mask


def test_constant_cells_are_never_asked() -> None:
    texts = ["1", '"a", "b"', "[1..5]", "< 3, > 7", 'not("x")', "-", "null", 'date("2024-01-01")', '>= @"2024-01-01"']
    made = column([cell(text) for text in texts])
    assert made.rest == 0
    assert list(bits(made.narrow(511, to_feel(2), SCOPE))) == [2, 3, 5]
    assert list(bits(made.narrow(511, to_feel("b"), SCOPE))) == [1, 4, 5]
    assert list(bits(made.narrow(511, None, SCOPE))) == [4, 5, 6]
    assert list(bits(made.narrow(511, to_feel(date(2024, 1, 1)), SCOPE))) == [5, 7, 8]


def test_cells_of_rules_that_are_out_are_not_asked() -> None:
    asked: list[int] = []

    def note(number: int) -> Cell:
        def ask(scope: Any, value: Any) -> bool:
            asked.append(number)
            return True

        return Cell(ask)

    made = column([note(number) for number in range(5)])
    assert list(bits(made.narrow(0b10100, None, SCOPE))) == [2, 4]
    assert asked == [2, 4]


def test_a_thousand_rules_cost_little_more_than_ten() -> None:
    def seconds(count: int) -> float:
        made = column([cell(f"[{n * 10}..{n * 10 + 9}]") for n in range(count)])
        value, everything = to_feel(count * 5), (1 << count) - 1
        best = 1.0
        for _ in range(5):
            start = time.perf_counter()
            for _ in range(200):
                made.narrow(everything, value, SCOPE)
            best = min(best, time.perf_counter() - start)
        return best

    assert seconds(1000) < 4 * seconds(10)
