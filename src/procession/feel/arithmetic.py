"""FEEL's arithmetic operators over all kinds of values (DMN 10.3.2.5). None means: no result; the caller warns."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from procession.feel.evaluation import check_text
from procession.feel.temporal import minus, plus, times
from procession.feel.values import MATH, DaysTime, YearsMonths, number


def finite(value: Decimal) -> Decimal | None:
    """The number, or None where it is beyond FEEL's range or not a number."""
    return value if value.is_finite() else None


def add(left: Any, right: Any) -> Any:
    """`left + right`."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(MATH.add(left, right))
    if isinstance(left, str) and isinstance(right, str):
        check_text(len(left) + len(right))
        return left + right
    return plus(left, right)


def subtract(left: Any, right: Any) -> Any:
    """`left - right`."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(MATH.subtract(left, right))
    return minus(left, right)


def multiply(left: Any, right: Any) -> Any:
    """`left * right`."""
    if isinstance(left, Decimal):
        if isinstance(right, Decimal):
            return finite(MATH.multiply(left, right))
        return times(right, left) if isinstance(right, DaysTime | YearsMonths) else None
    return times(left, right) if isinstance(left, DaysTime | YearsMonths) and isinstance(right, Decimal) else None


def divide(left: Any, right: Any) -> Any:
    """`left / right`; by zero there is no result."""
    if isinstance(right, Decimal):
        if not right:
            return None
        if isinstance(left, Decimal):
            return finite(MATH.divide(left, right))
        if isinstance(left, DaysTime):
            return times(DaysTime(1), MATH.divide(number(left.nanos), right))
        return times(YearsMonths(1), MATH.divide(number(left.months), right)) if isinstance(left, YearsMonths) else None
    if isinstance(left, DaysTime) and isinstance(right, DaysTime) and right.nanos:
        return MATH.divide(number(left.nanos), number(right.nanos))
    if isinstance(left, YearsMonths) and isinstance(right, YearsMonths) and right.months:
        return MATH.divide(number(left.months), number(right.months))
    return None


def power(left: Any, right: Any) -> Any:
    """`left ** right`."""
    if isinstance(left, Decimal) and isinstance(right, Decimal):
        return finite(MATH.power(left, right)) if right else number(1)
    return None


def effort(exponent: Any) -> int:
    """Steps that a power takes."""
    return 4 if isinstance(exponent, Decimal) and exponent == exponent.to_integral_value() else 100


def negate(value: Any) -> Any:
    """`-value`."""
    match value:
        case Decimal():
            return MATH.minus(value)
        case DaysTime():
            return DaysTime(-value.nanos)
        case YearsMonths():
            return YearsMonths(-value.months)
        case _:
            return None


OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"+": add, "-": subtract, "*": multiply, "/": divide, "**": power}
"""FEEL's arithmetic operators."""

EXACT: dict[str, Callable[[Decimal, Decimal], Decimal]] = {"+": MATH.add, "-": MATH.subtract, "*": MATH.multiply}
"""The same of two numbers where the result is finite."""
