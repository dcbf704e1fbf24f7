"""Ways through a process: what follows what, across sub-processes, boundary events and event sub-processes.

This file does not know what conditions say: every flow counts as possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from procession.bpmn.model import (
    BoundaryEvent,
    CatchEvent,
    Compensation,
    EventGateway,
    ExternalWork,
    Link,
    Node,
    Process,
    ReceiveTask,
    SubProcess,
    UserTask,
    WorkTask,
)


class Paths:
    """The graph of one process."""

    def __init__(self, process: Process) -> None:
        self.process = process

    @cached_property
    def after(self) -> Mapping[str, Sequence[str]]:
        """What a token at a node may lead to next: targets of flows, boundary events, the inside of a sub-process."""
        process = self.process
        found: dict[str, list[str]] = {id_: [] for id_ in process.nodes}
        for flow in process.flows.values():
            if flow.source in found and flow.target in found:
                found[flow.source].append(flow.target)
        for node in process.nodes.values():
            found[node.id] += process.boundaries.get(node.id, ())
            if isinstance(node, SubProcess):
                found[node.id] += self.entries(node.id)
            match node:
                case BoundaryEvent(definition=Compensation(activity=str() as handler)) if handler in found:
                    found[node.id].append(handler)
        return found

    def entries(self, scope: str) -> list[str]:
        """What may begin by itself in a scope: its start events and event sub-processes."""
        return [*self.process.starts.get(scope, ()), *self.process.event_subprocesses.get(scope, ())]

    @cached_property
    def reachable(self) -> frozenset[str]:
        """Every node that a token may come to."""
        return frozenset(closure(self.entries(self.process.id), self.after))

    @cached_property
    def _before(self) -> Mapping[str, Sequence[str]]:
        found: dict[str, list[str]] = {id_: [] for id_ in self.process.nodes}
        for source, targets in self.after.items():
            for target in targets:
                found[target].append(source)
        return found

    def inside(self, scope: str) -> frozenset[str]:
        """All nodes of a sub-process, at any depth."""
        return frozenset(id_ for id_ in self.process.nodes if scope in self.around(id_))

    def around(self, id_: str) -> tuple[str, ...]:
        """The sub-processes around a node, the nearest first."""
        found = []
        at = self.process.nodes[id_].scope
        while at in self.process.nodes:
            found.append(at)
            at = self.process.nodes[at].scope
        return tuple(found)

    def before(self, id_: str) -> frozenset[str]:
        """What may have run before a token is at the node: all that leads there, sub-processes with their inside, and
        the event sub-processes of the scopes around.
        """
        found = closure(self._before[id_], self._before)
        around = self.around(id_)
        found |= {
            event for scope in (*around, self.process.id) for event in self.process.event_subprocesses.get(scope, ())
        }
        for scope in [node for node in found if isinstance(self.process.nodes[node], SubProcess)]:
            if scope not in around:
                found |= self.inside(scope)
        return frozenset(found)

    @cached_property
    def loops(self) -> list[frozenset[str]]:
        """Sets of nodes of one scope that can all be reached from each other along flows."""
        flows: dict[str, list[str]] = {id_: [] for id_ in self.process.nodes}
        for flow in self.process.flows.values():
            if flow.source in flows and flow.target in flows:
                flows[flow.source].append(flow.target)
        for id_, events in self.process.boundaries.items():
            if id_ in flows:
                flows[id_] += events
        return [part for part in strongly_connected(flows) if len(part) > 1 or _leads_to_itself(part, flows)]


def _leads_to_itself(part: frozenset[str], flows: Mapping[str, Sequence[str]]) -> bool:
    (only,) = part
    return only in flows[only]


def closure(begin: Iterable[str], following: Mapping[str, Sequence[str]]) -> set[str]:
    """`begin` and everything that follows it."""
    seen: set[str] = set()
    waiting = list(begin)
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            waiting.extend(following.get(at, ()))
    return seen


def strongly_connected(following: Mapping[str, Sequence[str]]) -> list[frozenset[str]]:
    """The strongly connected parts of a graph (Tarjan), without recursion: a model may be deep."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    held: set[str] = set()
    parts: list[frozenset[str]] = []
    for root in following:
        if root in number:
            continue
        work = [(root, iter(following[root]))]
        number[root] = low[root] = len(number)
        stack.append(root)
        held.add(root)
        while work:
            at, rest = work[-1]
            step = next(rest, None)
            if step is None:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[at])
                if low[at] == number[at]:
                    part = {stack.pop()}
                    while at not in part:
                        part.add(stack.pop())
                    held -= part
                    parts.append(frozenset(part))
            elif step not in number:
                number[step] = low[step] = len(number)
                stack.append(step)
                held.add(step)
                work.append((step, iter(following[step])))
            elif step in held:
                low[at] = min(low[at], number[step])
    return parts


def waits(node: Node) -> bool:
    """Whether a token stays at the node until something from outside happens, or time has passed."""
    match node:
        case UserTask() | ReceiveTask() | EventGateway() | WorkTask(work=ExternalWork()):
            return True
        case CatchEvent(definition=definition):
            return not isinstance(definition, Link)
    return False
