"""Nodes, workers and PostgreSQL itself are killed: seconds of what `make soak` does for half an hour."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import postgres
from tests.faults.cluster import NODES, Plan, soak
from tests.faults.slopes import Sample, slope


@pytest.mark.fault(1, 15, 22)
def test_everything_is_killed_at_random(tmp_path: Path) -> None:
    try:
        outcome = soak(Plan(instances=40, seconds=5, pauses=(1.0, 2.0), deaths=2), tmp_path)
    except postgres.CannotRun as reason:
        pytest.skip(f"PostgreSQL cannot run here: {reason}")
    assert outcome.violations == []
    assert outcome.kills["PostgreSQL"] >= 1
    assert sum(outcome.kills[f"node {name}"] for name in NODES) >= 1
    assert outcome.kills["worker"] + outcome.kills["people"] >= 1


@pytest.mark.parametrize(
    ("memory", "descriptors", "said"),
    [(0, 0, 0), (1.0, 0, 1), (0, 1.0, 1), (1.0, 1.0, 2), (-1.0, -1.0, 0), (0.1, 0.1, 0)],
)
def test_a_leak_is_a_line_that_rises(memory: float, descriptors: float, said: int) -> None:
    """So much more a minute, over half an hour; a sawtooth on it is none."""
    life = [
        Sample(float(at), 80 + memory * at / 60 + at % 7 / 10, 20 + int(descriptors * at / 60) + at % 3)
        for at in range(1800)
    ]
    assert len(slope(life).leaks()) == said


def test_the_beginning_is_no_leak() -> None:
    life = [Sample(float(at), 80 + min(at, 600) / 10, 20 + min(at, 600) // 30) for at in range(1800)]
    assert slope(life).leaks() == []
