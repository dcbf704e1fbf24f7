"""How long each room's tests may take, in seconds of work on one of two cores. Going over prints a line; it never fails.

The whole must stay below ten minutes on two cores, five is the aim. A room that goes over its budget gets faster tests
(a server a session, a database from a template, time handed in) before it gets a larger budget.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

WHOLE = 600.0
OTHER = 20.0
"""For a file or a room that has no line below."""

SECONDS: Mapping[str, float] = {
    "camunda7": 70,
    "camunda8": 120,
    "camunda_client": 45,
    "cli": 30,
    "clients": 60,
    "conformance": 60,
    "django": 40,
    "engine": 70,
    "examples": 120,
    "faults": 150,
    "feel": 50,
    "functions": 80,
    "infra": 40,
    "kernel": 40,
    "lint": 10,
    "modeler": 30,
    "oracle": 30,
    "server": 60,
    "storage": 90,
}


def room(nodeid: str) -> str:
    """The folder of `tests/` that a test lies in, or its file: `tests/kernel/test_jobs.py::…` is of `kernel`."""
    return nodeid.split("::")[0].removeprefix("tests/").split("/")[0]


def spent(reports: Iterable[pytest.TestReport]) -> dict[str, float]:
    """Seconds by room, set-up and tear-down included; the dearest first."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        seconds[room(report.nodeid)] += report.duration
    return dict(sorted(seconds.items(), key=lambda one: -one[1]))


def exceeded(seconds: Mapping[str, float], wall: float) -> list[str]:
    """What to say of rooms above their budget, and of the whole, which took `wall` seconds."""
    lines = [
        f"{name}: {used:.0f} s of work, its budget is {SECONDS.get(name, OTHER):.0f} s"
        for name, used in seconds.items()
        if used > SECONDS.get(name, OTHER)
    ]
    if wall > WHOLE:
        lines.append(f"the whole: {wall:.0f} s, its budget is {WHOLE:.0f} s")
    return lines
