"""Carries HTTP to the endpoints of a dialect and back: bodies within limits, credentials, threads, errors.

Plain functions run on a thread pool of their own; an `async` one (long polling) runs on the event loop and is
cancelled when its client goes away. This file knows how a request travels, not what any endpoint does.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from procession.camunda7.exchange import Request, Response, answer_error
from procession.camunda7.problems import Answered, answer_for, invalid_request
from procession.camunda7.routes import Route, Router, Steps
from procession.errors import Unavailable
from procession.server.authentication import Authenticator

log = logging.getLogger("procession.server")

MAX_QUERY = 60_000
MAX_QUERY_FIELDS = 2000
MAX_INLINE = 64 * 1024
"""Bytes of a body that the event loop reads itself; a bigger one would keep others waiting."""
Observe = Callable[[str, str, int, float], None]


class EngineRest:
    """An ASGI application over a `Router`. `observe(method, route, status, seconds)` is called after every request."""

    def __init__(
        self,
        router: Router,
        engine: Any,
        *,
        prefix: str,
        authenticator: Authenticator | None,
        max_body: int,
        max_upload: int,
        threads: int,
        max_requests: int = 1000,
        observe: Observe,
    ) -> None:
        self._router = router
        self._engine = engine
        self._prefix = prefix
        self._authenticator = authenticator
        self._max_body = max_body
        self._max_upload = max_upload
        self._pool = ThreadPoolExecutor(threads, "procession-rest")
        self._max_requests = max_requests
        self._working = 0
        self._draining = False
        self._observe = observe
        self._polls: set[asyncio.Future[Any]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Answers every long poll with 503, and every later one at once. Called on the event loop."""
        self._stopping = True
        for poll in self._polls:
            poll.cancel()

    def drain(self) -> None:
        """From now on every answer asks its client to connect anew: elsewhere, for this server is about to end."""
        self._draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        method: str = scope["method"]
        template = "(none)"
        try:
            path = _path(scope, self._prefix)
            if method == "OPTIONS":
                response = Response(200, headers={"Allow": ", ".join((*self._router.methods(path), "OPTIONS"))})
            else:
                entry, params = self._router.find(method, path)
                template = entry.path
                response = await self._answer(entry, params, path, scope, receive)
        except Exception as error:
            response = answer_error(answer_for(error))
        if self._draining:
            response = replace(response, headers={**response.headers, "Connection": "close"})
        await _send(response, send, with_body=method != "HEAD")
        self._observe(method, template, response.status, time.perf_counter() - began)

    async def _answer(
        self, entry: Route, params: dict[str, str], path: str, scope: Scope, receive: Receive
    ) -> Response:
        if entry.waits:
            return await self._admitted(entry, params, path, scope, receive)
        # who only waits for work costs next to nothing; what is at work is bounded
        if self._working >= self._max_requests:
            raise Unavailable("Too many requests are waiting; try again later")
        self._working += 1
        try:
            return await self._admitted(entry, params, path, scope, receive)
        finally:
            self._working -= 1

    async def _admitted(
        self, entry: Route, params: dict[str, str], path: str, scope: Scope, receive: Receive
    ) -> Response:
        headers = {name: value.decode("latin-1") for name, value in reversed(scope["headers"])}
        user = None
        if self._authenticator is not None and not entry.open:
            client = scope.get("client") or ("", 0)
            check = partial(self._authenticator.user, headers.get(b"authorization"), client[0])
            user = await self._in_thread(check)
        content_type = headers.get(b"content-type", "")
        body = await self._body(entry, scope, headers, receive)
        if body:
            _expect(entry, content_type)
        host = headers.get(b"host", "localhost")
        request = Request(
            method=scope["method"],
            path=path,
            params=params,
            query=_query(scope),
            body=body,
            content_type=content_type,
            user=user,
            base_url=f"{scope.get('scheme', 'http')}://{host}{self._prefix}",
            accept=headers.get(b"accept", ""),
        )
        handler: Any = entry.handler  # which of the three it is, the route knows
        if entry.waits:
            return await self._while_connected(handler(request, self._engine), receive)
        if entry.in_steps:
            return await self._stepwise(handler(request, self._engine), request)
        response = await self._in_thread(partial(handler, request, self._engine))
        assert isinstance(response, Response)
        return response

    async def _stepwise(self, steps: Steps, request: Request) -> Response:
        """Runs an endpoint step by step; big bodies are read, and errors looked into, in a thread."""
        step: Callable[[], Any] = partial(next, steps)
        in_thread = len(request.body) > MAX_INLINE
        while True:
            asked = await self._in_thread(partial(_stepped, step)) if in_thread else _stepped(step)
            if isinstance(asked, Response):
                return asked
            try:
                if callable(asked):
                    value = await self._in_thread(asked)
                else:
                    value = await self._engine.submitted(asked, user=request.user, source="rest")
                step, in_thread = partial(steps.send, value), False
            except Exception as error:
                step, in_thread = partial(steps.throw, error), True

    async def _while_connected(self, work: Coroutine[Any, Any, Response], receive: Receive) -> Response:
        """Runs a coroutine until it is done, its client has gone, or the server stops."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(_gone(receive))
        self._polls.add(task)
        try:
            if self._stopping:
                task.cancel()
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise invalid_request("The client went away")
            return task.result()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            raise Unavailable("The server is stopping") from None
        finally:
            self._polls.discard(task)
            task.cancel()
            gone.cancel()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def _body(self, entry: Route, scope: Scope, headers: dict[bytes, str], receive: Receive) -> bytes:
        limit = self._max_upload if entry.form else self._max_body
        declared = headers.get(b"content-length", "")
        if declared.isdigit() and (len(declared) > 12 or int(declared) > limit):
            raise Answered(413, "InvalidRequestException", f"The request's body is larger than {limit} bytes")
        chunks: list[bytes] = []
        size = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise invalid_request("The client went away before its request was whole")
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            if size > limit:
                raise Answered(413, "InvalidRequestException", f"The request's body is larger than {limit} bytes")
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)


def _stepped(step: Callable[[], Any]) -> Any:
    """What an endpoint yields next, or its answer."""
    try:
        return step()
    except StopIteration as stop:
        return stop.value


def _path(scope: Scope, prefix: str) -> str:
    """The raw path below the prefix and below `/engine/{name}`; there is one engine, called `default`."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.split(b"?", 1)[0].decode("latin-1").removeprefix(prefix)
    parts = path.split("/", 3)
    if len(parts) == 4 and parts[1] == "engine" and parts[3]:
        if parts[2] != "default":
            raise invalid_request("No process engine available")
        return "/" + parts[3]
    return path or "/"


def _query(scope: Scope) -> list[tuple[str, str]]:
    raw: bytes = scope.get("query_string", b"")
    if len(raw) > MAX_QUERY:
        raise Answered(414, "InvalidRequestException", "The address is too long")
    try:
        pairs = parse_qsl(
            raw.decode("latin-1"), keep_blank_values=True, errors="replace", max_num_fields=MAX_QUERY_FIELDS
        )
    except ValueError:
        raise invalid_request("The address has too many parameters") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise invalid_request("A query parameter holds the character NUL")
    return pairs


def _expect(entry: Route, content_type: str) -> None:
    kind = content_type.split(";", 1)[0].strip().lower()
    if entry.form != (kind == "multipart/form-data") or not (entry.form or kind == "application/json"):
        raise Answered(415, "NotSupportedException", "HTTP 415 Unsupported Media Type")


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(response: Response, send: Send, *, with_body: bool) -> None:
    headers = [(b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-cache")]
    if response.media_type is not None:
        headers.append((b"content-type", response.media_type.encode("latin-1")))
    if response.status != 204:
        headers.append((b"content-length", str(len(response.body)).encode()))
    headers += [
        (name.lower().encode("latin-1"), value.encode("latin-1", "replace")) for name, value in response.headers.items()
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body if with_body else b""})
