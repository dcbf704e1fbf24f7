"""At most so many requests in any window of time, counted on the sender's side."""

from __future__ import annotations

from collections import deque

from camunda_client.modeler.clock import Clock

REQUESTS, WINDOW = 240, 60.0
"""What Web Modeler allows an organisation: requests per window, the window in seconds."""


class RateLimit:
    """Says how long to wait before the next request, so that no window ever holds more than `requests`."""

    def __init__(self, clock: Clock, requests: int = REQUESTS, window: float = WINDOW) -> None:
        self._clock = clock
        self._window = window
        self._sent: deque[float] = deque(maxlen=requests)

    def wait(self) -> float:
        """Seconds until a request may go out; 0 for now."""
        if len(self._sent) < (self._sent.maxlen or 0):
            return 0.0
        return max(0.0, self._sent[0] + self._window - self._clock.monotonic())

    def sent(self) -> None:
        """Counts a request that goes out now."""
        self._sent.append(self._clock.monotonic())
