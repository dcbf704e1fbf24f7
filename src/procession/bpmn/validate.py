"""What must hold between the elements of a process, checked after reading: flows, starts, boundaries, gateways, subscriptions.

Rules and the elements they blame are Camunda 7's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from procession.bpmn.document import Document, child, ids_below, standard_name
from procession.bpmn.model import (
    BoundaryEvent,
    Cancel,
    CatchEvent,
    Compensation,
    Error,
    EventDefinition,
    EventGateway,
    ExclusiveGateway,
    Flow,
    Link,
    Message,
    Node,
    Process,
    ReceiveTask,
    Signal,
    StartEvent,
    SubProcess,
    Timer,
)
from procession.bpmn.problems import Problems

DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
_WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
_BOUNDS = "{http://www.omg.org/spec/DD/20100524/DC}Bounds"
MULTI_INSTANCE_BODY = "#multiInstanceBody"

Elements = Mapping[str, etree._Element]


def always_interrupts(definition: EventDefinition) -> bool:
    """Whether a boundary event interrupts whatever its attribute says."""
    return isinstance(definition, Error | Cancel | Compensation)


def initial(process: Process, element: etree._Element, problems: Problems) -> str | None:
    """The start event of a start without a trigger: the none or timer start, else the only one."""
    starts = [process.nodes[id_] for id_ in process.starts.get(process.id, ())]
    found: str | None = None
    single = process.policies.single_starts
    for start in starts:
        if isinstance(start, StartEvent) and (
            start.definition is None or (single and isinstance(start.definition, Timer))
        ):
            if found is None:
                found = start.id
            else:
                problems.error(
                    "multiple none start events or timer start events not supported on process definition",
                    element,
                    start.id,
                )
    return starts[0].id if found is None and len(starts) == 1 else found


def check_scope(
    scope: etree._Element,
    here: Mapping[str, Node],
    elements: Elements,
    flows: list[Flow],
    throwing_links: Mapping[str, str],
    problems: Problems,
) -> None:
    """Starts, flows and boundaries directly inside one scope: `here` are its nodes, `flows` its flows."""
    _check_starts(scope, here, elements, problems)
    waiting = _behind_event_gateways(here, flows, elements, problems)
    for flow in flows:
        if flow.source not in throwing_links:
            _check_flow(flow, here, waiting, elements[flow.id], problems)
    for node in here.values():
        if isinstance(node, BoundaryEvent) and node.attached_to not in here:
            problems.error(
                "Invalid reference in boundary event. Make sure that the referenced activity is defined in the same"
                f" scope as the boundary event: '{node.attached_to}'",
                elements[node.id],
            )


def _check_starts(scope: etree._Element, here: Mapping[str, Node], elements: Elements, problems: Problems) -> None:
    kind = standard_name(scope)
    starts = [node for node in here.values() if isinstance(node, StartEvent)]
    if not starts and kind in ("process", "subProcess"):
        problems.error(f"{kind} must define a startEvent element", scope)
    if kind == "process":
        return
    triggered = scope.get("triggeredByEvent") == "true"
    for number, start in enumerate(starts):
        element = elements[start.id]
        if number:
            problems.error("multiple start events not supported for subprocess", element)
        if triggered and start.definition is None:
            problems.error(
                "start event of event subprocess must be of type 'error', 'message', 'timer', 'signal',"
                " 'compensation' or 'escalation'",
                element,
            )
        if triggered:
            if isinstance(start.definition, Error) and not start.interrupting:
                problems.error("error start event of event subprocess must be interrupting", element)
            continue
        for inner in element:
            name = standard_name(inner)
            if name is not None and name.endswith("EventDefinition"):
                problems.error(f"{name} is not allowed on start event within a subprocess", inner, start.id)


def _behind_event_gateways(
    here: Mapping[str, Node], flows: list[Flow], elements: Elements, problems: Problems
) -> frozenset[str]:
    """The catch events that event-based gateways wait for."""
    waiting = set()
    for flow in flows:
        source, target = here.get(flow.source), here.get(flow.target)
        if not isinstance(source, EventGateway) or target is None:
            continue
        if target.kind == "intermediateCatchEvent":
            waiting.add(target.id)
            if isinstance(target, CatchEvent) and isinstance(target.definition, Link):
                problems.error(
                    "IntermediateCatchLinkEvent is not allowed after an EventBasedGateway", elements[target.id]
                )
        else:
            problems.error(
                "Event based gateway can only be connected to elements of type intermediateCatchEvent",
                elements[source.id],
            )
    return frozenset(waiting)


def _check_flow(
    flow: Flow, here: Mapping[str, Node], waiting: frozenset[str], element: etree._Element, problems: Problems
) -> None:
    source, target = here.get(flow.source), here.get(flow.target)
    if source is not None and source.for_compensation:
        _blame_flow("Invalid outgoing sequence flow of compensation activity", source, element, problems)
    elif target is not None and target.for_compensation:
        _blame_flow("Invalid incoming sequence flow of compensation activity", target, element, problems)
    elif source is None:
        problems.error(f"Invalid source '{flow.source}' of sequence flow '{element.get('id')}'", element)
    elif target is None:
        problems.error(f"Invalid destination '{flow.target}' of sequence flow '{element.get('id')}'", element)
    elif target.id in waiting and not isinstance(source, EventGateway):
        problems.error(
            f"Invalid incoming sequenceflow for intermediateCatchEvent with id '{target.id}' connected to an"
            " event-based gateway",
            element,
        )
    elif isinstance(source, SubProcess) and source.triggered:
        problems.error("Invalid outgoing sequence flow of event subprocess", element)
    elif isinstance(target, SubProcess) and target.triggered:
        problems.error("Invalid incoming sequence flow of event subprocess", element)


def _blame_flow(message: str, node: Node, element: etree._Element, problems: Problems) -> None:
    problems.error(
        f"{message} '{node.id}'. A compensation activity should not have an incoming or outgoing sequence flow",
        element,
        node.id,
    )


def check(process: Process, elements: Elements, problems: Problems) -> None:
    """What can be said only when the whole process is known."""
    for node in process.nodes.values():
        if isinstance(node, ExclusiveGateway) and process.policies.conditions_differ:
            _check_exclusive(node, process, problems)
        if isinstance(node, EventGateway) and node.traits.async_after:
            problems.error("'asyncAfter' not supported for eventBasedGateway elements", elements[node.id])
        loop = node.traits.loop
        if node.traits.async_after or (loop is not None and loop.async_after):
            for id_ in node.outgoing:
                if elements[id_].get("id") is None:
                    problems.error(
                        f"Sequence flow with sourceRef='{node.id}' must have an id, activity with id '{node.id}' uses"
                        " 'asyncAfter'",
                        None,
                        node.id,
                    )
    _check_subscriptions(process, elements, problems)


def _check_exclusive(gateway: ExclusiveGateway, process: Process, problems: Problems) -> None:
    about = f"Exclusive Gateway '{gateway.id}'"
    flows = [process.flows[id_] for id_ in gateway.outgoing]
    if not flows:
        problems.error(f"{about} has no outgoing sequence flows", None, gateway.id)
        return
    if len(flows) == 1:
        if flows[0].condition is not None:
            problems.error(
                f"{about} has only one outgoing sequence flow ('{flows[0].id}'). This is not allowed to have a"
                " condition",
                None,
                gateway.id,
            )
        return
    bare = [flow for flow in flows if flow.condition is None and flow.id != gateway.default]
    for flow in flows:
        if flow.condition is not None and flow.id == gateway.default:
            problems.error(
                f"{about} has outgoing sequence flow '{flow.id}' which is the default flow but has a condition too",
                None,
                gateway.id,
            )
    for flow in bare:
        text = f"{about} has outgoing sequence flow '{flow.id}' without condition which is not the default flow"
        if gateway.default or len(bare) > 1:
            problems.error(text, None, gateway.id)
        else:
            problems.warning(
                text + ". We assume it to be the default flow, but it is bad modeling practice, better set the"
                " default flow in your gateway",
                None,
                gateway.id,
            )


def _named_subscriptions(process: Process) -> Iterator[tuple[str, bool, Node, Message | Signal]]:
    """(scope that catches, whether it starts a process, element, message or signal)."""
    for node in process.nodes.values():
        if isinstance(node, ReceiveTask) and node.message is not None:
            yield node.id, False, node, node.message
        if isinstance(node, StartEvent | CatchEvent | BoundaryEvent) and isinstance(node.definition, Message | Signal):
            yield _catching_scope(node, process), isinstance(node, StartEvent), node, node.definition


def _catching_scope(node: Node, process: Process) -> str:
    if isinstance(node, BoundaryEvent):
        attached = process.nodes.get(node.attached_to)
        body = attached is not None and attached.traits.loop is not None
        return node.attached_to + (MULTI_INSTANCE_BODY if body else "")
    if isinstance(node, StartEvent):
        return node.scope if node.scope == process.id else process.nodes[node.scope].scope
    for id_ in node.incoming:
        if isinstance(process.nodes.get(process.flows[id_].source), EventGateway):
            return process.flows[id_].source
    return node.id


def _check_subscriptions(process: Process, elements: Elements, problems: Problems) -> None:
    seen: set[tuple[str, str, bool, str]] = set()
    for scope, starting, node, event in _named_subscriptions(process):
        name, kind = event.name.source, "message" if isinstance(event, Message) else "signal"
        if kind == "message" and starting and node.scope == process.id and ("${" in name or "#{" in name):
            problems.error(
                f"Invalid message name '{name}' for element '{node.kind}' with id '{node.id}': expressions in the"
                " message start event name are not allowed",
                _definition(elements[node.id]),
                node.id,
            )
        if kind == "message" and not name:
            problems.error("Cannot have a message event subscription with an empty or missing name", elements[node.id])
        key = (kind, scope, starting and node.scope == process.id, name)
        if key in seen:
            problems.error(
                f"Cannot have more than one {kind} event subscription with name '{name}' for scope '{scope}'",
                elements[node.id],
            )
        seen.add(key)


def _definition(event: etree._Element) -> etree._Element:
    found = child(event, "messageEventDefinition")
    return event if found is None else found


def _check_bounds(shape: etree._Element, document: Document) -> None:
    bounds = shape.find(_BOUNDS)
    if bounds is None:
        document.problems.error("'Bounds' element is required", shape)
        return
    for name in ("x", "y", "width", "height"):
        try:
            float(bounds.get(name) or "")
        except ValueError:
            document.problems.error(f"'{name}' attribute is required and has to be a number", shape)


def check_diagram(document: Document) -> None:
    """Shapes and edges must refer to something that exists; shapes need bounds, edges two waypoints."""
    known = frozenset(ids_below(document.root))
    for what, name in ((f"{DI}BPMNShape", "shape"), (f"{DI}BPMNEdge", "edge")):
        for element in document.root.iter(what):
            reference = element.get("bpmnElement")
            if not reference:
                document.problems.error(f"'bpmnElement' attribute is required on BPMN {name}", element)
            elif reference.rpartition(":")[2] not in known:
                document.problems.error(
                    f"Invalid reference in 'bpmnElement' attribute, element {reference} not found", element
                )
            elif name == "shape":
                _check_bounds(element, document)
            if name == "edge" and len(element.findall(_WAYPOINT)) < 2:
                document.problems.error("Minimum 2 waypoint elements must be definied for a 'BPMNEdge'", element)
