"""Reads BPMN XML into the frozen model, in one pass over each scope; `validate` then looks at the whole.

The reader knows the standard; everything in a vendor's namespace is asked of a `Dialect`. It never stops at a fault:
problems are collected and raised together. Elements that Camunda 7 ignores are ignored here too, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from lxml import etree

from procession.bpmn import grammar, reading_events, validate
from procession.bpmn.dialect import Dialect
from procession.bpmn.document import (
    Document,
    ErrorRoot,
    child,
    children,
    documentation,
    is_true,
    standard_name,
    text_of,
)
from procession.bpmn.model import (
    AdHocInner,
    AdHocSubProcess,
    BoundaryEvent,
    CallActivity,
    CatchEvent,
    Compensation,
    Conditional,
    EndEvent,
    EventGateway,
    ExclusiveGateway,
    Flow,
    InclusiveGateway,
    Link,
    Loop,
    Node,
    ParallelGateway,
    PassTask,
    Process,
    ReceiveTask,
    StartEvent,
    SubProcess,
    ThrowEvent,
    Timer,
    UserTask,
    WorkTask,
)
from procession.bpmn.problems import Problems
from procession.bpmn.unsupported import refuse
from procession.bpmn.validate_events import check_events
from procession.errors import Problem
from procession.expressions import Literal
from procession.xml import Limits, parse_xml

# A thousand tasks with diagram, mappings and listeners have some thirty thousand elements.
_LIMITS = Limits(nodes=50_000)

_PASSED_OVER = frozenset(
    {
        "sequenceFlow",
        "documentation",
        "extensionElements",
        "laneSet",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "association",
        "textAnnotation",
        "group",
        "property",
        "ioSpecification",
        "multiInstanceLoopCharacteristics",
    }
)
_IGNORED = frozenset({"complexGateway"})
INNER = "#innerInstance"
"""What the id of the scope around an element that was begun ends with, after that of its ad-hoc sub-process."""
_GATEWAYS: dict[str, type[Node]] = {
    "exclusiveGateway": ExclusiveGateway,
    "inclusiveGateway": InclusiveGateway,
    "parallelGateway": ParallelGateway,
    "eventBasedGateway": EventGateway,
}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file holds: its executable processes, and what was found odd in it."""

    processes: tuple[Process, ...]
    warnings: tuple[Problem, ...]
    target_namespace: str = ""


def read_definitions(data: bytes, dialect: Dialect, resource: str = "") -> Reading:
    """The executable processes of a BPMN file.

    Raises ParseFailed with every problem (elements, line, column); `details["aborted"]` is true where Camunda 7 answers
    with a general error instead of a list of problems.
    """
    root = parse_xml(data, resource, _LIMITS)
    problems = Problems(data, root, resource)
    grammar.check(root, problems)
    document = Document(root, dialect, problems)
    _read_roots(document)
    processes = tuple(
        _Builder(document, element).process() for element in children(root, "process") if dialect.executable(element)
    )
    validate.check_diagram(document)
    problems.raise_if_any()
    for process in processes:
        refuse(process, dialect.refused, problems)
    problems.raise_if_any()
    return Reading(processes, problems.warnings, document.target_namespace)


def _read_roots(document: Document) -> None:
    problems = document.problems
    for element in children(document.root, "message"):
        if id_ := element.get("id"):
            name = element.get("name")
            document.messages[id_] = document.optional(name, element)
            document.correlation_keys[id_] = document.dialect.correlation_key(element, document)
    names: set[str] = set()
    for element in children(document.root, "signal"):
        id_, name = element.get("id"), element.get("name")
        if id_ is None:
            problems.error("signal must have an id", element)
        elif name is None:
            problems.error(f"signal with id '{id_}' has no name", element)
        else:
            if name in names:
                problems.error(f"duplicate signal name '{name}'", element)
            names.add(name)
            document.signals[id_] = document.expression(name, element)
    for element in children(document.root, "error"):
        id_ = element.get("id")
        if id_ is None:
            problems.error("'id' is mandatory on error definition", element)
            continue
        message = document.dialect.error_message(element, document)
        document.errors[id_] = ErrorRoot(id_, element.get("errorCode"), message)
    for element in children(document.root, "escalation"):
        id_ = element.get("id")
        if id_ is None:
            problems.error("escalation must have an id", element)
        else:
            document.escalations[id_] = element.get("escalationCode")


@dataclass(slots=True)
class _Builder:
    """One process being put together."""

    document: Document
    element: etree._Element
    id: str = ""
    nodes: dict[str, Node] = field(default_factory=dict)
    flows: dict[str, Flow] = field(default_factory=dict)
    starts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    boundaries: dict[str, list[str]] = field(default_factory=dict)
    event_subprocesses: dict[str, tuple[str, ...]] = field(default_factory=dict)
    elements: dict[str, etree._Element] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)  # throwing link event -> name
    anonymous: int = 0

    def process(self) -> Process:
        document, element = self.document, self.element
        self.id = element.get("id") or ""
        if not self.id:
            document.problems.abort("A process must have an id", element)
        extras = document.dialect.process(element, document)
        self.scope(element, self.id)
        process = Process(
            id=self.id,
            name=element.get("name"),
            nodes=self.nodes,
            flows=self.flows,
            starts=self.starts,
            boundaries={activity: tuple(ids) for activity, ids in self.boundaries.items()},
            event_subprocesses=self.event_subprocesses,
            has_compensation=any(isinstance(getattr(n, "definition", None), Compensation) for n in self.nodes.values()),
            has_conditions=any(isinstance(getattr(n, "definition", None), Conditional) for n in self.nodes.values()),
            policies=document.dialect.policies,
            category=document.target_namespace or None,
            version_tag=extras.version_tag,
            history_time_to_live=extras.history_time_to_live,
            candidate_users=extras.candidate_users,
            candidate_groups=extras.candidate_groups,
            startable_in_tasklist=extras.startable_in_tasklist,
            job_priority=extras.job_priority,
            task_priority=extras.task_priority,
            listeners=extras.listeners,
            documentation=documentation(element),
            properties=extras.properties,
            extras=extras.extras,
        )
        process = replace(process, initial=validate.initial(process, element, document.problems))
        validate.check(process, self.elements, document.problems)
        check_events(process, element, self.elements, document)
        return process

    def scope(self, element: etree._Element, scope_id: str) -> None:
        """Everything directly inside a process or sub-process, and by recursion what is inside of that."""
        flows = self.read_flows(element)
        outgoing: dict[str, list[str]] = {}
        incoming: dict[str, list[str]] = {}
        for flow in reversed(flows) if self.document.dialect.policies.last_flow_first else flows:
            outgoing.setdefault(flow.source, []).append(flow.id)
            incoming.setdefault(flow.target, []).append(flow.id)
        here: list[Node] = []
        for inner in element:
            name = standard_name(inner)
            if name is None or name in _PASSED_OVER:
                continue
            node = self.node(name, inner, scope_id)
            if node is None:
                continue
            node = replace(
                node,
                outgoing=tuple(outgoing.get(node.id, ())),
                incoming=tuple(incoming.get(node.id, ())),
            )
            self.nodes[node.id] = node
            self.elements[node.id] = inner
            here.append(node)
        self.compensations(element)
        self.index(here, scope_id)
        validate.check_scope(
            element, {node.id: node for node in here}, self.elements, flows, self.links, self.document.problems
        )

    def read_flows(self, scope: etree._Element) -> list[Flow]:
        """The flows of a scope in the order of the document; those into a throwing link lead to the catching one."""
        throwing, catching = _links(scope, self.document.problems)
        self.links |= throwing
        flows = []
        for element in children(scope, "sequenceFlow"):
            id_ = self.id_of("sequenceFlow", element)
            target = element.get("targetRef") or ""
            if target in throwing:
                link = throwing[target]
                if link not in catching:
                    self.document.problems.error(
                        f"sequence flow points to link event source with name '{link}' but no event target with that"
                        " name exists. Most probably your link events are not configured correctly",
                        element,
                    )
                target = catching.get(link, "")
            found = child(element, "conditionExpression")
            flow = Flow(
                id=id_,
                source=element.get("sourceRef") or "",
                target=target,
                condition=None if found is None else reading_events.condition(found, self.document, element.get("id")),
                name=element.get("name"),
                listeners=self.document.dialect.flow_listeners(element, self.document),
                line=element.sourceline or 0,
            )
            self.flows[id_] = flow
            self.elements[id_] = element
            flows.append(flow)
        return flows

    def compensations(self, scope: etree._Element) -> None:
        """A compensation boundary event names its handler by an association; the model by its definition."""
        for association in children(scope, "association"):
            event = self.nodes.get((association.get("sourceRef") or "").rpartition(":")[2])
            handler = (association.get("targetRef") or "").rpartition(":")[2]
            if isinstance(event, BoundaryEvent) and isinstance(event.definition, Compensation):
                self.nodes[event.id] = replace(event, definition=Compensation(handler))

    def index(self, here: list[Node], scope_id: str) -> None:
        self.starts[scope_id] = tuple(node.id for node in here if isinstance(node, StartEvent))
        self.event_subprocesses[scope_id] = tuple(
            node.id for node in here if isinstance(node, SubProcess) and node.triggered
        )
        for node in here:
            if isinstance(node, BoundaryEvent):
                self.boundaries.setdefault(node.attached_to, []).append(node.id)

    def node(self, name: str, element: etree._Element, scope_id: str) -> Node | None:
        """The model of one flow node; None for what has no place in it."""
        if name in _IGNORED:
            self.ignored(name, element)
            return None
        if name in _GATEWAYS:
            return _GATEWAYS[name](**self.common(name, element, scope_id))
        read = _NODES.get(name)
        return None if read is None else read(self, name, element, scope_id)

    def ignored(self, name: str, element: etree._Element) -> None:
        """Notes that an element has no place in the model."""
        self.document.problems.warning(f"Ignoring unsupported activity type '{name}'", element)

    def common(self, name: str, element: etree._Element, scope_id: str) -> dict[str, Any]:
        """What every flow node has."""
        traits = self.document.dialect.traits(element, self.document)
        loop = child(element, "multiInstanceLoopCharacteristics")
        if loop is not None:
            traits = replace(traits, loop=self.loop(element, loop))
        if (told := documentation(element)) is not None:
            traits = replace(traits, documentation=told)
        return {
            "id": self.id_of(name, element),
            "scope": scope_id,
            "name": element.get("name"),
            "default": element.get("default") or None,
            "traits": traits,
            "kind": name,
            "for_compensation": is_true(element.get("isForCompensation")),
            "line": element.sourceline or 0,
        }

    def id_of(self, name: str, element: etree._Element) -> str:
        """The element's id; Camunda 7 accepts elements without one, which then nothing can refer to."""
        if found := element.get("id"):
            return found
        self.anonymous += 1
        return f"{name}#{self.anonymous}"

    def loop(self, element: etree._Element, characteristics: etree._Element) -> Loop:
        """Multi-instance: what the standard says, then what the dialect adds."""
        document, id_ = self.document, element.get("id")
        body = f"{id_}{validate.MULTI_INSTANCE_BODY}"
        cardinality = child(characteristics, "loopCardinality")
        completion = child(characteristics, "completionCondition")
        data = child(characteristics, "loopDataInputRef")
        item = child(characteristics, "inputDataItem")
        count = None
        if cardinality is not None:
            text = text_of(cardinality).strip()
            if text:
                count = document.expression(text, cardinality, id_)
            else:
                document.problems.error(
                    "loopCardinality must be defined for a multiInstanceLoopCharacteristics definition",
                    characteristics,
                    body,
                )
        loop = Loop(
            sequential=is_true(characteristics.get("isSequential")),
            cardinality=count,
            collection=None if data is None else Literal(text_of(data).strip(), text_of(data).strip()),
            element_variable=None if item is None else item.get("name"),
            completion=None
            if completion is None
            else document.expression(text_of(completion).strip(), completion, id_),
        )
        loop = document.dialect.loop(element, characteristics, loop, document)
        if loop.cardinality is None and cardinality is None and loop.collection is None:
            document.problems.error(
                "Either loopCardinality or loopDataInputRef/collection must been set", characteristics, body
            )
        if loop.collection is None and loop.element_variable is not None:
            document.problems.error(
                "LoopDataInputRef/collection must be set when using inputDataItem or elementVariable",
                characteristics,
                body,
            )
        return loop

    # ------------------------------------------------------------ one method per kind of node

    def start(self, name: str, element: etree._Element, scope_id: str) -> Node:
        document, scope = self.document, element.getparent()
        kind = None if scope is None else standard_name(scope)
        if kind == "process":
            definition = reading_events.caught(element, reading_events.PROCESS_START, document)
        elif scope is not None and is_true(scope.get("triggeredByEvent")):
            definition = reading_events.caught(element, reading_events.EVENT_SUBPROCESS_START, document)
        else:
            definition = None
        return StartEvent(
            **self.common(name, element, scope_id),
            definition=definition,
            interrupting=is_true(element.get("isInterrupting"), True),
            initiator=document.dialect.initiator(element),
            form=document.dialect.start_form(element, document) if kind == "process" else None,
        )

    def catch(self, name: str, element: etree._Element, scope_id: str) -> Node | None:
        definition = reading_events.caught(element, reading_events.CATCH, self.document)
        if definition is None:
            self.document.problems.error("Unsupported intermediate catch event type", element)
            return PassTask(**self.common(name, element, scope_id))
        return CatchEvent(**self.common(name, element, scope_id), definition=definition)

    def throw(self, name: str, element: etree._Element, scope_id: str) -> Node | None:
        definition = reading_events.thrown(element, reading_events.THROW, self.document)
        if isinstance(definition, Link):
            return None
        return ThrowEvent(**self.common(name, element, scope_id), definition=definition)

    def end(self, name: str, element: etree._Element, scope_id: str) -> Node:
        definition = reading_events.thrown(element, reading_events.END, self.document)
        return EndEvent(**self.common(name, element, scope_id), definition=definition)

    def boundary(self, name: str, element: etree._Element, scope_id: str) -> Node:
        definition = reading_events.caught(element, reading_events.BOUNDARY, self.document)
        common = self.common(name, element, scope_id)
        if definition is None:
            self.document.problems.error("Unsupported boundary event type", element)
            return PassTask(**common)
        always = not isinstance(definition, Timer) and validate.always_interrupts(definition)
        return BoundaryEvent(
            **common,
            definition=definition,
            attached_to=(element.get("attachedToRef") or "").rpartition(":")[2],
            interrupting=always or is_true(element.get("cancelActivity"), True),
        )

    def user_task(self, name: str, element: etree._Element, scope_id: str) -> Node:
        document = self.document
        extras = document.dialect.user_task(element, document)
        if extras.work is not None:
            return WorkTask(**self.common(name, element, scope_id), work=extras.work)
        told = documentation(element)
        return UserTask(
            **self.common(name, element, scope_id),
            title=document.optional(element.get("name"), element),
            description=document.optional(told, element),
            assignee=extras.assignee,
            candidate_users=extras.candidate_users,
            candidate_groups=extras.candidate_groups,
            due=extras.due,
            follow_up=extras.follow_up,
            priority=extras.priority,
            form=extras.form,
        )

    def work_task(self, name: str, element: etree._Element, scope_id: str) -> Node:
        work = self.document.dialect.work(element, element, self.document)
        common = self.common(name, element, scope_id)
        return PassTask(**common) if work is None else WorkTask(**common, work=work)

    def receive(self, name: str, element: etree._Element, scope_id: str) -> Node:
        message = None
        if element.get("messageRef") is not None:
            message = reading_events.message(element, self.document, element.get("id"))
        return ReceiveTask(**self.common(name, element, scope_id), message=message)

    def pass_task(self, name: str, element: etree._Element, scope_id: str) -> Node:
        return PassTask(**self.common(name, element, scope_id))

    def call(self, name: str, element: etree._Element, scope_id: str) -> Node:
        extras = self.document.dialect.call(element, self.document)
        return CallActivity(
            **self.common(name, element, scope_id),
            called=extras.called,
            business_key=extras.business_key,
            copies_in=extras.copies_in,
            copies_out=extras.copies_out,
            mapping=extras.mapping,
        )

    def subprocess(self, name: str, element: etree._Element, scope_id: str) -> Node:
        node = SubProcess(
            **self.common(name, element, scope_id),
            triggered=is_true(element.get("triggeredByEvent")),
            transaction=name == "transaction",
        )
        self.scope(element, node.id)
        return node

    def ad_hoc(self, name: str, element: etree._Element, scope_id: str) -> Node | None:
        extras = self.document.dialect.ad_hoc(element, self.document)
        if extras is None:
            self.ignored(name, element)
            return None
        condition = child(element, "completionCondition")
        text = "" if condition is None else text_of(condition).strip()
        common = self.common(name, element, scope_id)
        inner = common["id"] + INNER
        self.scope(element, inner)
        # what is triggered by events belongs to the sub-process, not to what is begun in it
        own = self.event_subprocesses.pop(inner, ())
        self.event_subprocesses[common["id"]] = own
        for id_ in own:
            self.nodes[id_] = replace(self.nodes[id_], scope=common["id"])
        self.nodes[inner] = AdHocInner(id=inner, scope=common["id"], kind=name + INNER, line=common["line"])
        self.elements[inner] = element
        return AdHocSubProcess(
            **common,
            inner=inner,
            startable={
                node.id: self.document.dialect.told(self.elements[node.id])
                for node in list(self.nodes.values())
                if node.scope == inner and not node.incoming and begins_ad_hoc(node)
            },
            active=extras.active,
            completion=self.document.expression(text, element) if text else None,
            cancels=is_true(element.get("cancelRemainingInstances"), True),
            output_collection=extras.output_collection,
            output_element=extras.output_element,
            output_variable=extras.output_variable,
            work=extras.work,
        )


_NODES: dict[str, Callable[[_Builder, str, etree._Element, str], Node | None]] = {
    "startEvent": _Builder.start,
    "intermediateCatchEvent": _Builder.catch,
    "intermediateThrowEvent": _Builder.throw,
    "endEvent": _Builder.end,
    "boundaryEvent": _Builder.boundary,
    "userTask": _Builder.user_task,
    "serviceTask": _Builder.work_task,
    "sendTask": _Builder.work_task,
    "scriptTask": _Builder.work_task,
    "businessRuleTask": _Builder.work_task,
    "receiveTask": _Builder.receive,
    "task": _Builder.pass_task,
    "manualTask": _Builder.pass_task,
    "callActivity": _Builder.call,
    "subProcess": _Builder.subprocess,
    "transaction": _Builder.subprocess,
    "adHocSubProcess": _Builder.ad_hoc,
}


def begins_ad_hoc(node: Node) -> bool:
    """Whether an element of an ad-hoc sub-process can be begun by name, where no flow leads to it."""
    return not (isinstance(node, BoundaryEvent | StartEvent | EndEvent) or node.for_compensation)


def _links(scope: etree._Element, problems: Problems) -> tuple[dict[str, str], dict[str, str]]:
    """Of a scope: throwing link events with their names, and names with their catching events."""
    throwing: dict[str, str] = {}
    catching: dict[str, str] = {}
    for event in children(scope, "intermediateThrowEvent"):
        found = child(event, "linkEventDefinition")
        if found is not None:
            throwing[event.get("id") or ""] = found.get("name") or ""
    for event in children(scope, "intermediateCatchEvent"):
        found = child(event, "linkEventDefinition")
        if found is None:
            continue
        name = found.get("name") or ""
        if name in catching:
            problems.error(
                f"Multiple Intermediate Catch Events with the same link event name ('{name}') are not allowed", event
            )
        else:
            catching[name] = event.get("id") or ""
    return throwing, catching
