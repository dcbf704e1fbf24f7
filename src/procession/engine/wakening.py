"""A bell that wakes everybody who waits for something new: threads by a condition, event loops by a callback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Set


class Bell:
    """Rung after every commit that made something to fetch."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0
        self._listeners: dict[Callable[[], None], Collection[str] | None] = {}

    @property
    def rings(self) -> int:
        """How often it has rung; remember it before looking, then `wait` for a change."""
        return self._rings

    def ring(self, topics: Set[str] | None = None) -> None:
        """Wakes everybody; where it is for some `topics`, not those who listen for others."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()
            listeners = [
                listener
                for listener, wanted in self._listeners.items()
                if wanted is None or topics is None or not topics.isdisjoint(wanted)
            ]
        for listener in listeners:
            listener()

    def wait(self, heard: int, timeout: float) -> bool:
        """Waits until it has rung since `heard`, at most `timeout` seconds; False if it has not."""
        with self._condition:
            return self._condition.wait_for(lambda: self._rings != heard, timeout)

    def listen(self, listener: Callable[[], None], topics: Collection[str] | None = None) -> Callable[[], None]:
        """Calls `listener` (which must not block) at every ring, with `topics` only at those that may be for one of them;
        gives a function that ends that."""
        with self._condition:
            self._listeners[listener] = topics

        def forget() -> None:
            with self._condition:
                self._listeners.pop(listener, None)

        return forget
