"""What waits is reached: by a message, a timer, a signal to a receive task."""

from __future__ import annotations

from procession.bpmn.model import BoundaryEvent, ReceiveTask, StartEvent
from procession.errors import ExecutionFailed, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.behaviours import behaviour_of
from procession.kernel.catching import fire
from procession.kernel.handling.instances import require_active
from procession.kernel.records import Element, Life, Phase, Subscription
from procession.kernel.stepping import Step
from procession.kernel.variables import set_variables


def trigger(step: Step, command: c.TriggerSubscription) -> None:
    subscription = step.view.get(Subscription, command.subscription)
    if subscription is None or subscription.element is None:
        if command.optional:
            return
        raise Missing(
            f"Cannot find event subscription with id {command.subscription}", subscription=command.subscription
        )
    require_active(step, subscription.instance, f"Event subscription '{subscription.key}'")
    element = step.view.need(Element, subscription.element)
    set_variables(step, element.key, command.variables)
    set_variables(step, element.key, command.local_variables, local=True)
    reach(step, subscription)


def reach(step: Step, subscription: Subscription) -> None:
    """What a subscription waited for has come."""
    element = step.view.need(Element, subscription.element or 0)
    node = step.process.nodes[subscription.node]
    if isinstance(node, BoundaryEvent | StartEvent):
        fire(step, element, node)
        return
    step.emit(e.SubscriptionClosed(subscription.key))
    behaviour_of(step, element).triggered(step, element, step.node_of(element), node)


def signal(step: Step, command: c.SignalElement) -> None:
    element = step.view.get(Element, command.element)
    if element is None:
        raise Missing(f"execution {command.element} doesn't exist")
    require_active(step, element.instance, f"Execution '{element.key}'")
    node = None if element.parent is None else step.node_of(element)
    waiting = element.phase is Phase.EXECUTE and element.life is Life.ACTIVE
    if not isinstance(node, ReceiveTask) or not waiting:
        raise ExecutionFailed(f"Execution '{element.key}' does not wait for a signal")
    set_variables(step, element.key, command.variables)
    behaviour_of(step, element).triggered(step, step.view.need(Element, element.key), node, node)
