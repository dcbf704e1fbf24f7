"""A timer leads somewhere, and can be read.

A boundary timer without an outgoing flow interrupts its activity and ends the path without a word, or fires for nothing. An
intermediate timer without one is a wait before nothing. A timer whose text is neither date, duration nor cycle fails when a token
gets there: `PT5X`, `5 days`.

**Instead:** lead a flow from the timer to what has to happen then; write durations as `PT5M`, `P3D`, dates as
`2026-11-21T09:00:00Z`, cycles as `R3/PT10M` or as a cron expression.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from procession.bpmn.model import BoundaryEvent, CatchEvent, Node, StartEvent, Timer, TimerKind
from procession.errors import ProcessionError
from procession.lint.finding import Fault, at
from procession.lint.project import File, Project
from procession.temporal.cycles import duration_due, parse_cycle
from procession.temporal.dates import due_date

_SOME_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def check(file: File, project: Project) -> Iterator[Fault]:
    """Timers that lead nowhere or cannot be read."""
    for process in file.processes:
        for node in process.nodes.values():
            timers = [listener.timer for listener in node.traits.listeners if listener.timer is not None]
            if isinstance(node, BoundaryEvent | CatchEvent | StartEvent) and isinstance(node.definition, Timer):
                timers.append(node.definition)
                yield from _way(node)
            for timer in timers:
                yield from _text(node, timer)


def _way(node: Node) -> Iterator[Fault]:
    if node.outgoing or isinstance(node, StartEvent):
        return
    if isinstance(node, BoundaryEvent):
        does = "interrupts" if node.interrupting else "fires beside"
        yield at(node, f"this timer {does} '{node.attached_to}' and leads nowhere")
    else:
        yield at(node, "this timer leads nowhere")


def _text(node: Node, timer: Timer) -> Iterator[Fault]:
    if not timer.value.constant:
        return
    text = timer.value.source.strip()
    try:
        match timer.kind:
            case TimerKind.DATE:
                due_date(text, _SOME_TIME)
            case TimerKind.DURATION:
                duration_due(text, _SOME_TIME)
            case TimerKind.CYCLE:
                parse_cycle(text)
    except (ProcessionError, ValueError):
        yield at(node, f"the timer '{text}' cannot be read as {timer.kind.value}")
