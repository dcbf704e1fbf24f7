"""One fact, one line: what a FEEL expression gives. Expected values are Python values, or FEEL source as `Feel("…")`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from procession.expressions import MappingScope
from procession.feel import Evaluation, compile_expression, to_feel, to_literal

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass(frozen=True)
class Feel:
    """An expected value that Python has no literal for."""

    source: str


def value(text: str, **variables: Any) -> Any:
    """The FEEL value of an expression; underscores in variable names stand for spaces."""
    named = {name.replace("_", " "): given for name, given in variables.items()}
    return compile_expression(text, named).evaluate(MappingScope(named, NOW))


def expr(text: str, expected: Any, **variables: Any) -> None:
    """The expression gives the expected value, of the same type."""
    wanted = value(expected.source) if isinstance(expected, Feel) else to_feel(expected)
    found = value(text, **variables)
    assert to_literal(found) == to_literal(wanted), f"{text} is {to_literal(found)}, not {to_literal(wanted)}"
    assert type(found) is type(wanted)


def warns(text: str, part: str, position: int | None = None, **variables: Any) -> None:
    """The expression is null, and the first warning says why and where."""
    evaluation = Evaluation()
    assert compile_expression(text, variables).evaluate(MappingScope(variables, NOW), evaluation) is None
    assert part in evaluation.warnings[0].message
    assert position is None or evaluation.warnings[0].position == position
