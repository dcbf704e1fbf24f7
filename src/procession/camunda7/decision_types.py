"""The types of clauses and results as Camunda 7 converts them, and FEEL values as Java would hold them.

A declared type is one of six names in any case of letters; every other name, `number` included, declares nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from procession.dmn.faults import DecisionFailed
from procession.feel import Date, DateTime, DaysTime, Function, Time, YearsMonths, from_feel, to_feel
from procession.juel import coerce_string
from procession.values import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, Long, Short, TypedValue, type_of

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DOUBLE = re.compile(r"\s*[+-]?(NaN|Infinity|([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?)[fFdD]?\s*")
_DATE = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})")


@dataclass(frozen=True, slots=True)
class Typed:
    """A value and the Camunda 7 type that was declared for it; None where none was, `Null` for no value."""

    value: Any
    declared: str | None = None

    @property
    def type(self) -> str:
        """The type as history names it."""
        return self.declared or type_of(self.value)


NULL = Typed(None, "Null")


def convert(value: Any, type_name: str | None) -> Typed:
    """A value as its clause declares it. Raises DecisionFailed where it does not fit."""
    value = value.value if isinstance(value, TypedValue) else value
    known = _TYPES.get(type_name.lower()) if type_name else None
    if value is None:
        return NULL
    if known is None:
        return Typed(value)
    try:
        return Typed(known[1](value), known[0])
    except (ValueError, OverflowError):
        shown = repr(value)[:200]
        raise DecisionFailed(f"DMN-01005 Invalid value '{shown}' for clause with type '{type_name}'.") from None


def to_java(value: Any) -> Any:
    """What Camunda's FEEL engine hands out: whole numbers are longs, others doubles."""
    match value:
        case Decimal():
            whole = value == value.to_integral_value() and value.adjusted() < 19
            if whole and LONG_MIN <= value <= LONG_MAX:
                return Long(value)
            return float(value)
        case list():
            return [to_java(item) for item in value]
        case dict():
            return {key: to_java(item) for key, item in value.items()}
        case Function():
            return None  # Camunda's functions are no values; a name that only a function has is null
        case Date() | DateTime() | Time() | DaysTime() | YearsMonths():
            return value
        case _:
            return from_feel(value)


def from_java(value: Any) -> Any:
    """A variable as Camunda's FEEL engine sees it: dates are local ones, in UTC."""
    match value:
        case datetime() if value.tzinfo is not None:
            return to_feel(value.astimezone(UTC).replace(tzinfo=None))
        case TypedValue():
            return from_java(value.value)
        case list():
            return [from_java(item) for item in value]
        case dict():
            return {str(key): from_java(item) for key, item in value.items()}
        case _:
            return to_feel(value)


def stored(value: Any) -> Any:
    """A result as a process keeps it: FEEL's dates and durations become Python's."""
    match value:
        case list():
            return [stored(item) for item in value]
        case dict():
            return {key: stored(item) for key, item in value.items()}
        case Date() | DateTime() | Time() | DaysTime() | YearsMonths():
            return from_feel(value)
        case _:
            return value


def _number(value: Any) -> int | float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _whole(least: int, most: int, kind: Callable[[int], int]) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        number = _number(value)
        if number is None:
            if not isinstance(value, str) or not _INTEGER.fullmatch(value) or len(value) > 20:
                raise ValueError(value)
            number = int(value)
        if isinstance(number, float) and number != int(number):
            raise ValueError(value)
        if not least <= number <= most:
            raise ValueError(value)
        return kind(int(number))

    return whole


def _double(value: Any) -> float:
    number = _number(value)
    if number is None:
        if not isinstance(value, str) or not _DOUBLE.fullmatch(value):
            raise ValueError(value)
        number = float(value.strip().rstrip("fFdD"))
    return float(number)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise ValueError(value)


def _string(value: Any) -> str:
    return coerce_string(from_feel(value) if not isinstance(value, (Short, Long)) else value)


def _date(value: Any) -> datetime:
    match value:
        case datetime():
            return value
        case DateTime():
            found = from_feel(value)
            if isinstance(found, datetime):
                return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
        case str() if found := _DATE.match(value):
            year, month, day, hour, minute, second = map(int, found.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        case Date() | Time() | DaysTime() | YearsMonths():
            raise DecisionFailed(f"Unsupported type: '{type(value).__name__}' cannot be converted to 'java.util.Date'")
    raise ValueError(value)


_TYPES: dict[str, tuple[str, Callable[[Any], Any]]] = {
    "string": ("String", _string),
    "boolean": ("Boolean", _boolean),
    "integer": ("Integer", _whole(INT_MIN, INT_MAX, int)),
    "long": ("Long", _whole(LONG_MIN, LONG_MAX, Long)),
    "double": ("Double", _double),
    "date": ("Date", _date),
}
