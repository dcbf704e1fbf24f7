"""Retry cycles of failed jobs: `R3/PT10S` (three attempts), `PT10M,PT20M` (one more attempt than intervals), `PT5M`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC

from procession.errors import ExpressionFailed
from procession.temporal.cycles import UNLIMITED, parse_interval
from procession.temporal.durations import Duration, parse_duration

_MOST_INTERVALS = 1000
_LONGEST = 16_000


@dataclass(frozen=True, slots=True)
class RetryCycle:
    """How often a job is tried in all, and how long it waits after each failure (the last interval repeats)."""

    intervals: tuple[Duration, ...]
    retries: int

    def wait_after(self, failures: int) -> Duration:
        """The wait after the failure of that number, from 1."""
        if not self.intervals:
            return Duration()
        return self.intervals[min(max(failures, 1), len(self.intervals)) - 1]


def parse_retry_cycle(text: str) -> RetryCycle:
    """Reads a retry cycle.

    Raises ExpressionFailed for anything else; Camunda 7 then logs a warning and uses its default of three attempts.
    """
    parts = [part.strip() for part in text.split(",")] if len(text) <= _LONGEST else []
    while parts and not parts[-1]:
        parts.pop()
    if not parts or len(parts) > _MOST_INTERVALS:
        raise ExpressionFailed(f"'{text[:64]}' is not a retry cycle such as R3/PT10S or PT10M,PT20M", text)
    if len(parts) > 1:
        return RetryCycle(tuple(_wait(part) for part in parts), len(parts) + 1)
    if parts[0].startswith("R"):
        cycle = parse_interval(parts[0], UTC)
        return RetryCycle((_wait(parts[0]),), UNLIMITED if cycle.repeats is None else cycle.repeats)
    return RetryCycle((_wait(parts[0]),), 2)


def _wait(text: str) -> Duration:
    duration = parse_interval(text, UTC).period or Duration() if text.startswith("R") else parse_duration(text)
    if min(duration.years, duration.months, duration.days, duration.milliseconds) < 0:
        raise ExpressionFailed(f"the retry interval '{text}' is negative", text)
    return duration
