"""Cron; the expected values were asked of Camunda 7.24, the law is croniter's where both speak the same dialect."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter
from hypothesis import given, settings
from hypothesis import strategies as st

from procession.errors import ExpressionFailed
from procession.temporal import parse_cron

NOW = datetime(2026, 1, 31, 10, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def times(text: str, moment: datetime = NOW, count: int = 4, form: str = "%m-%dT%H:%M:%S") -> list[str]:
    cron, result = parse_cron(text), []
    for _ in range(count):
        following = cron.next_after(moment)
        if following is None:
            break
        result.append(following.strftime(form))
        moment = following
    return result


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("* * * * * *", "01-31T10:00:01 01-31T10:00:02 01-31T10:00:03 01-31T10:00:04"),
        ("0 * * * * *", "01-31T10:01:00 01-31T10:02:00 01-31T10:03:00 01-31T10:04:00"),
        ("0/15 * * * * ?", "01-31T10:00:15 01-31T10:00:30 01-31T10:00:45 01-31T10:01:00"),
        ("5-30/10 * * * * *", "01-31T10:00:05 01-31T10:00:15 01-31T10:00:25 01-31T10:01:05"),
        ("5,10,20-22 * * * * *", "01-31T10:00:05 01-31T10:00:10 01-31T10:00:20 01-31T10:00:21"),
        ("0 0/5 14,18 * * ?", "01-31T14:00:00 01-31T14:05:00 01-31T14:10:00 01-31T14:15:00"),
    ],
)
def test_times_of_day(text: str, expected: str) -> None:
    assert times(text) == expected.split()


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("* * ?", "26-01-31 26-02-01 26-02-02 26-02-03"),
        ("1 * ?", "26-02-01 26-03-01 26-04-01 26-05-01"),
        ("? * MON", "26-02-02 26-02-09 26-02-16 26-02-23"),
        ("? * mon", "26-02-02 26-02-09 26-02-16 26-02-23"),
        ("? * 1", "26-02-02 26-02-09 26-02-16 26-02-23"),
        ("? * 0", "26-02-01 26-02-08 26-02-15 26-02-22"),
        ("? * 7", "26-02-01 26-02-08 26-02-15 26-02-22"),
        ("? * SUN-TUE", "26-02-01 26-02-02 26-02-03 26-02-08"),
        ("? * FRI-MON", "26-01-31 26-02-01 26-02-02 26-02-06"),
        ("* JAN,MAR ?", "26-01-31 26-03-01 26-03-02 26-03-03"),
        ("L * ?", "26-01-31 26-02-28 26-03-31 26-04-30"),
        ("L-3 * ?", "26-02-25 26-03-28 26-04-27 26-05-28"),
        ("L-30 * ?", "26-03-01 26-05-01 26-07-01 26-08-01"),
        ("LW * ?", "26-02-27 26-03-31 26-04-30 26-05-29"),
        ("15W * ?", "26-02-16 26-03-16 26-04-15 26-05-15"),
        ("1W * ?", "26-02-02 26-03-02 26-04-01 26-05-01"),
        ("31W * ?", "26-03-31 26-05-29 26-07-31 26-08-31"),
        ("? * 5L", "26-02-27 26-03-27 26-04-24 26-05-29"),
        ("? * FRIL", "26-02-27 26-03-27 26-04-24 26-05-29"),
        ("? * L", "26-02-01 26-02-08 26-02-15 26-02-22"),
        ("? * 5#2", "26-02-13 26-03-13 26-04-10 26-05-08"),
        ("? * 5#5", "26-05-29 26-07-31 26-10-30 27-01-29"),
        ("? * 7#1", "26-02-01 26-03-01 26-04-05 26-05-03"),
        ("? * MON#1,FRI#2", "26-02-02 26-02-13 26-03-02 26-03-13"),
        ("13 * FRI", "26-02-13 26-03-13 26-11-13 27-08-13"),
        ("29 2 ?", "28-02-29 32-02-29 36-02-29 40-02-29"),
        ("*/2 * ?", "26-01-31 26-02-01 26-02-03 26-02-05"),
        ("1/3 * ?", "26-01-31 26-02-01 26-02-04 26-02-07"),
        ("? JAN-DEC/2 *", "26-01-31 26-03-01 26-03-02 26-03-03"),
        ("* */3 *", "26-01-31 26-04-01 26-04-02 26-04-03"),
        ("? * 2/2", "26-01-31 26-02-03 26-02-05 26-02-07"),
        ("? * */2", "26-01-31 26-02-01 26-02-03 26-02-05"),
        ("1,15,L * ?", "26-01-31 26-02-01 26-02-15 26-02-28"),
        ("30 2 ?", ""),
        ("31 4 ?", ""),
        ("? * 5#6", ""),
    ],
)
def test_days(days: str, expected: str) -> None:
    assert times(f"0 0 12 {days}", form="%y-%m-%d") == expected.split()


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("@hourly", "26-01-31T11"),
        ("@daily", "26-02-01T00"),
        ("@midnight", "26-02-01T00"),
        ("@weekly", "26-02-01T00"),
        ("@monthly", "26-02-01T00"),
        ("@yearly", "27-01-01T00"),
        ("@annually", "27-01-01T00"),
    ],
)
def test_macros(macro: str, expected: str) -> None:
    assert times(macro, count=1, form="%y-%m-%dT%H") == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@reboot",
        "@DAILY",
        "@every 5m",
        "0 0 12 1 1",
        "0 0 12 1 1 ? 2027",
        "60 * * * * *",
        "* 60 * * * *",
        "* * 24 * * *",
        "* * * 32 * *",
        "* * * 0 * *",
        "* * * * 13 *",
        "* * * * 0 *",
        "* * * ? * 8",
        "-1 * * * * *",
        "a * * * * *",
        "*/0 * * * * *",
        "*/61 * * * * *",
        "10-5 * * * * *",
        "0 0 22-2 * * *",
        "1,2,,3 * * * * *",
        "? * * * * *",
        "0 0 12 W * ?",
        "0 0 12 1-10W * ?",
        "0 0 12 L-40 * ?",
        "0 0 12 ? * MONDAY",
        "0 0 12 * JANUARY ?",
        "0 0 0 1 1 * " * 100,
        "١ * * * * *",
        "1-2-3 * * * * *",
    ],
)
def test_refuses(text: str) -> None:
    with pytest.raises(ExpressionFailed, match="Failed to parse cron expression"):
        parse_cron(text)


@pytest.mark.parametrize(
    ("text", "moment", "expected"),
    [
        ("0 30 2 * * *", "2026-03-28T00:00+01:00", "28T02:30+0100 30T02:30+0200 31T02:30+0200"),
        ("0 0 3 * * *", "2026-03-28T00:00+01:00", "28T03:00+0100 29T03:00+0200 30T03:00+0200"),
        ("0 */30 * * * *", "2026-03-29T01:20+01:00", "29T01:30+0100 29T03:00+0200 29T03:30+0200"),
        ("0 */30 2-3 * * *", "2026-03-29T00:00+01:00", "29T03:00+0200 29T03:30+0200 30T02:00+0200"),
        ("0 30 2 * * *", "2026-10-24T00:00+02:00", "24T02:30+0200 25T02:30+0200 26T02:30+0100"),
        ("0 0 * * * *", "2026-10-25T01:20+02:00", "25T02:00+0200 25T02:00+0100 25T03:00+0100"),
        ("0 30 2,3 * * *", "2026-10-25T01:20+02:00", "25T02:30+0200 25T02:30+0100 25T03:30+0100"),
        ("0 */20 2 * * *", "2026-10-25T02:30+02:00", "25T02:40+0200 25T02:00+0100 25T02:20+0100"),
        ("0 */30 */2 * * *", "2026-10-25T02:10+01:00", "25T02:30+0100 25T04:00+0100 25T04:30+0100"),
    ],
)
@pytest.mark.fault(7)
def test_changes_of_the_clocks(text: str, moment: str, expected: str) -> None:
    start = datetime.fromisoformat(moment).astimezone(BERLIN)
    assert times(text, start, count=3, form="%dT%H:%M%z") == expected.split()


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/New_York", "Pacific/Apia", "UTC"])
@pytest.mark.fault(7)
def test_every_half_hour_never_stops_nor_repeats(zone: str) -> None:
    cron, moment = parse_cron("0 */30 * * * *"), datetime(2011, 12, 29, 12, tzinfo=ZoneInfo(zone))
    for _ in range(120):
        following = cron.next_after(moment)
        assert following is not None
        assert following.astimezone(UTC) - moment.astimezone(UTC) == timedelta(minutes=30)
        moment = following


def numbers(low: int, high: int) -> st.SearchStrategy[str]:
    one = st.integers(low, high).map(str)
    # croniter takes 0-0 for every value.
    pairs = st.tuples(st.integers(low, high), st.integers(low, high)).filter(lambda pair: pair[0] < pair[1])
    spans = pairs.map(lambda pair: f"{pair[0]}-{pair[1]}")
    steps = st.integers(1, high).map(lambda step: f"*/{step}")
    return st.one_of(st.just("*"), steps, st.lists(st.one_of(one, spans), min_size=1, max_size=3).map(",".join))


@settings(max_examples=150, deadline=None)
@given(
    fields=st.tuples(numbers(0, 59), numbers(0, 59), numbers(0, 23), numbers(1, 28), numbers(1, 12)),
    day=st.integers(0, 10_000),
    second=st.integers(0, 86_399),
)
def test_agrees_with_croniter(fields: tuple[str, ...], day: int, second: int) -> None:
    moment = NOW + timedelta(days=day, seconds=second)
    other = croniter(" ".join((*fields, "*")), moment, second_at_beginning=True).get_next(datetime)
    assert parse_cron(" ".join((*fields, "*"))).next_after(moment) == other
