"""The positions inside an element, one after the other: what each does, and which comes next.

    BEFORE ─ ATTACH ─ INPUT* ─ START* ─ EXECUTE ┄ wait ┄ CONFIRM* ─ END* ─ OUTPUT* ─ LEAVE ─ AFTER ─ OUT

Phases without work (no mappings, no listeners) are stepped over. This file does not know what any element does: `behaviours`
does; nor what happens at EXECUTE or how long it takes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import Listener, Node, SubProcess
from procession.kernel import events as e
from procession.kernel.behaviours.events import TRIGGERED
from procession.kernel.behaviours.gateways import waits_to_join
from procession.kernel.carrying import CARRIED, carried, carry, settle
from procession.kernel.catching import START, interrupt
from procession.kernel.changing import CHANGING
from procession.kernel.compensation import COMPENSATES, completed
from procession.kernel.conditions import check, go_on_to_complete, look_at_own, look_before_leaving, stands_alone
from procession.kernel.ending import leave_after
from procession.kernel.incidents import STOPPED_BY, kind_of, raise_incident, stop
from procession.kernel.places import Place
from procession.kernel.records import Element, Life, Phase
from procession.kernel.roots import advance_root, finish
from procession.kernel.stepping import HELD, ChildEnded, Complete, Continue, Item, Step
from procession.kernel.waiting import (
    BOUNDARY_TIMER,
    SCOPE_TIMER,
    close_attached,
    create_continuation,
    open_waits,
    put_off,
)
from procession.kernel.work import run_listener

# on its class a member is looked up as slowly as a function is called
_ATTACH: Final = Phase.ATTACH
_EXECUTE: Final = Phase.EXECUTE
_END: Final = Phase.END
_OUTPUT: Final = Phase.OUTPUT
_ACTIVE: Final = Life.ACTIVE


def work_on(step: Step, item: Item) -> None:
    """Carries out one item of the agenda."""
    if isinstance(item, Continue):
        if step.rolls_back:
            advance(step, item)
            return
        error = step.attempt(item, advance)
        if error is not None:
            stop(step, item.element, item.phase, item.index, error)
    elif isinstance(item, ChildEnded):
        if step.rolls_back:
            _child_ended(step, item)
            return
        error = step.attempt(item, _child_ended)
        if error is not None:
            scope = step.view.need(Element, item.scope)
            step.emit(e.ElementNoted(scope.key, {**scope.note, STOPPED_BY: item.child}))
            raise_incident(step, scope.key, kind_of(error, Phase.EXECUTE), error.message, configuration=None)
    elif isinstance(item, Complete):
        go_on_to_complete(step, item)
    else:
        check(step, item)


def _child_ended(step: Step, item: ChildEnded) -> None:
    scope = step.view.get(Element, item.scope)
    if scope is None:
        return
    step.ending = item.scope if item.shared and not scope.children else None
    if scope.parent is not None:
        place = step.place_of(scope)
        place.behaviour.child_ended(step, scope, place.node, item.child)
    elif not scope.children:
        step.came_to_end = True
        if step.open != scope.key:
            finish(step, scope)
    if scope.note.get(CARRIED):
        settle(step, scope.key)


def advance(step: Step, item: Continue) -> None:
    """Does what is to be done at a position, and puts what follows on the agenda."""
    element = step.view.get(Element, item.element)
    if element is None:
        return  # it was cancelled in the meantime
    if element.parent is None:
        advance_root(step, element, item)
        return
    phase = item.phase
    if (phase is _END or phase is _OUTPUT) and element.life is _ACTIVE:
        step.rest(element.key, phase, item.index, Life.COMPLETING)  # its turn to complete has come
    _AT[phase](step, element, step.place_of(element), item)


def _before(step: Step, element: Element, place: Place, item: Continue) -> None:
    node = place.node
    if place.joins and waits_to_join(step, element, node):
        return
    flow = None if element.flow is None else step.process.flows[element.flow]
    listeners = () if flow is None else flow.listeners
    if item.index < len(listeners):
        _listen(step, element, Phase.BEFORE, item.index, listeners)
        return
    if step.changed and flow is not None and not element.note.get(TRIGGERED) and not place.clears:
        step.look_at_conditions(Continue(element.key, Phase.BEFORE, item.index))
        return
    if place.async_before:
        create_continuation(step, element, node, "async-before")
        step.rest(element.key, Phase.BEFORE, len(listeners))
    elif step.is_exhausted():
        put_off(step, element, node)
        step.rest(element.key, Phase.BEFORE, len(listeners))
    elif step.goes_straight():
        _attach(step, element, place, item)
    else:
        step.push(Continue(element.key, _ATTACH))


def _attach(step: Step, element: Element, place: Place, item: Continue) -> None:
    key, node = element.key, place.node
    if place.clears and element.parent and not step.process.policies.breadth_first:
        # what is beside it is cancelled before it begins
        reason = f"Interrupting activity Activity({node.id}) executed."
        if stay := interrupt(step, element.parent, reason, but=key):
            step.rest(key, _ATTACH)
            leave_after(step, element.parent, stay, {"goesOn": key})
            return
    following = place.first
    at_once = following is _EXECUTE and step.goes_straight()
    step.emit(e.ElementEntered(key, place.type, node.name, at_once))
    if COMPENSATES not in element.note or START in element.note:  # else its scope is not begun in Camunda 7
        if place.starts:
            open_waits(step, element, place.starts, SCOPE_TIMER)
        if place.boundaries:
            open_waits(step, element, place.boundaries, BOUNDARY_TIMER)
    if at_once and not step.answer.requests:
        _execute(step, step.view.need(Element, key), place, item)
    else:
        step.push(Continue(key, following))


def _input(step: Step, element: Element, place: Place, item: Continue) -> None:
    inputs, following = place.node.traits.inputs, item.index + 1
    if item.index < len(inputs):
        step.map(element, inputs[item.index])
    more = following < len(inputs)
    step.push(Continue(element.key, Phase.INPUT, following) if more else Continue(element.key, Phase.START))


def _start(step: Step, element: Element, place: Place, item: Continue) -> None:
    if not _listen(step, element, Phase.START, item.index, _of(place.node.traits.listeners, "start")):
        step.push(Continue(element.key, Phase.EXECUTE))


def _execute(step: Step, element: Element, place: Place, item: Continue) -> None:
    if step.watches and item.index == 0 and (step.look_at_conditions(item) or look_at_own(step, element)):
        return
    if element.life is not _ACTIVE or element.phase is not _EXECUTE:
        step.emit(e.ElementMoved(element.key, Phase.EXECUTE, 0, Life.ACTIVE))
        element = step.view.need(Element, element.key)
    if not element.note.get(HELD):
        place.behaviour.execute(step, element, place.node)


def _confirm(step: Step, element: Element, place: Place, item: Continue) -> None:
    listeners = place.node.traits.listeners
    if listeners:
        event = element.note.get(CHANGING, {}).get("event", "complete")
        if _listen(step, element, Phase.CONFIRM, item.index, _of(listeners, event)):
            return
    place.behaviour.confirmed(step, element, place.node)


def _end(step: Step, element: Element, place: Place, item: Continue) -> None:
    traits, body = place.node.traits, place.is_body
    if body or not _listen(step, element, Phase.END, item.index, _of(traits.listeners, "end")):
        mapped = traits.outputs and not body and step.process.policies.outputs_last
        following = Continue(element.key, Phase.OUTPUT if mapped else Phase.LEAVE)
        if not look_before_leaving(step, element, following):
            step.push(following)


def _output(step: Step, element: Element, place: Place, item: Continue) -> None:
    outputs = place.node.traits.outputs
    if item.index < len(outputs) and not place.is_body:
        step.map(element, outputs[item.index])
        step.push(Continue(element.key, Phase.OUTPUT, item.index + 1))
    else:
        step.push(Continue(element.key, Phase.LEAVE if step.process.policies.outputs_last else Phase.END))


def _after(step: Step, element: Element, place: Place, item: Continue) -> None:
    _out(step, element, place, tuple(element.note.get("flows", ())))


def _gone(step: Step, element: Element, place: Place, item: Continue) -> None:
    _out(step, element, place, ())


def _leave(step: Step, element: Element, place: Place, item: Continue) -> None:
    key, node, inner = element.key, place.node, place.is_turn
    flows = () if inner else step.chosen_flows(element)
    place.behaviour.leaving(step, element, node)
    if step.process.has_compensation and key not in step.cut_off:
        completed(step, element, node)
    now = step.view.need(Element, key)
    if now.attached:
        close_attached(step, element)
        now = step.view.need(Element, key)
    kept: Sequence[str] = ()
    if not now.variables:
        pass
    elif not inner:
        kept = carried(step, element, node) if flows else ()
        step.drop_variables(key, but=kept)
    elif isinstance(node, SubProcess) or waits_as_scope(node):
        own = None if node.traits.loop is None else node.traits.loop.element_variable
        step.drop_variables(key, but=("loopCounter", own))
    ends_path = (inner or not flows) and COMPENSATES not in element.note
    waits = place.async_after
    removed = not waits and not kept and node.traits.loop is None and step.goes_straight()
    step.emit(e.ElementCompleted(key, ends_path, removed))
    if waits:
        _wait_after(step, element, node, flows)
    else:
        _out(step, element, place, flows, removed)


def _wait_after(step: Step, element: Element, node: Node, flows: Sequence[str]) -> None:
    """Leaving waits for a job: one for each flow, each with a token of its own."""
    for index, part in enumerate([[flow] for flow in flows] or [[]]):
        key = element.key
        if index:
            key = step.world.new_key()
            twin = Element(key, element.instance, element.parent, element.node, life=Life.COMPLETED)
            step.emit(e.ElementCreated(twin, step.definition or 0))
        step.emit(e.ElementNoted(key, {**element.note, "flows": part}))
        create_continuation(step, step.view.need(Element, key), node, "async-after")
        step.rest(key, Phase.AFTER)


def _out(step: Step, element: Element, place: Place, flows: Sequence[str], removed: bool = False) -> None:
    """Tokens leave by the flows; the element goes if it is not `removed` yet, or tells its scope that its path has ended."""
    key, scope, node, inner = element.key, element.parent, place.node, place.is_turn
    assert scope is not None
    if flows:
        first = step.take(flows, scope)[0]
        if not removed and element.variables and not inner and (names := carried(step, element, node)):
            carry(step, element, names, first)
    if inner and node.traits.loop is not None and not node.traits.loop.sequential:
        # Camunda 7 shows the ended turns of a parallel loop until the loop ends
        step.rest(key, Phase.OUT)
    elif not removed:
        step.drop_variables(key)
        step.emit(e.ElementRemoved(key))
    if place.clears and step.process.policies.breadth_first:
        # what is beside it is cancelled when it has ended
        stay = interrupt(step, scope, f"Interrupting activity Activity({node.id}) executed.")
        leave_after(step, scope, stay, {"ends": True})
    if not flows:
        # a compensation handler tells the event that threw
        shared = step.process.has_conditions and not stands_alone(step, element)
        step.push(ChildEnded(int(element.note.get(COMPENSATES, scope)), key, shared))


def _listen(step: Step, element: Element, phase: Phase, index: int, listeners: Sequence[Listener]) -> bool:
    """Runs the listener at an index and goes on to the next; False where there is none left."""
    if index >= len(listeners):
        return False
    if run_listener(step, element, listeners[index]):
        step.push(Continue(element.key, phase, index + 1))
    else:
        step.rest(element.key, phase, index)
    return True


def _of(listeners: Sequence[Listener], event: str) -> Sequence[Listener]:
    return [x for x in listeners if x.event == event] if listeners else ()


_AT: Final[Mapping[Phase, Callable[[Step, Element, Place, Continue], None]]] = {
    Phase.BEFORE: _before,
    Phase.ATTACH: _attach,
    Phase.INPUT: _input,
    Phase.START: _start,
    Phase.EXECUTE: _execute,
    Phase.CONFIRM: _confirm,
    Phase.END: _end,
    Phase.OUTPUT: _output,
    Phase.LEAVE: _leave,
    Phase.AFTER: _after,
    Phase.OUT: _gone,
}
"""What is done at each position."""
