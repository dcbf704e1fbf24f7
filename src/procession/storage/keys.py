"""Keys: 63 bits, ordered by time, never the same twice.

    | 41 bits: milliseconds since 2020 | 10 bits: node | 12 bits: sequence |

41 bits of milliseconds last until 2089. The node number is leased (`storage.nodes`), and a maker stops when its lease
has run out, so that no two processes ever make keys under one number at one time. Within one maker keys increase,
whatever the clock does: a clock that stands still or runs back uses up the sequence, then the next milliseconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from procession.errors import Unavailable

START = 1_577_836_800_000
"""2020-01-01 in milliseconds since 1970."""
NODE_BITS, SEQUENCE_BITS = 10, 12
NODES = 1 << NODE_BITS
_SEQUENCES = 1 << SEQUENCE_BITS


def real_millis() -> int:
    """The real clock, in milliseconds since 1970. Keys never follow a test clock."""
    return time.time_ns() // 1_000_000


def time_of(key: int) -> int:
    """When a key was made, in milliseconds since 1970."""
    return (key >> (NODE_BITS + SEQUENCE_BITS)) + START


class KeyMaker:
    """Makes keys for one node number; safe to use from several threads.

    `valid_until` (milliseconds since 1970, None for ever) is the end of the node's lease; `renew` moves it.
    """

    def __init__(self, node: int, clock: Callable[[], int] = real_millis, valid_until: int | None = None) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"a node number lies between 0 and {NODES - 1}, not {node}")
        self._node = node
        self._clock = clock
        self._valid_until = valid_until
        self._lock = threading.Lock()
        self._time = 0
        self._free = 0  # the next in the sequence

    @property
    def node(self) -> int:
        """The node number in these keys."""
        return self._node

    @property
    def valid_until(self) -> int | None:
        """When the lease ends, milliseconds since 1970."""
        return self._valid_until

    @property
    def last_time(self) -> int:
        """The millisecond of the last key, since 1970; it may lie ahead of the clock."""
        return self._time + START

    def renew(self, node: int, valid_until: int | None) -> None:
        """The lease was prolonged, or another number was leased."""
        with self._lock:
            self._node, self._valid_until = node, valid_until

    def __call__(self) -> int:
        """A new key. Raises Unavailable where the node's lease has run out."""
        return self.take(1)[0]

    def take(self, count: int) -> range:
        """So many new keys (4,096 at most), each one more than the one before. Raises Unavailable as above."""
        with self._lock:
            now = self._clock() - START
            if now > self._time:
                self._time, self._free = now, 0
            elif self._free + count > _SEQUENCES:
                self._time, self._free = self._time + 1, 0
            if self._valid_until is not None and self._time + START >= self._valid_until:
                raise Unavailable("The lease of this node's number has run out")
            first = (self._time << (NODE_BITS + SEQUENCE_BITS)) | (self._node << SEQUENCE_BITS) | self._free
            self._free += count
            return range(first, first + count)
