"""Durations, dates, repeating intervals, cron and retry cycles as Camunda 7 reads them. Pure: time is always handed in.

Timers of kind date and duration read `dates.due_date` and `cycles.duration_due`, timers of kind cycle read
`cycles.parse_cycle`, `camunda:failedJobRetryTimeCycle` reads `retries.parse_retry_cycle`.
"""

from __future__ import annotations

from procession.temporal.cron import Cron, parse_cron
from procession.temporal.cycles import Cycle, duration_due, parse_cycle
from procession.temporal.dates import due_date, format_camunda, named_zone, parse_date
from procession.temporal.durations import Duration, add, parse_duration, subtract
from procession.temporal.retries import RetryCycle, parse_retry_cycle

__all__ = [
    "Cron",
    "Cycle",
    "Duration",
    "RetryCycle",
    "add",
    "due_date",
    "duration_due",
    "format_camunda",
    "named_zone",
    "parse_cron",
    "parse_cycle",
    "parse_date",
    "parse_duration",
    "parse_retry_cycle",
    "subtract",
]
