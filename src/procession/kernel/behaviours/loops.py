"""Multi-instance: the body is a scope of its own around the turns of its activity.

`nrOfInstances`, `nrOfActiveInstances` and `nrOfCompletedInstances` live in the body, as does `loopCounter` of a sequential
loop; each turn of a parallel loop has its own `loopCounter` and element variable.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.bpmn.model import Loop, Node
from procession.errors import ExpressionFailed, NoNumber
from procession.kernel import events as e
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.compensation import is_recalled, recalled_child_ended
from procession.kernel.ending import leave_after, terminate_children
from procession.kernel.records import Element, Phase
from procession.kernel.stepping import Continue, Step
from procession.kernel.variables import find_variable, set_variable, typed

TOTAL, ACTIVE, DONE, COUNTER = "nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances", "loopCounter"
ENOUGH = "Multi instance completion condition satisfied."  # why Camunda 7 says that called instances went
SATISFIED = "satisfied"  # in a body's note: its completion condition holds
COUNTS = "counts"  # in a body's note: these numbers, where they are no variables


class LoopBody(Behaviour):
    """The body of a multi-instance activity."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        loop = node.traits.loop
        assert loop is not None
        items = None if loop.collection is None else _items(step, element, loop)
        total = _cardinality(step, element, loop) if items is None else len(items)
        if loop.output_collection is not None:
            set_variable(step, element.key, loop.output_collection, typed([None] * total), local=True)
        if total == 0:
            step.complete(element.key)
            return
        step.expect(element, total)
        at_once = 1 if loop.sequential else total
        _count(step, element, {TOTAL: total, DONE: 0, ACTIVE: at_once})
        turns = [begin_turn(step, element, node, loop, counter, items) for counter in range(at_once)]
        step.push_turns(turns)

    def child_ended(self, step: Step, element: Element, node: Node, child: int) -> None:
        loop = node.traits.loop
        assert loop is not None
        if is_recalled(element):
            recalled_child_ended(step, element)
            return
        if element.phase is not Phase.EXECUTE:
            return
        counts = _counts(step, element)
        total, done = counts[TOTAL], counts[DONE] + 1
        active = counts[ACTIVE] - (0 if loop.sequential else 1)
        _count(step, element, {DONE: done} if loop.sequential else {DONE: done, ACTIVE: active})
        # turns may have been added or taken away: only the count of those at work tells when a parallel loop is over
        over = done >= total if loop.sequential else active <= 0
        if not step.process.policies.results_outwards:
            holds = bool(step.view.need(Element, element.key).note.get(SATISFIED))  # its turns have looked at it
        else:
            holds = not over and satisfied(step, child if step.view.get(Element, child) else element.key, loop)
        if over or holds:
            if stay := terminate_children(step, element.key, ENOUGH):
                leave_after(step, element.key, stay, {"completes": True})
            else:
                step.complete(element.key)
        elif loop.sequential:
            items = None if loop.collection is None else _items(step, element, loop)
            step.push_next([begin_turn(step, element, node, loop, done, items)])
        else:
            step.look_at_conditions()

    def leaving(self, step: Step, element: Element, node: Node) -> None:
        loop = node.traits.loop
        if loop is not None and loop.output_collection is not None and element.parent is not None:
            found = step.view.variable(element.key, loop.output_collection)
            if found is not None:
                set_variable(step, element.parent, loop.output_collection, typed(found.value))


def satisfied(step: Step, scope: int, loop: Loop, ended: int = 0) -> bool:
    """Whether the completion condition holds, seen from a scope; `ended` are turns that are about to end."""
    if loop.completion is None:
        return False
    value = step.evaluate(scope, loop.completion, _shown_counts(step, scope, loop, ended))
    if not isinstance(value, bool):
        raise ExpressionFailed(
            f"completionCondition '{loop.completion.source}' does not evaluate to a boolean value",
            loop.completion.source,
        )
    return value


def look_at_completion(step: Step, element: Element, loop: Loop) -> None:
    """In Camunda 8 a turn that is about to end looks at the completion condition, with its own variables."""
    if loop.completion is None or step.process.policies.results_outwards or element.parent is None:
        return
    body = step.view.need(Element, element.parent)
    if not body.note.get(SATISFIED) and satisfied(step, element.key, loop, 1):
        step.emit(e.ElementNoted(body.key, {**body.note, SATISFIED: True}))


def _count(step: Step, body: Element, counts: Mapping[str, int]) -> None:
    """Takes down how many turns there are: in variables, or in the body's note where models do not see them."""
    if step.process.policies.counts_from_zero:
        for name, value in counts.items():
            set_variable(step, body.key, name, typed(value), local=True)
        return
    body = step.view.need(Element, body.key)
    step.emit(e.ElementNoted(body.key, {**body.note, COUNTS: {**body.note.get(COUNTS, {}), **counts}}))


def _counts(step: Step, body: Element) -> dict[str, int]:
    if not step.process.policies.counts_from_zero:
        return dict(step.view.need(Element, body.key).note.get(COUNTS, {}))
    variables = step.view.variables(body.key)
    return {name: int(variables[name].value) for name in (TOTAL, DONE, ACTIVE)}


def _shown_counts(step: Step, scope: int, loop: Loop, ended: int) -> dict[str, int] | None:
    """What a completion condition sees of the counts besides variables."""
    if step.process.policies.counts_from_zero:
        return None
    at = step.view.need(Element, scope)
    body = at if COUNTS in at.note or at.parent is None else step.view.need(Element, at.parent)
    counts = _counts(step, body)
    return {
        "numberOfInstances": counts[TOTAL],
        "numberOfActiveInstances": counts[ACTIVE] - ended,
        "numberOfCompletedInstances": counts[DONE] + ended,
        "numberOfTerminatedInstances": 0,
    }


def collect_output(step: Step, element: Element, loop: Loop) -> None:
    """Puts a turn's output element at its place in the body's output collection."""
    if loop.output_collection is None or loop.output_element is None or element.parent is None:
        return
    value = step.evaluate(element.key, loop.output_element)
    collection = list(step.view.variables(element.parent)[loop.output_collection].value)
    collection[element.loop_counter or 0] = value
    set_variable(step, element.parent, loop.output_collection, typed(collection), local=True)


def _cardinality(step: Step, element: Element, loop: Loop) -> int:
    assert loop.cardinality is not None
    value = step.evaluate(element.key, loop.cardinality)
    try:
        if isinstance(value, bool) or not isinstance(value, (int, float, str)):
            raise ExpressionFailed(
                f"Could not resolve loopCardinality expression '{loop.cardinality.source}': not a number nor number String"
            )
        total = int(value)
    except (ValueError, OverflowError):
        raise NoNumber(f'For input string: "{value}"') from None
    if total < 0:
        raise ExpressionFailed(
            f"ENGINE-02023 Invalid number of 'instances': must be positive integer value or zero, but was '{total}'.",
            loop.cardinality.source,
        )
    return total


def _items(step: Step, element: Element, loop: Loop) -> list[Any]:
    assert loop.collection is not None
    value = step.evaluate(element.key, loop.collection)
    if isinstance(value, str):
        # a name, whether written in the model or given by the expression
        variable = find_variable(step.view, element.key, value)
        value = None if variable is None else variable.value
    if not isinstance(value, (list, tuple)):
        raise ExpressionFailed(
            f"Variable or expression '{loop.collection.source}' is not a Collection", loop.collection.source
        )
    return list(value)


def begin_turn(step: Step, body: Element, node: Node, loop: Loop, counter: int, items: list[Any] | None) -> Continue:
    """Makes a turn of a loop with its variables; gives what makes it go on."""
    key = step.world.new_key()
    turn = Element(key, body.instance, body.key, node.id, loop_counter=counter)
    step.emit(e.ElementCreated(turn, step.definition or 0))
    policies = step.process.policies
    home = body.key if loop.sequential and policies.counts_from_zero else key
    first = 0 if policies.counts_from_zero else 1
    # where histories show what belongs to one turn: Camunda 7 at the body, Camunda 8 at the turn
    place = body.key if policies.counts_from_zero else None
    set_variable(step, home, COUNTER, typed(counter + first), local=True, place=place)
    if loop.output_variable is not None:
        set_variable(step, key, loop.output_variable, typed(None), local=True)
    if items is not None and loop.element_variable is not None and counter < len(items):
        set_variable(step, home, loop.element_variable, typed(items[counter]), local=True, place=place)
    return Continue(key, Phase.BEFORE)
