"""Equality, order and membership of FEEL values in three-valued logic: None is "unknown" (DMN 10.3.2.4 to 10.3.2.8)."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from procession.errors import ExpressionFailed
from procession.feel.limits import LIMITS
from procession.feel.values import Date, DateTime, DaysTime, Function, Range, Time, YearsMonths

_ORDERED = (Decimal, str, Date, DateTime, Time, DaysTime, YearsMonths)


def equal(left: Any, right: Any, left_over: list[int] | None = None) -> bool | None:
    """Whether two values are equal; None where their kinds differ. Raises ExpressionFailed for too big a comparison.

    `left_over` counts down the comparisons of one call: lists that share their items grow exponentially when unfolded.
    """
    if left is None or right is None:
        return left is right
    kind = type(left)
    if kind is not type(right):
        return None
    if kind is Decimal or kind is str or kind is bool or kind is Date or kind is DaysTime or kind is YearsMonths:
        return bool(left == right)
    if kind is DateTime or kind is Time:
        return _same_moment(left, right)
    if kind is list or kind is dict:
        left_over = left_over or [LIMITS.steps]
        left_over[0] -= 2 * len(left)
        if left_over[0] < 0:
            raise ExpressionFailed(f"comparing two values takes more than {LIMITS.steps} steps")
        return _same_list(left, right, left_over) if kind is list else _same_context(left, right, left_over)
    if kind is Range:
        return _same_range(left, right)
    return left is right if kind is not Function else (True if left is right else None)


def _same_moment(left: DateTime | Time, right: DateTime | Time) -> bool:
    left_offset, right_offset = left.offset(), right.offset()
    if (left_offset is None) != (right_offset is None):
        return False
    if isinstance(left, Time):
        # A time has no day, so it is no instant: at another offset it is another time (DMN 10.3.2.3.4).
        return left.nanos() == right.nanos() and left_offset == right_offset
    return bool(order_key(left) == order_key(right))


def _same_list(left: list[Any], right: list[Any], left_over: list[int]) -> bool | None:
    if len(left) != len(right):
        return False
    return _every(equal(one, other, left_over) for one, other in zip(left, right, strict=True))


def _same_context(left: dict[str, Any], right: dict[str, Any], left_over: list[int]) -> bool | None:
    if left.keys() != right.keys():
        return False
    return _every(equal(value, right[key], left_over) for key, value in left.items())


def _every(verdicts: Any) -> bool | None:
    known: bool | None = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            known = None
    return known


def _same_range(left: Range, right: Range) -> bool | None:
    if (left.start_closed, left.end_closed) != (right.start_closed, right.end_closed):
        return False
    return _every((equal(left.start, right.start), equal(left.end, right.end)))


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal for sure; values of different kinds are not."""
    return equal(left, right) is True


def order_key(value: Any) -> Any:
    """What values of one ordered kind are sorted by."""
    match value:
        case Date():
            return value.ordinal()
        case DateTime():
            return value.instant()
        case Time():
            return value.nanos() - (value.offset() or 0) * 1_000_000_000
        case DaysTime():
            return value.nanos
        case YearsMonths():
            return value.months
        case _:
            return value


def order(left: Any, right: Any) -> int | None:
    """-1, 0 or 1; None where the values have no order between them."""
    kind = type(left)
    if kind is not type(right) or kind not in _ORDERED:
        return None
    one, other = (left, right) if kind is Decimal or kind is str else (order_key(left), order_key(right))
    return -1 if one < other else int(one > other)


def _less(left: Any, right: Any) -> bool | None:
    found = order(left, right)
    return None if found is None else found < 0


def _at_most(left: Any, right: Any) -> bool | None:
    found = order(left, right)
    return None if found is None else found <= 0


def _more(left: Any, right: Any) -> bool | None:
    found = order(left, right)
    return None if found is None else found > 0


def _at_least(left: Any, right: Any) -> bool | None:
    found = order(left, right)
    return None if found is None else found >= 0


def _different(left: Any, right: Any) -> bool | None:
    found = equal(left, right)
    return None if found is None else not found


COMPARISONS: dict[str, Callable[[Any, Any], bool | None]] = {
    "=": equal,
    "!=": _different,
    "<": _less,
    "<=": _at_most,
    ">": _more,
    ">=": _at_least,
}
"""FEEL's comparison operators."""

SIMPLE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
"""The same of two numbers or of two strings."""


def within(bounds: Range, value: Any) -> bool | None:
    """Whether a value lies in a range; None where it cannot be compared with an end."""
    if bounds.broken or value is None:
        return None
    above: bool | None = True
    below: bool | None = True
    if bounds.start is not None:
        above = _at_most(bounds.start, value) if bounds.start_closed else _less(bounds.start, value)
    if bounds.end is not None:
        below = _at_least(bounds.end, value) if bounds.end_closed else _more(bounds.end, value)
    if above is False or below is False:
        return False
    return None if above is None or below is None else True


def member(value: Any, test: Any) -> bool | None:
    """`value in test`: in a range, equal to an item of a list or in one of its ranges, or equal (DMN table 55)."""
    if isinstance(test, Range):
        return True if isinstance(value, Range) and same(value, test) else within(test, value)
    if isinstance(test, list):
        if isinstance(value, list) and same(value, test):
            return True
        return any((within(item, value) if isinstance(item, Range) else equal(value, item)) is True for item in test)
    return equal(value, test)
