"""Retry cycles; the expected numbers were asked of Camunda 7.24."""

from __future__ import annotations

import pytest

from procession.errors import ExpressionFailed
from procession.temporal import Duration, parse_retry_cycle


@pytest.mark.parametrize(
    ("text", "retries", "waits"),
    [
        ("R3/PT10S", 3, [10]),
        ("R/PT10S", 2**31 - 1, [10]),
        ("PT10S", 2, [10]),
        ("PT10M,PT20M", 3, [600, 1200]),
        ("PT10M, PT20M,PT1H", 4, [600, 1200, 3600]),
        ("R3/PT10S,PT20S", 3, [10, 20]),
        ("PT10M,", 2, [600]),
        ("R0/PT1S", 0, [1]),
        ("R3/PT0S", 3, [0]),
        ("R3/2026-02-01T00:00:00/PT1H", 3, [3600]),
    ],
)
def test_reads(text: str, retries: int, waits: list[int]) -> None:
    cycle = parse_retry_cycle(text)
    assert cycle.retries == retries
    assert list(cycle.intervals) == [Duration(milliseconds=seconds * 1000) for seconds in waits]


def test_the_last_interval_repeats() -> None:
    cycle = parse_retry_cycle("PT1S,PT2S")
    assert [cycle.wait_after(failures).milliseconds for failures in (1, 2, 3, 9)] == [1000, 2000, 2000, 2000]


@pytest.mark.parametrize("text", ["", ",", "abc", "abc,def", "R3", "-PT1S", "PT1S," * 2000, "R3/-PT1S", "PT1S,,PT2S"])
def test_refuses(text: str) -> None:
    with pytest.raises(ExpressionFailed):
        parse_retry_cycle(text)
