"""Whatever the conditions say, there is a way on.

Where every outgoing flow has a condition and there is no default flow, a token for which none of them holds is stuck: the
engine fails the call that brought it there, or leaves an incident. An event-based gateway without events waits for ever. Two
conditions of which one always holds (`${approved}` and `${!approved}`, `==` and `!=`, `<` and `>=`) are enough.

**Instead:** name a default flow: one that ends in a user task or an error is better than an incident.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from procession import juel
from procession.bpmn.model import EventGateway, Flow, InclusiveGateway, ListOf, MapOf, Script, Source
from procession.juel.parser import parse
from procession.juel.syntax import Binary, Constant, Unary
from procession.juel.syntax import Node as Tree
from procession.lint.finding import Fault, at
from procession.lint.project import File, Project

_OPPOSITES = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def check(file: File, project: Project) -> Iterator[Fault]:
    """Elements at which a token may find no way."""
    for process in file.processes:
        for node in process.nodes.values():
            flows = [process.flows[id_] for id_ in node.outgoing]
            if isinstance(node, EventGateway | InclusiveGateway) and not flows:
                yield at(node, "it has no outgoing flow")
            elif flows and node.default not in node.outgoing and _may_all_fail(flows):
                yield at(node, "all its outgoing flows have conditions, and it has no default flow")


def _may_all_fail(flows: list[Flow]) -> bool:
    if any(flow.condition is None for flow in flows):
        return False
    trees = [tree for flow in flows if (tree := _tree(flow.condition)) is not None]
    if any(tree == Constant(True) for tree in trees):
        return False
    return not any(_opposite(one, other) or _opposite(other, one) for one, other in combinations(trees, 2))


def _tree(condition: Source | None) -> Tree | None:
    if condition is None or isinstance(condition, Script | ListOf | MapOf):
        return None
    return parse(condition.source) if juel.is_expression(condition.source) else None


def _opposite(one: Tree, other: Tree) -> bool:
    if other == Unary("!", one):
        return True
    match one, other:
        case Binary(first, left, right), Binary(second, other_left, other_right):
            return _OPPOSITES.get(first) == second and left == other_left and right == other_right
    return False
