"""A loop ends, or waits.

A loop without a way out runs for ever; one that also waits for nothing exhausts threads and the database. A loop of gateways and
plain tasks alone changes nothing: if its conditions send a token round once, they do so again. A loop that is left at a parallel
gateway, or by a second flow of an activity, goes on all the same and makes a new token each time. A process that calls itself
on every path never comes to an end either.

What stops the engine from outside counts as a way out: an interrupting boundary event, on the loop's elements or on the
sub-process around, an interrupting event sub-process. A loop that waits (for people, workers, messages, time) and has no way
out is a warning.

**Instead:** leave the loop by a condition that something in it changes; bound the number of rounds by a counter.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession.bpmn.model import (
    BoundaryEvent,
    CallActivity,
    EndEvent,
    EventGateway,
    ExclusiveGateway,
    InclusiveGateway,
    Node,
    ParallelGateway,
    PassTask,
    Process,
    StartEvent,
    SubProcess,
    ThrowEvent,
)
from procession.lint.finding import Fault, Severity, at
from procession.lint.paths import Paths, closure, strongly_connected, waits
from procession.lint.project import File, Project


def check(file: File, project: Project) -> Iterator[Fault]:
    """Loops that never end, and processes that call themselves for ever."""
    callers = _calling_themselves(project)
    for process in file.processes:
        paths = Paths(process)
        for loop in paths.loops:
            yield from _loop(process, paths, loop)
        yield from _recursion(process, paths, callers.get(process.id, frozenset()))


def _loop(process: Process, paths: Paths, loop: frozenset[str]) -> Iterator[Fault]:
    nodes = [process.nodes[id_] for id_ in process.nodes if id_ in loop]
    if not loop & paths.reachable:
        return
    first = nodes[0]
    names = ", ".join(f"'{node.id}'" for node in nodes[:5]) + (", …" if len(nodes) > 5 else "")
    waiting = any(waits(node) or _holds_waiting(process, paths, node) for node in nodes)
    severity = Severity.WARNING if waiting else Severity.ERROR
    if not any(_leaves(process, node, loop) for node in nodes) and not _stopped_from_outside(process, paths, first):
        yield at(first, f"no condition and no event leads out of the loop {names}", severity)
    elif all(_inert(node) for node in nodes):
        yield at(first, f"nothing in the loop {names} waits, or changes what its conditions read")


def _leaves(process: Process, node: Node, loop: frozenset[str]) -> bool:
    """Whether a token may choose to leave the loop here, instead of going on."""
    if isinstance(node, BoundaryEvent):
        return False  # what leads out of the loop from here is taken beside, or counted at its activity
    events = [process.nodes[id_] for id_ in process.boundaries.get(node.id, ())]
    if any(isinstance(event, BoundaryEvent) and event.interrupting and event.id not in loop for event in events):
        return True
    flows = [process.flows[id_] for id_ in node.outgoing]
    out = [flow for flow in flows if flow.target not in loop]
    if not out or isinstance(node, ParallelGateway):
        return False
    if isinstance(node, ExclusiveGateway | InclusiveGateway | EventGateway):
        return True
    # Behind an activity a way out beside an unconditional way on ends nothing.
    return all(flow.condition is not None or flow.id == node.default for flow in flows if flow.target in loop)


def _holds_waiting(process: Process, paths: Paths, node: Node) -> bool:
    if isinstance(node, CallActivity):
        return True  # what it calls may wait
    return isinstance(node, SubProcess) and any(waits(process.nodes[id_]) for id_ in paths.inside(node.id))


def _stopped_from_outside(process: Process, paths: Paths, node: Node) -> bool:
    for scope in (*paths.around(node.id), process.id):
        events = [process.nodes[id_] for id_ in process.boundaries.get(scope, ())]
        if any(isinstance(event, BoundaryEvent) and event.interrupting for event in events):
            return True
        starts = [
            process.nodes[id_]
            for event in process.event_subprocesses.get(scope, ())
            for id_ in process.starts.get(event, ())
        ]
        if any(isinstance(start, StartEvent) and start.interrupting for start in starts):
            return True
    return False


def _inert(node: Node) -> bool:
    """Whether a token passes through and leaves everything as it was."""
    quiet = not node.traits.outputs and not node.traits.listeners and node.traits.loop is None
    passes = isinstance(node, ExclusiveGateway | InclusiveGateway | ParallelGateway | PassTask)
    return quiet and (passes or (isinstance(node, ThrowEvent) and node.definition is None))


def _calling_themselves(project: Project) -> dict[str, frozenset[str]]:
    """For each process that may come to call itself, the processes on the way."""
    calls = {
        process.id: sorted({key for node in process.nodes.values() if (key := _called(node)) in project.processes})
        for process in project.processes.values()
    }
    found: dict[str, frozenset[str]] = {}
    for part in strongly_connected(calls):
        if len(part) > 1 or any(id_ in calls[id_] for id_ in part):
            found |= dict.fromkeys(part, part)
    return found


def _called(node: Node) -> str:
    return node.called.key.source if isinstance(node, CallActivity) and node.called.key.constant else ""


def _recursion(process: Process, paths: Paths, circle: frozenset[str]) -> Iterator[Fault]:
    calls = [node for node in process.nodes.values() if _called(node) in circle]
    if not circle or not calls:
        return
    without = {
        id_: [] if process.nodes[id_] in calls else [to for to in following if process.nodes[to] not in calls]
        for id_, following in paths.after.items()
    }
    starts = [id_ for id_ in process.starts.get(process.id, ()) if process.nodes[id_] not in calls]
    ways = closure(starts, without)
    ends = [
        node
        for id_ in ways
        if isinstance(node := process.nodes[id_], EndEvent) or (not node.outgoing and not isinstance(node, StartEvent))
    ]
    if not any(node.scope == process.id for node in ends):
        yield at(calls[0], f"every path of '{process.id}' calls '{_called(calls[0])}', which comes back to it")
