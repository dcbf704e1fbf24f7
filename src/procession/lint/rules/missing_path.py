"""Whatever the conditions say, there is a way on.

Where every outgoing flow has a condition and there is no default flow, a token for which none of them holds is stuck: the
engine fails the call that brought it there, or leaves an incident. An event-based gateway without events waits for ever. Two
conditions of which one always holds (`${approved}` and `${!approved}`, `==` and `!=`, `<` and `>=`) are enough.

**Instead:** name a default flow: one that ends in a user task or an error is better than an incident.
"""

from __future__ import annotations

import re
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


_COMPARED = re.compile(r"([^<>=!]+?)\s*(<=|>=|!=|=|<|>)\s*([^<>=!]+)")


def _may_all_fail(flows: list[Flow]) -> bool:
    if any(flow.condition is None for flow in flows):
        return False
    trees = [tree for flow in flows if (tree := _tree(flow.condition)) is not None]
    if any(tree == Constant(True) for tree in trees):
        return False
    texts = [" ".join(text.split()) for flow in flows if (text := _feel(flow.condition)) is not None]
    pairs = [_opposite(one, other) or _opposite(other, one) for one, other in combinations(trees, 2)]
    pairs += [_opposite_texts(one, other) or _opposite_texts(other, one) for one, other in combinations(texts, 2)]
    return not any(pairs)


def _tree(condition: Source | None) -> Tree | None:
    if condition is None or isinstance(condition, Script | ListOf | MapOf):
        return None
    return parse(condition.source) if juel.is_expression(condition.source) else None


def _feel(condition: Source | None) -> str | None:
    match condition:
        case Script(language=language, text=text):
            return text if language.lower() == "feel" else None
        case None | ListOf() | MapOf():
            return None
    return condition.source.strip()[1:] if condition.source.strip().startswith("=") else None


def _opposite_texts(one: str, other: str) -> bool:
    """Whether two texts in FEEL are each other's opposites, as far as their form tells; else nothing is said of them."""
    if other == f"not({one})":
        return True
    first, second = _COMPARED.fullmatch(one), _COMPARED.fullmatch(other)
    if first is None or second is None or first[1] != second[1]:
        return False
    opposite = {**_OPPOSITES, "=": "!="}.get(first[2]) == second[2] and first[3] == second[3]
    return opposite or (first[2] == second[2] == "=" and {first[3], second[3]} == {"true", "false"})


def _opposite(one: Tree, other: Tree) -> bool:
    if other == Unary("!", one):
        return True
    match one, other:
        case Binary("==", left, Constant(True)), Binary("==", other_left, Constant(False)):
            return left == other_left
        case Binary(first, left, right), Binary(second, other_left, other_right):
            return _OPPOSITES.get(first) == second and left == other_left and right == other_right
    return False
