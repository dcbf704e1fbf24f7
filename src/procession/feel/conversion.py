"""Between the values of processes and FEEL values.

| process value                    | FEEL value                | back                                                 |
|----------------------------------|---------------------------|------------------------------------------------------|
| int, Short, Long, float          | number (NaN: null)        | whole: int, Long beyond 32 bits; else float          |
| str, bool, None                  | the same                  | the same                                             |
| datetime                         | date and time             | datetime (beyond its years: text)                    |
| date, time, timedelta            | date, time, duration      | the same (a time in a named zone: with its offset)   |
| list, tuple; Mapping             | list; context             | list; dict                                           |
| JsonValue, ObjectValue, TypedValue | what is in it           | –                                                    |
| bytes, FileValue, XmlValue, Bean | kept, opaque              | the same                                             |
| –                                | years and months duration, range | text                                          |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from math import isfinite
from typing import Any
from zoneinfo import ZoneInfo

from procession.errors import ExpressionFailed
from procession.feel.limits import LIMITS
from procession.feel.printing import to_text
from procession.feel.temporal import write_date, write_date_time, write_duration
from procession.feel.values import (
    MATH,
    NANOS,
    Date,
    DateTime,
    DaysTime,
    Function,
    Range,
    Time,
    YearsMonths,
    Zone,
    find_zone,
)
from procession.values import INT_MAX, INT_MIN, LONG_MAX, LONG_MIN, JsonValue, Long, ObjectValue, TypedValue

_DAY = date(1970, 1, 1)
_SAME = frozenset((type(None), bool, str, Date, DateTime, Time, DaysTime, YearsMonths, Range, Function))
"""Kinds that are the same in processes and in FEEL, or FEEL's alone."""
_EXACT = 10**34
"""Whole numbers below this are FEEL numbers without rounding."""
_LITTLE = {whole: Decimal(whole) for whole in range(-128, 1025)}
"""The numbers that are met most, made once."""
_LITTLE_BACK = {made: whole for whole, made in _LITTLE.items()}


def to_feel(value: Any, depth: int = 0) -> Any:
    """A process value as a FEEL value; FEEL values stay as they are. Raises ExpressionFailed for too deep nesting."""
    kind = type(value)
    if kind in _SAME:
        return value
    if kind is int:
        if value in _LITTLE:
            return _LITTLE[value]
        if -_EXACT < value < _EXACT:
            return Decimal(value)
    elif kind is float:
        if value - value == 0:
            return Decimal(repr(value))
    elif kind is list or kind is dict:
        if depth > LIMITS.nesting:
            raise ExpressionFailed(f"a value is nested deeper than {LIMITS.nesting}")
        depth += 1
        if kind is list:
            return [inner if type(inner) in _SAME else to_feel(inner, depth) for inner in value]
        return {
            key if type(key) is str else str(key): inner if type(inner) in _SAME else to_feel(inner, depth)
            for key, inner in value.items()
        }
    match value:
        case None | bool() | str():
            return value
        case Decimal() | float():
            number = (
                MATH.create_decimal(value) if isinstance(value, Decimal) else MATH.create_decimal(repr(float(value)))
            )
            return number if number.is_finite() else None
        case int():
            # repr would be refused beyond 4,300 digits; such a number is beyond FEEL's range anyway.
            number = MATH.create_decimal(int(value)) if value.bit_length() < 14_000 else MATH.create_decimal("Infinity")
            return number if number.is_finite() else None
        case Mapping():
            return to_feel(dict(value), depth)
        case list() | tuple():
            return to_feel([*value], depth)
        case datetime():
            return DateTime(Date(value.year, value.month, value.day), _time(value, value))
        case date():
            return Date(value.year, value.month, value.day)
        case time():
            return _time(value, None)
        case timedelta():
            return DaysTime((value.days * 86_400 + value.seconds) * NANOS + value.microseconds * 1000)
        case JsonValue():
            try:
                return to_feel(json.loads(value.text, parse_float=Decimal), depth + 1)
            except (ValueError, RecursionError):
                return None
        case ObjectValue():
            return to_feel(value.value, depth + 1)
        case TypedValue():
            return to_feel(value.value, depth + 1)
        case _:
            return value


def _time(value: datetime | time, moment: datetime | None) -> Time:
    zone: Zone = None
    if isinstance(value.tzinfo, ZoneInfo) and value.tzinfo.key:
        zone = value.tzinfo.key
    elif value.tzinfo is not None:
        offset = value.tzinfo.utcoffset(moment)
        zone = int(offset.total_seconds()) if offset is not None else None
    return Time(value.hour, value.minute, value.second, value.microsecond * 1000, zone)


def from_feel(value: Any) -> Any:
    """A FEEL value as a process value (the table above). Raises ExpressionFailed for one too big or nested too deep."""
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return value
    if kind is Decimal:
        return _number(value)
    # Lists inside a list may be one and the same object many times over: what is small in memory can be huge outside.
    return _back(value, [LIMITS.values - 1], 0)


def _back(value: Any, left: list[int], depth: int) -> Any:
    kind = type(value)
    if kind is Decimal:
        return _number(value)
    if kind is list or kind is dict:
        left[0] -= len(value)
        if left[0] < 0 or depth > LIMITS.nesting:
            raise ExpressionFailed(
                f"the value has more than {LIMITS.values} parts or is nested deeper than {LIMITS.nesting}"
            )
        depth += 1
        if kind is list:
            return [inner if type(inner) is str else _back(inner, left, depth) for inner in value]
        return {key: inner if type(inner) is str else _back(inner, left, depth) for key, inner in value.items()}
    match value:
        case None | bool() | str():
            return value
        case DateTime():
            day, clock = value.date, value.time
            if not 1 <= day.year <= 9999:
                return write_date_time(value)
            return datetime.combine(date(day.year, day.month, day.day), _python_time(clock, _zone(clock.zone)))
        case Date():
            return date(value.year, value.month, value.day) if 1 <= value.year <= 9999 else write_date(value)
        case Time():
            offset = value.offset()
            return _python_time(value, None if offset is None else timezone(timedelta(seconds=offset)))
        case DaysTime():
            seconds, nanos = divmod(value.nanos, NANOS)
            if abs(seconds) > 86_400 * 999_999_998:
                return write_duration(value)
            return timedelta(seconds=seconds, microseconds=nanos // 1000)
        case YearsMonths() | Range():
            return to_text(value)
        case _:
            return value


def _number(value: Decimal) -> int | float | None:
    if value in _LITTLE_BACK:
        return _LITTLE_BACK[value]
    if value.adjusted() < 19 and value == (whole := int(value)):
        if INT_MIN <= whole <= INT_MAX:
            return whole
        if LONG_MIN <= whole <= LONG_MAX:
            return Long(whole)
        return whole
    double = float(value)
    return double if isfinite(double) else None


def _python_time(value: Time, zone: tzinfo | None) -> time:
    return time(value.hour, value.minute, value.second, value.nano // 1000, zone)


def _zone(zone: Zone) -> tzinfo | None:
    if isinstance(zone, str):
        return find_zone(zone)
    return None if zone is None else timezone(timedelta(seconds=zone))
