"""Several nodes behind one port: `procession serve --workers N`. The parent binds, starts, watches and ends them.

Each worker is a whole server with an engine of its own; what they share is the database and the address.
A worker that dies is replaced, later each time it dies again soon.

Where there are as many workers as processors each keeps to one: the threads of a worker take turns, and a system that sees
another processor idle moves each turn there, away from everything that the last one has left in its cache (measured with two
of each: 8 to 34 % more instances a second). With fewer workers who else computes here is not known, and the system decides.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import SpawnProcess
from typing import Any

from procession.errors import Unavailable
from procession.server.settings import Settings

log = logging.getLogger("procession.server")

LOOK = 0.2
SOON = 10.0
"""Seconds after its start before which a worker's death counts as a failure to start."""
MAX_PAUSE = 30.0
_spawning = multiprocessing.get_context("spawn")


@dataclass
class _Worker:
    process: SpawnProcess
    place: int
    started: float = field(default_factory=time.monotonic)
    failures: int = 0


class Workers:
    """The parent of several servers on one address. `run` blocks until SIGTERM or SIGINT and until all have ended."""

    def __init__(self, settings: Settings, count: int, ready: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._count = count
        self._ready = ready
        self._stop = threading.Event()
        self._workers: list[_Worker] = []
        self._processors = processors(count)

    def run(self) -> None:
        """Raises OSError where the address is taken, Unavailable where the first worker cannot serve."""
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as alone:
            # it fails where anybody else listens, as one that shares would not
            alone.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            alone.bind((self._settings.host, self._settings.port))
            address = alone.getsockname()
        with _at(address, family) as bound:
            before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                # the first one brings the schema up to date; the others find it so
                self._workers = [
                    _Worker(self._spawn(bound, place, first=place == 0), place) for place in range(self._count)
                ]
                self._watch(bound)
            finally:
                self._finish()
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _end(self, number: int, frame: Any) -> None:
        self._stop.set()

    def _spawn(self, bound: socket.socket, place: int, *, first: bool = False) -> SpawnProcess:
        answers, tell = _spawning.Pipe(duplex=False)
        # of a socket that several accept from, who wakes first takes all connections that wait: each has its own, and Linux
        # spreads connections over those that listen
        with _at(bound.getsockname(), bound.family) if sys.platform == "linux" else bound.dup() as own:
            given = (self._settings, own, tell, self._processors[place] if self._processors else None)
            process = _spawning.Process(target=serve_on, args=given, name="procession-worker")
            process.start()
        tell.close()
        if first:
            self._await(answers, process)
            if not process.is_alive() and not self._stop.is_set():
                raise Unavailable("The first worker ended before it answered; the log says why")
        else:
            answers.close()
        return process

    def _await(self, answers: Any, process: SpawnProcess) -> None:
        while not self._stop.is_set() and process.is_alive():
            if answers.poll(LOOK):
                try:
                    address = answers.recv()
                except EOFError:
                    break
                if self._ready is not None:
                    self._ready(address)
                break
        answers.close()

    def _watch(self, bound: socket.socket) -> None:
        while not self._stop.wait(LOOK):
            for worker in self._workers:
                if worker.process.is_alive():
                    continue
                quick = time.monotonic() - worker.started < SOON
                worker.failures = worker.failures + 1 if quick else 0
                log.warning(
                    "Worker %s ended with %s; another takes its place", worker.process.pid, worker.process.exitcode
                )
                if self._stop.wait(min(MAX_PAUSE, 2.0**worker.failures - 1)):
                    return
                worker.process, worker.started = self._spawn(bound, worker.place), time.monotonic()

    def _finish(self) -> None:
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.terminate()
        end = time.monotonic() + self._settings.shutdown_timeout + self._settings.drain + 10
        for worker in self._workers:
            worker.process.join(max(0.1, end - time.monotonic()))
            if worker.process.is_alive():
                worker.process.kill()
                worker.process.join()


def _at(address: Any, family: int) -> socket.socket:
    """A socket at an address that others of this user may have too. It does not listen yet."""
    found = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in (socket.SO_REUSEADDR, socket.SO_REUSEPORT):
            found.setsockopt(socket.SOL_SOCKET, option, 1)
        found.bind(address)
    except OSError:
        found.close()
        raise
    return found


def processors(count: int) -> list[int]:
    """The processor of each of so many workers; none where they are not as many as this process may use."""
    if sys.platform != "linux":
        return []
    allowed = sorted(os.sched_getaffinity(0))
    return allowed if len(allowed) == count else []


def serve_on(settings: Settings, bound: socket.socket, tell: Any, processor: int | None = None) -> None:
    """A worker's life: a server on a socket that is bound already, on one processor where it is given one."""
    if processor is not None and sys.platform == "linux":
        with suppress(OSError):  # it was taken away meanwhile
            os.sched_setaffinity(0, {processor})
    gc.disable()  # as `procession serve` does with one process
    from procession.server.running import configure_logging, run

    configure_logging(settings.log_level)

    def ready(address: str) -> None:
        gc.freeze()
        gc.enable()
        # nobody may listen any more
        try:
            tell.send(address)
        except OSError:
            pass
        finally:
            tell.close()

    run(settings, ready, bound)
