"""The trigger as Lambda runs it: 1,000 events through four containers on one PostgreSQL, and what a cold start takes."""

from __future__ import annotations

from typing import Any

import psycopg

from procession import open_engine
from tests import postgres
from tests.benchmarks.figures import figure
from tests.functions.workflows import containers
from tests.functions.workflows.models import MODELS


def measure(server: postgres.Server, events: int, rounds: int) -> dict[str, Any]:
    """Figures of some rounds. Raises AssertionError where a workflow started twice, or a fifth connection was seen."""
    rates, medians, slow, cold, imports = [], [], [], [], []
    for _ in range(rounds):
        url = server.create_database()
        with open_engine(url) as engine:
            engine.deploy(("test-def.bpmn", MODELS["test-def.bpmn"]))
        ran = containers.run(url, events, keys=events // 2)
        _check(url, events, ran)
        server.drop_database(url)
        later = sorted(ran.later)
        rates.append(len(later) / max(sum(ran.later) / 4, 1e-9))
        medians.append(later[len(later) // 2] * 1000)
        slow.append(later[int(len(later) * 0.99)] * 1000)
        cold += [first * 1000 for first in ran.first]
        imports += [imported * 1000 for imported in ran.imported]
    return {
        "events per second": figure(rates),
        "median, ms": figure(medians),
        "p99, ms": figure(slow),
        "first call of a container, ms": figure(cold),
        "cold import, ms": figure(imports),
    }


def _check(url: str, events: int, ran: containers.Ran) -> None:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM history_instance").fetchone()
    if ran.statuses != [202] * events or row != (events // 2,) or ran.most_connections > 4:
        raise AssertionError(f"{len(ran.statuses)} answers, {row} workflows, {ran.most_connections} connections")
