"""Numeric functions (DMN 10.3.4.5)."""

from __future__ import annotations

import decimal
from decimal import Decimal
from typing import Any

from procession.feel.arithmetic import finite
from procession.feel.builtins.registry import builtin
from procession.feel.evaluation import Null
from procession.feel.values import MATH, WIDE, DaysTime, YearsMonths, number

_MIN_SCALE, _MAX_SCALE = -6111, 6176


def _round(value: Decimal, scale: Decimal, rounding: str) -> Decimal:
    places = int(scale)
    if not _MIN_SCALE <= places <= _MAX_SCALE:
        raise Null(f"the scale must be from {_MIN_SCALE} to {_MAX_SCALE}")
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= places:
        return value
    return MATH.plus(value.quantize(Decimal((0, (1,), -places)), rounding, WIDE))


@builtin("decimal(n: number, scale: number)")
def decimal_(value: Decimal, scale: Decimal) -> Decimal:
    return _round(value, scale, decimal.ROUND_HALF_EVEN)


@builtin("floor(n: number, scale?: number)")
def floor(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal:
    return _round(value, scale, decimal.ROUND_FLOOR)


@builtin("ceiling(n: number, scale?: number)")
def ceiling(value: Decimal, scale: Decimal = Decimal(0)) -> Decimal:
    return _round(value, scale, decimal.ROUND_CEILING)


@builtin("round up(n: number, scale: number)")
def round_up(value: Decimal, scale: Decimal) -> Decimal:
    return _round(value, scale, decimal.ROUND_UP)


@builtin("round down(n: number, scale: number)")
def round_down(value: Decimal, scale: Decimal) -> Decimal:
    return _round(value, scale, decimal.ROUND_DOWN)


@builtin("round half up(n: number, scale: number)")
def round_half_up(value: Decimal, scale: Decimal) -> Decimal:
    return _round(value, scale, decimal.ROUND_HALF_UP)


@builtin("round half down(n: number, scale: number)")
def round_half_down(value: Decimal, scale: Decimal) -> Decimal:
    return _round(value, scale, decimal.ROUND_HALF_DOWN)


@builtin("abs(n: number|days and time duration|years and months duration)")
def abs_(value: Any) -> Any:
    match value:
        case DaysTime():
            return DaysTime(abs(value.nanos))
        case YearsMonths():
            return YearsMonths(abs(value.months))
        case _:
            return MATH.abs(value)


@builtin("modulo(dividend: number, divisor: number)")
def modulo(dividend: Decimal, divisor: Decimal) -> Decimal | None:
    if not divisor:
        raise Null("modulo: the divisor is 0")
    rest = MATH.remainder(dividend, divisor)
    if not rest.is_finite():
        raise Null("modulo: the quotient has more than 34 digits")
    return MATH.add(rest, divisor) if rest and (rest < 0) != (divisor < 0) else rest


@builtin("sqrt(number: number)", cost=10)
def sqrt(value: Decimal) -> Decimal:
    if value < 0:
        raise Null("sqrt: the argument is negative")
    return MATH.sqrt(value)


@builtin("log(number: number)", cost=100)
def log(value: Decimal) -> Decimal:
    if value <= 0:
        raise Null("log: the argument is not positive")
    return MATH.ln(value)


@builtin("exp(number: number)", cost=100)
def exp(value: Decimal) -> Decimal:
    result = finite(MATH.exp(value))
    if result is None:
        raise Null("exp: the result is out of range")
    return result


@builtin("odd(number: number)")
def odd(value: Decimal) -> bool:
    return MATH.abs(_last_bit(value)) == 1


@builtin("even(number: number)")
def even(value: Decimal) -> bool:
    return _last_bit(value) == 0


def _last_bit(value: Decimal) -> Decimal:
    # A number with an exponent above 0 is a multiple of 10.
    exponent = value.as_tuple().exponent
    return number(0) if isinstance(exponent, int) and exponent > 0 else MATH.remainder(value, number(2))
