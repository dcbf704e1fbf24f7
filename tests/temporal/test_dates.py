"""Dates as Camunda 7.24 reads and writes them; the expected values were asked of it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.temporal import due_date, format_camunda, named_zone, parse_date

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-01T00:00:00", "2026-01-01T00:00:00.000+0000"),
        ("2026-01-01", "2026-01-01T00:00:00.000+0000"),
        ("2026-02", "2026-02-01T00:00:00.000+0000"),
        ("2026", "2026-01-01T00:00:00.000+0000"),
        ("2026-01-01T10", "2026-01-01T10:00:00.000+0000"),
        ("2026-01-01T10:20", "2026-01-01T10:20:00.000+0000"),
        ("2026-01-01T", "2026-01-01T00:00:00.000+0000"),
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000+0000"),
        ("2026-01-01T00:00:00+02:00", "2025-12-31T22:00:00.000+0000"),
        ("2026-01-01T00:00:00+0200", "2025-12-31T22:00:00.000+0000"),
        ("2026-01-01T00:00:00-02", "2026-01-01T02:00:00.000+0000"),
        ("2026-01-01T00:00:00.5", "2026-01-01T00:00:00.500+0000"),
        ("2026-01-01T00:00:00.123456789Z", "2026-01-01T00:00:00.123+0000"),
        ("2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00.500+0000"),
        ("2026-1-1", "2026-01-01T00:00:00.000+0000"),
        ("2026-W05-1", "2026-01-26T00:00:00.000+0000"),
        ("2026-W05", "2026-01-26T00:00:00.000+0000"),
        ("2026-032", "2026-02-01T00:00:00.000+0000"),
        ("2026-01-01T10.5", "2026-01-01T10:30:00.000+0000"),
        ("2026-01-01T10:20.5", "2026-01-01T10:20:30.000+0000"),
    ],
)
def test_reads(text: str, expected: str) -> None:
    assert format_camunda(parse_date(text, UTC)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "abc",
        "10:00",
        "2026-01-01 00:00:00",
        "2026-01-01T24:00:00",
        "2026-02-30",
        "2026-13-01",
        "2026-01-01Z",
        "2026-366",
        "2026-01-01T00:00:00[Europe/Berlin]",
        "-999999999-01-01",
        "+99:99",
        "2026-01-01T00:00:00+99:99",
        "0000-01-01",
        "2026-01-01T00:00:60",
        "10000-01-01",
        "20260101",
        "2026-01-01T.5",
        "9999-12-31T23:59:59-23:00",
        "2026-W54",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        parse_date(text, UTC)


def test_a_local_time_is_in_the_zone() -> None:
    assert format_camunda(parse_date("2026-06-01", BERLIN)) == "2026-06-01T00:00:00.000+0200"


def test_a_time_that_occurs_twice_is_the_first() -> None:
    assert format_camunda(parse_date("2026-10-25T02:30:00", BERLIN)) == "2026-10-25T02:30:00.000+0200"


def test_a_time_that_is_skipped_is_refused() -> None:
    with pytest.raises(ExpressionFailed, match="skip"):
        parse_date("2026-03-29T02:30:00", BERLIN)


def test_a_due_date_may_be_a_duration() -> None:
    now = datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert format_camunda(due_date("P1M", now)) == "2026-02-28T10:00:00.000+0000"
    assert format_camunda(due_date("2026-02-01", now)) == "2026-02-01T00:00:00.000+0000"


def test_a_wrong_due_date_has_camundas_message() -> None:
    with pytest.raises(ExpressionFailed, match="ENGINE-09027 Exception while resolving duedate 'soon'"):
        due_date("soon", datetime(2026, 1, 31, 10, tzinfo=UTC))


@pytest.mark.parametrize("name", ["Europe/Nowhere", "../../etc/passwd", "", "/etc/localtime", "\0"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(ExpressionFailed):
        named_zone(name)


def test_known_zones() -> None:
    assert named_zone("UTC") is UTC
    assert str(named_zone("Europe/Berlin")) == "Europe/Berlin"


@given(
    st.datetimes(
        min_value=datetime(1970, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.sampled_from([UTC, BERLIN])
    )
)
def test_what_is_written_is_read_again(moment: datetime) -> None:
    cut = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert parse_date(format_camunda(cut), UTC) == cut.astimezone(UTC)
