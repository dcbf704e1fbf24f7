"""Expressions as Camunda 8 writes them: FEEL behind `=`, text as it stands otherwise. Values are those that JSON has.

FEEL's dates, times and durations leave an expression as their text, as they do when Camunda 8 stores a variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from procession import feel
from procession.expressions import Expression, Literal, Scope


@dataclass(frozen=True, slots=True)
class FeelExpression:
    """A compiled FEEL expression whose values are plain. Implements `procession.expressions.Expression`."""

    source: str
    compiled: feel.CompiledExpression

    @property
    def constant(self) -> bool:
        """True where it reads nothing."""
        return self.compiled.constant

    @property
    def names(self) -> frozenset[str]:
        """Variables that it may read."""
        return self.compiled.names

    def evaluate(self, scope: Scope) -> Any:
        """The value; null where something in it failed. Raises ExpressionFailed for limits and failed assertions."""
        return plain(self.compiled.evaluate(scope))


def compile_text(text: str) -> Expression:
    """The expression of a text of the model. Raises ExpressionFailed where its FEEL cannot be read."""
    stripped = text.strip()
    if not stripped.startswith("="):
        return Literal(text, text)
    return FeelExpression(text, feel.compile_expression(stripped[1:]))


def plain(value: Any) -> Any:
    """A FEEL value as JSON has it: numbers, texts, booleans, null, lists and maps."""
    match value:
        case None | bool() | str():
            return value
        case Decimal() | int() | float():
            return feel.from_feel(value)
        case dict():
            return {str(key): plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [plain(inner) for inner in value]
        case feel.Function():
            return None
        case _:
            return feel.to_text(feel.to_feel(value))
