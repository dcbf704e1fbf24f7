"""Writing and reading dates, times and durations (ISO 8601 as FEEL restricts it), and arithmetic on them.

Reading gives None for what is not valid: it never raises. This file does not know about expressions.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from procession.feel.values import (
    DAY_NANOS,
    MATH,
    MAX_MONTHS,
    MAX_NANOS,
    MAX_OFFSET,
    NANOS,
    Date,
    DateTime,
    DaysTime,
    Time,
    YearsMonths,
    Zone,
    date_of_ordinal,
    date_time_of_nanos,
    days_in_month,
    find_zone,
    make_date,
    number,
    time_of_nanos,
)

# All patterns are linear: no nested repetition. Input is bounded by the length checks below.
_DATE = re.compile(r"(-?)([0-9]{4,9})-([0-9]{2})-([0-9]{2})")
_TIME = re.compile(
    r"([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9})[0-9]*)?)?"
    r"(?:([Zz])|([+-])([0-9]{2}):([0-9]{2})(?::([0-9]{2}))?|@([A-Za-z0-9_+\-/]+))?"
)
_DAYS_TIME = re.compile(r"(-?)P(?:([0-9]+)D)?(?:T(?:([0-9]+)H)?(?:([0-9]+)M)?(?:([0-9]+)(?:\.([0-9]{0,9})[0-9]*)?S)?)?")
_YEARS_MONTHS = re.compile(r"(-?)P(?:([0-9]+)Y)?(?:([0-9]+)M)?")
_LONGEST = 100


def read_date(text: str) -> Date | None:
    """`2017-12-31`, `-2017-12-31`, `999999999-12-31`."""
    found = _DATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None or (len(found[2]) > 4 and found[2][0] == "0"):
        return None
    year = int(found[2])
    return make_date(-year if found[1] else year, int(found[3]), int(found[4]))


def make_time(hour: int, minute: int, second: int, nano: int = 0, zone: Zone = None) -> Time | None:
    """A valid time or None."""
    if not (0 <= hour <= 23 and 0 <= minute <= 59 and 0 <= second <= 59):
        return None
    if isinstance(zone, int) and abs(zone) > MAX_OFFSET:
        return None
    return Time(hour, minute, second, nano, zone)


def _read_time(text: str) -> tuple[Time, int] | None:
    """The time and how many days to add: `24:00:00` is midnight of the next day."""
    found = _TIME.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    zone: Zone = None
    if found[5]:
        zone = 0
    elif found[6]:
        minutes, seconds = int(found[8]), int(found[9] or 0)
        if minutes > 59 or seconds > 59:
            return None
        zone = int(found[7]) * 3600 + minutes * 60 + seconds
        zone = -zone if found[6] == "-" else zone
    elif found[10]:
        if find_zone(found[10]) is None:
            return None
        zone = found[10]
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    nano = int((found[4] or "").ljust(9, "0"))
    day = 0
    if (hour, minute, second, nano) == (24, 0, 0, 0):
        hour, day = 0, 1
    time = make_time(hour, minute, second, nano, zone)
    return None if time is None else (time, day)


def read_time(text: str) -> Time | None:
    """`11:22:33`, with `.123456789`, `Z`, `+02:00` or `@Europe/Paris`."""
    found = _read_time(text)
    return None if found is None else found[0]


def read_date_time(text: str) -> DateTime | None:
    """`2017-12-31T11:22:33` with what a time may have; a date alone is its midnight."""
    day, mark, clock = text.partition("T")
    date = read_date(day)
    if date is None:
        return None
    if not mark:
        return DateTime(date, Time(0, 0, 0))
    found = _read_time(clock)
    if found is None:
        return None
    time, days = found
    later = date_of_ordinal(date.ordinal() + days) if days else date
    return None if later is None else DateTime(later, time)


def read_duration(text: str) -> DaysTime | YearsMonths | None:
    """`P1DT2H`, `-P1Y2M`; years and days do not mix."""
    if len(text) > _LONGEST or text[-1:] in ("P", "T", ""):
        return None
    found = _YEARS_MONTHS.fullmatch(text)
    if found is not None:
        months = int(found[2] or 0) * 12 + int(found[3] or 0)
        return years_months(-months if found[1] else months)
    found = _DAYS_TIME.fullmatch(text)
    if found is None:
        return None
    days, hours, minutes, seconds = (int(found[part] or 0) for part in (2, 3, 4, 5))
    nanos = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * NANOS + int((found[6] or "").ljust(9, "0"))
    return days_time(-nanos if found[1] else nanos)


def read_temporal(text: str) -> Any:
    """The value of an `@"…"` literal, or None."""
    for reader in (read_date, read_duration):
        value = reader(text)
        if value is not None:
            return value
    if "T" in text.partition("@")[0]:
        return read_date_time(text)
    return read_time(text)


def days_time(nanos: int) -> DaysTime | None:
    """A duration in bounds or None."""
    return DaysTime(nanos) if abs(nanos) <= MAX_NANOS else None


def years_months(months: int) -> YearsMonths | None:
    """A duration in bounds or None."""
    return YearsMonths(months) if abs(months) <= MAX_MONTHS else None


def write_date(date: Date) -> str:
    """`2017-12-31`."""
    return f"{'-' if date.year < 0 else ''}{abs(date.year):04}-{date.month:02}-{date.day:02}"


def write_zone(zone: Zone) -> str:
    """`Z`, `+02:00`, `@Europe/Paris` or nothing."""
    if zone is None:
        return ""
    if isinstance(zone, str):
        return "@" + zone
    if zone == 0:
        return "Z"
    size = abs(zone)
    seconds = f":{size % 60:02}" if size % 60 else ""
    return f"{'-' if zone < 0 else '+'}{size // 3600:02}:{size // 60 % 60:02}{seconds}"


def write_time(time: Time) -> str:
    """`11:22:33.5@Europe/Paris`."""
    fraction = f".{time.nano:09}".rstrip("0") if time.nano else ""
    return f"{time.hour:02}:{time.minute:02}:{time.second:02}{fraction}{write_zone(time.zone)}"


def write_date_time(moment: DateTime) -> str:
    """`2017-12-31T11:22:33Z`."""
    return f"{write_date(moment.date)}T{write_time(moment.time)}"


def write_duration(duration: DaysTime | YearsMonths) -> str:
    """The shortest ISO 8601 form: `P1DT2H`, `P1Y`, `PT0S`, `P0M`."""
    if isinstance(duration, YearsMonths):
        years, months = divmod(abs(duration.months), 12)
        text = (f"{years}Y" if years else "") + (f"{months}M" if months else "")
        return ("-P" if duration.months < 0 else "P") + (text or "0M")
    seconds, nano = divmod(abs(duration.nanos), NANOS)
    days, hours, minutes, seconds = seconds // 86_400, seconds // 3600 % 24, seconds // 60 % 60, seconds % 60
    fraction = f".{nano:09}".rstrip("0") if nano else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    clock += f"{seconds}{fraction}S" if seconds or nano else ""
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return ("-P" if duration.nanos < 0 else "P") + (text or "T0S")


def add_months(date: Date, months: int) -> Date | None:
    """The same day `months` later, or the last of its month where that is shorter."""
    year, month = divmod(date.year * 12 + date.month - 1 + months, 12)
    return make_date(year, month + 1, min(date.day, days_in_month(year, month + 1)))


def plus(left: Any, right: Any) -> Any:
    """`left + right` for a date, time or duration and a duration; None where the sum has no meaning."""
    match left, right:
        case DaysTime(), DaysTime():
            return days_time(left.nanos + right.nanos)
        case YearsMonths(), YearsMonths():
            return years_months(left.months + right.months)
        case Date(), YearsMonths():
            return add_months(left, right.months)
        case Date(), DaysTime():
            return date_of_ordinal(left.ordinal() + right.nanos // DAY_NANOS)
        case DateTime(), YearsMonths():
            date = add_months(left.date, right.months)
            return None if date is None else DateTime(date, left.time)
        case DateTime(), DaysTime():
            return date_time_of_nanos(left.nanos() + right.nanos, left.time.zone)
        case Time(), DaysTime():
            return time_of_nanos(left.nanos() + right.nanos, left.zone)
        case ((DaysTime() | YearsMonths()), (Date() | DateTime() | Time())):
            return plus(right, left)
        case _:
            return None


def minus(left: Any, right: Any) -> Any:
    """`left - right` among dates, times and durations; None where the difference has no meaning."""
    match left, right:
        case _, DaysTime():
            return None if isinstance(left, YearsMonths) else plus(left, DaysTime(-right.nanos))
        case _, YearsMonths():
            return None if isinstance(left, DaysTime) else plus(left, YearsMonths(-right.months))
        case ((Date() | DateTime()), (Date() | DateTime())):
            first, second = _moment(left), _moment(right)
            if (first.time.zone is None) != (second.time.zone is None):
                return None
            return days_time(first.instant() - second.instant())
        case Time(), Time():
            first_offset, second_offset = left.offset(), right.offset()
            if (first_offset is None) != (second_offset is None):
                return None
            gap = ((first_offset or 0) - (second_offset or 0)) * NANOS
            return DaysTime(left.nanos() - right.nanos() - gap)
        case _:
            return None


def _moment(value: Date | DateTime) -> DateTime:
    # A date among moments is its midnight at UTC (DMN 10.3.2.3.6).
    return DateTime(value, Time(0, 0, 0, 0, 0)) if isinstance(value, Date) else value


def times(duration: DaysTime | YearsMonths, factor: Decimal) -> DaysTime | YearsMonths | None:
    """A duration multiplied; months are cut to whole ones."""
    if isinstance(duration, YearsMonths):
        months = MATH.multiply(number(duration.months), factor)
        return years_months(int(months)) if months.is_finite() and months.adjusted() < 20 else None
    nanos = MATH.multiply(number(duration.nanos), factor)
    return days_time(int(nanos)) if nanos.is_finite() and nanos.adjusted() < 40 else None


def months_between(start: Date | DateTime, end: Date | DateTime) -> YearsMonths | None:
    """Whole months between the days of `start` and `end`, towards zero; times of day do not count."""
    first, second = (value.date if isinstance(value, DateTime) else value for value in (start, end))
    months = (second.year - first.year) * 12 + second.month - first.month
    if months > 0 and second.day < first.day:
        months -= 1
    elif months < 0 and second.day > first.day:
        months += 1
    return years_months(months)
