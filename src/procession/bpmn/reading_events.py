"""Reads what an event waits for, throws or catches. Rules and their wording follow Camunda 7's parser.

Where an element has several event definitions, one is taken by a fixed precedence, as Camunda 7 does.
"""

from __future__ import annotations

from lxml import etree

from procession.bpmn.document import BPMN, XSI_TYPE, Document, child, first, is_true, text_of
from procession.bpmn.model import (
    Cancel,
    Compensation,
    Conditional,
    Error,
    Escalation,
    EventDefinition,
    Link,
    Message,
    Signal,
    Source,
    Terminate,
    Timer,
    TimerKind,
)
from procession.expressions import Literal

_TIMER_ORDER = (TimerKind.DATE, TimerKind.CYCLE, TimerKind.DURATION)

PROCESS_START = (
    "timerEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "conditionalEventDefinition",
)
EVENT_SUBPROCESS_START = (
    "errorEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "escalationEventDefinition",
    "compensateEventDefinition",
    "timerEventDefinition",
    "conditionalEventDefinition",
)
CATCH = (
    "timerEventDefinition",
    "signalEventDefinition",
    "messageEventDefinition",
    "linkEventDefinition",
    "conditionalEventDefinition",
)
THROW = (
    "signalEventDefinition",
    "compensateEventDefinition",
    "linkEventDefinition",
    "escalationEventDefinition",
    "messageEventDefinition",
)
END = (
    "errorEventDefinition",
    "cancelEventDefinition",
    "terminateEventDefinition",
    "messageEventDefinition",
    "signalEventDefinition",
    "compensateEventDefinition",
    "escalationEventDefinition",
)
BOUNDARY = (
    "timerEventDefinition",
    "errorEventDefinition",
    "signalEventDefinition",
    "cancelEventDefinition",
    "compensateEventDefinition",
    "messageEventDefinition",
    "escalationEventDefinition",
    "conditionalEventDefinition",
)


def caught(event: etree._Element, order: tuple[str, ...], document: Document) -> EventDefinition | None:
    """What a start, catch or boundary event waits for; None without a definition of those in `order`."""
    found = first(event, order)
    if found is None:
        return None
    name, definition = found
    id_ = event.get("id")
    match name:
        case "timerEventDefinition":
            return timer(definition, document, id_)
        case "messageEventDefinition":
            return message(definition, document, id_)
        case "signalEventDefinition":
            return _signal(definition, document, id_, throwing=False)
        case "errorEventDefinition":
            return _caught_error(definition, document)
        case "escalationEventDefinition":
            return _caught_escalation(definition, document, id_)
        case "conditionalEventDefinition":
            return _conditional(definition, document, id_)
        case "linkEventDefinition":
            return Link(definition.get("name") or "")
        case "cancelEventDefinition":
            return Cancel()
        case _:
            return Compensation()


def thrown(event: etree._Element, order: tuple[str, ...], document: Document) -> EventDefinition | None:
    """What a throw or end event throws; None without a definition of those in `order`."""
    found = first(event, order)
    if found is None:
        return None
    name, definition = found
    id_ = event.get("id")
    match name:
        case "errorEventDefinition":
            return _thrown_error(definition, document, id_)
        case "messageEventDefinition":
            return _thrown_message(event, definition, document)
        case "signalEventDefinition":
            return _signal(definition, document, id_, throwing=True)
        case "escalationEventDefinition":
            return _thrown_escalation(definition, document, id_)
        case "compensateEventDefinition":
            if not is_true(definition.get("waitForCompletion"), True):
                document.problems.warning(
                    "Unsupported attribute value for 'waitForCompletion': 'waitForCompletion=false' is not supported."
                    " Compensation events are always executed synchronously",
                    definition,
                    id_,
                )
            return Compensation(definition.get("activityRef"))
        case "linkEventDefinition":
            return Link(definition.get("name") or "")
        case "cancelEventDefinition":
            return Cancel()
        case _:
            return Terminate()


def timer(definition: etree._Element, document: Document, id_: str | None) -> Timer:
    """The date, cycle or duration of a `timerEventDefinition`, looked for in this order."""
    for kind in _TIMER_ORDER:
        found = child(definition, kind.value)
        if found is not None:
            value = document.expression(text_of(found).strip(), found, id_)
            return document.dialect.timer(definition, Timer(kind, value))
    document.problems.error(
        "Timer needs configuration (either timeDate, timeCycle or timeDuration is needed)", definition, id_
    )
    return Timer(TimerKind.DURATION, Literal("", ""))


def message(definition: etree._Element, document: Document, id_: str | None) -> Message:
    """The message that a definition or receive task refers to."""
    reference = definition.get("messageRef")
    if reference is None:
        document.problems.error("attribute 'messageRef' is required", definition, id_)
        return Message(Literal("", ""))
    name = document.resolve(reference, definition)
    if name not in document.messages:
        document.problems.error(f"Invalid 'messageRef': no message with id '{reference}' found", definition, id_)
        return Message(Literal(reference, reference))
    return Message(document.messages[name] or Literal("", ""), document.correlation_keys.get(name))


def condition(element: etree._Element, document: Document, id_: str | None) -> Source:
    """The condition of a flow or conditional event: an expression, or a script where `language` is given."""
    kind = element.get(XSI_TYPE)
    if kind is not None:
        prefix, _, local = kind.rpartition(":")
        namespace = element.nsmap.get(prefix) if prefix else BPMN
        if namespace != BPMN or local != "tFormalExpression":
            document.problems.error("Invalid type, only tFormalExpression is currently supported", element, id_)
    text = text_of(element).strip()
    language = element.get("language")
    if language is None:
        return document.expression(text, element, id_)
    return document.script(language, text, document.dialect.script_resource(element), element)


def _thrown_message(event: etree._Element, definition: etree._Element, document: Document) -> Message:
    """A throwing message does the work its definition carries; Camunda 7 needs no message for it."""
    reference = document.resolve(definition.get("messageRef") or "", definition)
    name = document.messages.get(reference) or Literal(reference, reference)
    return Message(name, work=document.dialect.work(event, definition, document))


def _signal(definition: etree._Element, document: Document, id_: str | None, *, throwing: bool) -> Signal:
    reference = definition.get("signalRef")
    if reference is None:
        document.problems.error("signalEventDefinition does not have required property 'signalRef'", definition, id_)
        return Signal(Literal("", ""))
    name = document.signals.get(document.resolve(reference, definition))
    if name is None:
        document.problems.error(f"Could not find signal with id '{reference}'", definition, id_)
        return Signal(Literal(reference, reference))
    if not throwing:
        return Signal(name)
    return document.dialect.thrown_signal(definition, Signal(name), document)


def _caught_error(definition: etree._Element, document: Document) -> Error:
    reference = definition.get("errorRef")
    error = Error(None)
    if reference:
        known = document.errors.get(reference)
        error = Error(reference) if known is None else Error(known.code, known.message)
    return document.dialect.caught_error(definition, error)


def _thrown_error(definition: etree._Element, document: Document, id_: str | None) -> Error:
    reference = definition.get("errorRef")
    if not reference:
        document.problems.error("'errorRef' attribute is mandatory on error end event", definition, id_)
        return Error(None)
    known = document.errors.get(reference)
    if known is None:
        return Error(reference)
    if not known.code:
        document.problems.error(
            "'errorCode' is mandatory on errors referenced by throwing error event definitions, but the error"
            f" '{known.id}' does not define one",
            definition,
            id_,
        )
    return Error(known.code, known.message)


def _escalation_code(definition: etree._Element, document: Document, id_: str | None) -> tuple[str | None, bool]:
    """The code, and whether the definition refers to an escalation that exists."""
    reference = definition.get("escalationRef")
    if reference is None or reference == "":
        return None, False
    if reference not in document.escalations:
        document.problems.error(f"could not find escalation with id '{reference}'", definition, id_)
        return reference, False
    return document.escalations[reference], True


def _caught_escalation(definition: etree._Element, document: Document, id_: str | None) -> Escalation:
    code, _ = _escalation_code(definition, document, id_)
    return Escalation(code, document.dialect.escalation_variable(definition))


def _thrown_escalation(definition: etree._Element, document: Document, id_: str | None) -> Escalation:
    if not definition.get("escalationRef"):
        document.problems.error(
            "escalationEventDefinition does not have required attribute 'escalationRef'", definition, id_
        )
        return Escalation(None)
    code, known = _escalation_code(definition, document, id_)
    if known and not code:
        document.problems.error(
            "throwing escalation event must reference an escalation with 'escalationCode'", definition, id_
        )
    return Escalation(code)


def _conditional(definition: etree._Element, document: Document, id_: str | None) -> Conditional:
    found = child(definition, "condition")
    if found is None:
        document.problems.error("Conditional event must contain an expression for evaluation", definition, id_)
        return Conditional(Literal(False, ""))
    name, events = document.dialect.variable_filter(definition)
    return Conditional(condition(found, document, id_), name, events)
