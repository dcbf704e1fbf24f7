"""Conditional events: looked at when their scope begins and when a variable that they see changes.

A condition that cannot be evaluated because a variable is missing is not true, as in Camunda 7.
"""

from __future__ import annotations

from procession.bpmn.model import BoundaryEvent, CatchEvent, Conditional, StartEvent
from procession.errors import UnknownName
from procession.kernel.records import Element, Subscription, Task, Wait
from procession.kernel.stepping import Check, Step


def check(step: Step, item: Check) -> None:
    """Lets the events happen whose condition is true now."""
    from procession.kernel.handling.messages import reach

    if item.subscription is not None:
        keys = [item.subscription]
    else:
        keys = _inside(step, item.scope)
    concerned = [key for key in keys if _concerns(step, key, item)]
    for number, key in enumerate(concerned, 1):
        subscription = step.view.get(Subscription, key)
        definition = None if subscription is None else _definition(step, subscription)
        if subscription is None or subscription.element is None or definition is None:
            continue
        if _is_true(step, subscription.element, definition):
            # its path runs to where it waits; then it is the next one's turn
            step.push(*(Check(item.scope, subscription=later) for later in concerned[number:]))
            reach(step, subscription)
            return


def _inside(step: Step, scope: int) -> list[int]:
    task = step.view.get(Task, scope)
    start = scope if task is None else task.element
    found: list[int] = []
    waiting = [] if start is None else [start]
    while waiting:
        element = step.view.get(Element, waiting.pop(0))
        if element is None:
            continue
        keys = step.attached(element, Wait.SUBSCRIPTION)
        found += [key for key in keys if step.view.need(Subscription, key).kind == "conditional"]
        waiting.extend(child.key for child in step.view.children(element.key))
    return found


def _definition(step: Step, subscription: Subscription) -> Conditional | None:
    node = step.process.nodes[subscription.node]
    if isinstance(node, BoundaryEvent | CatchEvent | StartEvent) and isinstance(node.definition, Conditional):
        return node.definition
    return None


def _concerns(step: Step, key: int, item: Check) -> bool:
    if item.subscription is not None:
        return True
    subscription = step.view.get(Subscription, key)
    definition = None if subscription is None else _definition(step, subscription)
    if definition is None:
        return False
    if definition.variable_name is not None and definition.variable_name != item.variable:
        return False
    return not definition.variable_events or item.change in definition.variable_events


def _is_true(step: Step, element: int, definition: Conditional) -> bool:
    try:
        return step.value_of(element, definition.condition) is True
    except UnknownName:
        return False
