"""HTTP connections: uvicorn's protocol, with a short way for the many small requests to an API.

uvicorn wraps each request into an ASGI cycle: a scope, events, timers, two messages. That is right for whatever is large or
unusual, and goes that way here too. A small request in one piece to one of our own APIs, most of all that a server gets, is
handed to its carrier as it stands, and its answer leaves in one packet: that takes half of the time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import lru_cache
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from procession.server.carrying import Carrier, Unfit, Written, headers_of

log = logging.getLogger("procession.server")

SMALL = 64 * 1024
"""Bytes of a body that arrives in one piece, for all practical purposes."""
_LOOK = 1.0  # seconds between two looks at how long a connection has been waited for
_METHODS = frozenset({b"GET", b"POST", b"PUT", b"DELETE"})
_LONG_WAY = frozenset({b"transfer-encoding", b"upgrade", b"expect"})
_STATUS = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
Find = Callable[[str], Carrier[Any] | None]


class Corked:
    """A transport that keeps what is written until the event loop has no more to do with this answer.

    uvicorn writes headers and body apart, and each write is a system call of its own: a sixth of what a small answer costs.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._kept: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keeps the first piece; the second takes it along."""
        if self._kept:
            self._kept.append(data)
            self._flush()
        else:
            self._kept.append(data)
            self._loop.call_soon(self._flush)

    def write_at_once(self, data: bytes) -> None:
        """Sends what is kept, then this."""
        self._flush()
        self._transport.write(data)

    def _flush(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, []
            self._transport.write(b"".join(kept))

    def close(self) -> None:
        """Sends what is kept, then closes."""
        self._flush()
        self._transport.close()

    def is_closing(self) -> bool:
        """As the transport's."""
        return self._transport.is_closing()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class Small:
    """A small request to an API on its way. For uvicorn's protocol it stands where a cycle does: hence its attributes."""

    __slots__ = (
        "_told",
        "body",
        "carrier",
        "client",
        "disconnected",
        "headers",
        "keep_alive",
        "method",
        "more_body",
        "path",
        "query",
        "response_complete",
        "scheme",
    )

    def __init__(self, protocol: Connection, carrier: Carrier[Any], method: bytes, path: bytes, query: bytes) -> None:
        self.carrier = carrier
        self.method = method.decode("ascii")
        self.path = path
        self.query = query
        self.headers = protocol.headers
        self.client = "" if protocol.client is None else protocol.client[0]
        self.scheme = protocol.scheme or "http"
        self.body = bytearray()
        self.more_body = True
        self.disconnected = False
        self.response_complete = False
        self.keep_alive: bool = protocol.parser.should_keep_alive()
        self._told: Callable[[], None] | None = None

    @property
    def message_event(self) -> Small:
        """What is `set` when something happens; kept as a member it would be a cycle, for the collector to find."""
        return self

    def set(self) -> None:
        """Something has happened: the client may have gone."""
        if self.disconnected and self._told is not None:
            self._told()

    async def whole(self, limit: int) -> bytes:
        """The body. Raises Unfit where it is too large."""
        if len(self.body) > limit:
            raise Unfit.too_large(limit)
        return bytes(self.body)

    def watch(self, gone: Callable[[], None]) -> Callable[[], None]:
        """Has it told when the client goes; gives what ends that."""
        self._told = gone
        return self._unwatch

    def _unwatch(self) -> None:
        self._told = None


class Connection(HttpToolsProtocol):
    """One connection. A client gets `patience` seconds to send a request's head and ten times that for its body: who is
    slower is cut off, for a connection that never asks anything is one that nobody else can have.

    `find` gives the carrier that answers a path, if one does.
    """

    patience: ClassVar[float] = 30.0
    find: ClassVar[Find]
    cycle: Any  # uvicorn's, or a `Small` in its place
    _until: float | None = None
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Puts the cork between uvicorn and the socket."""
        self._corked = Corked(transport, self.loop)
        super().connection_made(self._corked)  # type: ignore[arg-type]
        self._until = self.loop.time() + self.patience
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        if self._watch is not None:
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        if self._until is not None and self.loop.time() >= self._until:
            self._watch = None
            self.transport.close()
        else:
            self._watch = self.loop.call_later(min(_LOOK, self.patience / 4), self._look)

    # ------------------------------------------------------------ what the parser tells

    def on_message_begin(self) -> None:
        """A request begins. What uvicorn makes ready for it waits until it is known to go the long way."""
        self._until = self.loop.time() + self.patience
        self.url = b""
        self.headers = []
        self.expect_100_continue = False

    def on_headers_complete(self) -> None:
        """Its head is here."""
        self._until = self.loop.time() + 10 * self.patience
        small = self._small()
        if small is not None:
            self.cycle = small
            return
        url, headers, is_expecting = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, is_expecting
        self.headers += headers  # the list that the scope holds
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is here as a whole."""
        self._until = None
        if type(self.cycle) is Small:
            task = self.loop.create_task(self._respond(self.cycle))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        else:
            super().on_message_complete()

    # ------------------------------------------------------------ the short way

    def _small(self) -> Small | None:
        """The request whose head is here, where it can go the short way."""
        if self.cycle is not None and not self.cycle.response_complete:
            return None  # its answer has to wait for that one
        parser = self.parser
        method = parser.get_method()
        path, _, query = self.url.partition(b"?")
        if (
            method not in _METHODS
            or parser.get_http_version() != "1.1"
            or not path.startswith(b"/")
            or self.url.find(b"#") >= 0  # `in` would take the bytes for a number first, and drop that error
        ):
            return None
        for name, value in self.headers:
            if name == b"content-length":
                if len(value) > 5 or int(value) > SMALL:
                    return None
            elif name in _LONG_WAY or name.startswith(b"x-forwarded-"):
                return None
        carrier = type(self).find(path.decode("latin-1"))
        return None if carrier is None else Small(self, carrier, method, path, query)

    async def _respond(self, asked: Small) -> None:
        try:
            packet = self._packet(await asked.carrier.respond(asked), asked)
            if self.flow.write_paused:
                await self.flow.drain()
        except Exception:
            log.exception("A request could not be answered")
            self.transport.close()
            return
        asked.response_complete = True
        if self.transport.is_closing():
            return
        self._corked.write_at_once(packet)
        if not asked.keep_alive:
            self.transport.close()
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._until is None:
            self._until = self.loop.time() + self.timeout_keep_alive

    def _packet(self, written: Written, asked: Small) -> bytes:
        is_last = asked.carrier.is_draining
        head = [_STATUS[written.status], *map(_line, self.server_state.default_headers)]
        head += map(_line, headers_of(written, last=is_last))
        if is_last:
            asked.keep_alive = False
        elif not asked.keep_alive:
            head.append(b"connection: close\r\n")
        return b"".join((*head, b"\r\n", written.body))


@lru_cache(256)
def _line(header: tuple[bytes, bytes]) -> bytes:
    """A header as it is sent. Raises ValueError where it would hold a line break."""
    line = b"%b: %b" % header
    if line.find(b"\r") >= 0 or line.find(b"\n") >= 0:
        raise ValueError(f"The header {header[0]!r} would hold a line break")
    return line + b"\r\n"
