"""BPMN errors and escalations: given to the nearest event that catches them, then to the caller."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from procession.bpmn.model import Error, Escalation
from procession.errors import ExecutionFailed
from procession.kernel import events as e
from procession.kernel.catching import Catcher, catchers, fire
from procession.kernel.incidents import raise_incident
from procession.kernel.records import Element, Life, Wait
from procession.kernel.stepping import Step
from procession.kernel.variables import set_variables, typed
from procession.kernel.world import ErrorLeft, EscalationLeft
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
    """Throws an error at an element: to the catcher inside, else to the caller, else the element's path ends.

    `variables` are set where it was thrown, or come with the error to whoever catches it, as the process' policy says.
    """
    outwards = step.process.policies.results_outwards
    if variables and outwards:
        set_variables(step, element_key, variables)
    if catch_error(step, element_key, code, message, None if outwards else variables):
        return
    caller = step.instance_of(step.view.need(Element, element_key)).caller
    if caller is not None:
        results = results_of(step, element_key) if outwards else dict(variables or {})
        step.request(ErrorLeft(caller, element_key, code, message, results))
        return
    end_uncaught(step, element_key, code, message)


def results_of(step: Step, element_key: int) -> dict[str, TypedValue]:
    """The variables of the whole instance, as its caller sees them."""
    root = step.view.need(Element, element_key).instance
    return {name: TypedValue(v.type, v.value, v.info) for name, v in step.view.variables(root).items()}


def end_uncaught(step: Step, element_key: int, code: str, message: str | None) -> None:
    """Nobody catches: the path ends as at a none end event (Camunda 7 logs this), or it stops as an incident."""
    if step.process.policies.uncaught_error_ends:
        _refuse_last_outputs(step, element_key, code)
        step.cut_off.add(element_key)
        step.complete(element_key, flows=(), looks=False)
        return
    element = step.view.need(Element, element_key)
    shown = "" if not message else f" (error message: '{message}')"
    text = f"An error was thrown with the code '{code}'{shown}, but not caught."
    jobs = step.attached(element, Wait.EXTERNAL)
    if not jobs:
        step.emit(e.ElementMoved(element_key, element.phase, element.index, Life.FAILED))
    configuration = str(jobs[0]) if jobs else None
    raise_incident(step, element_key, "unhandledErrorEvent", text, configuration=configuration)


def _refuse_last_outputs(step: Step, element_key: int, code: str) -> None:
    """Camunda 7 cannot end an instance by an error that nobody catches at the last activity, where that maps outputs."""
    element = step.view.need(Element, element_key)
    scope = None if element.parent is None else step.view.need(Element, element.parent)
    if scope is None or scope.parent is not None or scope.children != 1:
        return
    if step.node_of(element).traits.outputs:
        raise ExecutionFailed(f"ENGINE-13033 Propagation of bpmn error {code} failed. ")


def catch_error(
    step: Step,
    element_key: int,
    code: str,
    message: str | None,
    variables: Mapping[str, TypedValue] | None = None,
) -> bool:
    """Gives the error to the nearest event that catches it; False where there is none in this instance."""
    fallback: tuple[Element, Catcher, Error] | None = None
    for element, catcher in catchers(step, element_key):
        definition = catcher.definition
        if not isinstance(definition, Error):
            continue
        if fallback is not None and element.key != fallback[0].key:
            break
        if definition.code == code:
            fallback = (element, catcher, definition)
            break
        if definition.code is None and fallback is None:
            fallback = (element, catcher, definition)
    if fallback is None:
        return False
    host, catcher, definition = fallback
    scope = fire(step, host, catcher, variables)
    values = {}
    if definition.code_variable:
        values[definition.code_variable] = typed(code)
    if definition.message_variable:
        values[definition.message_variable] = typed(message)
    set_variables(step, scope, values)
    return True


def throw_escalation(
    step: Step,
    element_key: int,
    code: str,
    before: Callable[[], None] = lambda: None,
    *,
    thrower: int | None = None,
    demand: str | None = None,
) -> bool:
    """Throws an escalation: to the catcher inside, else to the caller. The thrower may be gone afterwards.

    Gives whether it is caught in this instance. An element that is the `thrower`, here or in a called instance, waits while
    callers are asked, and completes then. Raises ExecutionFailed with the text `demand`
    where nobody catches it; without that it is no failure.
    """
    for host, catcher in catchers(step, element_key):
        definition = catcher.definition
        if isinstance(definition, Escalation) and (not definition.code or definition.code == code):
            before()
            scope = fire(step, host, catcher)
            if definition.code_variable:
                set_variables(step, scope, {definition.code_variable: typed(code)})
            return True
    caller = step.instance_of(step.view.need(Element, element_key)).caller
    if caller is not None:
        step.request(EscalationLeft(caller, thrower, code, results_of(step, element_key), demand))
    elif demand is not None:
        raise ExecutionFailed(demand)
    return False
