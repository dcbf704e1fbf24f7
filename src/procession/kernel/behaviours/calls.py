"""Call activities: ask for another instance, wait for its end, take over its results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from procession.bpmn.model import CallActivity, Copy, Node
from procession.errors import ExpressionFailed
from procession.expressions import Expression
from procession.kernel.behaviours.behaviour import Behaviour
from procession.kernel.commands import Values
from procession.kernel.records import Element
from procession.kernel.results import take_results as hand_over
from procession.kernel.stepping import Step
from procession.kernel.variables import find_variable, set_variable, typed, visible
from procession.kernel.work import call_delegate
from procession.kernel.world import CallProcess, World
from procession.values import TypedValue


class Calling(Behaviour):
    """A call activity; `engine.routing` finds and starts what it calls."""

    def execute(self, step: Step, element: Element, node: Node) -> None:
        assert isinstance(node, CallActivity)
        instance = step.instance_of(element)
        key = step.text(element.key, node.called.key)
        if not key:
            raise ExpressionFailed(f"The call activity '{node.id}' names no process", node.called.key.source)
        variables: dict[str, TypedValue] = {}
        for copy in node.copies_in:
            variables.update(copied(step, element.key, copy))
        if node.mapping is not None:
            given = call_delegate(step, element, node.mapping)
            variables.update(
                {name: typed(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
            )
        step.request(
            CallProcess(
                element=element.key,
                instance=instance.key,
                root=instance.root,
                definition=instance.definition,
                key=key,
                called=node.called,
                version=step.text(element.key, node.called.version),
                tenant=_tenant(step, element.key, node.called.tenant, instance.tenant),
                business_key=step.text(element.key, node.business_key),
                variables=variables,
            )
        )


def finish_call(step: Step, element: Element, variables: Values) -> None:
    """Takes over the results of the called instance and completes the call activity."""
    take_results(step, element, variables)
    step.complete(element.key)


def take_results(step: Step, element: Element, variables: Values) -> None:
    """Carries out the `out` mappings of a call activity over the variables of the called instance."""
    node = step.node_of(element)
    if not isinstance(node, CallActivity):
        return
    # the turns of a sequential loop share the body's execution in Camunda 7, and what is local to it
    if not step.process.policies.results_outwards:
        hand_over(step, element.key, variables if node.copies_out else {})
        return
    loop = node.traits.loop
    shared = element.parent if loop is not None and loop.sequential else None
    for copy in node.copies_out:
        scope = shared if copy.local and shared is not None else element.key
        for name, value in _results(step.world, copy, variables).items():
            set_variable(step, scope, name, value, local=copy.local)


def _tenant(step: Step, scope: int, expression: Expression | None, own: str | None) -> str | None:
    return own if expression is None else step.text(scope, expression)


def copied(step: Step, scope: int, copy: Copy) -> dict[str, TypedValue]:
    """What one `in` mapping hands over from a scope."""
    view = step.view
    if copy.all:
        found = view.variables(scope) if copy.local else visible(view, scope)
        return {name: TypedValue(v.type, v.value, v.info, v.transient) for name, v in found.items()}
    target = copy.target or copy.source or ""
    if copy.expression is not None:
        return {target: typed(step.evaluate(scope, copy.expression))}
    source = copy.source or ""
    variable = view.variable(scope, source) if copy.local else find_variable(view, scope, source)
    return {
        target: TypedValue("Null", None)
        if variable is None
        else TypedValue(variable.type, variable.value, variable.info, variable.transient)
    }


def _results(world: World, copy: Copy, variables: Values) -> dict[str, TypedValue]:
    if copy.all:
        return dict(variables)
    target = copy.target or copy.source or ""
    if copy.expression is not None:
        return {target: typed(copy.expression.evaluate(_Called(world, variables)))}
    return {target: variables.get(copy.source or "", TypedValue("Null", None))}


class _Called:
    """What an output expression of a call sees: the called instance's variables as it ended."""

    def __init__(self, world: World, variables: Values) -> None:
        self._world = world
        self._variables: Mapping[str, TypedValue] = variables

    def resolve(self, name: str) -> Any:
        found = self._variables.get(name)
        return self._world.bean(name) if found is None else found.value

    def now(self) -> Any:
        return self._world.now
