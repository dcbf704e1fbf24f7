"""What one evaluation carries: the scope it reads, its warnings, and the limits that stop it.

A failure inside FEEL is null and a warning (DMN 10.3.2.13). Only an exhausted limit ends an evaluation: with
ExpressionFailed, because a null there would let a hostile expression go on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from procession.errors import ExpressionFailed
from procession.feel.limits import LIMITS

MAX_WARNINGS = 100
"""Warnings kept per evaluation; further ones are dropped."""


@dataclass(frozen=True, slots=True)
class FeelWarning:
    """Why a value is null: a message for people and the offset in the source, from 0, or -1."""

    message: str
    position: int = -1


class Null(Exception):
    """Raised by functions for "the result is null, and this is why"; the caller turns it into a warning."""


@dataclass(slots=True)
class Evaluation:
    """The warnings and limits of one evaluation. Nested evaluations get the same one, so that they share its limits."""

    warnings: list[FeelWarning] = field(default_factory=list)
    steps: int = field(default_factory=lambda: LIMITS.steps)
    calls: int = 0
    clock: Callable[[], datetime] | None = None

    def warn(self, message: str, position: int = -1) -> Any:
        """Note why something is null. Gives that null, so that `return evaluation.warn(…)` is one step."""
        if len(self.warnings) < MAX_WARNINGS:
            self.warnings.append(FeelWarning(message, position))
        return None

    def spend(self, steps: int) -> None:
        """Count work. Raises ExpressionFailed when there has been too much."""
        self.steps -= steps
        if self.steps < 0:
            raise ExpressionFailed(f"the expression takes more than {LIMITS.steps} steps")

    def enter(self) -> None:
        """Begin a call of a user-defined function. Raises ExpressionFailed when calls nest too deep."""
        self.calls += 1
        self.spend(1)
        if self.calls > LIMITS.calls:
            raise ExpressionFailed(f"functions call each other deeper than {LIMITS.calls}")

    def leave(self) -> None:
        """End a call."""
        self.calls -= 1


def check_items(count: int) -> None:
    """Refuse a list of too many items."""
    if count > LIMITS.items:
        raise ExpressionFailed(f"the list has more than {LIMITS.items} items")


def check_text(length: int) -> None:
    """Refuse a string of too many characters."""
    if length > LIMITS.text:
        raise ExpressionFailed(f"the string is longer than {LIMITS.text} characters")
