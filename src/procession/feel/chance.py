"""Where `uuid()` and `random number()` get their bits: the program gives a source, as nothing below the engine has one.

    CHANCE.bits = random.SystemRandom().getrandbits

The engine and the command line give the operating system's. Without a source both functions are null, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class Chance:
    """`bits` gives a whole number of so many random bits."""

    bits: Callable[[int], int] | None = None


CHANCE = Chance()
"""The source in force: one for the whole program."""
