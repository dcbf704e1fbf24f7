"""What reaches a call activity from the instance that it called."""

from __future__ import annotations

from procession.bpmn.model import EndEvent
from procession.kernel import commands as c
from procession.kernel.behaviours.calls import finish_call, take_results
from procession.kernel.records import Element, Phase
from procession.kernel.stepping import Step
from procession.kernel.throwing import catch_error, end_uncaught, results_of, throw_escalation
from procession.kernel.world import ThrowerGoesOn


def finish(step: Step, command: c.FinishCall) -> None:
    element = step.view.get(Element, command.element)
    if element is None:
        return
    finish_call(step, element, command.variables)


def raise_from_call(step: Step, command: c.RaiseFromCall) -> tuple[int, c.Values] | None:
    """Where nobody catches: the next caller, and the variables that it sees. Each level takes its results over."""
    element = step.view.get(Element, command.element)
    if element is None:
        return None
    outwards = step.process.policies.results_outwards
    if outwards:
        take_results(step, element, command.results)
    brought = None if outwards else command.results
    step.answer.caught = catch_error(step, element.key, command.code, command.message, brought)
    if not step.answer.caught:
        step.look_at_conditions()
    caller = None if step.answer.caught else step.instance_of(element).caller
    if caller is None:
        return None
    return caller, results_of(step, element.key) if outwards else command.results


def uncaught(step: Step, command: c.EndUncaught) -> None:
    if step.view.get(Element, command.element) is not None:
        end_uncaught(step, command.element, command.code, command.message)


def escalate_from_call(step: Step, command: c.EscalateFromCall) -> None:
    element = step.view.get(Element, command.element)
    if element is not None:

        def take() -> None:
            take_results(step, element, command.results)

        if not step.process.policies.results_outwards:
            throw_escalation(step, element.key, command.code, take, thrower=command.thrower, demand=command.demand)
            return
        take()  # Camunda 7 hands over what the called instance has, whether somebody catches it or not
        if (
            throw_escalation(step, element.key, command.code, thrower=command.thrower, demand=command.demand)
            and command.thrower is not None
        ):
            step.request(ThrowerGoesOn(command.thrower))  # what the event begins runs after what follows at the thrower
        if step.view.get(Element, element.key) is not None:
            step.look_at_conditions(within=True)


def go_on(step: Step, command: c.GoOn) -> None:
    element = step.view.get(Element, command.element)
    if element is not None and element.phase is Phase.EXECUTE:
        step.complete(element.key, flows=() if isinstance(step.node_of(element), EndEvent) else None)
