"""How a function is timed, the same for every engine in Python: processor time, the best of some rounds.

The machine may be shared, so wall time says little; what others take lengthens a round and never shortens it, so the
best round is the nearest to the truth. Needs the standard library only: other engines live in environments of their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

ROUNDS = 5
LEAST = 0.15
"""Seconds of one round."""
CHECKED = 2.0
"""Seconds that comparing answers may take."""


def per_second(run: Callable[[Any], Any], cases: Sequence[Any], rounds: int = ROUNDS, least: float = LEAST) -> float:
    """Calls of `run` per second of processor time, going through the cases again and again."""
    start, first = time.process_time(), 0.0
    done = 0
    for case in cases:
        run(case)
        done += 1
        first = time.process_time() - start
        if first > least:
            break
    cost = max(first / done, 1e-7)
    if cost > least:
        return 1 / cost
    rounds = rounds if cost < least / 10 else 1
    cases = cases[: max(1, int(least / cost))]
    repeats = max(1, int(least / (cost * len(cases))))
    return len(cases) * repeats / min(_spent(run, cases, repeats) for _ in range(rounds))


def _spent(run: Callable[[Any], Any], cases: Sequence[Any], repeats: int) -> float:
    start = time.process_time()
    for _ in range(repeats):
        for case in cases:
            run(case)
    return time.process_time() - start


def wrong(run: Callable[[Any], Any], task: Mapping[str, Any]) -> int:
    """How many answers are not the expected ones; where there is much to do only the first are looked at."""
    end = time.process_time() + CHECKED
    count = 0
    for given, expected in zip(task["inputs"], task["answers"], strict=True):
        count += plain(run(given)) != plain(expected)
        if time.process_time() > end:
            break
    return count


def plain(value: Any) -> Any:
    """An answer as JSON compares it: mappings as dicts, numbers of any kind by value."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, str | bool) or value is None:
        return value
    if isinstance(value, int | float | Decimal):
        return float(value)
    return [plain(inner) for inner in value] if isinstance(value, Iterable) else str(value)


def say(result: Mapping[str, Any]) -> None:
    """One line for whoever called."""
    print(json.dumps(result), flush=True)
