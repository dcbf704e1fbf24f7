"""Expressions call methods that exist here.

In Camunda 7 a variable is a Java object, and an expression may call any of its methods. Here it has those that models use (texts,
numbers, lists, maps, dates, JSON, XML); another one fails as an unknown method does there. Looked at are variables that the model
itself sets and texts: what else has a method called may be a bean, which nobody can know.

It is a warning: the same model may run on Camunda 7.

**Instead:** write it with operators (`empty`, `==`, `[…]`), in FEEL, or in a registered bean.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from procession import juel
from procession.bpmn.model import Flow, Node
from procession.juel.methods import OBJECT, TABLES
from procession.juel.parser import parse
from procession.juel.syntax import Constant, Invocation, Name
from procession.lint.finding import Fault, Severity, at
from procession.lint.project import File, Project
from procession.lint.sources import set_anywhere

KNOWN = frozenset(OBJECT).union(*(table for _, table in TABLES))
"""The methods that some value has."""


def check(file: File, project: Project) -> Iterator[Fault]:
    """Calls of methods that no value has."""
    for process in file.processes:
        variables = frozenset(set_anywhere(process, project))
        elements: list[Node | Flow] = [*process.nodes.values(), *process.flows.values()]
        for element in elements:
            for method in sorted(_called(element, variables) - KNOWN):
                yield at(element, f"no value here has a method '{method}'", Severity.WARNING)


def _called(element: Node | Flow, variables: frozenset[str]) -> set[str]:
    methods = set()
    for text in _texts(element):
        for part in _parts(parse(text)):
            match part:
                case Invocation(target=Name(name), key=Constant(str() as method)) if name in variables:
                    methods.add(method)
                case Invocation(target=Constant(), key=Constant(str() as method)):
                    methods.add(method)
    return methods


def _texts(thing: object) -> Iterator[str]:
    """The sources of all expressions in JUEL below a part of the model."""
    if isinstance(getattr(thing, "names", None), frozenset):
        source = getattr(thing, "source", "")
        if juel.is_expression(source):
            yield source
    elif isinstance(thing, tuple):
        for inner in thing:
            yield from _texts(inner)
    elif is_dataclass(thing):
        for field in fields(thing):
            yield from _texts(getattr(thing, field.name))


def _parts(tree: object) -> Iterator[object]:
    """All nodes of a tree."""
    waiting = [tree]
    while waiting:
        at_hand = waiting.pop()
        yield at_hand
        if is_dataclass(at_hand):
            for field in fields(at_hand):
                value = getattr(at_hand, field.name)
                waiting += value if isinstance(value, tuple) else [value]
