"""Where an expression reads names: layers of local names over the scope that the caller gave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from procession.expressions import MappingScope, Scope
from procession.feel.conversion import to_feel
from procession.feel.evaluation import Evaluation


@dataclass(frozen=True, slots=True)
class FeelScope:
    """A scope whose values are FEEL values already: reading converts nothing. `parent` is asked for other names."""

    values: Mapping[str, Any]
    parent: Scope

    def resolve(self, name: str) -> Any:
        """A FEEL value. Raises KeyError where neither this scope nor the parent knows the name."""
        return self.values[name] if name in self.values else self.parent.resolve(name)

    def now(self) -> datetime:
        return self.parent.now()


MISSING: Any = object()
"""What `Env.find` gives for a name that nothing knows."""


class Env:
    """Names in scope at one place: a layer over its parent; the outermost reads the scope and remembers it."""

    __slots__ = ("evaluation", "names", "parent", "scope")

    def __init__(self, evaluation: Evaluation, scope: Scope, names: dict[str, Any], parent: Env | None = None) -> None:
        self.evaluation = evaluation
        self.scope = scope
        self.names = names
        self.parent = parent

    def inside(self, names: dict[str, Any]) -> Env:
        """A layer with further names over this one."""
        return Env(self.evaluation, self.scope, names, self)

    def find(self, name: str) -> Any:
        """The value of a name, or MISSING."""
        env: Env | None = self
        while env is not None:
            names = env.names
            if name in names:
                return names[name]
            if env.parent is None:
                return env.read(name)
            env = env.parent
        return MISSING

    def read(self, name: str) -> Any:
        """A variable of the scope, remembered here, or MISSING; of the outermost layer alone."""
        scope = self.scope
        if type(scope) is MappingScope:
            variables = scope.variables
            if name not in variables:
                return MISSING
            value = to_feel(variables[name])
        else:
            value = read(scope, name)
        if value is not MISSING:
            self.names[name] = value
        return value


def within(scope: Scope, names: Sequence[str]) -> Any:
    """What a path names in a variable that is a plain dict of process values, or MISSING where that cannot be told."""
    if isinstance(scope, FeelScope):
        return MISSING
    try:
        value = scope.resolve(names[0])
    except KeyError:
        return MISSING
    for name in names[1:]:
        if type(value) is not dict or name not in value:
            return MISSING
        value = value[name]
    return to_feel(value)


def read(scope: Scope, name: str) -> Any:
    """A variable as a FEEL value, or MISSING."""
    while isinstance(scope, FeelScope):
        if name in scope.values:
            return scope.values[name]
        scope = scope.parent
    try:
        return to_feel(scope.resolve(name))
    except KeyError:
        return MISSING
