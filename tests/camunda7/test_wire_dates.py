"""Dates on the wire; what is taken and what is not was recorded from Camunda 7.24."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.camunda7.dates import format_date, parse_date


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-01-23T14:42:45.000+0200", datetime(2013, 1, 23, 12, 42, 45, tzinfo=UTC)),
        ("2013-01-23T14:42:45.000UTC", datetime(2013, 1, 23, 14, 42, 45, tzinfo=UTC)),
        ("2013-01-23T14:42:45.1+0200", datetime(2013, 1, 23, 12, 42, 45, 1000, tzinfo=UTC)),
        ("2013-1-3T4:42:45.000-0030", datetime(2013, 1, 3, 5, 12, 45, tzinfo=UTC)),
        (" 2013-01-23T14:42:45.000+0200", datetime(2013, 1, 23, 12, 42, 45, tzinfo=UTC)),
    ],
)
def test_taken(text: str, moment: datetime) -> None:
    assert parse_date(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2013-01-23T14:42:45.000Z",
        "2013-01-23T14:42:45+0200",
        "2013-01-23T14:42:45.000+02:00",
        "2013-01-23T14:42:45",
        "2013-01-23",
        "",
        "x",
        "2013-02-30T14:42:45.000+0200",
        "99999-01-23T14:42:45.000+0200",
        "0000-01-23T14:42:45.000+0200",
        "2013-01-23T14:42:45.000+9999",
        "２０１３-01-23T14:42:45.000+0200",
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Cannot convert value"):
        parse_date(text)


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.timezones()))
def test_what_is_written_reads_back_to_the_millisecond(moment: datetime) -> None:
    cut = moment.astimezone(UTC)
    cut = cut.replace(microsecond=cut.microsecond // 1000 * 1000)
    assert parse_date(format_date(moment)) == cut
