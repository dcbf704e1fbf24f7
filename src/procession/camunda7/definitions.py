"""What a process definition makes at deployment in Camunda 7: job definitions, subscriptions and timers of its start events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from procession.bpmn.model import (
    BoundaryEvent,
    CatchEvent,
    Conditional,
    Message,
    Node,
    Process,
    Signal,
    StartEvent,
    Timer,
    UserTask,
)
from procession.bpmn.validate import MULTI_INSTANCE_BODY
from procession.expressions import MappingScope


@dataclass(frozen=True, slots=True)
class JobDefinitionSpec:
    """A kind of job that a process may have: at which node, of which type, and Camunda 7's `jobConfiguration`."""

    node_id: str
    type: str
    configuration: str


@dataclass(frozen=True, slots=True)
class StartSubscription:
    """An event that starts a process: `kind` is message, signal or conditional. `name` is None for a conditional one."""

    node_id: str
    kind: str
    name: str | None


@dataclass(frozen=True, slots=True)
class StartTimer:
    """A timer that starts a process."""

    node_id: str
    timer: Timer


def job_definitions(process: Process) -> tuple[JobDefinitionSpec, ...]:
    """Every job definition of a process, in the order of its elements."""
    return tuple(spec for node in process.nodes.values() for spec in _of_node(node, process))


def start_subscriptions(process: Process) -> tuple[StartSubscription, ...]:
    """The message, signal and conditional start events of a process."""
    found = []
    for start in _starts(process):
        match start.definition:
            case Message(name=name):
                found.append(StartSubscription(start.id, "message", name.source))
            case Signal(name=name):
                found.append(StartSubscription(start.id, "signal", str(name.evaluate(MappingScope({})))))
            case Conditional():
                found.append(StartSubscription(start.id, "conditional", None))
    return tuple(found)


def start_timers(process: Process) -> tuple[StartTimer, ...]:
    """The timer start events of a process."""
    return tuple(StartTimer(s.id, s.definition) for s in _starts(process) if isinstance(s.definition, Timer))


def _starts(process: Process) -> Iterator[StartEvent]:
    for id_ in process.starts.get(process.id, ()):
        node = process.nodes[id_]
        if isinstance(node, StartEvent):
            yield node


def _of_node(node: Node, process: Process) -> Iterator[JobDefinitionSpec]:
    traits, loop = node.traits, node.traits.loop
    outer = node.id if loop is None else node.id + MULTI_INSTANCE_BODY
    yield from _continuations(outer, traits.async_before, traits.async_after)
    if loop is not None:
        yield from _continuations(node.id, loop.async_before, loop.async_after)
    match node:
        case StartEvent(definition=Timer() as timer) if node.scope == process.id:
            yield _timer(node.id, "timer-start-event", timer)
        case StartEvent(definition=Timer() as timer):
            yield _timer(node.id, "timer-start-event-subprocess", timer)
        case CatchEvent(definition=Timer() as timer):
            yield _timer(node.id, "timer-intermediate-transition", timer)
        case BoundaryEvent(definition=Timer() as timer):
            yield _timer(node.id, "timer-transition", timer)
        case UserTask():
            for listener in traits.listeners:
                if listener.timer is not None:
                    yield _timer(node.id, "timer-task-listener", listener.timer)
        case _:
            pass


def _continuations(node_id: str, before: bool, after: bool) -> Iterator[JobDefinitionSpec]:
    if before:
        yield JobDefinitionSpec(node_id, "async-continuation", "async-before")
    if after:
        yield JobDefinitionSpec(node_id, "async-continuation", "async-after")


def _timer(node_id: str, kind: str, timer: Timer) -> JobDefinitionSpec:
    return JobDefinitionSpec(node_id, kind, f"{timer.kind.name}: {timer.value.source}")
