"""A worker process that is told to stop in the middle of its work, on a real engine: a part of the torture of workers.

Half of its handlers end within the grace, half never end. It must finish the first, give back the others untried and at
once, and end with code 0.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from camunda_client.worker import Handlers

if TYPE_CHECKING:
    from tests.faults.workers import Engine

ROOT = Path(__file__).resolve().parents[2]
JOBS = 16
SHORT = 0.3
GRACE = 1.0
LOCK = 60.0
"""Far longer than all of it: what is to be had again was given back, its lock did not run out."""

handlers = Handlers()


@handlers.task("work")
def work(kind: str) -> None:
    """Tells that it runs, and lasts."""
    print("begun", flush=True)
    time.sleep(SHORT if kind == "short" else 600)


@dataclass(frozen=True)
class Stopped:
    """What came of it: the exit code, seconds from SIGTERM to the end, jobs that were done, and given back untried."""

    code: int
    seconds: float
    finished: int
    returned: int

    def faults(self) -> list[str]:
        """What is not as it must be."""
        half = JOBS // 2
        checks = {
            f"SIGTERM: exit code {self.code}": self.code == 0,
            f"SIGTERM: took {self.seconds:.1f} s with a grace of {GRACE:g} s": self.seconds < GRACE + 3,
            f"SIGTERM: {self.finished} jobs finished, not {half}": self.finished == half,
            f"SIGTERM: {self.returned} jobs given back untried, not {half}": self.returned == half,
        }
        return [fault for fault, good in checks.items() if not good]


def stop_in_the_middle(engine: Engine, url: str) -> Stopped:
    """Runs a worker of its own and stops it while all its handlers run."""
    before = engine.running()
    for number in range(JOBS):
        engine.start(number, "short" if number % 2 else "stuck")
    command = [sys.executable, "-m", "camunda_client.worker.command", f"{__name__}:handlers", "--engine", engine.api]
    command += ["--url", url, "--grace", str(GRACE), "--poll-timeout", "0.5", "--lock-duration", str(LOCK)]
    command += ["--log-level", "ERROR"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout is not None
        for _ in range(JOBS):
            process.stdout.readline()
        told = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait(60)
        seconds = time.monotonic() - told
    finished = JOBS - (engine.running() - before)
    return Stopped(code, seconds, finished, engine.untried())
