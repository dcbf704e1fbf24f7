"""What `value.name` gives: entries of contexts, parts of dates and durations, ends of ranges, properties of beans."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from procession.expressions import Bean
from procession.feel.conversion import to_feel
from procession.feel.evaluation import Null
from procession.feel.values import NANOS, Date, DateTime, DaysTime, Range, Time, YearsMonths, number, type_name


def weekday(date: Date) -> int:
    """1 (Monday) to 7 (Sunday)."""
    return (date.ordinal() + 3) % 7 + 1


def _offset(value: Time | DateTime) -> DaysTime | None:
    seconds = value.offset()
    return None if seconds is None else DaysTime(seconds * NANOS)


def _zone_name(zone: object) -> str | None:
    return zone if isinstance(zone, str) else None


def _cut(value: int, unit: int, wrap: int) -> int:
    # Parts of a negative duration are negative (DMN 10.3.2.11, table 62).
    size = abs(value) // unit % wrap if wrap else abs(value) // unit
    return -size if value < 0 else size


_HOUR, _MINUTE = 3600 * NANOS, 60 * NANOS

_PARTS: dict[type, dict[str, Callable[[Any], Any]]] = {
    Date: {
        "year": lambda value: number(value.year),
        "month": lambda value: number(value.month),
        "day": lambda value: number(value.day),
        "weekday": lambda value: number(weekday(value)),
        "hour": lambda value: number(0),
        "minute": lambda value: number(0),
        "second": lambda value: number(0),
        "time offset": lambda value: DaysTime(0),
        "timezone": lambda value: None,
    },
    DateTime: {
        "year": lambda value: number(value.date.year),
        "month": lambda value: number(value.date.month),
        "day": lambda value: number(value.date.day),
        "weekday": lambda value: number(weekday(value.date)),
        "hour": lambda value: number(value.time.hour),
        "minute": lambda value: number(value.time.minute),
        "second": lambda value: number(value.time.second),
        "time offset": _offset,
        "timezone": lambda value: _zone_name(value.time.zone),
    },
    Time: {
        "hour": lambda value: number(value.hour),
        "minute": lambda value: number(value.minute),
        "second": lambda value: number(value.second),
        "time offset": _offset,
        "timezone": lambda value: _zone_name(value.zone),
    },
    DaysTime: {
        "days": lambda value: number(_cut(value.nanos, 24 * _HOUR, 0)),
        "hours": lambda value: number(_cut(value.nanos, _HOUR, 24)),
        "minutes": lambda value: number(_cut(value.nanos, _MINUTE, 60)),
        "seconds": lambda value: number(_cut(value.nanos, NANOS, 60)),
    },
    YearsMonths: {
        "years": lambda value: number(_cut(value.months, 12, 0)),
        "months": lambda value: number(_cut(value.months, 1, 12)),
    },
    Range: {
        "start": lambda value: value.start,
        "end": lambda value: value.end,
        "start included": lambda value: value.start_closed,
        "end included": lambda value: value.end_closed,
    },
}


def get_property(value: Any, name: str) -> Any:
    """One property of one value. Raises Null where it has none of that name."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        raise Null(f"the context has no entry '{name}'")
    part = _PARTS.get(type(value), {}).get(name)
    if part is not None:
        return part(value)
    if isinstance(value, list):
        return [item[name] if type(item) is dict and name in item else value_or_null(item, name) for item in value]
    if isinstance(value, Bean):
        try:
            return to_feel(value.get_property(name))
        except KeyError:
            raise Null(f"there is no property '{name}'") from None
    raise Null(f"a value of type {type_name(value)} has no property '{name}'")


def value_or_null(value: Any, name: str) -> Any:
    """As `get_property`, null where there is none."""
    try:
        return get_property(value, name)
    except Null:
        return None
