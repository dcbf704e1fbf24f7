"""FEEL for programs that only want FEEL: text in, a formula out, Python values in and out.

    price = procession.feel.compile("amount * (1 + rate)")
    price({"amount": 100, "rate": 0.19})          -> 119

Values are converted as `conversion` says: whole numbers are int, others float, dates are dates. `explain` also says why
something is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from procession.expressions import MappingScope, Scope
from procession.feel.compiled import CompiledExpression, UnaryTests, compile_expression, compile_unary_tests
from procession.feel.conversion import from_feel
from procession.feel.evaluation import Evaluation, FeelWarning

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Answer:
    """A value as Python has it and as FEEL has it, and why parts of it are null."""

    value: Any
    feel: Any = field(repr=False)
    warnings: tuple[FeelWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class Formula:
    """A compiled expression. `names` are the variables it reads."""

    expression: CompiledExpression

    @property
    def source(self) -> str:
        """The text."""
        return self.expression.source

    @property
    def names(self) -> frozenset[str]:
        """The variables that the text reads, parameters and entries of its own left out."""
        return self.expression.names

    def __call__(self, variables: Mapping[str, Any] | None = None, *, now: datetime | None = None) -> Any:
        """The value; null is None. `now` is what `now()` and `today()` give. Raises ExpressionFailed for limits."""
        return from_feel(self.expression.evaluate(_scope(variables, now)))

    def explain(self, variables: Mapping[str, Any] | None = None, *, now: datetime | None = None) -> Answer:
        """The value with the warnings, each with its place in the text."""
        evaluation = Evaluation()
        found = self.expression.evaluate(_scope(variables, now), evaluation)
        return Answer(from_feel(found), found, tuple(evaluation.warnings))


@dataclass(frozen=True, slots=True)
class Condition:
    """Compiled unary tests, as cells of decision tables have them: `< 5, [10..20]`."""

    tests: UnaryTests

    def __call__(
        self, value: Any, variables: Mapping[str, Any] | None = None, *, now: datetime | None = None
    ) -> bool | None:
        """Whether a value passes; None where it cannot be told. Raises ExpressionFailed for limits."""
        return self.tests.matches(_scope(variables, now), value)


def _scope(variables: Mapping[str, Any] | None, now: datetime | None) -> Scope:
    return MappingScope(variables or {}, now or _EPOCH)


def compile_formula(text: str, names: Iterable[str] = ()) -> Formula:
    """Reads an expression once, to be evaluated often.

    `names` are variables whose names have several words or signs (`Full Name`, `a-b`): only they must be told
    beforehand. Raises ExpressionFailed with the position of the first fault.
    """
    return Formula(compile_expression(text, names))


def compile_tests(text: str, names: Iterable[str] = ()) -> Condition:
    """Reads unary tests once. `names` as in `compile_formula`. Raises ExpressionFailed."""
    return Condition(compile_unary_tests(text, names))
