"""Several nodes behind one port: `procession serve --workers N`. The parent listens, starts, watches and ends them.

Each worker is a whole server with an engine of its own; what they share is the database and the address. The parent takes
every connection and gives it to the workers in turn, so that each has as many as the others: where the system spreads them
by chance, one of two workers often gets eight of twelve, and the other one waits. A worker that dies is replaced, later each
time it dies again soon; a worker whose parent died ends.

Where there are as many workers as processors each keeps to one: the threads of a worker take turns, and a system that sees
another processor idle moves each turn there, away from everything that the last one has left in its cache (measured with two
of each: 8 to 34 % more instances a second). With fewer workers who else computes here is not known, and the system decides.
"""

from __future__ import annotations

import gc
import logging
import multiprocessing
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import SpawnProcess
from typing import Any

from procession.errors import Unavailable
from procession.server.settings import Settings

log = logging.getLogger("procession.server")

LOOK = 0.2
SOON = 10.0
"""Seconds after its start before which a worker's death counts as a failure to start."""
MAX_PAUSE = 30.0
BACKLOG = 2048
FULL = 0.01
"""Seconds until a connection is offered again that no worker could take."""
READY = b"!"
_spawning = multiprocessing.get_context("spawn")


class _Worker:
    """A process, and the socket over which it says that it is ready and gets its connections."""

    def __init__(self, settings: Settings, processor: int | None) -> None:
        self._settings = settings
        self._processor = processor
        self.failures = 0
        self.start()

    def start(self) -> None:
        """Starts the process."""
        self.hand, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.hand.setblocking(False)
        self.is_ready = False
        self.again: float | None = None  # when it is to be started again
        self.started = time.monotonic()
        with theirs:
            given = (self._settings, theirs, self._processor)
            self.process: SpawnProcess = _spawning.Process(target=serve_on, args=given, name="procession-worker")
            self.process.start()

    def look(self) -> None:
        """Takes note of whether it is ready."""
        with suppress(BlockingIOError, ConnectionError):
            self.is_ready = self.is_ready or self.hand.recv(1) == READY

    def take(self, connection: socket.socket) -> bool:
        """Gives it a connection; False where it cannot take one."""
        if not self.is_ready:
            return False
        try:
            return socket.send_fds(self.hand, [READY], [connection.fileno()]) == len(READY)
        except OSError:
            return False  # it ends, or it takes nothing at the moment

    def ended(self) -> bool:
        """True where it has ended; nothing is given to it any more."""
        if self.process.is_alive():
            return False
        self.is_ready = False
        self.hand.close()
        return True


class Workers:
    """The parent of several servers on one address. `run` blocks until SIGTERM or SIGINT and until all have ended."""

    def __init__(self, settings: Settings, count: int, ready: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._count = count
        self._ready = ready
        self._is_stopping = False
        self._workers: list[_Worker] = []
        self._turn = 0

    def run(self) -> None:
        """Raises OSError where the address is taken, Unavailable where the first worker cannot serve."""
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((self._settings.host, self._settings.port))
            listener.setblocking(False)
            before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                self._begin(listener)
                while not self._is_stopping:
                    self._hand_over(listener)
                    self._replace()
            finally:
                self._finish(listener)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _end(self, number: int, frame: Any) -> None:
        self._is_stopping = True

    def _begin(self, listener: socket.socket) -> None:
        """Starts the workers, and listens once the first one can answer: it brings the schema up to date."""
        own: list[int | None] = [*processors(self._count)] or [None] * self._count
        first = _Worker(self._settings, own[0])
        self._workers.append(first)
        while not first.is_ready and not self._is_stopping:
            if first.ended():
                raise Unavailable("The first worker ended before it answered; the log says why")
            select.select([first.hand], [], [], LOOK)
            first.look()
        self._workers += [_Worker(self._settings, processor) for processor in own[1:]]
        listener.listen(BACKLOG)
        if self._ready is not None and not self._is_stopping:
            self._ready(self._settings.address(listener.getsockname()[1]))

    def _hand_over(self, listener: socket.socket) -> None:
        """Gives the connections that come to the workers in turn, for a moment."""
        arrived, _, _ = select.select([listener, *(worker.hand for worker in self._starting())], [], [], LOOK)
        self._look()
        while listener in arrived:
            try:
                connection, _ = listener.accept()
            except OSError:
                return  # there is none any more
            with connection:
                while not self._given(connection):
                    # it waits for a worker that can take it, and so do those behind it
                    if self._is_stopping or not any(worker.process.is_alive() for worker in self._workers):
                        return
                    time.sleep(FULL)
                    self._replace()
                    self._look()

    def _starting(self) -> list[_Worker]:
        return [worker for worker in self._workers if not worker.is_ready and worker.process.is_alive()]

    def _look(self) -> None:
        for worker in self._starting():
            worker.look()

    def _given(self, connection: socket.socket) -> bool:
        for _ in self._workers:
            self._turn = (self._turn + 1) % len(self._workers)
            if self._workers[self._turn].take(connection):
                return True
        return False

    def _replace(self) -> None:
        """Starts workers anew that have ended."""
        for worker in self._workers:
            if self._is_stopping:
                return
            if worker.again is None and worker.ended():
                quick = time.monotonic() - worker.started < SOON
                worker.failures = worker.failures + 1 if quick else 0
                worker.again = time.monotonic() + min(MAX_PAUSE, 2.0**worker.failures - 1)
                log.warning(
                    "Worker %s ended with %s; another takes its place", worker.process.pid, worker.process.exitcode
                )
            if worker.again is not None and time.monotonic() >= worker.again:
                worker.start()

    def _finish(self, listener: socket.socket) -> None:
        """Ends the workers, which get connections for as long as they take some."""
        self._is_stopping = True
        for worker in self._workers:
            if worker.process.is_alive():
                worker.process.terminate()
        end = time.monotonic() + self._settings.shutdown_timeout + self._settings.drain + 10
        while (left := [worker for worker in self._workers if not worker.ended()]) and time.monotonic() < end:
            if any(worker.is_ready for worker in left):
                self._hand_over(listener)
            else:
                time.sleep(FULL)
        for worker in left:
            worker.process.kill()
            worker.process.join()


def processors(count: int) -> list[int]:
    """The processor of each of so many workers; none where they are not as many as this process may use."""
    if sys.platform != "linux":
        return []
    allowed = sorted(os.sched_getaffinity(0))
    return allowed if len(allowed) == count else []


def serve_on(settings: Settings, hand: socket.socket, processor: int | None = None) -> None:
    """A worker's life: a server of the connections that it is handed, on one processor where it is given one."""
    if processor is not None and sys.platform == "linux":
        with suppress(OSError):  # it was taken away meanwhile
            os.sched_setaffinity(0, {processor})
    gc.disable()  # as `procession serve` does with one process
    from procession.server.running import configure_logging, run

    configure_logging(settings.log_level)

    def ready(address: str) -> None:
        gc.freeze()
        gc.enable()
        with suppress(OSError):  # nobody listens any more
            hand.send(READY)

    run(settings, ready, hand)
