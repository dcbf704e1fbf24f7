"""One shared memory of an engine that does not answer: who meets it waits for the same moment, and one line is logged.

However many jobs wait, an outage logs one line for each back-off step and one when it is over.
"""

from __future__ import annotations

import asyncio
import logging
import random

from camunda_client.errors import CamundaError
from camunda_client.worker.policies import Backoff

log = logging.getLogger("camunda_client.worker")


class Outage:
    """The state of the line to the engine."""

    def __init__(self, backoff: Backoff) -> None:
        self._backoff = backoff
        self._failures = 0
        self._since = 0.0
        self._until = 0.0

    @property
    def going_on(self) -> bool:
        """True from the first failure until the next success."""
        return self._failures > 0

    async def wait(self, error: Exception) -> None:
        """Sleeps until the next attempt is due; the first to fail after the last pause starts the next step."""
        now = asyncio.get_running_loop().time()
        if now >= self._until:
            if not self._failures:
                self._since = now
            self._failures += 1
            pause = self._backoff.seconds(self._failures, random.random())
            self._until = now + pause
            trace = None if isinstance(error, CamundaError) else error
            log.warning("Engine: %s; attempt %d in %.1f s", error, self._failures + 1, pause, exc_info=trace)
        await asyncio.sleep(max(self._until - now, 0))

    def over(self) -> None:
        """The engine answered."""
        if self._failures:
            seconds = asyncio.get_running_loop().time() - self._since
            log.info("Engine: answers again after %.1f s", seconds)
        self._failures = 0
        self._until = 0.0
