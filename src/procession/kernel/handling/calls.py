"""What reaches a call activity from the instance that it called."""

from __future__ import annotations

from procession.bpmn.model import CallActivity
from procession.kernel import commands as c
from procession.kernel.behaviours.calls import finish_call
from procession.kernel.records import Element
from procession.kernel.stepping import Step
from procession.kernel.throwing import catch_error, end_uncaught, throw_escalation
from procession.kernel.variables import set_variables


def finish(step: Step, command: c.FinishCall) -> None:
    element = step.view.get(Element, command.element)
    if element is None:
        return
    node = step.node_of(element)
    assert isinstance(node, CallActivity)
    finish_call(step, element, node, command.variables)


def raise_from_call(step: Step, command: c.RaiseFromCall) -> int | None:
    element = step.view.get(Element, command.element)
    if element is None:
        return None
    set_variables(step, element.key, command.variables)
    step.answer.caught = catch_error(step, element.key, command.code, command.message)
    return None if step.answer.caught else step.instance_of(element).caller


def uncaught(step: Step, command: c.EndUncaught) -> None:
    if step.view.get(Element, command.element) is not None:
        end_uncaught(step, command.element)


def escalate_from_call(step: Step, command: c.EscalateFromCall) -> None:
    if step.view.get(Element, command.element) is not None:
        throw_escalation(step, command.element, command.code)
