"""What is read and understood, and not executed yet, is refused here: one table, one place.

Removing a row of `NOT_EXECUTED` is all that reading needs when the kernel learns an element.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from procession.bpmn.model import (
    BoundaryEvent,
    Cancel,
    CatchEvent,
    Compensation,
    Conditional,
    EndEvent,
    Escalation,
    EventDefinition,
    Link,
    Node,
    Process,
    Signal,
    StartEvent,
    SubProcess,
    ThrowEvent,
)
from procession.bpmn.problems import Problems

NOT_EXECUTED: Mapping[str, str] = {
    "mail task": "use an external task whose worker sends the mail",
    "shell task": "use an external task whose worker runs the command",
    "case call": "call a process",
}

_EVENTS: Mapping[type[EventDefinition], str] = {
    Signal: "signal event",
    Escalation: "escalation event",
    Compensation: "compensation",
    Conditional: "conditional event",
    Cancel: "cancel event",
    Link: "link event",
}


def refuse(process: Process, refused: Mapping[str, str], problems: Problems) -> None:
    """Notes a problem for every element of the process that `refused` names; values are remedies."""
    for node in process.nodes.values():
        for name in constructs(node):
            if name in refused:
                problems.refuse(
                    f"{node.kind} '{node.id}': {name} is not executed by this version; {refused[name]}",
                    node.id,
                    node.line,
                )


def constructs(node: Node) -> Iterator[str]:
    """The names, as in `NOT_EXECUTED`, of what a node needs from the kernel beyond the ordinary."""
    if isinstance(node, StartEvent | CatchEvent | ThrowEvent | EndEvent | BoundaryEvent):
        name = None if node.definition is None else _EVENTS.get(type(node.definition))
        if name is not None:
            yield name
    if isinstance(node, SubProcess):
        if node.triggered:
            yield "event sub-process"
        if node.transaction:
            yield "transaction"
    if node.for_compensation:
        yield "compensation"
