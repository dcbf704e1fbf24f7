"""Dates as Camunda 7 writes and reads them: `2013-01-23T14:42:45.000+0200`, milliseconds, zone without a colon.

Written always in UTC (`+0000`). Read with the latitude that clients have come to rely on: one-digit fields, one to
six digits of a fraction, leading blanks, `UTC`/`GMT` for the zone. A missing zone or fraction, `Z` and `+02:00` are
refused, as there.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

import msgspec

_encode = msgspec.json.Encoder().encode
_DATE = re.compile(
    r"\s*(\d{1,5})-(\d{1,2})-(\d{1,2})T(\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})(?:([+-])(\d\d)(\d\d)|UTC|GMT)",
    re.ASCII,
)


def format_date(moment: datetime) -> str:
    """A moment with a time zone as Camunda 7 writes it, in UTC; what is below a millisecond is cut off."""
    utc = moment.astimezone(UTC)
    text = str(_encode(utc), "ascii")  # in quotation marks; without a fraction where that is 0
    return f"{text[1:20]}{text[20:24] if utc.microsecond else '.000'}+0000"


def parse_date(text: str) -> datetime:
    """The moment that a text names, in UTC. Raises ValueError for anything else than Camunda 7's format."""
    match = _DATE.match(text)
    if match is None:
        raise ValueError(f'Cannot convert value "{text}" to java type java.util.Date')
    year, month, day, hour, minute, second, milliseconds = (int(part) for part in match.groups()[:7])
    sign, hours, minutes = match.groups()[7:]
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    try:
        zone = timezone(-offset if sign == "-" else offset)
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
        return (moment + timedelta(milliseconds=milliseconds)).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f'Cannot convert value "{text}" to java type java.util.Date') from error


def strftime_pattern(java: str) -> str:
    """A pattern as `dd/MM/yyyy` in the letters of `strftime`."""
    for letters, mark in _JAVA_LETTERS.items():
        java = java.replace(letters, mark)
    return java.replace("'", "")


DATE_PATTERN = "dd/MM/yyyy"
"""The pattern of a form's date field that names none."""
_JAVA_LETTERS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
