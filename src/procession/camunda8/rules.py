"""What Camunda 8 refuses at deployment beyond what the standard's reader does, in its words and blamed on what it blames.

One function a rule, over the XML of a process. What the words mean for execution is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

from lxml import etree

from procession.bpmn.document import BPMN, Document, child, children, standard_name, text_of
from procession.bpmn.model import TimerKind
from procession.camunda8 import extensions as ext
from procession.errors import ExpressionFailed
from procession.kernel.waiting import timer_due

_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_TIMERS = {TimerKind.DATE: "date", TimerKind.DURATION: "duration", TimerKind.CYCLE: "cycle"}
_UNSUPPORTED = {"complexGateway": "ComplexGateway", "transaction": "Transaction"}
_COVERAGE = "https://docs.camunda.io/docs/components/modeler/bpmn/bpmn-coverage/"


def check(process: etree._Element, document: Document) -> None:
    """Reports everything in a process that Camunda 8 would not deploy."""
    for rule in (_types, _conditions, _loops, _work, _timers, _forms, _references, _errors, _messages):
        rule(process, document)


def require_expression(text: str | None, place: str, at: etree._Element, document: Document) -> None:
    """Reports a text that has to be an expression and is none."""
    plain = (text or "").strip()
    if not plain:
        document.problems.error("Expected expression but not found.", at, place)
    elif not plain.startswith("="):
        told = f"Expected expression but found static value '{plain}'. An expression must start with '=' (e.g. '={plain}')."
        document.problems.error(told, at, place)


def _named(process: etree._Element, *names: str) -> Iterator[etree._Element]:
    return process.iter(*(f"{{{BPMN}}}{name}" for name in names))


def _types(process: etree._Element, document: Document) -> None:
    for element in _named(process, *_UNSUPPORTED):
        name = _UNSUPPORTED[standard_name(element) or ""]
        text = (
            f"Elements of type '{name}' are currently not supported. Please refer to the documentation for a list of "
        )
        document.problems.error(f"{text}supported elements: {_COVERAGE}", element)


def _conditions(process: etree._Element, document: Document) -> None:
    bare: dict[str, etree._Element] = {}
    for flow in _named(process, "sequenceFlow"):
        found = child(flow, "conditionExpression")
        if found is None:
            bare[flow.get("id") or ""] = flow
        else:
            require_expression(text_of(found), f"{flow.get('id')} > conditionExpression", found, document)
    for gateway in _named(process, "exclusiveGateway", "inclusiveGateway"):
        named = [text_of(found).strip() for found in children(gateway, "outgoing")]
        kind = "Must have a condition or be default flow"
        if standard_name(gateway) == "inclusiveGateway":
            kind = "Must have a condition"
        for id_ in named if len(named) > 1 else ():
            if id_ in bare and id_ != gateway.get("default"):
                document.problems.error(kind, bare[id_])


def _loops(process: etree._Element, document: Document) -> None:
    for loop in _named(process, "multiInstanceLoopCharacteristics"):
        found, around = ext.extension(loop, "loopCharacteristics"), loop.getparent()
        if found is not None and around is not None:
            place = f"{around.get('id')} > multiInstanceLoopCharacteristics > extensionElements > loopCharacteristics"
            require_expression(found.get("inputCollection"), place, found, document)


def _work(process: etree._Element, document: Document) -> None:
    for task in _named(process, "scriptTask", "businessRuleTask"):
        name = "script" if standard_name(task) == "scriptTask" else "calledDecision"
        own, job = ext.extension(task, name), ext.extension(task, "taskDefinition")
        if (own is None) is (job is None):
            text = f"Must have either one 'zeebe:{name}' or one 'zeebe:taskDefinition' extension element"
            document.problems.error(text, task)
        if own is not None and not own.get("resultVariable"):
            place = f"{task.get('id')} > extensionElements > {name}"
            document.problems.error("Attribute 'resultVariable' must be present and not empty", own, place)


def _timers(process: etree._Element, document: Document) -> None:
    for definition in _named(process, "timerEventDefinition"):
        event = definition.getparent()
        if event is None:
            continue
        given = [(kind, found) for kind in _TIMERS if (found := child(definition, kind.value)) is not None]
        if len(given) != 1:
            place = f"{event.get('id')} > timerEventDefinition"
            text = "Must be exactly one type of timer: timeDuration, timeDate or timeCycle"
            document.problems.error(text, definition, place)
        kinds = {kind for kind, _ in given}
        if standard_name(event) == "intermediateCatchEvent" and not kinds & {TimerKind.DATE, TimerKind.DURATION}:
            text = "Intermediate timer catch event must have either a time duration or a time date."
            document.problems.error(text, event)
        for kind, found in given:
            value = text_of(found).strip()
            if value.startswith("="):
                continue
            try:
                timer_due(kind, value, _SOME_DAY)
            except ExpressionFailed:
                name = _TIMERS[kind]
                about = f"Invalid {name} format '{value}' for expression '{value}'."
                document.problems.error(f"Invalid timer {name} expression ({about})", event)


def _forms(process: etree._Element, document: Document) -> None:
    for task in _named(process, "userTask"):
        native = ext.extension(task, "userTask") is not None
        form, priority = ext.extension(task, "formDefinition"), ext.extension(task, "priorityDefinition")
        if native and form is not None and (not form.get("formId")) is (not form.get("externalReference")):
            text = "Exactly one of the attributes 'formId, externalReference' must be present and not blank for native user tasks"
            document.problems.error(text, form, f"{task.get('id')} > extensionElements > formDefinition")
        value = "" if priority is None else (priority.get("priority") or "").strip()
        if value and not value.startswith("=") and not (value.isdecimal() and int(value) <= 100):
            text = f"Expected static value to be a valid Number between 0 and 100, but found '{value}'."
            document.problems.error(text, task, f"{task.get('id')} > extensionElements > priorityDefinition")


def _references(process: etree._Element, document: Document) -> None:
    for element in _named(process, "callActivity", "businessRuleTask", "userTask", "startEvent"):
        for name in ("calledElement", "calledDecision", "formDefinition"):
            found = ext.extension(element, name)
            if found is None:
                continue
            place = f"{element.get('id')} > extensionElements > {name}"
            binding = found.get("bindingType")
            if binding not in (None, "deployment", "latest", "versionTag"):
                text = "Attribute 'bindingType' must be one of: deployment, latest, versionTag"
                document.problems.error(text, found, place)
            if binding == "versionTag" and not found.get("versionTag"):
                text = "Attribute 'versionTag' must be present and not empty if 'bindingType' is 'versionTag'"
                document.problems.error(text, found, place)


def _errors(process: etree._Element, document: Document) -> None:
    caught: Counter[tuple[str, str]] = Counter()
    hosts = {element.get("id") or "": element for element in process.iter(etree.Element)}
    for event in _named(process, "boundaryEvent"):
        found = child(event, "errorEventDefinition")
        if found is not None:
            root = document.errors.get(found.get("errorRef") or "")
            caught[event.get("attachedToRef") or "", "" if root is None else root.code or ""] += 1
    for (host, code), times in caught.items():
        if times > 1 and code:
            text = f"Multiple error catch events with the same error code '{code}' are not supported on the same scope."
            document.problems.error(text, hosts.get(host), host)


def _messages(process: etree._Element, document: Document) -> None:
    wanted = [task.get("messageRef") for task in _named(process, "receiveTask")]
    for definition in _named(process, "messageEventDefinition"):
        event = definition.getparent()
        kind = None if event is None else standard_name(event)
        scope = None if event is None else event.getparent()
        starts = kind == "startEvent" and scope is not None and standard_name(scope) == "process"
        if kind in ("intermediateCatchEvent", "boundaryEvent", "startEvent") and not starts:
            wanted.append(definition.get("messageRef"))
    for message in children(document.root, "message"):
        if message.get("id") in wanted:
            if not message.get("name"):
                document.problems.error("Name must be present and not empty", message)
            if ext.extension(message, "subscription") is None:
                document.problems.error("Must have exactly one zeebe:subscription extension element", message)
