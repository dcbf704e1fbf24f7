"""Dates as Camunda 7 reads and writes them.

It reads ISO 8601 through Joda's `dateTimeParser`: a date down to year, month, day, week or day of the year, then
optionally `T`, a time down to hour, minute or second with a fraction on the last part, and an offset. Without an offset
the time is in the engine's time zone.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from procession.errors import ExpressionFailed
from procession.temporal.durations import add, parse_duration

_LONGEST = 64
_DATE = re.compile(
    r"(?P<year>\d{4,9})"
    r"(?:-W(?P<week>\d{1,2})(?:-(?P<weekday>\d))?|-(?P<ordinal>\d{3})|-(?P<month>\d{1,2})(?:-(?P<day>\d{1,2}))?)?"
    r"(?:T(?:(?P<hour>\d{1,2})(?::(?P<minute>\d{1,2})(?::(?P<second>\d{1,2}))?)?(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?)?",
    re.ASCII,
)
_OFFSET = re.compile(r"([+-])([01]\d|2[0-3])(?::?([0-5]\d))?", re.ASCII)


def named_zone(name: str) -> tzinfo:
    """The time zone of that IANA name. Raises ExpressionFailed where there is none."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        reason = f"'{name[:_LONGEST]}' is not a time zone; write for example Europe/Berlin"
        raise ExpressionFailed(reason, name) from fault


def parse_date(text: str, zone: tzinfo) -> datetime:
    """Reads a date; the result is in `zone`, cut to milliseconds.

    Raises ExpressionFailed for what is not a date, for years outside 1 to 9999 and, as Camunda does, for a time that a
    change of the clocks skips.
    """
    found = _DATE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ExpressionFailed(f"'{text[:_LONGEST]}' is not a date such as 2026-01-31T12:00:00+01:00", text)
    try:
        moment = datetime.combine(_day(found), datetime.min.time()) + _time(found)
        offset = found["offset"]
        if offset is not None:
            return moment.replace(tzinfo=_fixed(offset)).astimezone(zone)
        local = moment.replace(tzinfo=zone)
        if local.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != moment:
            raise ValueError(f"the clocks of {zone} skip this time")
        return local
    except (ValueError, OverflowError) as fault:
        raise ExpressionFailed(f"'{text}' is not a date: {fault}", text) from fault


def due_date(text: str, now: datetime) -> datetime:
    """A timer of kind date, a due date or a follow-up date: a date in the zone of `now`, or a duration from `now`.

    Raises ExpressionFailed with Camunda's message.
    """
    try:
        return add(now, parse_duration(text)) if text.startswith("P") else parse_date(text, now.tzinfo or UTC)
    except ExpressionFailed as fault:
        reason = f"ENGINE-09027 Exception while resolving duedate '{text[:_LONGEST]}': {fault.message}"
        raise ExpressionFailed(reason, text) from fault


def format_camunda(moment: datetime) -> str:
    """Camunda 7's format: `2026-01-31T12:00:00.000+0100`."""
    seconds = int((moment.utcoffset() or timedelta()).total_seconds())
    hours, minutes = divmod(abs(seconds) // 60, 60)
    text = moment.replace(tzinfo=None).isoformat(timespec="milliseconds")
    return f"{text}{'-' if seconds < 0 else '+'}{hours:02}{minutes:02}"


def _day(found: re.Match[str]) -> date:
    year = int(found["year"])
    if not 1 <= year <= 9999:
        raise ValueError(f"the year {year} is not within 1 and 9999")
    if found["week"]:
        return date.fromisocalendar(year, int(found["week"]), int(found["weekday"] or 1))
    if found["ordinal"]:
        day = date(year, 1, 1) + timedelta(days=int(found["ordinal"]) - 1)
        if day.year != year:
            raise ValueError("the day of the year is out of range")
        return day
    return date(year, int(found["month"] or 1), int(found["day"] or 1))


def _time(found: re.Match[str]) -> timedelta:
    if found["fraction"] and not found["hour"]:
        raise ValueError("a fraction needs an hour")
    hour, minute, second = (int(found[name] or 0) for name in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("the time is not within 00:00:00 and 23:59:59")
    unit = 1000 if found["second"] else 60_000 if found["minute"] else 3_600_000
    fraction = (found["fraction"] or "0").ljust(9, "0")
    return timedelta(hours=hour, minutes=minute, seconds=second, milliseconds=int(fraction) * unit // 10**9)


def _fixed(offset: str) -> tzinfo:
    if offset == "Z":
        return UTC
    found = _OFFSET.fullmatch(offset)
    if found is None:
        raise ValueError(f"there is no offset {offset}")
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return timezone(timedelta(minutes=-minutes if found[1] == "-" else minutes))
