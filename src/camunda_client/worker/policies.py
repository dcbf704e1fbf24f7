"""How long to wait before trying again, and how often. Pure arithmetic; chance comes in as an argument."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

LONGEST_PLAIN_NUMBER = 3600.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Seconds to wait after the n-th failure in a row: `first` * `factor`**(n-1), at most `longest`.

    Up to the share `jitter` of it is taken off by chance, so that many workers do not come back at once.
    """

    first: float = 0.2
    factor: float = 2.0
    longest: float = 4.0
    jitter: float = 0.3

    def seconds(self, failures: int, chance: float) -> float:
        """The pause after `failures` (from 1); `chance` is in [0, 1)."""
        exponent = min(max(failures, 1) - 1, 64)
        return min(self.first * self.factor**exponent, self.longest) * (1 - self.jitter * chance)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What a failed handler costs: `attempts` in all, pauses by `backoff`; then an incident."""

    attempts: int = 3
    backoff: Backoff = Backoff(first=5.0, longest=300.0)

    def left(self, retries: int | None) -> int:
        """Attempts left after this failure; `retries` is what the engine says was left before (None: never failed)."""
        return max((self.attempts if retries is None else retries) - 1, 0)

    def pause(self, left: int, chance: float) -> timedelta:
        """The pause before the next of `left` attempts."""
        return timedelta(seconds=self.backoff.seconds(self.attempts - left, chance))


def duration(value: timedelta | float, name: str) -> timedelta:
    """A duration option: a timedelta, or seconds. Numbers above an hour are refused: they are milliseconds by habit."""
    if isinstance(value, timedelta):
        return value
    if value > LONGEST_PLAIN_NUMBER:
        raise ValueError(
            f"{name}={value:g} is in seconds, which is {value / 3600:.1f} hours. "
            f"If you mean milliseconds, write {value / 1000:g}; if you mean it, write timedelta(seconds={value:g})"
        )
    if value < 0:
        raise ValueError(f"{name} must not be negative")
    return timedelta(seconds=value)
