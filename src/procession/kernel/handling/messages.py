"""What waits is reached: by a message, a timer, a signal to its execution."""

from __future__ import annotations

from procession.bpmn.model import BoundaryEvent, CatchEvent, EventGateway, ReceiveTask, StartEvent, UserTask, WorkTask
from procession.errors import ExecutionFailed, Missing
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.catching import fire
from procession.kernel.handling.instances import require_active
from procession.kernel.records import Element, Life, Phase, Subscription
from procession.kernel.results import take_results
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import set_variables
from procession.kernel.waiting import event_job


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
    if command.later and isinstance(step.process.nodes[subscription.node], CatchEvent):
        event_job(step, element, subscription)
        return
    if step.process.policies.results_outwards:
        set_variables(step, element.key, command.variables)
        set_variables(step, element.key, command.local_variables, local=True)
        reach(step, subscription)
    else:
        reach(step, subscription, command.variables)


def reach(step: Step, subscription: Subscription, brings: c.Values = c.NO_VALUES) -> None:
    """What a subscription waited for has come; what it `brings` belongs to the event that happens."""
    element = step.view.need(Element, subscription.element or 0)
    node = step.process.nodes[subscription.node]
    if isinstance(node, BoundaryEvent | StartEvent):
        fire(step, element, node, brings)
        return
    step.emit(e.SubscriptionClosed(subscription.key))
    place = step.place_of(element)
    if isinstance(place.node, EventGateway):
        place.behaviour.triggered(step, element, place.node, node, brings)
        return
    take_results(step, element.key, brings)
    place.behaviour.triggered(step, element, place.node, node)


def signal(step: Step, command: c.SignalElement) -> None:
    element = step.view.get(Element, command.element)
    if element is None:
        raise Missing(f"execution {command.element} doesn't exist")
    require_active(step, element.instance, f"Execution '{element.key}'")
    element = _standing_at(step, element)
    set_variables(step, element.key, command.variables)
    place = step.place_of(element)
    place.behaviour.triggered(step, step.view.need(Element, element.key), place.node, place.node)


def _standing_at(step: Step, element: Element) -> Element:
    """The element that an execution stands at. Raises ExecutionFailed where it does not wait for anything from outside."""
    asked = element.key
    inside = step.view.children(element.key) if element.children == 1 else []
    if element.parent is None and inside and _shares_execution(step, inside[0]):
        element = inside[0]
    behind = element.phase in (Phase.AFTER, Phase.OUT)
    if element.parent is None or element.children or element.node.endswith(BODY) or behind:
        raise ExecutionFailed(f"cannot signal execution {asked}: it has no current activity")
    node = step.node_of(element)
    waiting = element.phase is Phase.EXECUTE and element.life is Life.ACTIVE
    if not isinstance(node, UserTask | WorkTask | ReceiveTask | CatchEvent) or not waiting:
        raise ExecutionFailed(f"ENGINE-02010 The activity with id '{node.id}' doesn't accept signals.")
    return element


def _shares_execution(step: Step, element: Element) -> bool:
    """True where Camunda 7 has no execution of its own for an element that is alone in its instance: no scope, no event."""
    node = step.node_of(element)
    if element.phase is Phase.BEFORE:
        return True
    mapped = node.traits.inputs or node.traits.outputs or node.id in step.process.boundaries
    if mapped or element.children or element.node.endswith(BODY):
        return False
    return isinstance(node, UserTask) or (isinstance(node, ReceiveTask) and node.message is None)
