"""Laws that hold for all values."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.expressions import MappingScope
from procession.feel import Date, compile_expression, compile_unary_tests, from_feel, to_feel, to_literal
from procession.feel.comparing import order_key, same
from procession.feel.printing import quoted
from procession.feel.temporal import read_temporal
from procession.feel.values import DAY_NANOS, DateTime, DaysTime, Time, YearsMonths, date_of_ordinal, make_date
from tests.feel.facts import value

numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**20), max_value=10**20)
texts = st.text(st.characters(exclude_categories=["Cs"]))
days = st.integers(-(10**11), 10**11).map(date_of_ordinal).filter(lambda day: day is not None)
clocks = st.builds(
    Time,
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 999_999_999),
    st.sampled_from([None, 0, 3600, -19_800, 45, "Europe/Paris", "Etc/UTC"]),
)
temporals = st.one_of(
    days,
    clocks,
    st.builds(DateTime, days, clocks),
    st.builds(DaysTime, st.integers(-(10**24), 10**24)),
    st.builds(YearsMonths, st.integers(-(10**9), 10**9)),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**31), 2**31 - 1) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=15,
)


@given(numbers)
def test_printed_numbers_read_back(number: Decimal) -> None:
    assert value(to_literal(number)) == number


@given(texts)
def test_printed_strings_read_back(text: str) -> None:
    assert value(quoted(text)) == text


@given(temporals)
def test_printed_dates_and_durations_read_back(moment: Any) -> None:
    assert read_temporal(to_literal(moment)) == moment


@given(json_values)
def test_printed_values_read_back(given_value: Any) -> None:
    assert from_feel(value(to_literal(to_feel(given_value)))) == given_value


@given(json_values)
def test_conversions_are_inverse(given_value: Any) -> None:
    assert from_feel(to_feel(given_value)) == given_value


@given(st.dates(), st.integers(-1000, 1000))
def test_days_are_counted_as_python_counts_them(day: date, step: int) -> None:
    feel = Date(day.year, day.month, day.day)
    assert feel.ordinal() == day.toordinal() - date(1970, 1, 1).toordinal()
    try:
        later = day + timedelta(days=step)
    except OverflowError:
        return
    assert date_of_ordinal(feel.ordinal() + step) == Date(later.year, later.month, later.day)


@given(st.integers(-(10**11), 10**11))
def test_ordinals_are_inverse(ordinal: int) -> None:
    day = date_of_ordinal(ordinal)
    assert day is None or (day.ordinal() == ordinal and make_date(day.year, day.month, day.day) == day)


@given(numbers, numbers, numbers, st.booleans(), st.booleans())
def test_range_membership(low: Decimal, high: Decimal, x: Decimal, start: bool, end: bool) -> None:
    text = f"{'[' if start else '('}low..high{']' if end else ')'}"
    expected = (low <= x if start else low < x) and (x <= high if end else x < high)
    scope = MappingScope({"low": low, "high": high, "x": x})
    assert compile_expression(f"x in {text}").evaluate(scope) is expected
    assert compile_unary_tests(text).matches(scope, x) is expected
    assert compile_unary_tests(f"not({text})").matches(scope, x) is not expected


@given(st.sampled_from([None, True, False, 1]), st.sampled_from([None, True, False, 1]))
def test_de_morgan(a: Any, b: Any) -> None:
    assert value("not(a and b)", a=a, b=b) is value("not(a) or not(b)", a=a, b=b)
    assert value("not(a or b)", a=a, b=b) is value("not(a) and not(b)", a=a, b=b)


@given(st.lists(numbers, max_size=20))
def test_lists(items: list[Decimal]) -> None:
    assert value("sort(l)", l=items) == sorted(items)
    assert value("reverse(reverse(l)) = l", l=items) is True
    assert value("count(distinct values(l))", l=items) == len(set(items))
    assert value("min(l)", l=items) == min(items, default=None)
    assert value("l[item > 0] = (for x in l[item > 0] return x)", l=items) is True


@given(days, st.integers(-(10**9), 10**9))
def test_a_day_plus_a_duration_minus_the_day_is_the_duration(day: Date, step: int) -> None:
    later = value("day + step", day=day, step=DaysTime(step * DAY_NANOS))
    assert later is None or value("later - day", later=later, day=day) == DaysTime(step * DAY_NANOS)


@given(temporals, temporals)
def test_order_agrees_with_equality(left: Any, right: Any) -> None:
    if type(left) is type(right) and same(left, right):
        assert order_key(left) == order_key(right)
        assert value("l <= r and l >= r", l=left, r=right) is True


@given(texts)
def test_any_text_is_read_or_refused(text: str) -> None:
    for compiled in (compile_expression, compile_unary_tests):
        with suppress(ExpressionFailed):
            compiled(text)


@given(st.text(st.sampled_from('1a"[](){}<>=.,:?-+*/ @if then else for in return not\\')))
def test_near_expressions_are_read_or_refused(text: str) -> None:
    with suppress(ExpressionFailed):
        from_feel(compile_expression(text).evaluate(MappingScope({"a": [1, {"b": 2}]})))
