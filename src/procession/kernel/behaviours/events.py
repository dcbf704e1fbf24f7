"""Events that a token passes, waits at, or throws."""

from __future__ import annotations

from procession.bpmn.model import (
    BoundaryEvent,
    Cancel,
    CatchEvent,
    Compensation,
    EndEvent,
    Error,
    Escalation,
    Link,
    Message,
    Node,
    Signal,
    StartEvent,
    Terminate,
    ThrowEvent,
)
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.behaviours.calls import copied
from procession.kernel.compensation import cancel_transaction, compensate, handler_ended, require_cancel_boundary
from procession.kernel.records import Element
from procession.kernel.stepping import Step
from procession.kernel.throwing import throw_error, throw_escalation
from procession.kernel.variables import set_variables
from procession.kernel.waiting import CATCH_TIMER, open_waits
from procession.kernel.work import run_work
from procession.kernel.world import BroadcastSignal
from procession.values import TypedValue

TRIGGERED = "triggered"  # in an element's note: what it would wait for has come already


class Passing(Behaviour):
    """Start and boundary events, plain tasks: nothing to do."""

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        hand_out(step, element, node)
        super().leaving(step, element, node)


def hand_out(step: Step, element: Element, node: Node) -> None:
    """What an event brought, and no output mapping has taken, goes outwards from the scope around it."""
    if step.process.policies.results_outwards or node.traits.outputs or element.parent is None:
        return
    if isinstance(node, StartEvent | BoundaryEvent) or element.note.get(TRIGGERED):
        values = {name: TypedValue(v.type, v.value, v.info) for name, v in step.view.variables(element.key).items()}
        set_variables(step, element.parent, values)


class Catching(Behaviour):
    """An intermediate event that waits for a message, a timer, a signal or a condition."""

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        hand_out(step, element, node)
        super().leaving(step, element, node)

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, CatchEvent)
        if element.note.get(TRIGGERED) or isinstance(node.definition, Link):
            step.complete(element.key)
            return
        open_waits(step, element, [node], CATCH_TIMER)


class Throwing(Behaviour):
    """An intermediate throw event: passes, or does what its definition says."""

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        if handler_ended(step, element):
            step.complete(element.key)

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, ThrowEvent)
        if isinstance(node.definition, Compensation):
            if not compensate(step, element, node.definition.activity):
                step.complete(element.key)
            return
        if _send(step, element, node) and step.view.get(Element, element.key) is not None:
            step.complete(element.key)


class Ending(Behaviour):
    """End events."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, EndEvent)
        match node.definition:
            case None | Terminate():
                step.complete(element.key, ())
            case Compensation(activity=activity):
                if not compensate(step, element, activity):
                    step.complete(element.key, flows=())
            case Cancel():
                require_cancel_boundary(step, element)
                if not compensate(step, element, None):
                    cancel_transaction(step, element)
            case Error(code=code, message=message):
                text = step.text(element.key, message)
                throw_error(step, element.key, code or "", text)
            case _:
                if _send(step, element, node) and step.view.get(Element, element.key) is not None:
                    step.complete(element.key, flows=())

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        assert isinstance(node, EndEvent)
        if not handler_ended(step, element):
            return
        if isinstance(node.definition, Cancel):
            cancel_transaction(step, element)
        else:
            step.complete(element.key, flows=())


def _send(step: Step, element: Element, node: ThrowEvent | EndEvent) -> bool:
    """Does what a throwing event says; False where it has to wait for that. The element may be gone afterwards."""
    match node.definition:
        case Message(work=work) if work is not None:
            return run_work(step, element, node, work)
        case Signal(name=name, copies=copies, asynchronous=asynchronous, business_key=business_key):
            variables: dict[str, TypedValue] = {}
            for copy in copies:
                variables.update(copied(step, element.key, copy))
            instance = step.instance_of(element)
            name_now = step.text(element.key, name) or ""
            key = step.text(element.key, business_key)
            step.request(BroadcastSignal(element.key, name_now, instance.tenant, variables, key, asynchronous))
            # in Camunda 7 it goes on when everybody has got the signal, if it is then still there
            return step.process.policies.breadth_first
        case Escalation(code=code):
            asked = len(step.answer.requests)
            throw_escalation(step, element.key, code or "", thrower=element.key)
            return len(step.answer.requests) == asked  # else it goes on when the caller has been asked
    return True
