"""Counts a client's handlers and its own processor time. Runs inside the client's environment: the standard library alone."""

from __future__ import annotations

import json
import os
import sys
import threading
import time


class Meter:
    """Prints one JSON line and ends the process when `jobs` handlers have ended, or `seconds` after the first began."""

    def __init__(self, jobs: int, seconds: float) -> None:
        self.jobs, self.seconds = jobs, seconds
        self.count = 0
        self.first = self.last = self.cpu_first = 0.0
        self._lock = threading.Lock()

    def begin(self) -> None:
        """Before each handler's work."""
        if self.first == 0.0:
            with self._lock:
                if self.first == 0.0:
                    self.cpu_first, self.first = time.process_time(), time.monotonic()
                    threading.Timer(self.seconds, self.end).start()

    def done(self) -> None:
        """After each handler's work."""
        with self._lock:
            self.count += 1
            self.last = time.monotonic()
            enough = self.count == self.jobs
        if enough:
            threading.Timer(0.5, self.end).start()  # its last completions are part of its cost

    def end(self) -> None:
        """Tells and goes."""
        spent = max(self.last - self.first, 1e-6)
        told = {"jobs": self.count, "seconds": spent, "cpu": time.process_time() - self.cpu_first}
        print(json.dumps(told), flush=True)
        sys.stdout.flush()
        os._exit(0)


def arguments() -> tuple[str, Meter, float, bool]:
    """(address, meter, seconds that a handler takes, whether to use the best settings) from the command line."""
    url, jobs, handler_ms, best, limit = sys.argv[1:6]
    return url, Meter(int(jobs), float(limit)), float(handler_ms) / 1000, best == "best"
