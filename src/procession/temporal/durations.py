"""ISO 8601 durations: calendar parts (years, months, days) move the wall clock, time parts move the instant.

`P1D` over a change of the clocks is the same time of day tomorrow, `PT24H` is 24 hours later (ISO 8601-1, 5.5.2).
A wall-clock time that a change of the clocks skips moves forward by the gap; one that occurs twice is the first.
Camunda 7 counts `P5W` as a month and four days (it turns milliseconds into a calendar of 1970); here it is 35 days.
This file does not know what durations are used for.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from procession.errors import ExpressionFailed

_LONGEST = 64
_MOST_YEARS = 9998
_PARTS = re.compile(
    r"([+-]?)P(?:([+-]?\d+)Y)?(?:([+-]?\d+)M)?(?:([+-]?\d+)W)?(?:([+-]?\d+)D)?"
    r"(T(?:([+-]?\d+)H)?(?:([+-]?\d+)M)?(?:([+-]?)(\d+)(?:[.,](\d+))?S)?)?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Duration:
    """A duration. All parts may be negative. `milliseconds` holds hours, minutes and seconds; `days` includes weeks.

    Fractions of a millisecond are cut off, as Camunda 7 does.
    """

    years: int = 0
    months: int = 0
    days: int = 0
    milliseconds: int = 0

    def __str__(self) -> str:
        """ISO 8601, in the parts that it is kept in."""
        seconds = f"{self.milliseconds / 1000:.3f}".rstrip("0").rstrip(".")
        return f"P{self.years}Y{self.months}M{self.days}DT{seconds}S"

    @property
    def exact(self) -> bool:
        """True where the length does not depend on the calendar or the time zone."""
        return not (self.years or self.months or self.days)

    @property
    def nominal(self) -> timedelta:
        """The length with years of 365 days and months of 30 days: good for comparing, not for adding."""
        days = self.years * 365 + self.months * 30 + self.days
        return timedelta(days=days, milliseconds=self.milliseconds)

    def times(self, factor: int) -> Duration:
        """The duration `factor` times."""
        return Duration(self.years * factor, self.months * factor, self.days * factor, self.milliseconds * factor)


def parse_duration(text: str) -> Duration:
    """Reads `P1Y2M3W4DT5H6M7.5S`, `-PT5M`, `P-1D`. Only seconds may have a fraction.

    Raises ExpressionFailed for anything else and for durations of more than 9998 years.
    """
    found = _PARTS.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ExpressionFailed(f"'{text[:_LONGEST]}' is not an ISO 8601 duration such as P1DT12H or PT30S", text)
    sign, years, months, weeks, days, time, hours, minutes, seconds_sign, seconds, fraction = found.groups()
    if time == "T" or not any((years, months, weeks, days, time)):
        raise ExpressionFailed(f"'{text}' names no unit of time; write for example PT0S", text)
    factor = -1 if sign == "-" else 1
    milliseconds = int(seconds or 0) * 1000 + int((fraction or "0").ljust(3, "0")[:3])
    if seconds_sign == "-":
        milliseconds = -milliseconds
    milliseconds += (int(hours or 0) * 60 + int(minutes or 0)) * 60_000
    duration = Duration(
        years=factor * int(years or 0),
        months=factor * int(months or 0),
        days=factor * (int(weeks or 0) * 7 + int(days or 0)),
        milliseconds=factor * milliseconds,
    )
    if (
        abs(duration.years) > _MOST_YEARS
        or abs(duration.months) > _MOST_YEARS * 12
        or abs(duration.days) > _MOST_YEARS * 366
        or abs(duration.milliseconds) > _MOST_YEARS * 366 * 86_400_000
    ):
        raise ExpressionFailed(f"the duration '{text}' is too long: at most {_MOST_YEARS} years", text)
    return duration


def add(moment: datetime, duration: Duration) -> datetime:
    """The moment that lies a duration later, in the time zone of `moment`, which must have one.

    Years are added first, then months (a day that the month lacks becomes its last day), then days, then the time.
    Raises ExpressionFailed where the result is before year 1 or after year 9999.
    """
    try:
        shifted = moment
        if duration.years:
            shifted = _add_months(shifted, duration.years * 12)
        if duration.months:
            shifted = _add_months(shifted, duration.months)
        if duration.days:
            shifted = shifted + timedelta(days=duration.days)
        if shifted is not moment:
            shifted = _settle(shifted)
        if not duration.milliseconds:
            return shifted
        later = shifted.astimezone(UTC) + timedelta(milliseconds=duration.milliseconds)
        return later.astimezone(moment.tzinfo)
    except (OverflowError, ValueError) as fault:
        reason = f"the date that lies {duration} from {moment.isoformat()} is out of range: years 1 to 9999"
        raise ExpressionFailed(reason) from fault


def subtract(moment: datetime, duration: Duration) -> datetime:
    """The moment that lies a duration earlier; see `add`."""
    return add(moment, duration.times(-1))


def _add_months(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _settle(moment: datetime) -> datetime:
    """Moves a wall-clock time that does not exist out of its gap, by a walk through UTC."""
    return moment.replace(fold=0).astimezone(UTC).astimezone(moment.tzinfo)
