"""What must hold for events that are caught in a scope: escalation, compensation, cancel and their handlers.

Rules and the elements they blame are Camunda 7's.
"""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from procession.bpmn.document import Document, child, children, ids_below, standard_name
from procession.bpmn.model import (
    BoundaryEvent,
    CallActivity,
    Cancel,
    Compensation,
    Conditional,
    EndEvent,
    Escalation,
    Node,
    Process,
    Script,
    StartEvent,
    SubProcess,
    ThrowEvent,
    UserTask,
)
from procession.bpmn.problems import Problems
from procession.bpmn.validate import Elements


def check_events(process: Process, root: etree._Element, elements: Elements, document: Document) -> None:
    """Notes every event that has no place where it stands. `root` is the process' element."""
    problems = document.problems
    for node in process.nodes.values():
        element = elements[node.id]
        match node:
            case BoundaryEvent(definition=Escalation()):
                _check_attached(node, process, element, problems)
            case BoundaryEvent(definition=Cancel()):
                _check_cancelled(node, process, element, problems)
            case EndEvent(definition=Cancel()) if not _is_transaction(process.nodes.get(node.scope)):
                problems.error(
                    "end event with cancelEventDefinition only supported inside transaction subprocess",
                    child(element, "cancelEventDefinition"),
                    node.id,
                )
            case StartEvent(definition=Compensation()) if _around(node, process) == process.id:
                problems.error(
                    "event subprocess with compensation start event is only supported for embedded subprocess (since"
                    " throwing compensation through a call activity-induced process hierarchy is not supported)",
                    element,
                )
            case EndEvent(definition=Compensation()) | ThrowEvent(definition=Compensation()):
                _check_compensated(node, process, element, problems)
            case _:
                pass
    compensating = _compensating_scopes(process)
    for activity, boundaries in process.boundaries.items():
        _check_one_each(activity, boundaries, process, elements, problems)
        if activity in compensating and _having(boundaries, process, Compensation):
            problems.error(
                "compensation boundary event and event subprocess with compensation start event are not supported on"
                " the same scope",
                elements[activity],
            )
    _check_escalation_handlers(process, elements, problems)
    _check_conditional_starts(process, elements, problems)
    _check_associations(process, root, document)


def _around(start: StartEvent, process: Process) -> str:
    """The scope in which an event sub-process catches: the one around it."""
    return process.nodes[start.scope].scope if start.scope in process.nodes else ""


def _is_transaction(node: Node | None) -> bool:
    return isinstance(node, SubProcess) and node.transaction


def _check_attached(event: BoundaryEvent, process: Process, element: etree._Element, problems: Problems) -> None:
    attached = process.nodes.get(event.attached_to)
    if attached is not None and not isinstance(attached, SubProcess | CallActivity | UserTask):
        problems.error(
            "An escalation boundary event should only be attached to a subprocess, a call activity or an user task",
            element,
        )


def _check_cancelled(event: BoundaryEvent, process: Process, element: etree._Element, problems: Problems) -> None:
    if not _is_transaction(process.nodes.get(event.attached_to)):
        problems.error(
            "boundary event with cancelEventDefinition only supported on transaction subprocesses",
            child(element, "cancelEventDefinition"),
            event.id,
        )


def _check_one_each(
    activity: str, boundaries: tuple[str, ...], process: Process, elements: Elements, problems: Problems
) -> None:
    """At most one cancel and one compensation event on an activity."""
    for kind, name in ((Cancel, "cancelEventDefinition"), (Compensation, "compensateEventDefinition")):
        for id_ in _having(boundaries, process, kind)[1:]:
            problems.error(
                f"multiple boundary events with {name} not supported on same activity '{activity}'", elements[id_], id_
            )


def _having(boundaries: tuple[str, ...], process: Process, kind: type[Cancel | Compensation]) -> list[str]:
    events = ((id_, process.nodes[id_]) for id_ in boundaries)
    return [id_ for id_, x in events if isinstance(x, BoundaryEvent) and isinstance(x.definition, kind)]


def _compensating_scopes(process: Process) -> frozenset[str]:
    """Sub-processes with an event sub-process that compensates them."""
    starts = (x for x in process.nodes.values() if isinstance(x, StartEvent))
    return frozenset(_around(x, process) for x in starts if isinstance(x.definition, Compensation))


def _check_compensated(
    node: EndEvent | ThrowEvent, process: Process, element: etree._Element, problems: Problems
) -> None:
    definition = node.definition
    if not isinstance(definition, Compensation) or definition.activity is None:
        return
    scopes = {node.scope}
    around = process.nodes.get(node.scope)
    if isinstance(around, SubProcess) and around.triggered:
        scopes.add(around.scope)
    target = process.nodes.get(definition.activity)
    if target is None or target.scope not in scopes:
        problems.error(
            f"Invalid attribute value for 'activityRef': no activity with id '{definition.activity}' in scope"
            f" '{node.scope}'",
            child(element, "compensateEventDefinition"),
            node.id,
        )


def _escalation_handlers(process: Process) -> Iterator[tuple[tuple[str, bool], Node, Escalation]]:
    """((scope that catches, whether by an event sub-process), handler, definition)."""
    for node in process.nodes.values():
        match node:
            case BoundaryEvent(definition=Escalation() as definition):
                yield (node.attached_to, False), node, definition
            case StartEvent(definition=Escalation() as definition):
                yield (_around(node, process), True), node, definition
            case _:
                pass


def _check_escalation_handlers(process: Process, elements: Elements, problems: Problems) -> None:
    """Which of several handlers of one scope catches must be clear from the codes."""
    seen: dict[tuple[str, bool], set[str | None]] = {}
    for where, node, definition in _escalation_handlers(process):
        codes = seen.setdefault(where, set())
        what = "escalation event subprocess" if where[1] else "escalation boundary event"
        if codes and (definition.code is None or None in codes):
            problems.error(
                f"The same scope can not contains more than one {what} where one has no escalation code: it catches"
                " all escalation events",
                elements[node.id],
            )
        elif definition.code in codes:
            problems.error(
                f"multiple {what}s with the same escalationCode '{definition.code}' are not supported on same scope",
                elements[node.id],
            )
        codes.add(definition.code)


def _check_conditional_starts(process: Process, elements: Elements, problems: Problems) -> None:
    """A process begins by a condition once."""
    seen: set[str] = set()
    for id_ in process.starts.get(process.id, ()):
        start = process.nodes[id_]
        if isinstance(start, StartEvent) and isinstance(start.definition, Conditional):
            condition = start.definition.condition
            text = condition.text if isinstance(condition, Script) else getattr(condition, "source", "")
            if text in seen:
                message = f"Cannot have more than one conditional event subscription with the same condition '{text}'"
                problems.error(message, elements[id_])
            seen.add(text)


def _check_associations(process: Process, root: etree._Element, document: Document) -> None:
    """Associations refer to something, and lead from a compensation event to a compensation activity."""
    known: frozenset[str] | None = None
    for scope in (root, *(e for e in root.iter(etree.Element) if standard_name(e) in ("subProcess", "transaction"))):
        for element in children(scope, "association"):
            known = known or frozenset(ids_below(document.root))
            ends = [(element.get(name) or "").rpartition(":")[2] for name in ("sourceRef", "targetRef")]
            for name, end in zip(("sourceRef", "targetRef"), ends, strict=True):
                if end not in known:
                    document.problems.error(f"Invalid reference {name} '{end}' of association element", element)
            source, target = (process.nodes.get(end) for end in ends)
            if (
                isinstance(source, BoundaryEvent)
                and isinstance(source.definition, Compensation)
                and target is not None
                and not target.for_compensation
            ):
                document.problems.error(
                    "compensation boundary catch must be connected to element with isForCompensation=true",
                    element,
                    source.id,
                )
