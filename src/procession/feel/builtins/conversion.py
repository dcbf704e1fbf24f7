"""Conversion functions (DMN 10.3.4.1)."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from procession.feel.builtins.registry import builtin
from procession.feel.evaluation import Null
from procession.feel.printing import to_text
from procession.feel.temporal import (
    make_time,
    months_between,
    read_date,
    read_date_time,
    read_duration,
    read_time,
)
from procession.feel.values import (
    MATH,
    NANOS,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
    date_time_of_nanos,
    find_zone,
    instant_offset,
    make_date,
)

_NUMBER = re.compile(r"-?([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]{1,5})?")


def _found(value: Any, text: str, kind: str) -> Any:
    if value is None:
        raise Null(f"'{text[:40]}' is no {kind}")
    return value


def _read_number(text: str) -> Decimal:
    value = MATH.create_decimal(text) if len(text) <= 10_000 and _NUMBER.fullmatch(text) else None
    if value is None or not value.is_finite():
        raise Null(f"number: '{text[:40]}' is no number")
    return value


@builtin("number(from: string)")
def number_(text: str) -> Decimal:
    return _read_number(text)


@builtin("number(from: string, grouping separator: string?, decimal separator?: string?)")
def number_separated(text: str, grouping: str | None, point: str | None = None) -> Decimal:
    if grouping not in (None, " ", ",", "."):
        raise Null("number: the grouping separator must be a space, ',' or '.'")
    if point not in (None, ",", "."):
        raise Null("number: the decimal separator must be ',' or '.'")
    if grouping is not None and grouping == (point or "."):
        raise Null("number: the separators must differ")
    plain = text.replace(grouping, "") if grouping else text
    if point == ",":
        if "." in plain:
            raise Null(f"number: '{text[:40]}' is no number")
        plain = plain.replace(",", ".")
    return _read_number(plain)


@builtin("string(from: any)")
def string(value: Any) -> str | None:
    return None if value is None else to_text(value)


@builtin("date(from: string)", cost=8)
def date_of_text(text: str) -> Date:
    date: Date = _found(read_date(text), text, "date")
    return date


@builtin("date(from: date)", cost=8)
def date_of_date(value: Date) -> Date:
    return value


@builtin("date(from: date and time)", cost=8)
def date_of_moment(value: DateTime) -> Date:
    return value.date


@builtin("date(year: number, month: number, day: number)", cost=8)
def date_of_parts(year: Decimal, month: Decimal, day: Decimal) -> Date:
    if any(abs(part) > 10**10 for part in (year, month, day)):
        raise Null("date: a part is out of range")
    date = make_date(int(year), int(month), int(day))
    if date is None:
        raise Null("date: there is no such day")
    return date


@builtin("time(from: string)", cost=8)
def time_of_text(text: str) -> Time:
    time: Time = _found(read_time(text), text, "time")
    return time


@builtin("time(from: time)", cost=8)
def time_of_time(value: Time) -> Time:
    return value


@builtin("time(from: date)", cost=8)
def time_of_date(value: Date) -> Time:
    return Time(0, 0, 0, 0, 0)


@builtin("time(from: date and time)", cost=8)
def time_of_moment(value: DateTime) -> Time:
    return value.time


@builtin("time(hour: number, minute: number, second: number, offset?: days and time duration?)", cost=8)
def time_of_parts(hour: Decimal, minute: Decimal, second: Decimal, offset: DaysTime | None = None) -> Time:
    if any(abs(part) > 100 for part in (hour, minute, second)):
        raise Null("time: a part is out of range")
    nano = int(MATH.remainder(second, Decimal(1)) * NANOS)
    time = make_time(int(hour), int(minute), int(second), nano, None if offset is None else offset.nanos // NANOS)
    if time is None:
        raise Null("time: there is no such time")
    return time


@builtin("date and time(from: string)", cost=8)
def moment_of_text(text: str) -> DateTime:
    moment: DateTime = _found(read_date_time(text), text, "date and time")
    return moment


@builtin("date and time(date: date|date and time, time: time)", cost=8)
def moment_of_parts(date: Date | DateTime, time: Time) -> DateTime:
    return DateTime(date.date if isinstance(date, DateTime) else date, time)


@builtin("date and time(date: date and time, timezone: string)", cost=8)
def moment_in_zone(moment: DateTime, timezone: str) -> DateTime | None:
    if find_zone(timezone) is None:
        raise Null(f"date and time: there is no zone '{timezone[:40]}'")
    if moment.offset() is None:
        time = moment.time
        return DateTime(moment.date, Time(time.hour, time.minute, time.second, time.nano, timezone))
    # The same instant on that zone's clock.
    return date_time_of_nanos(moment.instant() + instant_offset(timezone, moment.instant()) * NANOS, timezone)


@builtin(
    "date and time(year: number, month: number, day: number, hour: number, minute: number, second: number, offset?: any)"
)
def moment_of_numbers(
    year: Decimal, month: Decimal, day: Decimal, hour: Decimal, minute: Decimal, second: Decimal, offset: Any = None
) -> DateTime:
    if offset is not None and not isinstance(offset, DaysTime):
        raise Null("date and time: the offset must be a days and time duration")
    return DateTime(date_of_parts(year, month, day), time_of_parts(hour, minute, second, offset))


@builtin("duration(from: string)", cost=8)
def duration(text: str) -> DaysTime | YearsMonths:
    value: DaysTime | YearsMonths = _found(read_duration(text), text, "duration")
    return value


@builtin("duration(from: days and time duration|years and months duration)", cost=8)
def duration_of_duration(value: DaysTime | YearsMonths) -> DaysTime | YearsMonths:
    return value


@builtin("years and months duration(from: date|date and time, to: date|date and time)")
def years_and_months_duration(start: Date | DateTime, end: Date | DateTime) -> YearsMonths | None:
    return months_between(start, end)
