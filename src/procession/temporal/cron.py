"""Cron as Camunda 7.24 reads it: Spring's dialect of six fields, seconds first, and lower-case macros.

    second minute hour day-of-month month day-of-week

Each field is a list of `*`, `5`, `5-10`, `*/10`, `5/10`, `5-30/10`; months and weekdays have English names of three
letters; day of month knows `L`, `L-3`, `LW`, `15W` and `?`; day of week knows `L` (Sunday), `5L`, `FRI#2` and `?`; 0
and 7 are Sunday. A day must fit both day fields. At a change of the clocks a time that is skipped does not fire; one
that occurs twice fires twice, except where hour and minute are single numbers (a daily job runs once).
Camunda answers "now" for an expression that never fires, which is an endless loop; here it is None.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from procession.errors import ExpressionFailed

_MACROS = {
    "@yearly": "0 0 0 1 1 *",
    "@annually": "0 0 0 1 1 *",
    "@monthly": "0 0 0 1 * *",
    "@weekly": "0 0 0 * * 0",
    "@daily": "0 0 0 * * *",
    "@midnight": "0 0 0 * * *",
    "@hourly": "0 0 * * * *",
}
_MONTHS = {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6}
_MONTHS |= {"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12}
_WEEKDAYS = {"SUN": 0, "MON": 1, "TUE": 2, "WED": 3, "THU": 4, "FRI": 5, "SAT": 6}
_LONGEST = 256
_ITEM = re.compile(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d{1,4}))?", re.ASCII)
# 29 February on a given weekday comes back after at most 40 years (a century without a leap day in between).
_FAR = 41 * 366
_NONE = timedelta()


@dataclass(frozen=True, slots=True)
class _Days:
    """One item of a day field that depends on the month."""

    kind: str
    number: int = 0
    nth: int = 0

    def fits(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        weekday = day.isoweekday() % 7
        match self.kind:
            case "last":
                return day.day == last - self.number
            case "last weekday":
                return day.day == _nearest_weekday(day.year, day.month, last)
            case "nearest weekday":
                return self.number <= last and day.day == _nearest_weekday(day.year, day.month, self.number)
            case "nth":
                return weekday == self.number and (day.day - 1) // 7 + 1 == self.nth
            case _:
                return weekday == self.number and day.day + 7 > last


@dataclass(frozen=True, slots=True)
class Cron:
    """A cron expression that was read. Its sets are sorted numbers; `*_special` depend on the month."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    days_special: tuple[_Days, ...]
    months: frozenset[int]
    weekdays: frozenset[int]
    weekdays_special: tuple[_Days, ...]

    def next_after(self, moment: datetime) -> datetime | None:
        """The first time after `moment`, in its time zone; None where there is none within 41 years."""
        moment = moment.replace(microsecond=0)
        day = moment.date()
        for _ in range(_FAR):
            if self._fits(day):
                found = self._first_on(day, moment)
                if found is not None:
                    return found
            if day >= date.max:
                return None
            day = self._next_month(day) if day.month not in self.months else day + timedelta(days=1)
        return None

    def _fits(self, day: date) -> bool:
        return (
            day.month in self.months
            and (day.day in self.days or any(special.fits(day) for special in self.days_special))
            and (day.isoweekday() % 7 in self.weekdays or any(special.fits(day) for special in self.weekdays_special))
        )

    @staticmethod
    def _next_month(day: date) -> date:
        if (day.year, day.month) == (9999, 12):
            return date.max
        return date(day.year + day.month // 12, day.month % 12 + 1, 1)

    def _first_on(self, day: date, floor: datetime) -> datetime | None:
        """The first time on a day that fits and lies after `floor`."""
        zone = floor.tzinfo
        found = self._first_in(day, floor, 0)
        if len(self.hours) == 1 and len(self.minutes) == 1:
            return found
        midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
        evening = midnight.replace(hour=23, minute=59, second=59)
        if (midnight.utcoffset() or _NONE) <= (evening.utcoffset() or _NONE):
            return found
        again = self._first_in(day, floor, 1)
        if again is None or found is None:
            return found or again
        return again if _instant(again) < _instant(found) else found

    def _first_in(self, day: date, floor: datetime, fold: int) -> datetime | None:
        """The first time after `floor` among the first (`fold` 0) or second (1) occurrences of the day's wall clock."""
        after = _instant(floor)
        for hour in self.hours:
            opening = datetime(day.year, day.month, day.day, hour, tzinfo=floor.tzinfo, fold=fold)
            if fold and not (_occurs(opening, 1) or _occurs(opening.replace(minute=59), 1)):
                continue
            if not fold and _instant(opening) + timedelta(hours=1) <= after:
                continue
            for minute in self.minutes:
                start = opening.replace(minute=minute)
                if _instant(start) + timedelta(minutes=1) <= after:
                    continue
                for second in self.seconds:
                    candidate = start.replace(second=second)
                    if _instant(candidate) > after and _occurs(candidate, fold):
                        return candidate
        return None


def parse_cron(text: str) -> Cron:
    """Reads a cron expression of six fields or a macro such as `@daily`. Raises ExpressionFailed with the reason."""
    try:
        if len(text) > _LONGEST:
            raise ValueError("Cron expression is too long")
        fields = _MACROS.get(text.strip(), text).upper().split()
        if not fields:
            raise ValueError("Empty expression!")
        if len(fields) != 6:
            raise ValueError(f"Cron expression contains {len(fields)} parts but we expect one of [6]")
        days, days_special = _day_field(fields[3])
        weekdays, weekdays_special = _weekday_field(fields[5])
        return Cron(
            text=text,
            seconds=tuple(sorted(_numbers(fields[0], 0, 59))),
            minutes=tuple(sorted(_numbers(fields[1], 0, 59))),
            hours=tuple(sorted(_numbers(fields[2], 0, 23))),
            days=days,
            days_special=days_special,
            months=_numbers(fields[4], 1, 12, _MONTHS, wraps=True),
            weekdays=weekdays,
            weekdays_special=weekdays_special,
        )
    except ValueError as fault:
        raise ExpressionFailed(f"Failed to parse cron expression. {fault}", text) from fault


def _day_field(field: str) -> tuple[frozenset[int], tuple[_Days, ...]]:
    plain: set[int] = set()
    special: list[_Days] = []
    for item in ["*"] if field == "?" else field.split(","):
        if item == "LW":
            special.append(_Days("last weekday"))
        elif found := re.fullmatch(r"L(?:-(\d{1,2}))?", item, re.ASCII):
            special.append(_Days("last", _within(int(found[1] or 1), 1, 31) if found[1] else 0))
        elif found := re.fullmatch(r"(\d{1,2})W", item, re.ASCII):
            special.append(_Days("nearest weekday", _within(int(found[1]), 1, 31)))
        else:
            plain |= _numbers(item, 1, 31)
    return frozenset(plain), tuple(special)


def _weekday_field(field: str) -> tuple[frozenset[int], tuple[_Days, ...]]:
    plain: set[int] = set()
    special: list[_Days] = []
    for item in ["*"] if field == "?" else field.split(","):
        if item == "L":
            plain.add(0)
        elif found := re.fullmatch(r"(\d|[A-Z]{3})L", item, re.ASCII):
            special.append(_Days("last on weekday", _number(found[1], 0, 7, _WEEKDAYS) % 7))
        elif found := re.fullmatch(r"(\d|[A-Z]{3})#(\d)", item, re.ASCII):
            special.append(_Days("nth", _number(found[1], 0, 7, _WEEKDAYS) % 7, int(found[2])))
        else:
            top = 6 if item.startswith("*") else 7
            plain |= _numbers(item, 0, top, _WEEKDAYS, wraps=True)
    return frozenset(plain), tuple(special)


def _numbers(
    field: str, low: int, high: int, names: dict[str, int] | None = None, wraps: bool = False
) -> frozenset[int]:
    """The numbers that a field of plain items names. `wraps` allows ranges such as FRI-MON."""
    cycle = 7 if names is _WEEKDAYS else high - low + 1
    result: set[int] = set()
    for item in field.split(","):
        found = _ITEM.fullmatch(item)
        if found is None:
            raise ValueError(f"Invalid expression: {item}")
        star, first, last, step = found.groups()
        start = low if star else _number(first, low, high, names)
        stop = _number(last, low, high, names) if last else high if star or step else start
        if stop < start:
            if not wraps:
                raise ValueError(f"Invalid range! [{start},{stop}]")
            stop += cycle
        every = int(step) if step else 1
        if not 1 <= every <= high:
            raise ValueError(f"Period {every} not in range [1, {high}]")
        result |= {low + (number - low) % cycle for number in range(start, stop + 1, every)}
    return frozenset(result)


def _number(text: str, low: int, high: int, names: dict[str, int] | None) -> int:
    if names and text in names:
        return names[text]
    if not (text.isascii() and text.isdigit() and len(text) <= 4):
        raise ValueError(f"Invalid chars in expression! Expression: {text}")
    return _within(int(text), low, high)


def _within(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise ValueError(f"Value {number} not in range [{low}, {high}]")
    return number


def _nearest_weekday(year: int, month: int, day: int) -> int:
    """The day from Monday to Friday next to a day, within its month."""
    last = monthrange(year, month)[1]
    match date(year, month, day).isoweekday():
        case 6:
            return day - 1 if day > 1 else day + 2
        case 7:
            return day + 1 if day < last else day - 2
        case _:
            return day


def _instant(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _occurs(moment: datetime, fold: int) -> bool:
    """Whether a wall-clock time exists and is really the first (0) or second (1) of its occurrences."""
    back = _instant(moment).astimezone(moment.tzinfo)
    return back.fold == fold and back.replace(tzinfo=None) == moment.replace(tzinfo=None)
