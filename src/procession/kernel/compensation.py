"""Compensation: completed activities leave a subscription at their scope; a throwing event has their handlers run, newest first.

When a sub-process or the body of a loop completes, what can be compensated in it is set aside: in an element of its own,
with a copy of the variables as they were, kept until it is recalled. The thrower waits until every handler that it started
has ended. All of this is Camunda 7's, down to which scopes a thrower looks at.
"""

from __future__ import annotations

from msgspec.structs import replace

from procession.bpmn.activity_types import activity_type
from procession.bpmn.model import BoundaryEvent, Cancel, Compensation, Node, StartEvent, SubProcess
from procession.errors import ExecutionFailed
from procession.kernel import events as e
from procession.kernel.catching import START, event_starts, fire
from procession.kernel.ending import terminate
from procession.kernel.records import ASIDE, Element, Life, Phase, Subscription, Wait
from procession.kernel.stepping import BODY, ChildEnded, Step
from procession.kernel.variables import set_variable
from procession.kernel.waiting import close_attached, subscription_for
from procession.values import TypedValue

KIND = "compensate"
COMPENSATES = "compensates"  # in a handler's note: the element that is told when the handler has ended
KEPT = "kept"  # in the note of what was set aside: the element that it was
PENDING = "pending"  # in a thrower's note: how many handlers it still waits for


def subscriptions_at(step: Step, element: Element) -> list[Subscription]:
    """What can be compensated at a scope, oldest first."""
    found = [step.view.need(Subscription, key) for key in step.attached(element, Wait.SUBSCRIPTION)]
    return sorted((x for x in found if x.kind == KIND), key=lambda x: x.key)


def completed(step: Step, element: Element, node: Node) -> None:
    """Takes down that an activity can be compensated now, and sets aside what can be compensated in it."""
    assert element.parent is not None
    scope = step.view.need(Element, element.parent)
    body = element.node.endswith(BODY)
    if node.traits.loop is None or not body:
        for handler in _boundary_handlers(step, node.id):
            _subscribe(step, scope, handler)
    if body or isinstance(node, SubProcess):
        own = None if body else _compensation_start(step, element)
        if own is not None or subscriptions_at(step, element):
            kept = _set_aside(step, element, node)
            _subscribe(step, scope, element.node if own is None else own.scope, kept)


def _set_aside(step: Step, element: Element, node: Node) -> int:
    """Keeps what can be compensated inside a scope that completes, and its variables; gives the key of what keeps them."""
    assert element.parent is not None
    key = step.world.new_key()
    kept = Element(
        key, element.instance, element.parent, element.node, Life.COMPLETED, Phase.OUT, note={KEPT: element.key}
    )
    alone = step.view.need(Element, element.parent).children == 1
    step.emit(e.ElementCreated(kept, step.definition or 0))
    step.emit(e.ElementSetAside(key, aside=True))
    loop = node.traits.loop
    own = set() if loop is None or element.loop_counter is None else {"loopCounter", loop.element_variable}
    for variable in step.view.variables(element.key).values():
        if variable.name not in own:
            value = TypedValue(variable.type, variable.value, variable.info)
            # Camunda 7's history shows the copies at the activity that is left, or, beside others, at what is around it
            place = element.key if alone else element.parent
            set_variable(step, key, variable.name, value, local=True, place=place)
    for subscription in subscriptions_at(step, element):
        step.emit(e.SubscriptionClosed(subscription.key))
        moved = replace(subscription, key=step.world.new_key(), element=key)
        step.emit(e.SubscriptionOpened(moved))
    for child in step.view.children(element.key):
        if child.note.get(ASIDE):
            step.emit(e.ElementSetAside(child.key, aside=True, parent=key))
    return key


def _boundary_handlers(step: Step, activity: str) -> list[str]:
    found = []
    for boundary_id in step.process.boundaries.get(activity, ()):
        boundary = step.process.nodes[boundary_id]
        if isinstance(boundary, BoundaryEvent) and isinstance(boundary.definition, Compensation):
            handler = boundary.definition.activity
            if handler is not None:
                found.append(handler)
    return found


def compensate(step: Step, thrower: Element, activity: str | None) -> bool:
    """Starts the handlers of everything completed in the thrower's scope, or of one activity; False where there are none."""
    wanted = None if activity is None else _subscribed_as(step, activity)
    scopes = _scopes_of(step, thrower)
    found = [x for scope in scopes for x in subscriptions_at(step, scope) if wanted is None or x.node == wanted]
    if not found:
        return False
    found.sort(key=lambda x: (x.created, x.key))
    step.emit(e.ElementNoted(thrower.key, {**thrower.note, PENDING: len(found)}))
    for subscription in reversed(found):
        step.emit(e.SubscriptionClosed(subscription.key))
    for subscription in found:  # the last one pushed runs first
        if subscription.correlation_key is not None:
            _recall(step, int(subscription.correlation_key), subscription.node, thrower.key)
        else:
            _pass_boundary(step, thrower, subscription)
            step.create([(subscription.node, None)], subscription.element or 0, note={COMPENSATES: thrower.key})
    return True


def _pass_boundary(step: Step, thrower: Element, subscription: Subscription) -> None:
    """Camunda 8 shows the boundary event by which a handler is begun."""
    events = (step.process.nodes[x] for found in step.process.boundaries.values() for x in found)
    event = next((x for x in events if getattr(x, "definition", None) == Compensation(subscription.node)), None)
    if event is None or not step.process.policies.breadth_first:
        return
    key = step.world.new_key()
    shown = Element(key, thrower.instance, subscription.element, event.id)
    step.emit(e.ElementCreated(shown, step.definition or 0))
    step.emit(e.ElementEntered(key, activity_type(event), event.name))
    step.rest(key, Phase.EXECUTE, 0, Life.ACTIVE)
    step.rest(key, Phase.END, 0, Life.COMPLETING)
    step.emit(e.ElementCompleted(key))
    step.emit(e.ElementRemoved(key))


def handler_ended(step: Step, thrower: Element) -> bool:
    """One handler less to wait for; True where it was the last."""
    left = int(thrower.note.get(PENDING, 1)) - 1
    step.emit(e.ElementNoted(thrower.key, {**thrower.note, PENDING: left}))
    return left <= 0


def require_cancel_boundary(step: Step, thrower: Element) -> None:
    """Raises ExecutionFailed where nothing catches that a transaction is cancelled."""
    assert thrower.parent is not None
    transaction = step.view.need(Element, thrower.parent).node.removesuffix(BODY)
    events = (step.process.nodes[id_] for id_ in step.process.boundaries.get(transaction, ()))
    if not any(isinstance(x, BoundaryEvent) and isinstance(x.definition, Cancel) for x in events):
        raise ExecutionFailed(f"Could not find cancel boundary event for cancel end event '{thrower.node}'")


def cancel_transaction(step: Step, thrower: Element) -> None:
    """Everything in the transaction has been compensated: it is cancelled, and its cancel boundary event happens."""
    assert thrower.parent is not None
    transaction = step.view.need(Element, thrower.parent)
    for boundary_id in step.process.boundaries.get(transaction.node.removesuffix(BODY), ()):
        boundary = step.process.nodes[boundary_id]
        if isinstance(boundary, BoundaryEvent) and isinstance(boundary.definition, Cancel):
            if transaction.loop_counter is not None and transaction.parent is not None:
                transaction = step.view.need(Element, transaction.parent)  # all turns are cancelled
            fire(step, transaction, boundary)
            return
    step.complete(thrower.key, flows=())


def _recall(step: Step, key: int, handler: str, thrower: int) -> None:
    step.emit(e.ElementSetAside(key, aside=False))
    element = step.view.need(Element, key)
    step.emit(e.ElementNoted(key, {**element.note, COMPENSATES: thrower}))
    element = step.view.need(Element, key)
    node = step.process.nodes[handler.removesuffix(BODY)]
    if isinstance(node, SubProcess) and node.triggered and element.node != handler:
        start = _compensation_start(step, element)
        note = {START: "" if start is None else start.id, COMPENSATES: key}
        step.create([(handler, None)], key, note=note)
    elif not compensate(step, element, None):
        step.push(ChildEnded(key))


def is_recalled(element: Element) -> bool:
    """Whether an element is a completed scope whose contents are being compensated."""
    return COMPENSATES in element.note and KEPT in element.note


def recalled_child_ended(step: Step, element: Element) -> None:
    """A handler inside a recalled scope has ended: with the last one it goes, and tells who recalled it."""
    if element.children:
        return
    for kept in step.view.children(element.key):
        terminate(step, kept.key, listeners=False, mappings=False)  # what a handler of its own left uncompensated
    close_attached(step, element)
    step.drop_variables(element.key)
    step.emit(e.ElementRemoved(element.key))
    step.push(ChildEnded(int(element.note[COMPENSATES]), element.key))


def _subscribe(step: Step, scope: Element, handler: str, kept: int | None = None) -> None:
    key = None if kept is None else str(kept)
    step.emit(e.SubscriptionOpened(subscription_for(step, scope, handler, KIND, None, key)))


def _scopes_of(step: Step, thrower: Element) -> list[Element]:
    """Where to look: the thrower's scope; through event sub-processes also what is around them.

    A scope that was recalled compensates what is in itself.
    """
    if is_recalled(thrower):
        return [thrower]
    assert thrower.parent is not None
    scope = step.view.need(Element, thrower.parent)
    found = [scope]
    while scope.parent is not None:
        node = _node(step, scope)
        if not isinstance(node, SubProcess) or not node.triggered or scope.node.endswith(BODY):
            break
        scope = step.view.need(Element, scope.parent)
        found.append(scope)
    return found


def _node(step: Step, element: Element) -> Node | None:
    return None if element.parent is None else step.node_of(element)


def _subscribed_as(step: Step, activity: str) -> str:
    """The node of the subscription that a completed activity leaves: its loop's body, its handler, or itself."""
    node = step.process.nodes[activity]
    if node.traits.loop is not None:
        return activity + BODY
    for sub_process in step.process.event_subprocesses.get(activity, ()):
        for start_id in step.process.starts.get(sub_process, ()):
            start = step.process.nodes[start_id]
            if isinstance(start, StartEvent) and isinstance(start.definition, Compensation):
                return sub_process
    return next(iter(_boundary_handlers(step, activity)), activity)


def _compensation_start(step: Step, element: Element) -> StartEvent | None:
    return next((x for x in event_starts(step, element) if isinstance(x.definition, Compensation)), None)
