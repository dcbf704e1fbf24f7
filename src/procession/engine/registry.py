"""What the embedding program registers for models to use: delegates by class name, beans by name, script runners."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from procession.expressions import Bean, Scope

Delegate = Callable[[Bean], Any]
ScriptRunner = Callable[[str, Scope], Any]
D = TypeVar("D", bound=Delegate)


@dataclass(slots=True)
class Registry:
    """Delegates get the execution (a `Bean`: `call_method("getVariable", ["x"])`); scripts their text and a scope.

    A delegate `connector:<id>` is the connector of that id: its bean has the input parameters besides the variables, and
    the mapping that it returns is what the output parameters see.
    """

    delegates: dict[str, Delegate] = field(default_factory=dict)
    beans: dict[str, Any] = field(default_factory=dict)
    scripts: dict[str, ScriptRunner] = field(default_factory=dict)

    def delegate(self, name: str) -> Callable[[D], D]:
        """Decorator: the function runs where a model says `camunda:class="name"`."""

        def register(function: D) -> D:
            self.delegates[name] = function
            return function

        return register

    def bean(self, name: str, value: Any) -> None:
        """Makes a value or `Bean` visible to expressions under a name, and callable as a delegate expression."""
        self.beans[name] = value

    def script(self, language: str, runner: ScriptRunner) -> None:
        """Runs scripts of a language."""
        self.scripts[language.lower()] = runner
