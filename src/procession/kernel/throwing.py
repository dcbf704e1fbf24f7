"""BPMN errors: who catches one, and what catching does. Boundary events are asked from the thrower outwards, then the caller."""

from __future__ import annotations

from collections.abc import Mapping

from procession.bpmn.model import BoundaryEvent, Error
from procession.kernel.ending import terminate
from procession.kernel.records import Element
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import set_variables, typed
from procession.kernel.world import ErrorLeft
from procession.values import TypedValue


class BpmnError(Exception):
    """Raised by a delegate or bean to throw a BPMN error: caught by an error boundary event with its code."""

    def __init__(self, code: str, message: str | None = None, variables: Mapping[str, object] | None = None) -> None:
        super().__init__(message or code)
        self.code = code
        self.message = message
        self.variables = {name: typed(value) for name, value in (variables or {}).items()}


def throw_error(
    step: Step, element_key: int, code: str, message: str | None, variables: Mapping[str, TypedValue] | None = None
) -> None:
    """Throws an error at an element: to the catcher inside, else to the caller, else the element's path ends."""
    if variables:
        set_variables(step, element_key, variables)
    if catch_error(step, element_key, code, message):
        return
    caller = step.instance_of(step.view.need(Element, element_key)).caller
    if caller is not None:
        step.request(ErrorLeft(caller, element_key, code, message, variables or {}))
        return
    end_uncaught(step, element_key)


def end_uncaught(step: Step, element_key: int) -> None:
    """Nobody catches: the path ends as at a none end event (Camunda 7 logs this)."""
    step.complete(element_key, flows=())


def catch_error(step: Step, element_key: int, code: str, message: str | None) -> bool:
    """Gives the error to the nearest boundary event that catches it; False where there is none in this instance."""
    element: Element | None = step.view.need(Element, element_key)
    while element is not None and element.parent is not None:
        found = _boundary(step, element, code)
        if found is not None:
            boundary, definition = found
            parent = element.parent
            terminate(step, element.key)
            step.create([(boundary.id, None)], parent)
            values = {}
            if definition.code_variable:
                values[definition.code_variable] = typed(code)
            if definition.message_variable:
                values[definition.message_variable] = typed(message)
            set_variables(step, parent, values)
            return True
        element = step.view.get(Element, element.parent)
    return False


def _boundary(step: Step, element: Element, code: str) -> tuple[BoundaryEvent, Error] | None:
    node = step.node_of(element)
    if node.traits.loop is not None and not element.node.endswith(BODY):
        return None
    fallback = None
    for boundary_id in step.process.boundaries.get(node.id, ()):
        boundary = step.process.nodes[boundary_id]
        if not isinstance(boundary, BoundaryEvent) or not isinstance(boundary.definition, Error):
            continue
        if boundary.definition.code == code:
            return boundary, boundary.definition
        if boundary.definition.code is None and fallback is None:
            fallback = (boundary, boundary.definition)
    return fallback
