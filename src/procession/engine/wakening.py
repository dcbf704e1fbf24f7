"""A bell that wakes everybody who waits for something new: threads by a condition, event loops by a callback."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Bell:
    """Rung after every commit that made something to fetch."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._rings = 0
        self._listeners: set[Callable[[], None]] = set()

    @property
    def rings(self) -> int:
        """How often it has rung; remember it before looking, then `wait` for a change."""
        return self._rings

    def ring(self) -> None:
        """Wakes everybody."""
        with self._condition:
            self._rings += 1
            self._condition.notify_all()
            listeners = tuple(self._listeners)
        for listener in listeners:
            listener()

    def wait(self, heard: int, timeout: float) -> bool:
        """Waits until it has rung since `heard`, at most `timeout` seconds; False if it has not."""
        with self._condition:
            return self._condition.wait_for(lambda: self._rings != heard, timeout)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Calls `listener` (which must not block) at every ring; gives a function that ends that."""
        with self._condition:
            self._listeners.add(listener)

        def forget() -> None:
            with self._condition:
                self._listeners.discard(listener)

        return forget
