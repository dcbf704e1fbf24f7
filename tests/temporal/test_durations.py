"""Durations: what is read, how they are added, and the law that parts agree with isodate."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import isodate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.temporal import Duration, add, parse_duration, subtract

BERLIN = ZoneInfo("Europe/Berlin")
JANUARY = datetime(2026, 1, 31, 10, tzinfo=UTC)


def later(text: str, moment: datetime = JANUARY) -> str:
    return add(moment, parse_duration(text)).isoformat()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT10S", "2026-01-31T10:00:10+00:00"),
        ("PT1.5S", "2026-01-31T10:00:01.500000+00:00"),
        ("PT0.0005S", "2026-01-31T10:00:00+00:00"),
        ("P1M", "2026-02-28T10:00:00+00:00"),
        ("P1Y", "2027-01-31T10:00:00+00:00"),
        ("P13M", "2027-02-28T10:00:00+00:00"),
        ("P5W", "2026-03-07T10:00:00+00:00"),
        ("P1W2D", "2026-02-09T10:00:00+00:00"),
        ("P1Y2M3DT4H5M6S", "2027-04-03T14:05:06+00:00"),
        ("-PT5M", "2026-01-31T09:55:00+00:00"),
        ("P-1D", "2026-01-30T10:00:00+00:00"),
        ("P1DT-2H", "2026-02-01T08:00:00+00:00"),
        ("P0D", "2026-01-31T10:00:00+00:00"),
        ("PT36H", "2026-02-01T22:00:00+00:00"),
    ],
)
def test_adds_as_camunda_does(text: str, expected: str) -> None:
    assert later(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "1D",
        "pt1m",
        "P1H",
        "PT1D",
        "P1.5D",
        "PT0.5H",
        "P1DT",
        " PT1M",
        "PT1M\n",
        "P1M1Y",
        "PT1E400S",
        "P99999999999Y",
        "P10000Y",
        "PT" + "9" * 40 + "S",
        "PT" + "9" * 5000 + "S",
        "P١D",
        "--P1D",
        "R/PT1S",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        parse_duration(text)


@pytest.mark.parametrize("text", ["P9000Y", "-P9000Y", "P100000M", "PT299999999999S"])
def test_a_result_outside_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="out of range"):
        add(JANUARY, parse_duration(text)).isoformat()


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("P1D", "2026-03-27T12:30", "2026-03-28T12:30:00+01:00"),
        ("P1D", "2026-03-28T12:30", "2026-03-29T12:30:00+02:00"),
        ("PT24H", "2026-03-28T12:30", "2026-03-29T13:30:00+02:00"),
        ("P1D", "2026-03-28T02:30", "2026-03-29T03:30:00+02:00"),
        ("P1M", "2026-02-28T12:30", "2026-03-28T12:30:00+01:00"),
        ("P1D", "2026-10-24T02:30", "2026-10-25T02:30:00+02:00"),
        ("PT1H", "2026-03-29T01:30", "2026-03-29T03:30:00+02:00"),
        ("PT2H", "2026-10-25T01:30", "2026-10-25T02:30:00+01:00"),
    ],
)
def test_changes_of_the_clocks(text: str, moment: str, expected: str) -> None:
    assert later(text, datetime.fromisoformat(moment).replace(tzinfo=BERLIN)) == expected


small = st.integers(0, 5000)


@given(days=small, hours=small, minutes=small, seconds=small, thousandths=st.integers(0, 999))
def test_exact_parts_agree_with_isodate(days: int, hours: int, minutes: int, seconds: int, thousandths: int) -> None:
    text = f"P{days}DT{hours}H{minutes}M{seconds}.{thousandths:03}S"
    assert parse_duration(text).nominal == isodate.parse_duration(text)


@given(years=st.integers(0, 500), months=small, days=small, day=st.integers(0, 20_000))
def test_calendar_parts_agree_with_isodate(years: int, months: int, days: int, day: int) -> None:
    moment = JANUARY + timedelta(days=day)
    # isodate adds years and months in one step, which differs for 29 February only.
    text = f"P{years * 12 + months}M{days}D"
    assert add(moment, parse_duration(text)) == moment + isodate.parse_duration(text)


@given(st.integers(-(10**12), 10**12))
def test_exact_durations_can_be_undone(milliseconds: int) -> None:
    duration = Duration(milliseconds=milliseconds)
    assert subtract(add(JANUARY, duration), duration) == JANUARY
