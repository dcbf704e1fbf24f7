"""Who catches what is thrown or happens: boundary events and event sub-processes, asked from an element outwards.

At a scope its event sub-processes come before the boundary events on it. What is thrown inside an event sub-process is
never caught by that same event sub-process.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from procession.bpmn.model import BoundaryEvent, Node, StartEvent
from procession.errors import ExecutionFailed
from procession.kernel import events as e
from procession.kernel.ending import leave_after, terminate, terminate_children
from procession.kernel.places import starts_in
from procession.kernel.records import ASIDE, Element, Job, Phase, Subscription, Wait
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import set_variables
from procession.values import TypedValue

INTERRUPTED = "interrupted"  # in a sub-process' note: its own start event is not begun any more
START = "start"  # in an event sub-process' note: the start event that began it

Catcher = BoundaryEvent | StartEvent


def catchers(step: Step, element_key: int) -> Iterator[tuple[Element, Catcher]]:
    """Every event that could catch something from an element, nearest first, with the element that it belongs to."""
    came_from: Element | None = None
    element: Element | None = step.view.need(Element, element_key)
    while element is not None:
        for start in event_starts(step, element):
            if came_from is None or came_from.node != start.scope:
                yield element, start
        if element.parent is None:
            return
        node = step.node_of(element)
        if node.traits.loop is None or element.node.endswith(BODY):
            for boundary_id in step.process.boundaries.get(node.id, ()):
                boundary = step.process.nodes[boundary_id]
                if isinstance(boundary, BoundaryEvent):
                    yield element, boundary
        came_from, element = element, step.view.get(Element, element.parent)


def event_starts(step: Step, element: Element) -> Sequence[StartEvent]:
    """The start events of the event sub-processes directly inside a scope."""
    return starts_in(step.process, step.process.id) if element.parent is None else step.place_of(element).starts


def fire(step: Step, host: Element, catcher: Node, brings: Mapping[str, TypedValue] | None = None) -> int:
    """Lets an event happen that belongs to `host`; gives the scope in which its token now is.

    What the event `brings` are variables of the event's own element.
    """
    from procession.kernel.work import run_end_listeners

    match catcher:
        case BoundaryEvent():
            assert host.parent is not None
            scope = host.parent
            reason = f"Cancel scope activity Activity({catcher.id}) executed."
            if catcher.interrupting and not terminate(step, host.key, reason, "deleted"):
                leave_after(step, scope, [host.key], {"event": catcher.id, "brings": dict(brings or {})})
            else:
                happen(step, scope, catcher, brings or {})
            return scope
        case StartEvent():
            stay: list[int] = []
            if catcher.interrupting:
                stay = interrupt(step, host.key, f"Interrupting activity Activity({catcher.scope}) executed.")
                if host.phase is not Phase.EXECUTE:
                    step.emit(e.ElementNoted(host.key, {**host.note, INTERRUPTED: True}))
                    if step.process.policies.ends_when_cancelled and not step.is_root(host):
                        run_end_listeners(step, host)  # Camunda 7 has it end, although it goes on
            if stay:
                leave_after(step, host.key, stay, {"event": catcher.id, "brings": dict(brings or {})})
            else:
                happen(step, host.key, catcher, brings or {})
            return host.key
    raise ExecutionFailed(f"'{catcher.id}' is no event that interrupts")


def happen(step: Step, scope: int, catcher: Catcher, brings: Mapping[str, TypedValue]) -> None:
    """A token stands at the event, or at the event sub-process that it starts; what it interrupts is gone."""
    if isinstance(catcher, BoundaryEvent):
        (begun,) = step.create([(catcher.id, None)], scope)
    else:
        (begun,) = step.create([(catcher.scope, None)], scope, note={START: catcher.id})
    set_variables(step, begun, brings, local=True)


def interrupt(step: Step, scope: int, reason: str, *, but: int | None = None) -> list[int]:
    """Cancels what is inside a scope. It waits for nothing any more that could start an event sub-process in it.

    In Camunda 7 it does not wait for its boundary events either. Gives the keys of what stays until listeners have answered.
    """
    from procession.kernel.work import run_end_listeners

    inside = [x for x in step.view.children(scope) if not x.note.get(ASIDE)]
    if len(inside) == 1 and inside[0].phase is Phase.BEFORE and step.process.policies.ends_when_cancelled:
        run_end_listeners(step, inside[0])  # Camunda 7 has it end, although it never began
    stay = terminate_children(step, scope, reason, but=but)
    host = step.view.need(Element, scope)
    starts = {start.id for start in event_starts(step, host)}
    for kind, key in host.attached:
        waits: Job | Subscription
        if kind is Wait.JOB:
            waits = step.view.need(Job, key)
            over: e.Event = e.JobEnded(waits, "deleted")
        elif kind is Wait.SUBSCRIPTION:
            waits = step.view.need(Subscription, key)
            over = e.SubscriptionClosed(key)
            if waits.kind == "compensate":
                continue
        else:
            continue
        if step.process.policies.interrupted_is_deaf or waits.node in starts:
            step.emit(over)
    return stay
