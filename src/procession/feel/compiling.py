"""What the rooms of one compiler share: the closure type and the protocol of the compiler that forms see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from procession.feel.environment import Env
from procession.feel.syntax import Node

Closure = Callable[[Env], Any]


class Compiling(Protocol):
    """A compiler as `calling` and `iterating` see it."""

    reads: set[str]
    declared: frozenset[str]
    bound: list[set[str]]

    def compile(self, node: Node) -> Closure:
        """The closure of a form."""

    def is_bound(self, name: str) -> bool:
        """Whether a name is a parameter, an iterator or an entry of a context around this place."""
