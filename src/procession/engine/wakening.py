"""A bell that wakes who waits for something new: threads by a condition, event loops by a callback.

Of many who wait for work of one topic only as many are woken as there is work for: each that is woken looks, and all but
these would look in vain. Whoever is woken and does not look passes it on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

Work = Mapping[str, int]
"""How much there is to fetch of each topic."""
Listener = Callable[[Work | None], object]
"""Called with what it is woken for, None where nobody knows. Must not block, nor ring."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody waits for: work of these topics, `most` at a time. None where that is not all that matters to it."""

    topics: Collection[str]
    most: int | None = None


class Bell:
    """Rung after every commit that made something to fetch."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0
        self._listeners: dict[Listener, Wanted | None] = {}

    @property
    def rings(self) -> int:
        """How often it has rung; remember it before looking, then `wait` for a change."""
        return self._rings

    def ring(self, work: Work | None = None) -> None:
        """Wakes everybody; where it is for some `work`, who wants that: in the order in which they came, until there is
        somebody for all of it."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()
            left = None if work is None else dict(work)
            # inside the lock, for what somebody is woken for who has just gone would be lost
            for listener, wanted in list(self._listeners.items()):
                if wanted is None or left is None:
                    listener(work)
                elif share := _share(wanted, left):
                    listener(share)

    def wait(self, heard: int, timeout: float) -> bool:
        """Waits until it has rung since `heard`, at most `timeout` seconds; False if it has not."""
        with self._condition:
            return self._condition.wait_for(lambda: self._rings != heard, timeout)

    def listen(self, listener: Listener, wanted: Wanted | None = None) -> Callable[[], None]:
        """Calls `listener` at every ring, with `wanted` only at those that are for it; gives a function that ends that."""
        with self._condition:
            self._listeners[listener] = wanted

        def forget() -> None:
            with self._condition:
                self._listeners.pop(listener, None)

        return forget


def _share(wanted: Wanted, left: dict[str, int]) -> dict[str, int]:
    """What somebody is woken for; that is no longer `left` for others, unless it may not be what is wanted."""
    share = {}
    room = wanted.most
    for topic in wanted.topics:
        number = left.get(topic, 0)
        if number > 0 and room != 0:
            share[topic] = number if room is None else min(number, room)
            if room is not None:
                room -= share[topic]
                left[topic] -= share[topic]
    return share
