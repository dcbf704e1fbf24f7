"""Compensation: completed activities leave a subscription at their scope; a throwing event has their handlers run, newest first.

A sub-process in which something can be compensated is not removed when it completes: it is set aside, with its variables as
they were, until it is recalled. The thrower waits until every handler that it started has ended.
"""

from __future__ import annotations

from procession.bpmn.model import BoundaryEvent, Cancel, Compensation, Node, StartEvent, SubProcess
from procession.kernel import events as e
from procession.kernel.catching import START, event_starts, fire
from procession.kernel.records import Element, Subscription, Wait
from procession.kernel.stepping import BODY, ChildEnded, Step
from procession.kernel.waiting import subscription_for

KIND = "compensate"
COMPENSATES = "compensates"  # in a handler's note: the element that is told when the handler has ended
PENDING = "pending"  # in a thrower's note: how many handlers it still waits for


def subscriptions_at(step: Step, element: Element) -> list[Subscription]:
    """What can be compensated at a scope, oldest first."""
    found = [step.view.need(Subscription, key) for key in step.attached(element, Wait.SUBSCRIPTION)]
    return sorted((x for x in found if x.kind == KIND), key=lambda x: x.key)


def completed(step: Step, element: Element, node: Node) -> bool:
    """Takes down that an activity can be compensated now. True where its element has to be kept for that."""
    scope = _scope_of(step, element)
    for boundary_id in step.process.boundaries.get(node.id, ()):
        boundary = step.process.nodes[boundary_id]
        if isinstance(boundary, BoundaryEvent) and isinstance(boundary.definition, Compensation):
            handler = boundary.definition.activity
            if handler is not None:
                _subscribe(step, scope, handler)
    if not isinstance(node, SubProcess) or node.triggered or element.node.endswith(BODY):
        return False
    own = _compensation_start(step, element)
    if own is None and not subscriptions_at(step, element):
        return False
    _subscribe(step, scope, node.id if own is None else own.scope, kept=element.key)
    return True


def compensate(step: Step, thrower: Element, activity: str | None) -> bool:
    """Starts the handlers of everything completed in the thrower's scope, or of one activity; False where there are none."""
    scope = _target_scope(step, thrower, activity)
    wanted = None if activity is None else _handlers_of(step, activity)
    found = [x for x in subscriptions_at(step, scope) if wanted is None or x.node in wanted]
    if not found:
        return False
    step.emit(e.ElementNoted(thrower.key, {**thrower.note, PENDING: len(found)}))
    for subscription in reversed(found):
        step.emit(e.SubscriptionClosed(subscription.key))
    for subscription in found:  # the last one pushed runs first
        if subscription.correlation_key is not None:
            _recall(step, int(subscription.correlation_key), subscription.node, thrower.key)
        else:
            step.create([(subscription.node, None)], scope.key, note={COMPENSATES: thrower.key})
    return True


def handler_ended(step: Step, thrower: Element) -> bool:
    """One handler less to wait for; True where it was the last."""
    left = int(thrower.note.get(PENDING, 1)) - 1
    step.emit(e.ElementNoted(thrower.key, {**thrower.note, PENDING: left}))
    return left <= 0


def cancel_transaction(step: Step, thrower: Element) -> None:
    """Everything in the transaction has been compensated: it is cancelled, and its cancel boundary event happens."""
    assert thrower.parent is not None
    transaction = step.view.need(Element, thrower.parent)
    for boundary_id in step.process.boundaries.get(transaction.node.removesuffix(BODY), ()):
        boundary = step.process.nodes[boundary_id]
        if isinstance(boundary, BoundaryEvent) and isinstance(boundary.definition, Cancel):
            fire(step, transaction, boundary)
            return
    step.complete(thrower.key, flows=())


def _recall(step: Step, key: int, handler: str, thrower: int) -> None:
    element = step.view.need(Element, key)
    step.emit(e.ElementSetAside(key, aside=False))
    element = step.view.need(Element, key)
    step.emit(e.ElementNoted(key, {**element.note, COMPENSATES: thrower}))
    element = step.view.need(Element, key)
    node = step.process.nodes[handler]
    if isinstance(node, SubProcess) and node.triggered:
        start = _compensation_start(step, element)
        step.create([(handler, None)], key, note={START: "" if start is None else start.id})
    elif not compensate(step, element, None):
        step.push(ChildEnded(key))


def _subscribe(step: Step, scope: Element, handler: str, kept: int | None = None) -> None:
    key = None if kept is None else str(kept)
    step.emit(e.SubscriptionOpened(subscription_for(step, scope, handler, KIND, None, key)))


def _scope_of(step: Step, element: Element) -> Element:
    """The scope around an activity; for a turn of a loop the scope around the loop."""
    assert element.parent is not None
    scope = step.view.need(Element, element.parent)
    while scope.node.endswith(BODY) and scope.parent is not None:
        scope = step.view.need(Element, scope.parent)
    return scope


def _target_scope(step: Step, thrower: Element, activity: str | None) -> Element:
    """Where to look: the thrower's scope (that around it for an event sub-process), or that of the named activity.

    A sub-process that was recalled compensates what is in itself.
    """
    if COMPENSATES in thrower.note and isinstance(_node(step, thrower), SubProcess):
        return thrower
    assert thrower.parent is not None
    scope = step.view.need(Element, thrower.parent)
    wanted = None if activity is None else step.process.nodes[activity].scope
    while scope.parent is not None:
        node = _node(step, scope)
        inside_event = isinstance(node, SubProcess) and node.triggered
        if wanted is None and not inside_event:
            return scope
        if wanted is not None and scope.node == wanted:
            return scope
        scope = step.view.need(Element, scope.parent)
    return scope


def _node(step: Step, element: Element) -> Node | None:
    return None if element.parent is None else step.node_of(element)


def _handlers_of(step: Step, activity: str) -> set[str]:
    found = {activity}
    for boundary_id in step.process.boundaries.get(activity, ()):
        definition = getattr(step.process.nodes[boundary_id], "definition", None)
        if isinstance(definition, Compensation) and definition.activity is not None:
            found.add(definition.activity)
    found.update(step.process.event_subprocesses.get(activity, ()))
    return found


def _compensation_start(step: Step, element: Element) -> StartEvent | None:
    return next((x for x in event_starts(step, element) if isinstance(x.definition, Compensation)), None)
