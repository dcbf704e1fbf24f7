"""Where variables come from: what a node sets by name, and whether it may set anything besides.

A worker, a delegate, a form that is not part of the model and a message may bring any variable; a generated form, an
output parameter and a result variable bring those that they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from procession.bpmn.model import (
    BoundaryEvent,
    CallActivity,
    CatchEvent,
    Conditional,
    ConnectorWork,
    Copy,
    DecisionWork,
    DelegateWork,
    Error,
    Escalation,
    EventDefinition,
    ExpressionWork,
    ExternalWork,
    Form,
    Message,
    Node,
    Process,
    ReceiveTask,
    ScriptWork,
    Signal,
    StartEvent,
    SubProcess,
    ThrowEvent,
    UserTask,
    Work,
    WorkTask,
)
from procession.expressions import Expression
from procession.lint.paths import Paths
from procession.lint.project import Project

ALWAYS = frozenset(
    {"execution", "task", "caseExecution", "authenticatedUserId", "authenticatedGroupIds", "loopCounter"}
    | {"nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances"}
)
"""Names that the engine itself provides."""

_SETS = re.compile(r"setVariable(?:Local)?\(\s*['\"]([^'\"]+)['\"]")
_ASKS = re.compile(r"(?:get|has)Variable(?:Local)?\(\s*['\"]([^'\"]+)['\"]")


@dataclass(frozen=True, slots=True)
class Sources:
    """The names that are set. With `anything`, others may be set as well."""

    names: frozenset[str] = frozenset()
    anything: bool = False

    def __or__(self, other: Sources) -> Sources:
        return Sources(self.names | other.names, self.anything or other.anything)


ANYTHING = Sources(anything=True)
NOTHING = Sources()


def seen_at(process: Process, id_: str, paths: Paths, project: Project, *, leaving: bool) -> Sources:
    """What may be set when a token is at a node, or leaves it."""
    nodes = process.nodes
    found = Sources(ALWAYS | project.variables) | _of_listeners(process)
    for before in paths.before(id_) | ({id_} if leaving else set()):
        found |= sets(nodes[before], project)
    for around in (*paths.around(id_), *(() if leaving else (id_,))):
        found |= _inside(nodes[around])
    return found


def set_anywhere(process: Process, project: Project) -> dict[str, Node]:
    """Each name that some node of the process sets, with the first such node."""
    found: dict[str, Node] = {}
    for node in process.nodes.values():
        for name in sets(node, project).names:
            found.setdefault(name, node)
    return found


def reads(expression: Expression) -> frozenset[str]:
    """The variables without which the expression fails: not beans, and not what it asks for by a method."""
    asked = set(_ASKS.findall(expression.source))
    called = {
        name for name in expression.names if re.search(rf"\b{re.escape(name)}\s*\.\s*\w+\s*\(", expression.source)
    }
    return frozenset(expression.names - asked - called)


def sets(node: Node, project: Project) -> Sources:
    """What is set once the node has run."""
    traits = node.traits
    found = Sources(frozenset(assignment.target for assignment in traits.outputs))
    for listener in traits.listeners:
        found |= _work(listener.work)
    if traits.loop is not None and traits.loop.output_collection:
        found |= Sources(frozenset({traits.loop.output_collection}))
    match node:
        case StartEvent(definition=definition, form=form, initiator=initiator):
            found |= _form(form, project) if definition is None else _definition(definition)
            found |= Sources(frozenset({initiator} if initiator else ()))
        case UserTask(form=form):
            found |= _form(form, project)
        case WorkTask(work=work):
            found |= _work(work)
        case ReceiveTask():
            found |= ANYTHING
        case CallActivity(copies_out=copies):
            found |= _copies(copies)
        case CatchEvent(definition=definition) | BoundaryEvent(definition=definition):
            found |= _definition(definition)
        case ThrowEvent(definition=Message(work=work)) if work is not None:
            found |= _work(work)
    return found


def _of_listeners(process: Process) -> Sources:
    """What the listeners of the process itself set."""
    found = NOTHING
    for listener in process.listeners:
        found |= _work(listener.work)
    return found


def _inside(node: Node) -> Sources:
    """What can be seen inside an activity alone."""
    loop = node.traits.loop
    names = {assignment.target for assignment in node.traits.inputs}
    if loop is not None and loop.element_variable:
        names.add(loop.element_variable)
    if isinstance(node, SubProcess) and node.triggered:
        return Sources(frozenset(names), True)
    return Sources(frozenset(names))


def _form(form: Form | None, project: Project) -> Sources:
    if form is None:
        return ANYTHING
    fields = form.fields + form.unshown
    if fields:
        return Sources(frozenset(field.id for field in fields))
    if form.reference is not None and form.reference.key.constant:
        known = project.forms.get(form.reference.key.source)
        return ANYTHING if known is None else Sources(known)
    return ANYTHING


def _copies(copies: Iterable[Copy]) -> Sources:
    found = list(copies)
    return Sources(frozenset(copy.target for copy in found if copy.target), any(copy.all for copy in found))


def _definition(definition: EventDefinition) -> Sources:
    match definition:
        case Error(code_variable=code, message_variable=message):
            return Sources(frozenset(name for name in (code, message) if name))
        case Escalation(code_variable=code):
            return Sources(frozenset({code} if code else ()))
        case Message() | Signal():
            return ANYTHING
        case Conditional():
            return ANYTHING  # somebody set what it waited for
    return NOTHING


def _work(work: Work) -> Sources:
    match work:
        case ExternalWork() | DelegateWork() | ConnectorWork():
            return ANYTHING
        case DecisionWork(result_variable=result):
            return Sources(frozenset({result} if result else ()))
        case ExpressionWork(expression=expression, result_variable=result):
            return _named(result) | _text(expression.source)
        case ScriptWork(script=script, result_variable=result):
            if script.expression is None:
                return ANYTHING
            return _named(result) | _text(script.text)


def _named(result: str | None) -> Sources:
    return Sources(frozenset({result} if result else ()))


def _text(text: str) -> Sources:
    """What the text of an expression sets: by `setVariable` what it names, by a call with the execution anything."""
    names = _SETS.findall(text)
    return Sources(frozenset(names), bool(re.search(r"[(,]\s*(execution|task)\b", text)))
