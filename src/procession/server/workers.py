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
import signal
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from typing import Any

from procession.errors import Unavailable
from procession.server.handing import GIVEN, READY, STOP, TAKEN
from procession.server.settings import Settings

log = logging.getLogger("procession.server")

LOOK = 0.2
SOON = 10.0
"""Seconds after its start before which a worker's death counts as a failure to start."""
MAX_PAUSE = 30.0
BACKLOG = 2048
MOST = 64
"""Connections that are accepted before it is looked what else there is."""
FULL = 0.01
"""Seconds until a connection is offered again that no worker could take."""
_spawning = multiprocessing.get_context("spawn")


class _Worker:
    """A process, and the socket over which it gets its connections: what is said there stands in `handing`."""

    def __init__(self, settings: Settings, processor: int | None) -> None:
        self._settings = settings
        self._processor = processor
        self.failures = 0
        self.given: deque[socket.socket] = deque()  # and not taken yet
        self.again: float | None = None  # when it is to be started again
        self.start()

    def start(self) -> None:
        """Starts the process. Raises OSError where there can be none."""
        self.is_ready = False
        self.started = time.monotonic()
        self.hand, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.hand.setblocking(False)
        with theirs:
            given = (self._settings, theirs, self._processor)
            self.process: SpawnProcess = _spawning.Process(target=serve_on, args=given, name="procession-worker")
            self.process.start()
        self.again = None

    def look(self) -> None:
        """Takes note of what it says."""
        try:
            told = self.hand.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            told = b""
        for said in told:
            if said == TAKEN[0]:
                self.given.popleft().close()
            else:
                self.is_ready = said == READY[0]
        if not told:
            self.is_ready = False
            self.hand.close()

    def give(self, connection: socket.socket) -> bool:
        """Gives it a connection; False where it cannot take one."""
        if not self.is_ready:
            return False
        try:
            socket.send_fds(self.hand, [GIVEN], [connection.fileno()])
        except OSError:
            return False  # it ends, or it takes nothing at the moment
        self.given.append(connection)
        return True

    def stop(self) -> None:
        """Has it end; it serves on while it drains."""
        if self.is_ready:
            # not by a signal: where the system gives its own to the whole group, a second one would not wait
            with suppress(OSError):
                self.hand.send(STOP)
        elif self.process.is_alive():
            self.process.terminate()

    def ended(self) -> list[socket.socket] | None:
        """None while it lives, else the connections that it had not taken yet."""
        if self.process.is_alive():
            return None
        if self.hand.fileno() >= 0:
            self.look()  # what it said last
            self.hand.close()
        self.is_ready = False
        left = list(self.given)
        self.given.clear()
        return left


class Workers:
    """The parent of several servers on one address. `run` blocks until SIGTERM or SIGINT and until all have ended."""

    def __init__(self, settings: Settings, count: int, ready: Callable[[str], None] | None = None) -> None:
        self._settings = settings
        self._count = count
        self._ready = ready
        self._signals = 0
        self._workers: list[_Worker] = []
        self._turn = 0
        self._pending: deque[socket.socket] = deque()  # accepted, and not given to anybody yet
        self._listens = False

    def run(self) -> None:
        """Raises Unavailable where the address is taken or the first worker cannot serve."""
        family = socket.AF_INET6 if ":" in self._settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)  # as with one process
            before = {number: signal.signal(number, self._end) for number in (signal.SIGINT, signal.SIGTERM)}
            try:
                with self._taken():
                    listener.bind((self._settings.host, self._settings.port))
                self._begin(listener)
                while not self._signals:
                    self._hand_over(listener)
                    self._replace()
            finally:
                self._finish(listener)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _end(self, number: int, frame: Any) -> None:
        self._signals += 1

    @contextmanager
    def _taken(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            address = f"{self._settings.host}, port {self._settings.port}"
            raise Unavailable(f"There can be no server at {address}: {error.strerror}") from error

    def _begin(self, listener: socket.socket) -> None:
        """Starts the workers, and listens once the first one can answer: it brings the schema up to date."""
        own: list[int | None] = [*processors(self._count)] or [None] * self._count
        first = _Worker(self._settings, own[0])
        self._workers.append(first)
        while not first.is_ready and not self._signals:
            if first.ended() is not None:
                raise Unavailable("The first worker ended before it answered; the log says why")
            self._hand_over(listener)
        self._workers += [_Worker(self._settings, processor) for processor in own[1:]]
        with self._taken():
            listener.listen(BACKLOG)
        listener.setblocking(False)
        self._listens = True
        if self._ready is not None and not self._signals:
            self._ready(self._settings.address(listener.getsockname()[1]))

    def _hand_over(self, listener: socket.socket) -> None:
        """Gives the connections that come to the workers in turn, for a moment."""
        heard = {worker.hand: worker for worker in self._workers if worker.hand.fileno() >= 0}
        # where nobody can take them they wait where the system keeps them
        accepts = self._listens and not self._pending and any(worker.is_ready for worker in self._workers)
        living = [worker.process.sentinel for worker in self._workers if worker.process.is_alive()]
        arrived = wait([*heard, *living, *([listener] if accepts else [])], FULL if self._pending else LOOK)
        for hand, worker in heard.items():
            if hand in arrived:
                worker.look()
        if listener in arrived:
            for _ in range(MOST):
                try:
                    connection, _ = listener.accept()
                except OSError:
                    break  # there is none any more
                self._pending.append(connection)
                if not self._give():
                    return
        self._give()

    def _give(self) -> bool:
        """Gives what is pending; False where some is left."""
        while self._pending:
            for _ in self._workers:
                self._turn = (self._turn + 1) % len(self._workers)
                if self._workers[self._turn].give(self._pending[0]):
                    self._pending.popleft()
                    break
            else:
                return False
        return True

    def _replace(self) -> None:
        """Starts workers anew that have ended; what they had not taken is for others."""
        for worker in self._workers:
            if worker.again is None and (left := worker.ended()) is not None:
                self._pending.extend(left)
                self._put_off(worker)
                log.warning(
                    "Worker %s ended with %s; another takes its place", worker.process.pid, worker.process.exitcode
                )
            if worker.again is not None and time.monotonic() >= worker.again:
                try:
                    worker.start()
                except OSError as error:
                    self._put_off(worker)
                    log.warning("A worker cannot be started: %s", error)

    def _put_off(self, worker: _Worker) -> None:
        quick = time.monotonic() - worker.started < SOON
        worker.failures = worker.failures + 1 if quick else 0
        worker.again = time.monotonic() + min(MAX_PAUSE, 2.0**worker.failures - 1)

    def _finish(self, listener: socket.socket) -> None:
        """Ends the workers, which get connections for as long as they take some; afterwards none is accepted any more."""
        signals = self._signals
        for worker in self._workers:
            worker.stop()
        end = time.monotonic() + self._settings.shutdown_timeout + self._settings.drain + 10
        while (left := [worker for worker in self._workers if worker.process.is_alive()]) and time.monotonic() < end:
            if self._listens and not any(worker.is_ready for worker in left):
                self._listens = False
                listener.close()
            if self._signals > signals:  # whoever sends a second one does not wait
                signals = self._signals
                for worker in left:
                    worker.process.terminate()
            self._hand_over(listener)
        for worker in left:
            worker.process.kill()
            worker.process.join()
        for connection in self._pending:
            connection.close()


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
    from procession.server.running import collect_seldom, configure_logging, run

    configure_logging(settings.log_level)

    def ready(address: str) -> None:
        collect_seldom()

    run(settings, ready, hand)
