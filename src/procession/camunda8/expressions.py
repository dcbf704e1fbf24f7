"""Expressions as Camunda 8 writes them: FEEL behind `=`, text as it stands otherwise. Values are those that JSON has.

FEEL's dates, times and durations leave an expression as their text, as they do when Camunda 8 stores a variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from procession import feel
from procession.expressions import Expression, Literal, Scope
from procession.feel.values import NANOS


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
        case feel.DaysTime(nanos=nanos):
            return _duration(nanos)
        case feel.DateTime(date=day, time=clock):
            return f"{feel.to_text(day)}T{_clock(clock, value.offset())}"
        case feel.Time():
            return _clock(value, value.offset())
        case feel.Date() | feel.YearsMonths() | feel.Range():
            return feel.to_text(value)
        case _:
            seen = feel.to_feel(value)
            return feel.to_text(seen) if seen is value else plain(seen)


def _duration(nanos: int) -> str:
    """As Java writes durations, which is how Camunda 8 stores them: no days, `PT26H30M`."""
    sign = "-" if nanos < 0 else ""
    seconds, fraction = divmod(abs(nanos), NANOS)
    hours, minutes, seconds = seconds // 3600, seconds // 60 % 60, seconds % 60
    told = (f"{sign}{hours}H" if hours else "") + (f"{sign}{minutes}M" if minutes else "")
    if seconds or fraction or not told:
        told += f"{sign}{seconds}{_fraction(fraction, cut=True)}S"
    return "PT" + told


def _clock(clock: feel.Time, offset: int | None) -> str:
    """As Java writes times: seconds are left out where there are none."""
    told = f"{clock.hour:02}:{clock.minute:02}"
    if clock.second or clock.nano:
        told += f":{clock.second:02}{_fraction(clock.nano)}"
    if offset is not None:
        hours, minutes = divmod(abs(offset) // 60, 60)
        told += "Z" if offset == 0 else f"{'-' if offset < 0 else '+'}{hours:02}:{minutes:02}"
    return told + (f"[{clock.zone}]" if isinstance(clock.zone, str) else "")


def _fraction(nanos: int, *, cut: bool = False) -> str:
    """Digits in groups of three, or all but trailing noughts."""
    if not nanos:
        return ""
    text = f"{nanos:09}"
    while text.endswith("0" if cut else "000"):
        text = text[: -1 if cut else -3]
    return "." + text
