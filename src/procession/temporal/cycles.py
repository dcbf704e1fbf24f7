"""Repeating timers: `R3/PT1M`, `R/2026-01-01T00:00:00/P1D`, `R5/PT1H/2026-01-01T00:00:00`, start and end, or cron.

The rule is Camunda 7's. A cycle is a grid of times: start, start + period, … up to `repeats` periods after the start
(or, with an end, up to `repeats` periods before the end). A timer is due at the first of them after now; one that ran
late continues at the next one, so missed ones are not made up. Without a start the grid begins when the timer is
created: `R3/PT1M` fires 3 times. With a start in the future it fires there too: `R3/2026-…/PT1H` fires 4 times.
`anchored` gives the text that a timer keeps, which has its start written into it.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from procession.errors import ExpressionFailed
from procession.temporal.cron import Cron, parse_cron
from procession.temporal.dates import parse_date
from procession.temporal.durations import Duration, add, parse_duration, subtract

# What `R` without a number means in Camunda: the largest number of its type.
UNLIMITED = 2**31 - 1
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Cycle:
    """A cycle that was read. `repeats` is None where it never ends; one of `period` and `cron` is set."""

    text: str
    repeats: int | None = None
    period: Duration | None = None
    start: datetime | None = None
    end: datetime | None = None
    cron: Cron | None = None

    def anchored(self, now: datetime) -> Cycle:
        """The cycle of a timer created now: where it has neither start nor end, it starts now, cut to seconds."""
        if self.period is None or self.start is not None or self.end is not None:
            return self
        start = now.replace(microsecond=0)
        head, _, tail = self.text.partition("/")
        # The offset is left out, as Camunda does: the text means the engine's time zone.
        text = f"{head}/{start.replace(tzinfo=None).isoformat()}/{tail}"
        return Cycle(text, self.repeats, self.period, start)

    def first_due(self, now: datetime) -> datetime | None:
        """When a timer created now is due first; None where the cycle is over."""
        return self._next(now, self.start or now, self.repeats)

    def next_due(self, previous_due: datetime, now: datetime, done: int = 0) -> datetime | None:
        """When a timer that was due at `previous_due` and runs now is due again; None where the cycle is over.

        A timer that runs early (executed by hand) is due at the same time again, as in Camunda. `done` is the number of
        times it has fired; only a cycle that is not anchored needs it.
        """
        repeats = self.repeats
        if self.start is None and repeats is not None:
            repeats = max(0, repeats - done)
        found = self._next(now, self.start or previous_due, repeats)
        # Camunda repeats the last one for ever while its clock stands still at that very millisecond.
        return None if found is not None and found <= previous_due <= now else found

    def remaining(self, done: int) -> int | None:
        """How many periods are left after `done` of them; None where the cycle never ends."""
        return None if self.repeats is None else max(0, self.repeats - done)

    def _next(self, now: datetime, start: datetime, repeats: int | None) -> datetime | None:
        if self.cron is not None:
            return self.cron.next_after(now)
        assert self.period is not None
        limit = sys.maxsize if repeats is None else repeats
        if self.end is not None and self.start is None:
            return _backward(self.end, self.period, limit, now)
        return _forward(start, self.period, limit, now)


def parse_cycle(text: str, zone: tzinfo = UTC) -> Cycle:
    """Reads a timer cycle; dates without an offset are in `zone`. Raises ExpressionFailed with Camunda's message.

    Unlike Camunda, which would loop, it refuses a period below one millisecond.
    """
    try:
        if not text.startswith("R"):
            return Cycle(text, cron=parse_cron(text))
        cycle = parse_interval(text, zone)
        period = cycle.period or Duration()
        if min(period.years, period.months, period.days, period.milliseconds) < 0 or period == Duration():
            raise ExpressionFailed("the period must be at least one millisecond")
        return cycle
    except ExpressionFailed as fault:
        reason = f"ENGINE-09026 Exception while parsing cycle expression '{text[:_LONGEST]}': {fault.message}"
        raise ExpressionFailed(reason, text) from fault


def duration_due(text: str, now: datetime) -> datetime | None:
    """When a timer of kind duration is due: `PT1H`, `start/PT1H`, `PT1H/end` or, as Camunda allows, a cycle's first.

    Raises ExpressionFailed with Camunda's message.
    """
    try:
        interval = parse_interval(text, now.tzinfo or UTC)
        if text.startswith("R"):
            return parse_cycle(text, now.tzinfo or UTC).first_due(now)
        if interval.end is not None or interval.period is None:
            return interval.end
        return add(interval.start or now, interval.period)
    except ExpressionFailed as fault:
        reason = f"ENGINE-09027 Exception while resolving duedate '{text[:_LONGEST]}': {fault.message}"
        raise ExpressionFailed(reason, text) from fault


def parse_interval(text: str, zone: tzinfo) -> Cycle:
    """Reads the ISO 8601 forms without judging the period. Raises ExpressionFailed."""
    parts = text.rstrip("/").split("/") if len(text) <= _LONGEST else []
    repeats: int | None = None
    if parts and parts[0].startswith("R"):
        count = parts.pop(0)[1:]
        if count:
            digits = count.removeprefix("-").removeprefix("+")
            if not (digits.isascii() and digits.isdigit() and len(digits) <= 10) or int(digits) > UNLIMITED:
                raise ExpressionFailed(f'For input string: "{count}"')
            repeats = 0 if count.startswith("-") else int(digits)
    match parts:
        case [only] if only.startswith("P"):
            return Cycle(text, repeats, parse_duration(only))
        case [first, second] if first.startswith("P"):
            return Cycle(text, repeats, parse_duration(first), end=parse_date(second, zone))
        case [first, second] if second.startswith("P"):
            return Cycle(text, repeats, parse_duration(second), start=parse_date(first, zone))
        case [first, second]:
            start, end = parse_date(first, zone), parse_date(second, zone)
            milliseconds = (end - start) // timedelta(milliseconds=1)
            return Cycle(text, repeats, Duration(milliseconds=milliseconds), start=start, end=end)
        case _:
            raise ExpressionFailed(f"ENGINE-09028 Cannot parse duration '{text[:_LONGEST]}'.")


def _forward(start: datetime, period: Duration, limit: int, now: datetime) -> datetime | None:
    """The first of the times after now; at the end of the grid the last one, unless it is past."""
    taken = _leap(period, now - start, limit)
    due = add(start, period.times(taken))
    while due <= now and taken < limit:
        due, taken = add(due, period), taken + 1
    return None if due < now else due


def _backward(end: datetime, period: Duration, limit: int, now: datetime) -> datetime | None:
    """As `_forward`, on the grid that runs back from the end."""
    if end < now:
        return None
    taken = _leap(period, end - now, limit)
    due = subtract(end, period.times(taken))
    while taken < limit and (earlier := subtract(due, period)) > now:
        due, taken = earlier, taken + 1
    return due


def _leap(period: Duration, distance: timedelta, limit: int) -> int:
    """How many periods surely fit into a distance. Months differ, so they are walked, 28 days or more a step."""
    if period.years or period.months:
        return 0
    # Two less, because a change of the clocks makes a day shorter or longer.
    return min(max(distance // period.nominal - 2, 0), limit)
