"""Local variables on the way: what a token beside others has set locally goes on with it, as in Camunda 7.

There a branch of a fork is one execution: what is set locally at a simple activity of it is seen by all that follow, up to
the join, and belongs to the scope once the branch is alone. An activity that is a scope of its own sees it too, and hands it
on. At a fork it stays with the first flow; at a join it goes.
"""

from __future__ import annotations

from procession.bpmn.activity_types import waits_as_scope
from procession.bpmn.model import (
    CallActivity,
    CatchEvent,
    EventGateway,
    InclusiveGateway,
    Node,
    ParallelGateway,
    SubProcess,
)
from procession.kernel import events as e
from procession.kernel.ending import has_scope
from procession.kernel.records import ASIDE, Element
from procession.kernel.stepping import BODY, Step

CARRIED = "carried"
"""In the note of an activity that is a scope: names of variables in it that came with its token; in the note of a scope:
somewhere inside something is carried."""


def carried(step: Step, element: Element, node: Node) -> tuple[str, ...]:
    """The names of the local variables that go on with the token when it leaves the element."""
    if not element.variables or not step.process.policies.engine_objects:
        return ()
    names = tuple(step.view.variables(element.key))
    if is_scope(step, element, node):
        own = element.note.get(CARRIED) or ()
        return tuple(name for name in names if name in own)
    return names


def is_scope(step: Step, element: Element, node: Node) -> bool:
    """Whether Camunda 7 gives the activity an execution of its own below that of its path."""
    if element.node.endswith(BODY) or isinstance(node, SubProcess | CallActivity | CatchEvent | EventGateway):
        return True
    return waits_as_scope(node) or has_scope(step, element)


def carry(step: Step, element: Element, names: tuple[str, ...], target: int) -> None:
    """Hands variables of an element on to the one that its token is at now; a join takes none."""
    to = step.view.need(Element, target)
    node = step.node_of(to)
    if isinstance(node, ParallelGateway | InclusiveGateway) and len(node.incoming) > 1:
        return
    found = step.view.variables(element.key)
    step.emit(e.VariablesCarried(element.key, target, tuple(found[name].key for name in names)))
    to = step.view.need(Element, target)
    if to.parent is not None and is_scope(step, to, node):
        step.emit(e.ElementNoted(target, {**to.note, CARRIED: list(names)}))
    scope = None if to.parent is None else step.view.need(Element, to.parent)
    if scope is not None and not scope.note.get(CARRIED):
        step.emit(e.ElementNoted(scope.key, {**scope.note, CARRIED: True}))


def settle(step: Step, scope: int) -> None:
    """Where one token is left in a scope, what it carries belongs to the scope."""
    host = step.view.get(Element, scope)
    if host is None or host.children != 1 or not host.note.get(CARRIED):
        return
    last = next((x for x in step.view.children(scope) if not x.note.get(ASIDE)), None)
    if last is None:
        return
    names = carried(step, last, step.node_of(last))
    known = step.view.variables(scope)
    free = tuple(name for name in names if name not in known)
    if free:
        found = step.view.variables(last.key)
        step.emit(e.VariablesCarried(last.key, scope, tuple(found[name].key for name in free)))
