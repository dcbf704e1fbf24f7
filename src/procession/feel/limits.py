"""What one expression may cost: how long, deep and much. One object for the whole program, set at its start.

    LIMITS.steps = 5_000_000            # before anything is evaluated
    with limited(items=1_000): …        # in a test

A step is about a microsecond. What exceeds a limit ends with ExpressionFailed, which names the limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace


@dataclass(slots=True)
class Limits:
    """The limits and their defaults."""

    source: int = 200_000
    """Characters of an expression."""
    depth: int = 100
    """How deep expressions may be nested: deeper ones are refused before they reach the interpreter's own limit."""
    steps: int = 1_000_000
    """Items, calls and comparisons that one evaluation may take."""
    items: int = 100_000
    """Items of a list that an expression builds or iterates over."""
    text: int = 1_000_000
    """Characters of a string that an expression builds."""
    nesting: int = 200
    """How deep lists and contexts may be nested when they enter, leave or are written."""
    values: int = 1_000_000
    """How many values may leave in one."""
    calls: int = 150
    """How deep user-defined functions may call each other."""
    pattern: int = 10_000
    """Characters of a regular expression."""


LIMITS = Limits()
"""The limits in force."""


@contextmanager
def limited(**changes: int) -> Iterator[Limits]:
    """Other limits for a while. Not for several threads: the limits are the program's."""
    before = asdict(LIMITS)
    set_limits(**changes)
    try:
        yield LIMITS
    finally:
        set_limits(**before)


def set_limits(**changes: int) -> None:
    """Sets limits by name. Raises ValueError for one that does not exist or is less than 1."""
    unknown = [name for name, value in changes.items() if name not in asdict(LIMITS) or value < 1]
    if unknown:
        raise ValueError(f"no limits: {', '.join(unknown)}; there are {', '.join(asdict(LIMITS))}, each at least 1")
    made = replace(LIMITS, **changes)
    LIMITS.source, LIMITS.depth, LIMITS.nesting, LIMITS.calls = made.source, made.depth, made.nesting, made.calls
    LIMITS.steps, LIMITS.items, LIMITS.values = made.steps, made.items, made.values
    LIMITS.text, LIMITS.pattern = made.text, made.pattern
