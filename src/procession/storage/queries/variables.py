"""Comparisons of variables: which rows of `variable` or `history_variable` meet `name operator value`.

A text compares with texts, a boolean with booleans, a moment with dates, a number with every kind of number. `neq` holds for a
variable of that name which does not equal the value, whatever its type; a variable that is not there meets nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, FromClause, and_, false, func, or_, select

from procession.storage.encoding import millis
from procession.storage.queries.language import NO_VALUE, Asking, Col, Comparison, Condition, Filter, Kind, some, switch
from procession.values import LONG_MAX, LONG_MIN

NAMES, VALUES = "variableNamesIgnoreCase", "variableValuesIgnoreCase"
WITH_NOT_LIKE = ("eq", "neq", "gt", "gteq", "lt", "lteq", "like", "notLike")
SWITCHES = {NAMES: switch(), VALUES: switch()}
_WHOLE, _FRACTION = ("int", "long", "short"), ("float", "data")
_OPERATORS: dict[str, Callable[[Col, Any], Condition]] = {
    "eq": lambda column, value: column == value,
    "neq": lambda column, value: column == value,
    "gt": lambda column, value: column > value,
    "gteq": lambda column, value: column >= value,
    "lt": lambda column, value: column < value,
    "lteq": lambda column, value: column <= value,
}


def compared(source: FromClause, comparison: Comparison, asking: Asking, *, named: bool = True) -> Condition:
    """A row of a table with value columns meets the comparison; without `named` its name plays no part."""
    met = _met(source, comparison, asking)
    if comparison.operator in ("neq", "notLike"):
        met = ~met
    if not named:
        return met
    column = source.c.name
    if NAMES in asking.switches:
        return and_(func.lower(column) == comparison.name.lower(), met)
    return and_(column == comparison.name, met)


def _met(source: FromClause, comparison: Comparison, asking: Asking) -> Condition:
    value, operator = comparison.value, comparison.operator
    form = source.c.form
    match value:
        case None:
            return form == "null"
        case _ if operator in ("like", "notLike"):
            if not isinstance(value, str):
                return false()
            return and_(form == "str", asking.like(source.c.text_value, value, ignore_case=VALUES in asking.switches))
        case bool():
            return and_(form == "bool", _OPERATORS[operator](source.c.long_value, int(value)))
        case datetime():
            return and_(form == "date", _OPERATORS[operator](source.c.long_value, millis(value)))
        case str():
            column: ColumnElement[Any] = source.c.text_value
            if VALUES in asking.switches:
                column, value = func.lower(column), value.lower()
            return and_(form == "str", _OPERATORS[operator](column, value))
        case int() | float():
            return _number_met(source, operator, value)
        case _:
            return false()


def _number_met(source: FromClause, operator: str, value: int | float) -> Condition:
    """A number that is whole compares with every kind of number, one with a fraction with Double alone (as in Camunda)."""
    compare = _OPERATORS[operator]
    fraction = and_(source.c.form.in_(_FRACTION), compare(source.c.double_value, float(value)))
    if (isinstance(value, float) and not value.is_integer()) or not LONG_MIN <= int(value) <= LONG_MAX:
        return fraction
    return or_(fraction, and_(source.c.form.in_(_WHOLE), compare(source.c.long_value, int(value))))


def by_variables(source: FromClause, *links: Condition, operators: tuple[str, ...] = ()) -> Filter:
    """Every comparison is met by some row of the table that is linked so."""

    def build(value: Sequence[Comparison], asking: Asking) -> Condition:
        return and_(*(some(source, *links, compared(source, comparison, asking)) for comparison in value))

    return Filter(Kind.VALUES, build, operators)


def own_values(source: FromClause) -> Filter:
    """The row itself meets every comparison."""
    return Filter(
        Kind.VALUES, lambda value, asking: and_(*(compared(source, comparison, asking) for comparison in value))
    )


_SORT_COLUMNS = {
    "string": "text_value",
    "double": "double_value",
    "integer": "long_value",
    "short": "long_value",
    "long": "long_value",
    "boolean": "long_value",
    "date": "long_value",
}


def sorted_by_variable(source: FromClause, *links: Condition) -> Callable[[str, str], Col]:
    """Sorts by the value of the linked variable of that name and type."""

    def column(name: str, type_: str) -> Col:
        which = _SORT_COLUMNS.get(type_.lower())
        if which is None:
            return NO_VALUE
        found = select(func.min(source.c[which])).where(*links, source.c.name == name)
        return found.correlate_except(source).scalar_subquery()

    return column
