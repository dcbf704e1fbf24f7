"""What every expression language offers to the rooms above, and what it may read. Languages live in `feel` and `juel`.

An expression is compiled once, when a model is read, and evaluated often. It reads through a `Scope` only: never a
Python attribute, a module or a built-in. Objects that expressions may call methods on implement `Bean`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from inspect import signature
from typing import Any, Protocol, runtime_checkable


class Scope(Protocol):
    """What an expression can see."""

    def resolve(self, name: str) -> Any:
        """The value of a variable or bean. Raises KeyError where the name is unknown."""

    def now(self) -> datetime:
        """The time of the running command, with a time zone."""


@runtime_checkable
class Bean(Protocol):
    """An object with properties and methods that expressions may use; what it does not name does not exist."""

    def get_property(self, name: str) -> Any:
        """The value of a property. Raises KeyError where there is none."""

    def call_method(self, name: str, args: list[Any]) -> Any:
        """The result of a method. Raises KeyError where there is none of that name and number of arguments."""


class Expression(Protocol):
    """A compiled expression."""

    @property
    def source(self) -> str:
        """The text as written in the model."""

    @property
    def constant(self) -> bool:
        """True where evaluation reads nothing: a literal."""

    @property
    def names(self) -> frozenset[str]:
        """Variables that it may read, as far as its text tells."""

    def evaluate(self, scope: Scope) -> Any:
        """The value. Raises ExpressionFailed (UnknownName for an unknown variable, where the language fails on one)."""


@dataclass(frozen=True, slots=True)
class Literal:
    """An expression that is a value, whatever the language."""

    value: Any
    source: str = ""
    constant: bool = True
    names: frozenset[str] = frozenset()

    def evaluate(self, scope: Scope) -> Any:
        return self.value


EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(slots=True)
class MappingScope:
    """A scope over a plain mapping, for tests, decisions and tools."""

    variables: Mapping[str, Any]
    time: datetime = EPOCH

    def resolve(self, name: str) -> Any:
        return self.variables[name]

    def now(self) -> datetime:
        return self.time


@dataclass(frozen=True, slots=True)
class BeanOf:
    """A bean made of explicit properties and methods: the only way to let expressions call Python."""

    properties: Mapping[str, Any] = field(default_factory=dict)
    methods: Mapping[str, Callable[..., Any]] = field(default_factory=dict)

    def get_property(self, name: str) -> Any:
        return self.properties[name]

    def call_method(self, name: str, args: list[Any]) -> Any:
        method = self.methods[name]
        try:
            return method(*args)
        except TypeError as fault:
            try:
                signature(method).bind(*args)
            except TypeError:
                raise KeyError(name) from fault
            raise
