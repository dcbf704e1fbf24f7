"""A worker's end of the socket over which its parent hands it connections: `procession serve --workers N`, see `workers`.

Each message is one byte. The parent says `GIVEN` with every connection, and `STOP`. The worker says `READY` once it can answer,
`TAKEN` for each connection that it has got, so that the parent gives those to another worker that this one died with, and
`LEAVING` when it wants no more.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

GIVEN, STOP = b"!", b"."
READY, TAKEN, LEAVING = b"!", b"+", b"-"

log = logging.getLogger("procession.server")


class Handed:
    """The connections that come over `hand`, each served by a protocol of its own.

    `stop` is called when the server is to end: with True at once, since whoever hands connections has died.
    """

    def __init__(
        self, hand: socket.socket, protocol: Callable[[], asyncio.Protocol], stop: Callable[[bool], None]
    ) -> None:
        self._hand = hand
        self._protocol = protocol
        self._stop = stop
        self._loop = asyncio.get_running_loop()
        self._arriving: set[asyncio.Task[Any]] = set()
        self._owed = b""  # what is still to be told
        self._is_ending = False

    def begin(self) -> None:
        """Takes connections from now on."""
        self._hand.setblocking(False)
        self._loop.add_reader(self._hand.fileno(), self._take)
        self._tell(READY)

    async def end(self) -> None:
        """Takes what is on its way, and no more."""
        self._is_ending = True
        self._loop.remove_reader(self._hand.fileno())
        self._tell(LEAVING)
        with suppress(OSError):
            self._hand.shutdown(socket.SHUT_RD)
        self._take()
        await asyncio.gather(*self._arriving, return_exceptions=True)
        self._hand.close()

    def _tell(self, what: bytes) -> None:
        self._owed += what
        with suppress(OSError):  # nobody listens any more, or not at the moment
            self._owed = self._owed[self._hand.send(self._owed) :]

    def _take(self) -> None:
        taken = 0
        while True:
            try:
                told, numbers, _, _ = socket.recv_fds(self._hand, 1, 1)
            except BlockingIOError:
                break
            except OSError:
                told = b""
            if told == GIVEN:
                taken += 1
                self._begin(numbers)
            elif told == STOP:
                self._stop(False)
            else:
                if not self._is_ending:
                    self._loop.remove_reader(self._hand.fileno())
                    self._stop(True)
                break
        if taken:
            self._tell(TAKEN * taken)

    def _begin(self, numbers: list[int]) -> None:
        if not numbers:
            log.warning("A connection could not be taken: this process has too many files open")
        for number in numbers:
            task = self._loop.create_task(self._serve(socket.socket(fileno=number)))
            self._arriving.add(task)
            task.add_done_callback(self._arriving.discard)

    async def _serve(self, connection: socket.socket) -> None:
        with suppress(OSError):  # it has gone meanwhile
            connection.setblocking(False)
            connection.set_inheritable(False)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(self._protocol, connection)
