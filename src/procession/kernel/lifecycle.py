"""The legal moves in an element's life: one table, checked at one place.

activating ─► active ─► completing ─► completed
    │  ▲        │  │         │  ▲
    ▼  │        │  ▼         ▼  │
   failed       │ failed    failed
    │           ▼            │
    └◄─────► terminating ◄───┘
                │
                ▼
            terminated
"""

from __future__ import annotations

from procession.errors import Conflict
from procession.kernel.records import Life

MOVES: dict[Life, frozenset[Life]] = {
    Life.ACTIVATING: frozenset({Life.ACTIVE, Life.FAILED, Life.TERMINATING}),
    Life.ACTIVE: frozenset({Life.ACTIVE, Life.COMPLETING, Life.FAILED, Life.TERMINATING}),
    Life.COMPLETING: frozenset({Life.COMPLETED, Life.FAILED, Life.TERMINATING}),
    Life.FAILED: frozenset({Life.ACTIVATING, Life.ACTIVE, Life.COMPLETING, Life.TERMINATING}),
    Life.TERMINATING: frozenset({Life.TERMINATED, Life.FAILED}),
    Life.COMPLETED: frozenset(),
    Life.TERMINATED: frozenset(),
}


def move(current: Life, to: Life) -> Life:
    """The new state of life. Raises Conflict where the table has no such move."""
    if to is not current and to not in MOVES[current]:
        raise Conflict(f"An element cannot go from {current} to {to}")
    return to
