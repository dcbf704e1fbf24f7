"""uvicorn's HTTP protocol with one packet an answer: its headers and its body leave together.

uvicorn writes them apart, and each write is a system call of its own: a sixth of what a small answer costs.
"""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Corked:
    """A transport that keeps what is written until the event loop has no more to do with this answer."""

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

    def _flush(self) -> None:
        if self._kept:
            kept, self._kept = self._kept, []
            self._transport.write(b"".join(kept))

    def close(self) -> None:
        """Sends what is kept, then closes."""
        self._flush()
        self._transport.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


class CorkedProtocol(HttpToolsProtocol):
    """One connection. A client gets `patience` seconds to send a request's head and ten times that for its body: who is
    slower is cut off, for a connection that never asks anything is one that nobody else can have."""

    patience: ClassVar[float] = 30.0
    _alarm: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Puts the cork between uvicorn and the socket."""
        super().connection_made(Corked(transport, self.loop))  # type: ignore[arg-type]
        self._expect(self.patience)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._expect(None)
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins."""
        self._expect(self.patience)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Its head is here."""
        self._expect(10 * self.patience)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is here as a whole."""
        self._expect(None)
        super().on_message_complete()

    def _expect(self, seconds: float | None) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = None if seconds is None else self.loop.call_later(seconds, self._too_slow)

    def _too_slow(self) -> None:
        self._alarm = None
        self.transport.close()
