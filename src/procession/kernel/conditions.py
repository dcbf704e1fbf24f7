"""Conditional events: looked at when their scope begins and after a variable that they see has changed.

A condition that cannot be evaluated because a variable is missing is not true, as in Camunda 7. Nor are conditions looked at
where something is just beginning or ending: what begins has them looked at when it does what it does.
"""

from __future__ import annotations

from collections import deque

from msgspec.structs import replace

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import (
    BoundaryEvent,
    CatchEvent,
    Compensation,
    Conditional,
    EventGateway,
    StartEvent,
    SubProcess,
)
from procession.errors import UnknownName
from procession.kernel.records import Element, Life, Phase, Subscription, Task, Wait
from procession.kernel.stepping import BODY, Check, Complete, Continue, Step

ALIVE = (Life.ACTIVATING, Life.ACTIVE)


def check(step: Step, item: Check) -> None:
    """Lets the events happen whose condition is true now."""
    from procession.kernel.handling.messages import reach

    if item.host is None:
        _next(step, item, *(replace(item, host=host) for host in _hosts(step, item.scope)))
        return
    host = step.view.get(Element, item.host)
    if host is None or host.life not in ALIVE:
        return
    left = [x for x in _conditional(step, host) if _concerns(step, x, item)] if item.left is None else item.left
    for number, subscription in enumerate(left, 1):
        definition = _definition(step, subscription)
        if definition is not None and _is_true(step, host.key, definition):
            # then it is the next one's turn, even if the host waits for that no longer
            _next(step, item, replace(item, left=tuple(left[number:])))
            reach(step, subscription)
            return


def _next(step: Step, item: Check, *following: Check) -> None:
    if item.within:
        step.look_further(*following)
    else:
        step.push_all(*following)


def look_at_own(step: Step, element: Element) -> bool:
    """What begins has its own conditions looked at before it does what it does; False where it has none."""
    own = tuple(_conditional(step, element)) if step.process.has_conditions else ()
    if own:
        own_check = Check(element.key, host=element.key, left=own, within=True)
        step.look_further(own_check, Continue(element.key, Phase.EXECUTE, 1))
    return bool(own)


def look_before_leaving(step: Step, element: Element, then: Continue) -> bool:
    """The moment to look at conditions when the end listeners of an element have run; False where nothing was changed."""
    if not step.process.has_conditions:
        return False
    scope = None if element.parent is None else step.view.need(Element, element.parent)
    if scope is not None and scope.children == 1 and not step.has_flows(element) and not stands_alone(step, element):
        step.ending = scope.key
    return step.look_at_conditions(then)


def go_on_to_complete(step: Step, item: Complete) -> None:
    """Completes what was about to, unless a condition has cancelled it or has begun something in it meanwhile."""
    element = step.view.get(Element, item.element)
    if element is None or element.life not in ALIVE:
        return
    busy = element.children and isinstance(step.node_of(element), SubProcess) and not element.node.endswith(BODY)
    if not busy:
        step.complete(element.key, item.flows, looks=False)


def stands_alone(step: Step, element: Element) -> bool:
    """Whether Camunda 7 has an execution of its own for an element, however alone it is in its scope."""
    node = step.node_of(element)
    if element.node.endswith(BODY) or isinstance(node, SubProcess | CatchEvent | EventGateway) or waits_as_scope(node):
        return True
    if isinstance(getattr(node, "definition", None), Compensation):
        return True
    return bool(step.process.boundaries.get(node.id) or node.traits.inputs or node.traits.outputs)


def _conditional(step: Step, element: Element) -> list[Subscription]:
    found = (step.view.need(Subscription, key) for key in step.attached(element, Wait.SUBSCRIPTION))
    return [x for x in found if x.kind == "conditional"]


def _hosts(step: Step, scope: int) -> list[int]:
    """Whatever waits for conditions at a scope and inside it, outer ones first."""
    task = step.view.get(Task, scope)
    start = scope if task is None else task.element
    found: list[int] = []
    waiting = deque([] if start is None else [start])
    while waiting:
        element = step.view.get(Element, waiting.popleft())
        if element is None:
            continue
        ends = element.key == step.ending
        if element.phase in (Phase.EXECUTE, Phase.CONFIRM) and not ends and _conditional(step, element):
            found.append(element.key)
        waiting.extend(child.key for child in step.view.children(element.key))
    return found


def _definition(step: Step, subscription: Subscription) -> Conditional | None:
    node = step.process.nodes[subscription.node]
    if isinstance(node, BoundaryEvent | CatchEvent | StartEvent) and isinstance(node.definition, Conditional):
        return node.definition
    return None


def _concerns(step: Step, subscription: Subscription, item: Check) -> bool:
    definition = _definition(step, subscription)
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
