"""`dateTime()`: a moment with the calendar methods of Joda's DateTime, and its patterns for text."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from procession.juel.faults import Thrown
from procession.temporal import Duration, add

_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_FIRST_HALF = ("January", "February", "March", "April", "May", "June")
_MONTHS = (*_FIRST_HALF, "July", "August", "September", "October", "November", "December")
_PATTERN = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_MOST_PATTERN = 200
_MOST_UNITS = 10**13


@dataclass(frozen=True, slots=True)
class Moment:
    """A time with a zone; `now` is the time of the running command, for `isBeforeNow`."""

    time: datetime
    now: datetime

    def plus(self, sign: int, unit: str, count: int) -> Moment:
        """Later, or earlier where `sign` is -1, by a number of years, months, weeks, days, … or milliseconds."""
        if abs(count) > _MOST_UNITS:
            raise Thrown(f"java.lang.ArithmeticException: {count} {unit} are too many")
        count *= sign
        match unit:
            case "Years":
                duration = Duration(years=count)
            case "Months":
                duration = Duration(months=count)
            case "Weeks":
                duration = Duration(days=count * 7)
            case "Days":
                duration = Duration(days=count)
            case _:
                duration = Duration(milliseconds=count * UNITS[unit])
        return self.at(add(self.time, duration))

    def with_fields(self, **fields: int) -> Moment:
        """The moment with some fields replaced, moved out of a gap of the clocks."""
        if "weekday" in fields:
            weekday = fields["weekday"]
            if not 1 <= weekday <= 7:
                raise Thrown(f"org.joda.time.IllegalFieldValueException: Value {weekday} for dayOfWeek is out of range")
            return self.at(self.time + timedelta(days=weekday - self.time.isoweekday()))
        if "month" in fields and 1 <= fields["month"] <= 12:
            fields["day"] = min(self.time.day, monthrange(self.time.year, fields["month"])[1])
        try:
            moved = self.time.replace(fold=0, **fields)  # type: ignore[arg-type]
        except ValueError as fault:
            raise Thrown(f"org.joda.time.IllegalFieldValueException: {fault}") from fault
        return self.at(moved.astimezone(UTC).astimezone(self.time.tzinfo))

    def at(self, time: datetime) -> Moment:
        return Moment(time, self.now)

    def text(self) -> str:
        """`2026-01-31T12:00:00.000+01:00`, with Z for UTC."""
        return self.formatted("yyyy-MM-dd'T'HH:mm:ss.SSSZZ").replace("+00:00", "Z")

    def formatted(self, pattern: str) -> str:
        """The moment in one of Joda's patterns, such as `dd.MM.yyyy HH:mm`. Raises Thrown for unknown letters."""
        if len(pattern) > _MOST_PATTERN:
            raise Thrown("java.lang.IllegalArgumentException: the pattern is too long")
        parts: list[str] = []
        position = 0
        while position < len(pattern):
            found = _PATTERN.match(pattern, position)
            if found is None:
                raise Thrown(f"java.lang.IllegalArgumentException: Illegal pattern: {pattern}")
            position = found.end()
            if found[1] is not None:
                parts.append(found[1].replace("''", "'") or "'")
            elif found[2]:
                parts.append(self._field(found[2], len(found[0])))
            else:
                parts.append(found[0])
        return "".join(parts)

    def _field(self, letter: str, width: int) -> str:
        time = self.time
        match letter:
            case "y" | "Y" | "u" if width == 2:
                return f"{time.year % 100:02}"
            case "y" | "Y" | "u":
                return str(time.year).zfill(width)
            case "M" if width >= 3:
                return _MONTHS[time.month - 1][: 3 if width == 3 else None]
            case "E":
                return _WEEKDAYS[time.weekday()][: 3 if width <= 3 else None]
            case "a":
                return "AM" if time.hour < 12 else "PM"
            case "S":
                return f"{time.microsecond:06}".ljust(width, "0")[:width]
            case "Z" if width >= 3:
                return str(time.tzinfo)
            case "Z":
                seconds = int((time.utcoffset() or timedelta()).total_seconds())
                hours, minutes = divmod(abs(seconds) // 60, 60)
                return f"{'-' if seconds < 0 else '+'}{hours:02}{':' if width == 2 else ''}{minutes:02}"
        numbers = {
            "M": time.month,
            "d": time.day,
            "D": time.timetuple().tm_yday,
            "e": time.isoweekday(),
            "w": time.isocalendar().week,
            "x": time.isocalendar().year,
            "H": time.hour,
            "k": time.hour or 24,
            "K": time.hour % 12,
            "h": time.hour % 12 or 12,
            "m": time.minute,
            "s": time.second,
        }
        if letter not in numbers:
            raise Thrown(f"java.lang.IllegalArgumentException: Illegal pattern component: {letter}")
        return str(numbers[letter]).zfill(width)


# Milliseconds in the units that are the same length everywhere.
UNITS = {"Hours": 3_600_000, "Minutes": 60_000, "Seconds": 1000, "Millis": 1}
