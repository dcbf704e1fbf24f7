"""Tokens put where no flow led them: before a node or onto a flow of a running instance, and tokens taken away.

What is started goes into the scope that its node lies in. Scopes around it that are not there yet are opened first, from the
outside inwards: they begin as usual, but what they would do by themselves is left out. Interrupting events interrupt, as if
they had happened. This file does not know who asks, nor what becomes of the instance afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procession.bpmn.model import (
    AdHocInner,
    BoundaryEvent,
    CatchEvent,
    Conditional,
    EventGateway,
    Flow,
    Message,
    Node,
    Process,
    Signal,
    StartEvent,
    SubProcess,
    Timer,
)
from procession.errors import ExecutionFailed, Invalid
from procession.kernel import commands as c
from procession.kernel import events as e
from procession.kernel.behaviours.events import TRIGGERED
from procession.kernel.behaviours.loops import ACTIVE, DONE, TOTAL, begin_turn
from procession.kernel.catching import START, fire
from procession.kernel.ending import has_scope, terminate, terminate_children
from procession.kernel.records import ASIDE, Element, Phase
from procession.kernel.stepping import BODY, HELD, Continue, Step
from procession.kernel.variables import set_variable, set_variables, typed

RESTING = (Phase.BEFORE, Phase.AFTER, Phase.OUT)
"""Phases in which an element is a transition instance: between activities."""


class Misplaced(Invalid):
    """An instruction names something that is not there, or not where it is said to be."""


def elements_of(step: Step, root: int) -> list[Element]:
    """Every live element of an instance, outer ones first."""
    found, waiting = [], [step.view.need(Element, root)]
    while waiting:
        element = waiting.pop(0)
        if not element.note.get(ASIDE):
            found.append(element)
            waiting.extend(step.view.children(element.key))
    return found


# ---------------------------------------------------------------- starting


def place(step: Step, root: int, start: c.StartAt) -> None:
    """Starts before a node or on a flow, and runs until everything waits. Raises Misplaced, or ExecutionFailed."""
    at, flow = target_of(step, start)
    scope = scope_around(step.process, at) if flow is None else step.process.nodes[flow.target].scope
    host, missing = _ancestor(step, root, start, at, scope)
    _refuse_concurrency(step, missing[0] if missing else at, flow)
    if flow is None and _interrupt(step, host, missing, at):
        return
    reused = host.parent is None and not host.children
    inner = open_scopes(step, host, missing)
    set_variables(step, inner.key, start.variables)
    local_to = inner.key if missing or reused else None
    if local_to is not None and not inner.node.endswith(BODY):
        set_variables(step, local_to, start.local_variables, local=True)
        created = _put(step, inner, at, flow)
    else:
        created = _put(step, inner, at, flow)
        set_variables(step, created, start.local_variables, local=True)
    step.run()


def target_of(step: Step, start: c.StartAt) -> tuple[str, Flow | None]:
    """The node to start before, or the flow to take."""
    process = step.process
    definition = step.world.definition_id(step.definition or 0)
    if start.where == "flow":
        if start.node not in process.flows:
            raise Misplaced(
                f"{start.label}; Element '{start.node}' does not exist in process '{definition}': element is null"
            )
        return process.flows[start.node].target, process.flows[start.node]
    node = process.nodes.get(start.node.removesuffix(BODY))
    if node is None or (start.node.endswith(BODY) and node.traits.loop is None):
        missing = (
            f"Activity '{start.node}' does not exist: activity is null"
            if start.where == "after"
            else f"Element '{start.node}' does not exist in process '{definition}': element is null"
        )
        raise Misplaced(f"{start.label}; {missing}")
    if start.where == "before":
        return start.node, None
    # the flows behind a loop are its body's
    outgoing = () if node.traits.loop is not None and not start.node.endswith(BODY) else node.outgoing
    if len(outgoing) != 1:
        why = "no outgoing sequence flow to take" if not outgoing else "more than one outgoing sequence flow"
        raise ExecutionFailed(f"Cannot start after activity {start.node}; activity has {why}")
    flow = process.flows[outgoing[0]]
    return flow.target, flow


def scope_around(process: Process, at: str) -> str:
    """The scope in which an activity's elements live: a loop's body is the scope of its turns."""
    node = process.nodes[at.removesuffix(BODY)]
    return at + BODY if node.traits.loop is not None and not at.endswith(BODY) else node.scope


def _ancestor(step: Step, root: int, start: c.StartAt, at: str, scope: str) -> tuple[Element, list[str]]:
    """The open scope to start in, and the scopes that have to be opened inside it, outermost first."""
    alive = [x for x in elements_of(step, root) if x.phase is Phase.EXECUTE]
    missing: list[str] = []
    wanted = None
    if start.ancestor is not None:
        key, name = start.ancestor
        wanted = next((x for x in elements_of(step, root) if x.key == key and x.phase not in RESTING), None)
        if wanted is None:
            raise Misplaced(
                f"{start.label}; Ancestor activity instance '{name}' does not exist: ancestorInstance is null"
            )
    while True:
        found = [x for x in alive if x.node == scope or (scope == step.process.id and x.parent is None)]
        if wanted is None and isinstance(step.process.nodes.get(scope), AdHocInner):
            found = []  # what is begun in an ad-hoc sub-process has a scope of its own
        if wanted is not None:
            if wanted in found:
                return wanted, missing[::-1]
            if scope == step.process.id:
                name = "" if start.ancestor is None else start.ancestor[1]
                raise Misplaced(
                    f"{start.label}; Scope execution for '{name}' cannot be found in parent hierarchy of flow element "
                    f"'{start.node}'"
                )
        elif len(found) > 1:
            raise ExecutionFailed(f"Ancestor activity execution is ambiguous for activity Activity({scope})")
        elif found:
            return found[0], missing[::-1]
        missing.append(scope)
        scope = scope_around(step.process, scope)


def _refuse_concurrency(step: Step, outermost: str, flow: Flow | None) -> None:
    around = scope_around(step.process, outermost) if flow is None or outermost != flow.target else ""
    if around.endswith(BODY):
        loop = step.process.nodes[around.removesuffix(BODY)].traits.loop
        if loop is not None and loop.sequential:
            raise ExecutionFailed(f"Concurrent instantiation not possible for activities in scope {around}")


def _interrupt(step: Step, host: Element, missing: Sequence[str], at: str) -> bool:
    """Where what is started is an interrupting event, it interrupts. True where that started it already."""
    node = step.process.nodes[at.removesuffix(BODY)]
    event: Node | None = None
    if isinstance(node, StartEvent) and len(missing) == 1:
        event = node
    elif isinstance(node, SubProcess) and node.triggered and not missing:
        event = next((n for n in map(step.process.nodes.get, step.process.starts[node.id]) if n is not None), None)
    if isinstance(event, StartEvent) and event.scope in step.process.nodes:
        sub_process = step.process.nodes[event.scope]
        if isinstance(sub_process, SubProcess) and sub_process.triggered and event.interrupting:
            if host.parent is None:
                # an instance that is being modified goes on waiting for what could interrupt it
                terminate_children(step, host.key, f"Interrupting activity Activity({event.scope}) executed.")
                step.create([(event.scope, None)], host.key, note={START: event.id})
            else:
                fire(step, host, event)
            step.run()
            return True
    if missing:
        return False
    cancelled = _event_scope(step, node)
    if cancelled is not None:
        found = step.view.children(host.key, cancelled)
        if len(found) > 1:
            raise ExecutionFailed(f"Executions for activity Activity({cancelled}) ambiguous")
        for element in found:
            terminate(
                step, element.key, f"Cancelling activity Activity({node.id}) executed.", "deleted",
                listeners=step.listens, mappings=step.maps,
            )  # fmt: skip
    return False


def _event_scope(step: Step, node: Node) -> str | None:
    """What an interrupting boundary event, or an event behind an event-based gateway, takes the place of."""
    if isinstance(node, BoundaryEvent) and node.interrupting:
        host = step.process.nodes[node.attached_to]
        return host.id + BODY if host.traits.loop is not None else host.id
    gateway = _race_before(step, node)
    return None if gateway is None else gateway.id


def _race_before(step: Step, node: Node) -> EventGateway | None:
    if not isinstance(node, CatchEvent) or not isinstance(node.definition, Message | Signal | Timer | Conditional):
        return None
    for flow in node.incoming:
        source = step.process.nodes[step.process.flows[flow].source]
        if isinstance(source, EventGateway):
            return source
    return None


def open_scopes(step: Step, host: Element, scopes: Sequence[str]) -> Element:
    """Opens scopes inside one another; gives the innermost."""
    for scope in scopes:
        node = step.process.nodes[scope.removesuffix(BODY)]
        if host.node.endswith(BODY):
            key = _add_turn(step, host, node)
        else:
            key = step.world.new_key()
            step.emit(e.ElementCreated(Element(key, host.instance, host.key, scope), step.definition or 0))
        note: dict[str, Any] = {HELD: True}
        if isinstance(node, SubProcess) and node.triggered:
            note[START] = step.process.starts[node.id][0]
        step.emit(e.ElementNoted(key, note))
        step.push(Continue(key, Phase.ATTACH))
        step.run()
        host = step.view.need(Element, key)
        if scope.endswith(BODY):
            for name in (TOTAL, DONE, ACTIVE):
                set_variable(step, key, name, typed(0), local=True)
    return host


def _put(step: Step, scope: Element, at: str, flow: Flow | None) -> int:
    """Puts the token there; gives its element."""
    node = step.process.nodes[at.removesuffix(BODY)]
    if scope.node.endswith(BODY) and flow is None:
        key = _add_turn(step, scope, node)
        step.push(Continue(key, Phase.BEFORE))
        return key
    note = {TRIGGERED: True} if flow is None and _race_before(step, node) is not None else None
    step.create([(node.id, None if flow is None else flow.id)], scope.key, note=note)
    return max(child.key for child in step.view.children(scope.key))


def _add_turn(step: Step, body: Element, node: Node) -> int:
    """One more turn of a loop, beyond those that its collection or cardinality gave it."""
    loop = node.traits.loop
    assert loop is not None
    variables = step.view.variables(body.key)
    total = int(variables[TOTAL].value)
    active = 1 if loop.sequential else int(variables[ACTIVE].value) + 1
    set_variable(step, body.key, TOTAL, typed(total + 1), local=True)
    set_variable(step, body.key, ACTIVE, typed(active), local=True)
    return begin_turn(step, body, node, loop, total, None).element


# ---------------------------------------------------------------- cancelling


def displace(step: Step, key: int, reason: str) -> None:
    """Takes an element away, with every scope around it in which nothing else is left. The root stays, however empty."""
    element = step.view.need(Element, key)
    while element.parent is not None:
        parent = step.view.need(Element, element.parent)
        if parent.children > 1 or parent.parent is None:
            break
        element = parent
    assert element.parent is not None
    parent = step.view.need(Element, element.parent)
    # Camunda 7 tells a task why it went only where its activity was alone and no scope of its own
    alone = parent.parent is None and parent.children == 1 and not element.children
    alone = alone and not has_scope(step, element)
    told = reason if alone else "deleted"
    terminate(step, element.key, reason, told, listeners=step.listens, mappings=step.maps, tasks_first=alone)
    if parent.node.endswith(BODY):
        active = step.view.variable(parent.key, ACTIVE)
        if active is not None:
            set_variable(step, parent.key, ACTIVE, typed(int(active.value) - 1), local=True)


def instances_at(step: Step, root: int, node: str) -> list[int]:
    """Every activity instance at a node, then every transition instance."""
    found = [x for x in elements_of(step, root) if x.node == node and x.parent is not None]
    return [x.key for x in found if x.phase not in RESTING] + [x.key for x in found if x.phase in RESTING]


def transition_at(step: Step, root: int, key: int) -> int | None:
    """The element that is shown as a transition instance by this key: its own, or its scope's where it is alone."""
    for element in elements_of(step, root):
        if element.phase in RESTING and element.parent is not None:
            parent = step.view.need(Element, element.parent)
            if element.key == key or (parent.key == key and parent.children == 1):
                return element.key
    return None
