"""Conditions read variables that somebody sets.

A condition that reads a variable which does not exist fails where the token is (`Unknown property used in expression`); one
written in FEEL is never true. Looked at are the conditions of flows, the collections and counts of multi-instance activities and
when these are done. Three things are reported:

- nothing that may run before sets the variable, and nothing there could: no worker, no delegate, no message, no form that is
  not part of the model, no start without a form;
- the model sets the variable, but only later;
- the name is nearly that of a variable which is set before: `aproved` for `approved`.

A start event with a generated form promises its fields and no more. What callers give besides is named on the command line:
`--variable NAME`.

**Instead:** correct the name, set the variable before, or ask for it with `execution.hasVariable('name')`.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from procession.bpmn.model import Flow, ListOf, MapOf, Node, Process, Script, Source
from procession.expressions import Expression
from procession.lint.finding import Fault, at
from procession.lint.paths import Paths
from procession.lint.project import File, Project
from procession.lint.sources import Sources, reads, seen_at, set_anywhere

ALIKE = 0.85


def check(file: File, project: Project) -> Iterator[Fault]:
    """Variables that conditions read and nobody sets."""
    for process in file.processes:
        paths = Paths(process)
        places = set_anywhere(process, project)
        for where, node, leaving, expression in _conditions(process):
            if node.id not in paths.reachable:
                continue
            seen = seen_at(process, node.id, paths, project, leaving=leaving)
            for name in sorted(reads(expression) - seen.names):
                if said := unknown(name, seen, places):
                    yield at(where, said)


def unknown(name: str, seen: Sources, places: dict[str, Node]) -> str | None:
    """Why a name is no variable here; None where it may be one."""
    alike = get_close_matches(name, seen.names, 1, ALIKE)
    if alike and name.rstrip("s") != alike[0].rstrip("s"):  # a list and one of it are both meant
        return f"nothing before it sets the variable '{name}'; is '{alike[0]}' meant?"
    if name in places:
        return f"it reads the variable '{name}', which only '{places[name].id}' sets, later"
    return None if seen.anything else f"nothing before it sets the variable '{name}'"


def _conditions(process: Process) -> Iterator[tuple[Node | Flow, Node, bool, Expression]]:
    """(element to blame, node where it is evaluated, whether the token leaves it, condition)."""
    for flow in process.flows.values():
        expression = _expression(flow.condition)
        if expression is not None and flow.source in process.nodes:
            yield flow, process.nodes[flow.source], True, expression
    for node in process.nodes.values():
        if (loop := node.traits.loop) is not None:
            for expression in (loop.collection, loop.cardinality):
                if expression is not None:
                    yield node, node, False, expression
            if loop.completion is not None:
                yield node, node, True, loop.completion


def _expression(condition: Source | None) -> Expression | None:
    match condition:
        case Script(expression=expression):
            return expression
        case None | ListOf() | MapOf():
            return None
    return condition
