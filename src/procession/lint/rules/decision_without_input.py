"""Decisions have something to decide by.

A decision table without inputs gives the same answer always; an input without an expression is null for every instance. And a
business rule task must find the variables that the inputs of its decision read: what nothing before it sets is null, or fails.

**Instead:** give the table its inputs and every input its expression; set the variables before the task, by input parameters of
the task for example.
"""

from __future__ import annotations

from collections.abc import Iterator

from procession import feel, juel
from procession.bpmn.model import DecisionWork, Node, Process, WorkTask
from procession.dmn.model import Decision, Definitions, Table, Text
from procession.errors import ExpressionFailed
from procession.lint.finding import Fault, at
from procession.lint.paths import Paths
from procession.lint.project import File, Project
from procession.lint.rules.unknown_variable import unknown
from procession.lint.sources import reads, seen_at, set_anywhere


def check(file: File, project: Project) -> Iterator[Fault]:
    """Tables without inputs, and tasks whose decision lacks one."""
    if file.decisions is not None:
        for decision in file.decisions.decisions.values():
            yield from _table(decision)
    for process in file.processes:
        paths = Paths(process)
        places = set_anywhere(process, project)
        for node in process.nodes.values():
            if node.id in paths.reachable and (key := _decided(node)) in project.decisions:
                yield from _task(process, node, key, project, paths, places)


def _decided(node: Node) -> str:
    match node:
        case WorkTask(work=DecisionWork(decision=reference)) if reference.key.constant:
            return reference.key.source
    return ""


def _table(decision: Decision) -> Iterator[Fault]:
    match decision.logic:
        case Table(inputs=()):
            yield Fault("its table has no inputs", decision.id, decision.line)
        case Table(inputs=inputs):
            for number, one in enumerate(inputs, 1):
                if one.expression is None or one.expression.empty:
                    name = f"'{one.label}'" if one.label else f"number {number}"
                    yield Fault(f"its input {name} has no expression", decision.id, decision.line)


def _task(
    process: Process, node: Node, key: str, project: Project, paths: Paths, places: dict[str, Node]
) -> Iterator[Fault]:
    seen = seen_at(process, node.id, paths, project, leaving=False)
    for name in sorted(_wanted(project.decisions[key], key, project) - seen.names):
        if said := unknown(name, seen, places):
            yield at(node, f"its decision '{key}' reads '{name}': {said}")


def _wanted(definitions: Definitions, key: str, project: Project) -> frozenset[str]:
    """The variables that the inputs of a decision and of those it requires read; outputs of required ones are given."""
    wanted: set[str] = set()
    given: set[str] = set()
    waiting, done = [key], set()
    while waiting:
        decision = definitions.decisions.get(waiting.pop())
        if decision is None or decision.id in done:
            continue
        done.add(decision.id)
        waiting += decision.decisions
        if decision.id != key:
            given |= {decision.id, decision.name or ""} | ({decision.variable.name} if decision.variable else set())
        if isinstance(decision.logic, Table):
            for one in decision.logic.inputs:
                wanted |= _names(one.expression, definitions.language)
            if decision.id != key:
                given |= {output.name or "" for output in decision.logic.outputs}
    return frozenset(wanted - given)


def _names(text: Text | None, language: str | None) -> frozenset[str]:
    if text is None or text.empty or text.text is None:
        return frozenset()
    spoken = (text.language or language or "feel").lower()
    try:
        if spoken == "juel":
            source = text.text if juel.is_expression(text.text) else f"${{{text.text}}}"
            return reads(juel.compile_expression(source))
        return reads(feel.compile_expression(text.text)) if "feel" in spoken else frozenset()
    except ExpressionFailed:
        return frozenset()  # what the reader says of it is told by another rule
