"""Repeating timers; the expected values were asked of Camunda 7.24."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.temporal import duration_due, parse_cycle

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)


def series(text: str, late: float = 0.001, count: int = 6) -> list[str]:
    """The due dates of a timer created at NOW that runs `late` seconds after each."""
    cycle = parse_cycle(text)
    due, stored = cycle.first_due(NOW), parse_cycle(cycle.anchored(NOW).text)
    result = []
    while due is not None and len(result) < count:
        result.append(due.strftime("%m-%dT%H:%M:%S"))
        due = stored.next_due(due, due + timedelta(seconds=late))
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R3/PT1M", "01-31T10:01:00 01-31T10:02:00 01-31T10:03:00"),
        ("R1/PT1M", "01-31T10:01:00"),
        ("R0/PT1M", "01-31T10:00:00"),
        ("R3/2026-02-01T00:00:00/PT1H", "02-01T00:00:00 02-01T01:00:00 02-01T02:00:00 02-01T03:00:00"),
        ("R3/2026-01-01T00:00:00/PT1H", ""),
        ("R3/2026-01-31T08:00:00/PT1H", "01-31T11:00:00"),
        ("R3/2026-01-31T09:30:00/PT1H", "01-31T10:30:00 01-31T11:30:00 01-31T12:30:00"),
        ("R3/PT1H/2026-02-01T00:00:00", "01-31T21:00:00 01-31T22:00:00 01-31T23:00:00 02-01T00:00:00"),
        ("R3/PT1H/2026-01-01T00:00:00", ""),
        ("R2/2026-02-01T00:00:00/2026-02-01T02:00:00", "02-01T00:00:00 02-01T02:00:00 02-01T04:00:00"),
        ("R3/P1M", "02-28T10:00:00 03-28T10:00:00 04-28T10:00:00"),
        ("R3/P1W", "02-07T10:00:00 02-14T10:00:00 02-21T10:00:00"),
    ],
)
def test_ends(text: str, expected: str) -> None:
    assert series(text) == expected.split()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("R/PT10S", "01-31T10:00:10 01-31T10:00:20 01-31T10:00:30"),
        ("R/2026-02-01T00:00:00/PT1H", "02-01T00:00:00 02-01T01:00:00 02-01T02:00:00"),
        ("R30/PT1H/2026-02-01T00:00:00", "01-31T11:00:00 01-31T12:00:00 01-31T13:00:00"),
        ("R/PT1H/2026-02-01T00:00:00", "01-31T11:00:00 01-31T12:00:00 01-31T13:00:00"),
        ("0 0/30 * * * ?", "01-31T10:30:00 01-31T11:00:00 01-31T11:30:00"),
    ],
)
def test_goes_on(text: str, expected: str) -> None:
    assert series(text, count=3) == expected.split()


def test_late_timers_are_not_made_up_for() -> None:
    assert series("R5/PT1M", late=150) == ["01-31T10:01:00", "01-31T10:04:00"]
    assert series("R3/PT1M", late=60) == ["01-31T10:01:00", "01-31T10:03:00"]


def test_a_timer_run_early_is_due_at_the_same_time_again() -> None:
    assert series("R/PT1M", late=-30, count=3) == ["01-31T10:01:00"] * 3


def test_the_last_time_does_not_repeat_under_a_clock_that_stands_still() -> None:
    assert series("R3/PT1M", late=0) == ["01-31T10:01:00", "01-31T10:02:00", "01-31T10:03:00"]


def test_a_cycle_that_is_not_anchored_counts_what_is_done() -> None:
    cycle = parse_cycle("R3/PT1M")
    assert cycle.next_due(NOW, NOW, done=1) == NOW + timedelta(minutes=1)
    assert cycle.next_due(NOW, NOW, done=3) is None
    assert (cycle.remaining(1), cycle.remaining(9), parse_cycle("R/PT1M").remaining(9)) == (2, 0, None)


def test_the_stored_text_has_its_start() -> None:
    moment = NOW.replace(microsecond=500_000)
    assert parse_cycle("R3/PT1M").anchored(moment).text == "R3/2026-01-31T10:00:00/PT1M"
    assert parse_cycle("0 0 12 * * ?").anchored(moment).text == "0 0 12 * * ?"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "R",
        "R3",
        "R/",
        "R3/",
        "Rx/PT1M",
        "R999999999999/PT1M",
        "PT1M",
        "2026-02-01T00:00:00",
        "R 3/PT1M",
        "R3//PT1M",
        "R999999999/PT0S",
        "R/PT0.000001S",
        "R/-PT1M",
        "R/P1M-30DT0.001S",
        "R3/2026-02-01/PT1H/2026-02-02",
        "R" + "1" * 5000,
        "R/2026-02-02/2026-02-01",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="ENGINE-09026 Exception while parsing cycle expression"):
        parse_cycle(text)


@pytest.mark.parametrize(
    "text", ["R/1970-01-01T00:00:00/PT0.001S", "R/0001-01-01/P1D", "R/0001-01-01/P1M", "R/PT0.001S/9999-01-01"]
)
def test_long_grids_are_leapt_over(text: str) -> None:
    due = parse_cycle(text).first_due(NOW)
    assert due is not None
    assert NOW < due <= NOW + timedelta(days=31)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT10S", "2026-01-31T10:00:10+00:00"),
        ("PT1M/2027-01-01T00:00:00", "2027-01-01T00:00:00+00:00"),
        ("2026-02-01T00:00:00/PT1H", "2026-02-01T01:00:00+00:00"),
        ("R3/PT1M", "2026-01-31T10:01:00+00:00"),
    ],
)
def test_durations_of_timers(text: str, expected: str) -> None:
    due = duration_due(text, NOW)
    assert due is not None
    assert due.isoformat() == expected


@pytest.mark.parametrize("text", ["2026-02-01T00:00:00", "soon", "", "P1H"])
def test_durations_of_timers_that_are_none(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="ENGINE-09027 Exception while resolving duedate"):
        duration_due(text, NOW)


@given(repeats=st.integers(1, 50), period=st.integers(1, 10**6), late=st.integers(1, 10**7))
def test_due_dates_lie_on_the_grid_in_order(repeats: int, period: int, late: int) -> None:
    cycle = parse_cycle(f"R{repeats}/PT{period}S").anchored(NOW)
    due, count = cycle.first_due(NOW), 0
    while due is not None:
        count += 1
        assert (due - NOW) % timedelta(seconds=period) == timedelta()
        assert due <= NOW + timedelta(seconds=period * repeats)
        following = cycle.next_due(due, due + timedelta(milliseconds=late))
        assert following is None or following > due
        due = following
    assert 1 <= count <= repeats
