"""FEEL's values. Numbers are `Decimal`, strings `str`, booleans `bool`, null `None`, lists `list`, contexts `dict`.

Date, time and durations have classes of their own, because FEEL reaches from year -999,999,999 to 999,999,999, counts
nanoseconds and remembers whether a zone was written as an offset or as a name; Python's classes do none of the three.
Values are never changed after they were made. This file does not know how values are written or compared.
"""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

if TYPE_CHECKING:
    from procession.feel.evaluation import Evaluation

# IEEE 754 decimal128 (DMN 10.3.2.3.1). No traps: what overflows becomes infinite, and infinite is null.
MATH = decimal.Context(prec=34, rounding=decimal.ROUND_HALF_EVEN, Emin=-6143, Emax=6144, capitals=1, clamp=0, traps=[])
# For what needs more digits than 34 in between: 1E+40 rounded to 2 places.
WIDE = decimal.Context(prec=13_000, Emin=-20_000, Emax=20_000, traps=[])

MAX_YEAR = 999_999_999
MAX_OFFSET = 18 * 3600
MAX_MONTHS = 12 * 2**31
NANOS = 1_000_000_000
DAY_NANOS = 86_400 * NANOS
MAX_NANOS = (2**63 - 1) * NANOS
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}")
_EPOCH_DAY = 719_468
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def days_in_month(year: int, month: int) -> int:
    """28 to 31, in the proleptic Gregorian calendar."""
    if month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0):
        return 29
    return _DAYS[month - 1]


@dataclass(frozen=True, slots=True)
class Date:
    """A day of the proleptic Gregorian calendar; year 0 is 1 BC."""

    year: int
    month: int
    day: int

    def ordinal(self) -> int:
        """Days since 1970-01-01."""
        shifted = self.year - (self.month <= 2)
        era = shifted // 400
        year_of_era = shifted - era * 400
        day_of_year = (153 * ((self.month + 9) % 12) + 2) // 5 + self.day - 1
        return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - _EPOCH_DAY


def date_of_ordinal(days: int) -> Date | None:
    """The day that is `days` after 1970-01-01, or None beyond FEEL's years."""
    shifted = days + _EPOCH_DAY
    era = shifted // 146_097
    day_of_era = shifted - era * 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    part = (5 * day_of_year + 2) // 153
    month = part + 3 if part < 10 else part - 9
    return make_date(year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * part + 2) // 5 + 1)


def make_date(year: int, month: int, day: int) -> Date | None:
    """A valid date or None."""
    if abs(year) > MAX_YEAR or not 1 <= month <= 12 or not 1 <= day <= days_in_month(year, month):
        return None
    return Date(year, month, day)


Zone = int | str | None
"""Offset from UTC in seconds, name of a zone in the IANA database, or none (local)."""


@dataclass(frozen=True, slots=True)
class Time:
    """A time of day; `nano` counts 0 to 999,999,999."""

    hour: int
    minute: int
    second: int
    nano: int = 0
    zone: Zone = None

    def nanos(self) -> int:
        """Nanoseconds since local midnight."""
        return (self.hour * 3600 + self.minute * 60 + self.second) * NANOS + self.nano

    def offset(self) -> int | None:
        """Seconds from UTC; a named zone counts with its offset of 1970-01-01, for a time has no date."""
        if isinstance(self.zone, str):
            return zone_offset(self.zone, Date(1970, 1, 1), 0)
        return self.zone


def time_of_nanos(nanos: int, zone: Zone) -> Time:
    """The time of day `nanos` after midnight, wrapped into one day."""
    seconds, nano = divmod(nanos % DAY_NANOS, NANOS)
    return Time(seconds // 3600, seconds // 60 % 60, seconds % 60, nano, zone)


@dataclass(frozen=True, slots=True)
class DateTime:
    """A day and a time of day; the zone is the time's."""

    date: Date
    time: Time

    def offset(self) -> int | None:
        """Seconds from UTC at this moment, or None for a local one."""
        zone = self.time.zone
        return zone_offset(zone, self.date, self.time.nanos() // NANOS) if isinstance(zone, str) else zone

    def nanos(self) -> int:
        """Nanoseconds since 1970-01-01T00:00 on the local clock."""
        return self.date.ordinal() * DAY_NANOS + self.time.nanos()

    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00Z; a local one counts as UTC (DMN 10.3.2.3.6)."""
        return self.nanos() - (self.offset() or 0) * NANOS


def date_time_of_nanos(nanos: int, zone: Zone) -> DateTime | None:
    """The local moment `nanos` after 1970-01-01T00:00 on the local clock, or None beyond FEEL's years."""
    date = date_of_ordinal(nanos // DAY_NANOS)
    return None if date is None else DateTime(date, time_of_nanos(nanos, zone))


@dataclass(frozen=True, slots=True)
class DaysTime:
    """A duration of days, hours, minutes and seconds."""

    nanos: int


@dataclass(frozen=True, slots=True)
class YearsMonths:
    """A duration of years and months."""

    months: int


@dataclass(frozen=True, slots=True)
class Range:
    """Values between two ends. An end that is None and not closed is open to infinity (`< 5` has no start).

    `broken` marks a range written with a null end: membership is unknown.
    """

    start: Any
    end: Any
    start_closed: bool
    end_closed: bool
    broken: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function as a FEEL value: `invoke(evaluation, arguments)` takes and gives FEEL values.

    `parameters` names them in order; a call with another number of arguments or unknown names is null. `rest`
    allows any number of arguments from the last parameter on. Raise `evaluation.Null(message)` for null with a warning.
    """

    parameters: tuple[str, ...]
    invoke: Callable[[Evaluation, Sequence[Any]], Any] = field(repr=False)
    name: str = ""
    rest: bool = False


@lru_cache(maxsize=1024)
def find_zone(name: str) -> ZoneInfo | None:
    """A zone of the IANA database or None. Only names of letters, digits and `_+-/` are looked up."""
    if not _ZONE.fullmatch(name):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_offset(name: str, date: Date, second: int) -> int:
    """Seconds from UTC of a zone at a local moment."""
    zone = find_zone(name)
    return 0 if zone is None else _seconds(zone.utcoffset(_moment(date, second)))


def instant_offset(name: str, instant: int) -> int:
    """Seconds from UTC of a zone at an instant, in nanoseconds since 1970-01-01T00:00Z."""
    zone, date = find_zone(name), date_of_ordinal(instant // DAY_NANOS)
    if zone is None or date is None:
        return 0
    moment = _moment(date, instant % DAY_NANOS // NANOS).replace(tzinfo=UTC)
    return _seconds(moment.astimezone(zone).utcoffset())


def _moment(date: Date, second: int) -> datetime:
    """As Python has it; years that it cannot express borrow the rules of one that it can."""
    year = date.year
    if year > 9990:
        year = 9600 + year % 400 - 400
    elif year < 2:
        year = 400 + year % 400
    return datetime(year, date.month, date.day) + timedelta(seconds=second)  # noqa: DTZ001 - a zone asks for a local one


def _seconds(offset: timedelta | None) -> int:
    return 0 if offset is None else int(offset.total_seconds())


def number(value: int | str | Decimal) -> Decimal:
    """A FEEL number from an integer or a text, rounded to 34 digits."""
    return MATH.create_decimal(value)


def type_name(value: Any) -> str:
    """FEEL's name of a value's type, as `instance of` and messages write it."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case Decimal():
            return "number"
        case str():
            return "string"
        case list():
            return "list"
        case dict():
            return "context"
        case Date():
            return "date"
        case Time():
            return "time"
        case DateTime():
            return "date and time"
        case DaysTime():
            return "days and time duration"
        case YearsMonths():
            return "years and months duration"
        case Range():
            return "range"
        case Function():
            return "function"
        case _:
            return "Any"
