"""HTTP/1.1 for workers: what a worker sends is one small JSON request after the other to one address.

A general HTTP library spends a millisecond of processor time on each, which is most of what a worker costs. This file
keeps connections open, sends a request in one write and reads the answer with a few searches in a buffer. What it does
not do (redirects, compression, proxies, cookies, HTTP/2) a worker does not need; behind a proxy workers use httpx.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

CONNECT_SECONDS = 10.0
IDLE_SECONDS = 4.0
"""A connection unused for longer is not used again: servers close theirs after five seconds and more."""

LARGEST_HEAD = 64 * 1024
LARGEST_BODY = 256 * 1024 * 1024


class WireError(OSError):
    """No usable answer came; the message says what happened instead."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    content: bytes
    media_type: str


class _Connection(asyncio.Protocol):
    """One connection: one request at a time."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._answer: asyncio.Future[Reply] | None = None
        self._head: tuple[int, Mapping[bytes, bytes]] | None = None
        self._keep = True
        self.idle_since = 0.0
        self.usable = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, data: bytes) -> asyncio.Future[Reply]:
        assert self._transport is not None
        self._answer = self._loop.create_future()
        self._transport.write(data)
        return self._answer

    def data_received(self, data: bytes) -> None:
        if self._answer is None:  # nobody asked: what follows cannot be told from an answer
            self.abort()
            return
        self._buffer += data
        try:
            self._read(ended=False)
        except ValueError as error:
            self._fail(f"the answer is not HTTP: {error}")

    def eof_received(self) -> bool:
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self.usable = False
        if self._answer is None or self._answer.done():
            return
        try:
            self._read(ended=True)
        except ValueError as fault:
            self._fail(f"the answer is not HTTP: {fault}")
        if self._answer is not None:
            self._fail(f"the connection was closed before the answer was whole ({error or 'by the server'})")

    def abort(self) -> None:
        """Closes at once."""
        self.usable = False
        if self._transport is not None:
            self._transport.abort()

    def _fail(self, reason: str) -> None:
        answer, self._answer = self._answer, None
        if answer is not None and not answer.done():
            answer.set_exception(WireError(reason))
        self.abort()

    def _read(self, *, ended: bool) -> None:
        while self._head is None:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                if len(self._buffer) > LARGEST_HEAD:
                    raise ValueError("its head does not end")
                return
            head = _read_head(bytes(self._buffer[:end]))
            del self._buffer[: end + 4]
            if head[0] >= 200:
                self._head = head
                self._keep = head[1].get(b"connection", b"").lower() != b"close"
        status, headers = self._head
        content = self._body(status, headers, ended=ended)
        if content is None:
            return
        answer, self._answer, self._head = self._answer, None, None
        if self._buffer or not self._keep:
            self.usable = False
        self._buffer.clear()
        if answer is not None and not answer.done():
            answer.set_result(Reply(status, content, headers.get(b"content-type", b"").decode("latin-1")))

    def _body(self, status: int, headers: Mapping[bytes, bytes], *, ended: bool) -> bytes | None:
        """The whole body, taken out of the buffer; None while it is not there yet."""
        if status in (204, 304):
            return b""
        if headers.get(b"transfer-encoding", b"").lower() == b"chunked":
            found = _chunks(self._buffer)
            if found is None:
                return None
            content, used = found
            del self._buffer[:used]
            return content
        length = headers.get(b"content-length")
        if length is None:
            if not ended:
                self._keep = False
                return None
            content = bytes(self._buffer)
            self._buffer.clear()
            return content
        if not length.isdigit() or int(length) > LARGEST_BODY:
            raise ValueError(f"its length is {length[:20]!r}")
        size = int(length)
        if len(self._buffer) < size:
            return None
        content = bytes(self._buffer[:size])
        del self._buffer[:size]
        return content


def _read_head(head: bytes) -> tuple[int, dict[bytes, bytes]]:
    first, *lines = head.split(b"\r\n")
    version, _, rest = first.partition(b" ")
    if not version.startswith(b"HTTP/1.") or not rest[:3].isdigit():
        raise ValueError(f"it begins with {first[:40]!r}")
    headers: dict[bytes, bytes] = {}
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise ValueError(f"a header reads {line[:40]!r}")
        headers[name.lower()] = value.strip()
    if version == b"HTTP/1.0":
        headers.setdefault(b"connection", b"close")
    return int(rest[:3]), headers


def _chunks(buffer: bytearray) -> tuple[bytes, int] | None:
    """A chunked body and how many bytes it took, or None while it is not whole."""
    parts: list[bytes] = []
    at = total = 0
    while True:
        end = buffer.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(bytes(buffer[at:end]).partition(b";")[0], 16)
        total += size
        if size < 0 or total > LARGEST_BODY:
            raise ValueError("a chunk is too large")
        at = end + 2
        if size == 0:
            trailer = buffer.find(b"\r\n", at)
            while trailer >= 0 and trailer != at:
                at = trailer + 2
                trailer = buffer.find(b"\r\n", at)
            return (b"".join(parts), at + 2) if trailer >= 0 else None
        if len(buffer) < at + size + 2:
            return None
        parts.append(bytes(buffer[at : at + size]))
        at += size + 2


class Wire:
    """Connections to one address, kept and reused; belongs to one event loop."""

    def __init__(self, root: str, tls: ssl.SSLContext | None) -> None:
        parts = urlsplit(root)
        self._host = parts.hostname or ""
        self._tls = (tls or ssl.create_default_context()) if parts.scheme == "https" else None
        self._port = parts.port or (443 if self._tls else 80)
        self._path = parts.path.rstrip("/")
        self._fixed = f"Host: {parts.netloc}\r\nAccept: */*\r\n".encode("ascii")
        self._idle: list[_Connection] = []

    async def send(
        self,
        method: str,
        path: str,
        params: Mapping[str, str],
        content: bytes | None,
        authorization: str,
        timeout: float,
    ) -> Reply:
        """One request and its answer. Raises WireError; TimeoutError after `timeout` seconds without a whole answer."""
        loop = asyncio.get_running_loop()
        data = self._request(method, path, params, content, authorization)
        connection = self._take(loop) or await self._connect(loop)
        answer = connection.ask(data)
        timer = loop.call_later(timeout, _expire, answer)
        try:
            reply = await answer
        except BaseException:
            connection.abort()
            raise
        finally:
            timer.cancel()
        if connection.usable:
            connection.idle_since = loop.time()
            self._idle.append(connection)
        else:
            connection.abort()
        return reply

    def close(self) -> None:
        """Closes all idle connections; those in use are closed by whoever uses them."""
        while self._idle:
            self._idle.pop().abort()

    def _request(
        self, method: str, path: str, params: Mapping[str, str], content: bytes | None, authorization: str
    ) -> bytes:
        target = self._path + path + (f"?{urlencode(params)}" if params else "")
        for text in (target, authorization):
            if not text.isascii() or "\r" in text or "\n" in text or " " in target:
                raise ValueError("an address or header has characters that HTTP does not allow")
        head = f"{method} {target} HTTP/1.1\r\n".encode("ascii") + self._fixed
        if authorization:
            head += f"Authorization: {authorization}\r\n".encode("ascii")
        if content is not None:
            head += b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content)
            return head + content
        return head + (b"\r\n" if method == "GET" else b"Content-Length: 0\r\n\r\n")

    def _take(self, loop: asyncio.AbstractEventLoop) -> _Connection | None:
        now = loop.time()
        while self._idle:
            connection = self._idle.pop()
            if connection.usable and now - connection.idle_since < IDLE_SECONDS:
                return connection
            connection.abort()
        return None

    async def _connect(self, loop: asyncio.AbstractEventLoop) -> _Connection:
        opening = loop.create_connection(
            lambda: _Connection(loop),
            self._host,
            self._port,
            ssl=self._tls,
            server_hostname=self._host if self._tls else None,
        )
        try:
            _, connection = await asyncio.wait_for(opening, CONNECT_SECONDS)
        except TimeoutError:
            raise WireError(f"no connection within {CONNECT_SECONDS:g} s") from None
        return connection


def _expire(answer: asyncio.Future[Reply]) -> None:
    if not answer.done():
        answer.set_exception(TimeoutError("no answer in time"))
