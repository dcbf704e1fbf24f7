"""FEEL (DMN 1.5, with Camunda's extensions): read once, compiled to closures, evaluated often.

    compile("amount * 1.19")({"amount": 100})                            -> 119
    compile_expression("amount * 1.19", ["amount"]).evaluate(scope)      -> Decimal
    compile_unary_tests("< 5, [10..20]").matches(scope, 12)              -> True

Failures inside an expression are null and a warning; `ExpressionFailed` is for text that cannot be read and for limits.
"""

from __future__ import annotations

from procession.feel.compiled import (
    NOT_CONSTANT,
    CompiledExpression,
    UnaryTests,
    compile_expression,
    compile_unary_tests,
    constant_value,
)
from procession.feel.conversion import from_feel, to_feel
from procession.feel.environment import FeelScope
from procession.feel.evaluation import Evaluation, FeelWarning, Null
from procession.feel.formula import Answer, Condition, Formula, compile_tests
from procession.feel.formula import compile_formula as compile  # noqa: A004 - read as `feel.compile`
from procession.feel.printing import to_literal, to_text
from procession.feel.values import Date, DateTime, DaysTime, Function, Range, Time, YearsMonths

__all__ = [
    "NOT_CONSTANT",
    "Answer",
    "CompiledExpression",
    "Condition",
    "Date",
    "DateTime",
    "DaysTime",
    "Evaluation",
    "FeelScope",
    "FeelWarning",
    "Formula",
    "Function",
    "Null",
    "Range",
    "Time",
    "UnaryTests",
    "YearsMonths",
    "compile",
    "compile_expression",
    "compile_tests",
    "compile_unary_tests",
    "constant_value",
    "from_feel",
    "to_feel",
    "to_literal",
    "to_text",
]
