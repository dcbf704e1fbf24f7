"""Arithmetic and comparison of JUEL, with the coercions of Java EL (JSR 245, 1.7 and 1.8)."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from typing import Any

from procession.juel.coercion import (
    coerce_boolean,
    coerce_double,
    coerce_long,
    coerce_string,
    is_floating,
    java_class,
)
from procession.juel.faults import Fault
from procession.juel.moments import Moment
from procession.values import LONG_MAX, LONG_MIN, Long

_LEAP = 2**64


def wrap(number: int) -> Long:
    """A Long; what does not fit wraps round, as in Java."""
    return Long(number) if LONG_MIN <= number <= LONG_MAX else Long((number + LONG_MAX + 1) % _LEAP + LONG_MIN)


def _arithmetic(of_longs: Callable[[int, int], int], of_doubles: Callable[[float, float], float]) -> Callable[..., Any]:
    def apply(left: Any, right: Any) -> Long | float:
        if left is None and right is None:
            return Long(0)
        if is_floating(left) or is_floating(right):
            return of_doubles(coerce_double(left), coerce_double(right))
        return wrap(of_longs(coerce_long(left), coerce_long(right)))

    return apply


def _remainder(left: int, right: int) -> int:
    if right == 0:
        raise Fault("/ by zero")
    # Java's remainder has the sign of the dividend.
    result = abs(left) % abs(right)
    return -result if left < 0 else result


def _remainder_of_doubles(left: float, right: float) -> float:
    return math.nan if right == 0 or math.isinf(left) else math.fmod(left, right)


def divide(left: Any, right: Any) -> Long | float:
    """`/` always gives a Double, infinity for a division by zero; null by null is the Long 0."""
    if left is None and right is None:
        return Long(0)
    dividend, divisor = coerce_double(left), coerce_double(right)
    if divisor:
        return dividend / divisor
    if dividend == 0 or math.isnan(dividend):
        return math.nan
    return math.copysign(math.inf, dividend) * math.copysign(1, divisor)


def negate(value: Any) -> Any:
    """`-`; an Integer stays an Integer."""
    if value is None:
        return Long(0)
    if is_floating(value):
        return -coerce_double(value)
    if isinstance(value, str):
        return wrap(-coerce_long(value))
    if type(value) is int:
        return -value
    return type(value)(wrap(-coerce_long(value)))


def is_empty(value: Any) -> bool:
    """`empty`: null, '' and empty collections."""
    return value is None or (isinstance(value, (str, list, dict)) and not value)


def equal(left: Any, right: Any) -> bool:
    """`==`."""
    if left is right:
        # Java compares identity first, so that a NaN in a variable equals itself.
        return True
    if left is None or right is None:
        return False
    if isinstance(left, float) or isinstance(right, float):
        return coerce_double(left) == coerce_double(right)
    if _is_integer(left) or _is_integer(right):
        return coerce_long(left) == coerce_long(right)
    if isinstance(left, bool) or isinstance(right, bool):
        return coerce_boolean(left) == coerce_boolean(right)
    if isinstance(left, str) or isinstance(right, str):
        return coerce_string(left) == coerce_string(right)
    return same(left, right)


def less(left: Any, right: Any) -> bool:
    """`<` of two values that are neither identical nor null."""
    if isinstance(left, float) or isinstance(right, float):
        return coerce_double(left) < coerce_double(right)
    if _is_integer(left) or _is_integer(right):
        return coerce_long(left) < coerce_long(right)
    if isinstance(left, str) or isinstance(right, str):
        return coerce_string(left) < coerce_string(right)
    match left, right:
        case (bool(), bool()) | (datetime(), datetime()):
            return bool(left < right)
        case Moment(), Moment():
            return left.time < right.time
        case _:
            raise Fault(f"Cannot compare '{java_class(left)}' and '{java_class(right)}'")


def _compared(holds: Callable[[Any, Any], bool], of_same: bool) -> Callable[[Any, Any], bool]:
    def apply(left: Any, right: Any) -> bool:
        if left is right:
            return of_same
        if left is None or right is None:
            return False
        return holds(left, right)

    return apply


def _not_less(left: Any, right: Any) -> bool:
    # Not `not less`: every comparison with NaN is false.
    return less(right, left) or equal(left, right) if _any_nan(left, right) else not less(left, right)


def _any_nan(*values: Any) -> bool:
    return any(isinstance(value, float) and math.isnan(value) for value in values)


def same(left: Any, right: Any) -> bool:
    """Java's `equals`: an Integer never equals a Long, and lists and maps are compared item by item."""
    if isinstance(left, (bool, int, float, str)) or isinstance(right, (bool, int, float, str)):
        return java_class(left) == java_class(right) and bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(*pair) for pair in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    return left is right or (type(left) is type(right) and bool(left == right))


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": _arithmetic(lambda left, right: left + right, lambda left, right: left + right),
    "-": _arithmetic(lambda left, right: left - right, lambda left, right: left - right),
    "*": _arithmetic(lambda left, right: left * right, lambda left, right: left * right),
    "/": divide,
    "%": _arithmetic(_remainder, _remainder_of_doubles),
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": _compared(less, of_same=False),
    ">": _compared(lambda left, right: less(right, left), of_same=False),
    "<=": _compared(lambda left, right: _not_less(right, left), of_same=True),
    ">=": _compared(_not_less, of_same=True),
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "-": negate,
    "!": lambda value: not coerce_boolean(value),
    "empty": is_empty,
}
