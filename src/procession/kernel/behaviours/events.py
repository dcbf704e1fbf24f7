"""Events that a token passes, waits at, or throws."""

from __future__ import annotations

from procession.bpmn.model import CatchEvent, EndEvent, Error, Message, Node, Terminate, ThrowEvent
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.ending import terminate_children
from procession.kernel.records import Element
from procession.kernel.stepping import Step
from procession.kernel.throwing import throw_error
from procession.kernel.waiting import CATCH_TIMER, wait_for
from procession.kernel.work import run_work

TRIGGERED = "triggered"  # in an element's note: what it would wait for has come already


class Passing(Behaviour):
    """Start and boundary events, plain tasks: nothing to do."""


class Catching(Behaviour):
    """An intermediate event that waits for a message or a timer."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, CatchEvent)
        if element.note.get(TRIGGERED):
            step.complete(element.key)
            return
        for event in wait_for(step, element, node, CATCH_TIMER):
            step.emit(event)


class Throwing(Behaviour):
    """An intermediate throw event: passes, or does what its message definition says."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, ThrowEvent)
        if _send(step, element, node):
            step.complete(element.key)


class Ending(Behaviour):
    """None, terminate, error and message end events."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, EndEvent)
        match node.definition:
            case Terminate():
                assert element.parent is not None
                terminate_children(step, element.parent, but=element.key)
                step.complete(element.key, flows=())
            case Error(code=code, message=message):
                text = step.text(element.key, message)
                throw_error(step, element.key, code or "", text)
            case _:
                if _send(step, element, node):
                    step.complete(element.key, flows=())


def _send(step: Step, element: Element, node: ThrowEvent | EndEvent) -> bool:
    definition = node.definition
    if isinstance(definition, Message) and definition.work is not None:
        return run_work(step, element, node, definition.work)
    return True
