"""Gateways: which flows a token leaves by, and how tokens join.

A parallel join counts arrivals in its scope, whatever flow they came by, as Camunda 7 does. An inclusive join lets its
tokens go when as many as it has flows have come, or when no other token of the scope can still reach it; it looks only when
a token arrives.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from procession.bpmn.graph import can_reach
from procession.bpmn.model import CatchEvent, Node, ParallelGateway
from procession.errors import ExecutionFailed
from procession.kernel import events as e
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.behaviours.events import TRIGGERED
from procession.kernel.commands import NO_VALUES, Values
from procession.kernel.ending import JOINED
from procession.kernel.records import ASIDE, Element, Life, Phase
from procession.kernel.state import View
from procession.kernel.stepping import BODY, Step
from procession.kernel.variables import set_variables
from procession.kernel.waiting import CATCH_TIMER, close_attached, open_waits
from procession.kernel.work import run_end_listeners


class Exclusive(Behaviour):
    """The first flow whose condition holds, in the order of the model, else the default."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        several = len(node.outgoing) > 1 and not step.process.policies.conditions_differ
        for flow_id in node.outgoing:
            flow = step.process.flows[flow_id]
            if several and flow.condition is None:
                continue  # in Camunda 8 none but the default needs no condition
            if flow_id != node.default and step.condition_holds(element.key, flow):
                step.complete(element.key, flows=(flow_id,))
                return
        if node.default is not None:
            step.complete(element.key, flows=(node.default,))
        elif not node.outgoing:
            step.complete(element.key, flows=())
        else:
            raise ExecutionFailed(
                f"ENGINE-02004 No outgoing sequence flow for the element with id '{node.id}' could be selected for continuing "
                "the process.",
                incident="conditionError",
            )


class Parallel(Behaviour):
    """Fork on all flows; join when as many tokens have arrived as there are incoming flows."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        if len(node.incoming) <= 1 or step.process.policies.breadth_first:
            step.complete(element.key, flows=node.outgoing)
            return
        scope = _arrive(step, element)
        if scope.arrived[element.node] >= len(node.incoming):
            _join(step, scope, element, node.outgoing)


class Inclusive(Behaviour):
    """Fork on every flow whose condition holds; join when no other token can come."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        if len(node.incoming) > 1 and not step.process.policies.breadth_first:
            scope = _arrive(step, element)
            enough = scope.arrived[element.node] >= len(node.incoming)
            if not enough and may_come(step, scope, element):
                return
            _join(step, scope, element, self._flows(step, element, node))
            return
        step.complete(element.key, flows=self._flows(step, element, node))

    def _flows(self, step: Step, element: Element, node: Node) -> list[str]:
        if len(node.outgoing) == 1 and node.default is None and step.process.flows[node.outgoing[0]].condition is None:
            return list(node.outgoing)
        chosen = [
            flow
            for flow in node.outgoing
            if flow != node.default and step.condition_holds(element.key, step.process.flows[flow])
        ]
        if not chosen and node.default is not None:
            return [node.default]
        if not chosen and node.outgoing:
            raise ExecutionFailed(
                f"ENGINE-02004 No outgoing sequence flow for the element with id '{node.id}' could be selected for continuing "
                "the process."
            )
        return chosen


def may_come(step: Step, scope: Element, element: Element) -> bool:
    """True where a token elsewhere in the scope can reach this gateway."""
    for other in step.view.children(scope.key):
        if other.node == element.node and other.note.get(JOINED):
            continue
        if other.note.get(ASIDE):
            continue
        at = other.node.removesuffix(BODY)
        if other.node == element.node and other.phase is Phase.BEFORE:
            return True
        if can_reach(step.process, at, element.node):
            return True
    return False


def waits_to_join(step: Step, element: Element, node: Node) -> bool:
    """At a join that begins only when all have come: True while this token waits for others; else it is all that came."""
    if element.flow is None:
        return False
    if element.note.get(JOINED):
        return True
    scope = _arrive(step, element)
    waiting = [x for x in step.view.children(scope.key, element.node) if x.note.get(JOINED)]
    came = {x.flow: x for x in reversed(waiting) if x.key != element.key} | {element.flow: element}
    if len(came) < len(node.incoming) and (
        isinstance(node, ParallelGateway) or may_come(step, scope, step.view.need(Element, element.key))
    ):
        return True
    joined = list(came.values()) if isinstance(node, ParallelGateway) else waiting
    step.emit(e.TokenArrived(scope.key, element.node, -len(joined)))
    for other in joined:
        if other.key != element.key:
            step.emit(e.ElementRemoved(other.key))
    note = step.view.need(Element, element.key).note
    step.emit(e.ElementNoted(element.key, {name: value for name, value in note.items() if name != JOINED}))
    return False


class EventBased(Behaviour):
    """Waits for the first of the events behind it."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        open_waits(step, element, _targets(step, node), CATCH_TIMER)

    def triggered(self, step: Step, element: Element, node: Node, event: Node, brings: Values = NO_VALUES) -> None:
        parent = element.parent
        assert parent is not None
        run_end_listeners(step, element)
        close_attached(step, element)
        step.drop_variables(element.key)
        flow: str | None = None
        if step.process.policies.breadth_first:
            # in Camunda 8 it completes, and takes no flow
            step.rest(element.key, Phase.END, 0, Life.COMPLETING)
            step.emit(e.ElementCompleted(element.key))
        else:
            step.emit(e.ElementTerminated(element.key))
            flow = next(f for f in node.outgoing if step.process.flows[f].target == event.id)
        (happening,) = step.create([(event.id, flow)], parent, note={TRIGGERED: True})
        set_variables(step, happening, brings, local=True)
        step.emit(e.ElementRemoved(element.key))


def _targets(step: Step, node: Node) -> Iterable[CatchEvent]:
    for flow in node.outgoing:
        target = step.process.nodes[step.process.flows[flow].target]
        if isinstance(target, CatchEvent):
            yield target


def _arrive(step: Step, element: Element) -> Element:
    assert element.parent is not None
    step.emit(e.ElementNoted(element.key, {**element.note, JOINED: True}))
    step.emit(e.TokenArrived(element.parent, element.node, 1))
    return _scope(step.view, element)


def _scope(view: View, element: Element) -> Element:
    assert element.parent is not None
    return view.need(Element, element.parent)


def _join(step: Step, scope: Element, element: Element, flows: Sequence[str]) -> None:
    """All tokens that wait here become the one that came last."""
    waiting = [x for x in step.view.children(scope.key, element.node) if x.note.get(JOINED)]
    step.emit(e.TokenArrived(scope.key, element.node, -len(waiting)))
    for other in waiting:
        if other.key != element.key:
            run_end_listeners(step, other)
            step.emit(e.ElementMoved(other.key, Phase.END, 0, Life.COMPLETING))
            step.emit(e.ElementCompleted(other.key, scope_completed=not flows))
            step.emit(e.ElementRemoved(other.key))
    step.emit(e.ElementNoted(element.key, {}))
    step.complete(element.key, flows=tuple(flows))
