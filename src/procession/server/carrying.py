"""Carries HTTP to the endpoints of an API and back: bodies within limits, credentials, threads, steps, waiting, errors.

An endpoint is a plain function, which runs in a thread of the API's own pool; a generator, which goes in steps so that no
thread waits for the engine; or a coroutine function, which waits on the event loop and ends when its client goes away.
What an endpoint is given, and how answers and errors are written, a subclass says: one for each API. This file knows how a
request travels, not what any endpoint does.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Coroutine, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.types import Receive, Scope, Send

from procession.errors import Unavailable
from procession.storage.asking import Asker
from procession.storage.queries.language import Lookup

MAX_QUERY = 60_000
MAX_QUERY_FIELDS = 2000
MAX_INLINE = 64 * 1024
"""Bytes of a body that the event loop reads itself; a bigger one would keep others waiting."""
Observe = Callable[[str, str, int, float], None]
Steps = Generator[Any, Any, Any]


class Entry(Protocol):
    """What the carrier knows of a route: `open` needs no credentials, `form` takes a multipart body, `waits` says that its
    function is a coroutine, `in_steps` that it is a generator."""

    @property
    def path(self) -> str: ...
    @property
    def open(self) -> bool: ...
    @property
    def form(self) -> bool: ...
    @property
    def waits(self) -> bool: ...
    @property
    def in_steps(self) -> bool: ...


class Written(Protocol):
    """An answer that can be sent."""

    @property
    def status(self) -> int: ...
    @property
    def body(self) -> bytes: ...
    @property
    def media_type(self) -> str | None: ...
    @property
    def headers(self) -> Mapping[str, str]: ...


R = TypeVar("R", bound=Entry)


class Asked(Protocol):
    """A request as it comes in, whichever way: `path` and `query` are raw, header names in lower case."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> bytes: ...
    @property
    def query(self) -> bytes: ...
    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]: ...
    @property
    def client(self) -> str: ...
    @property
    def scheme(self) -> str: ...
    async def whole(self, limit: int) -> bytes:
        """The body. Raises Unfit where it is larger than so many bytes, or its client goes away."""

    def watch(self, gone: Callable[[], None]) -> Callable[[], object]:
        """Has it told when the client goes away; gives what ends that."""


class Arrived(Struct, frozen=True):
    """A request that is here as a whole. `path` is below the prefix; of several equal headers the first counts."""

    method: str
    path: str
    params: Mapping[str, str]
    scheme: str
    raw_query: bytes
    headers: Mapping[bytes, str]
    body: bytes
    user: str | None

    @property
    def content_type(self) -> str:
        """Of the body; empty where the client does not say."""
        return self.headers.get(b"content-type", "")

    def query(self) -> list[tuple[str, str]]:
        """The parameters of the address, in order, decoded. Raises Unfit."""
        return _query(self.raw_query)


class Plain(Struct, frozen=True):
    """An answer in parts."""

    status: int
    body: bytes = b""
    media_type: str | None = None
    headers: Mapping[str, str] = {}


class Unfit(Exception):
    """A request that reaches no endpoint: what it holds, or how much."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message

    @classmethod
    def too_large(cls, limit: int) -> Unfit:
        """A body of more than so many bytes."""
        return cls(413, f"The request's body is larger than {limit} bytes")


class Busy(Unavailable):
    """As many requests are at work as may be."""


class Carrier(ABC, Generic[R]):
    """An ASGI application over endpoints. `observe(method, route, status, seconds)` is called after every request.

    `max_requests` may be at work at a time, others are told to come back; who only waits does not count.
    """

    def __init__(
        self,
        engine: Any,
        *,
        prefix: str,
        max_body: int,
        max_upload: int,
        threads: int,
        max_requests: int = 1000,
        observe: Observe,
    ) -> None:
        self._engine = engine
        self._prefix = prefix
        self._max_body = max_body
        self._max_upload = max_upload
        self._pool = ThreadPoolExecutor(threads, "procession-rest")
        self._max_requests = max_requests
        self._working = 0
        self.is_draining = False
        self._observe = observe
        self._polls: set[asyncio.Future[Any]] = set()
        self._stopping = False
        self._asker: Asker | None = None

    # ------------------------------------------------------------ what an API says

    @abstractmethod
    def _find(self, method: str, path: str) -> tuple[R, Mapping[str, str]]:
        """The route and the parameters of a raw path. Raises what `_refusal` writes."""

    @abstractmethod
    def _work(self, entry: R, arrived: Arrived) -> Callable[[], Any]:
        """The endpoint with what it is given. Raises what `_refusal` writes; may not block."""

    @abstractmethod
    def _written(self, answer: Any) -> Written:
        """An endpoint's answer as it is sent."""

    @abstractmethod
    def _refusal(self, error: Exception, path: str) -> Written:
        """The answer to any error."""

    @abstractmethod
    async def _user(self, header: str | None, address: str) -> str | None:
        """Who asks, by the `Authorization` header; None where nobody has to say. Raises Unauthenticated."""

    def _path(self, raw: str) -> str:
        """The path below the prefix."""
        return raw.removeprefix(self._prefix) or "/"

    def _at_once(self, method: str, path: str) -> Written | None:
        """The answer to a request that no endpoint is asked for."""
        return None

    # ------------------------------------------------------------ life

    def stop(self) -> None:
        """Answers everything that waits with 503, and what would wait later at once. Called on the event loop."""
        self._stopping = True
        for poll in self._polls:
            poll.cancel()

    def drain(self) -> None:
        """From now on every answer asks its client to connect anew: elsewhere, for this server is about to end."""
        self.is_draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        written = await self.respond(_OverAsgi(scope, receive))
        await send(
            {
                "type": "http.response.start",
                "status": written.status,
                "headers": headers_of(written, last=self.is_draining),
            }
        )
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else written.body})

    async def respond(self, asked: Asked) -> Written:
        """The answer to a request, whatever it is."""
        began = time.perf_counter()
        method, template = asked.method, "(none)"
        whole = asked.path.decode("latin-1")
        try:
            path = self._path(whole)
            at_once = self._at_once(method, path)
            if at_once is None:
                entry, params = self._find(method, path)
                template = entry.path
                response = self._written(await self._answer(entry, params, path, asked))
            else:
                response = at_once
        except Exception as error:
            response = self._refusal(error, whole)
        self._observe(method, template, response.status, time.perf_counter() - began)
        return response

    async def _answer(self, entry: R, params: Mapping[str, str], path: str, asked: Asked) -> Any:
        # who only waits for work costs next to nothing; what is at work is bounded
        is_work = not entry.waits
        if is_work and self._working >= self._max_requests:
            raise Busy("Too many requests are waiting; try again later")
        self._working += is_work
        try:
            headers = {name: value.decode("latin-1") for name, value in reversed(asked.headers)}
            user = None
            if not entry.open:
                user = await self._user(headers.get(b"authorization"), asked.client)
            limit = self._max_upload if entry.form else self._max_body
            declared = headers.get(b"content-length", "")
            if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
                raise Unfit.too_large(limit)
            body = await asked.whole(limit)
            arrived = Arrived(asked.method, path, params, asked.scheme, asked.query, headers, body, user)
            work = self._work(entry, arrived)
            if entry.waits:
                return await self._while_connected(work(), asked)
            if entry.in_steps:
                return await self._stepwise(work, user, asked, in_thread=len(body) > MAX_INLINE)
            return await self._in_thread(work)
        finally:
            self._working -= is_work

    async def _stepwise(self, begin: Callable[[], Steps], user: str | None, request: Asked, *, in_thread: bool) -> Any:
        """Runs an endpoint step by step; big bodies are read, and errors looked into, in a thread.

        What it yields is a command, a short question, a function for a thread, or a coroutine that waits: then it gives up
        its place among those at work.
        """
        steps = await self._in_thread(begin) if in_thread else begin()
        step: Callable[[], Any] = partial(next, steps)
        while True:
            has_ended, asked = await self._in_thread(partial(_stepped, step)) if in_thread else _stepped(step)
            if has_ended:
                return asked
            try:
                if type(asked) is Lookup:
                    value = await self._looked_up(asked)
                elif inspect.iscoroutine(asked):
                    value = await self._waiting(asked, request)
                elif callable(asked):
                    value = await self._in_thread(asked)
                else:
                    value = await self._engine.submitted(asked, user=user, source="rest")
                step, in_thread = partial(steps.send, value), False
            except Unavailable:
                steps.close()  # no endpoint has more to say of it, nor anybody to ask
                raise
            except Exception as error:
                step, in_thread = partial(steps.throw, error), True

    async def _looked_up(self, asked: Lookup) -> list[dict[str, Any]] | None:
        asker = self._asker
        if asker is None or asker.loop is not asyncio.get_running_loop():
            asker = self._asker = self._engine.storage.asker()
        found = None if asker is None else await asker.rows(asked.statement, asked.values)
        return None if found is None else asked.read(found)

    async def _waiting(self, work: Coroutine[Any, Any, Any], request: Asked) -> Any:
        self._working -= 1
        try:
            return await self._while_connected(work, request)
        finally:
            self._working += 1

    async def _while_connected(self, work: Coroutine[Any, Any, Any], request: Asked) -> Any:
        """Runs a coroutine until it is done, its client has gone, or the server stops."""
        task = asyncio.ensure_future(work)
        has_gone = False

        def gone() -> None:
            nonlocal has_gone
            has_gone = True
            task.cancel()

        unwatch = request.watch(gone)
        self._polls.add(task)
        try:
            if self._stopping:
                task.cancel()
            return await task
        except asyncio.CancelledError:
            if has_gone:
                raise Unfit(400, "The client went away") from None
            if not self._stopping:
                raise
            raise Unavailable("The server is stopping") from None
        finally:
            self._polls.discard(task)
            task.cancel()
            unwatch()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)


class _OverAsgi:
    """A request that comes by ASGI."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        self.method: str = scope["method"]
        self.path = raw.split(b"?", 1)[0]
        self.query: bytes = scope.get("query_string", b"")
        self.headers: Sequence[tuple[bytes, bytes]] = scope["headers"]
        self.client: str = (scope.get("client") or ("", 0))[0]
        self.scheme: str = scope.get("scheme", "http")
        self._receive = receive

    async def whole(self, limit: int) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise Unfit(400, "The client went away before its request was whole")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise Unfit.too_large(limit)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)

    def watch(self, gone: Callable[[], None]) -> Callable[[], object]:
        async def look() -> None:
            while (await self._receive())["type"] != "http.disconnect":
                pass
            gone()

        return asyncio.ensure_future(look()).cancel


def _stepped(step: Callable[[], Any]) -> tuple[bool, Any]:
    """What an endpoint yields next, or that it has ended and its answer."""
    try:
        return False, step()
    except StopIteration as stop:
        return True, stop.value


def _query(raw: bytes) -> list[tuple[str, str]]:
    if not raw:
        return []
    if len(raw) > MAX_QUERY:
        raise Unfit(414, "The address is too long")
    text = raw.decode("latin-1")
    if text.count("&") >= MAX_QUERY_FIELDS:
        raise Unfit(400, "The address has too many parameters")
    if "%" in text or "+" in text:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace")
    else:  # nothing to decode, as with most
        pairs = [(name, value) for name, _, value in (field.partition("=") for field in text.split("&") if field)]
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise Unfit(400, "A query parameter holds the character NUL")
    return pairs


_ALWAYS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache"))


def headers_of(written: Written, *, last: bool) -> list[tuple[bytes, bytes]]:
    """The headers of an answer; the `last` one of a connection says so."""
    headers = [*_ALWAYS]
    if written.media_type is not None:
        headers.append((b"content-type", written.media_type.encode("latin-1")))
    if written.status != 204:
        headers.append((b"content-length", b"%d" % len(written.body)))
    for name, value in written.headers.items():
        headers.append((name.lower().encode("latin-1"), value.encode("latin-1", "replace")))
    if last:
        headers.append((b"connection", b"close"))
    return headers
