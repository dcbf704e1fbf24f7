"""Carries HTTP to the endpoints below `/v2` and back: bodies within limits, credentials, threads, problems.

Plain functions run on a thread pool; an `async` one (long polling, waiting for a result) runs on the event loop and ends
when its client goes away or the server stops. This file knows how a request travels, not what any endpoint does.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import time
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import anyio.to_thread
import msgspec
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from procession.camunda8.exchange import Answer, Call, File, Route
from procession.camunda8.problems import Rejected, rejection_of, unreadable
from procession.engine.engine import Engine

PROBLEM = "application/problem+json"
MAX_FILES = 100
Who = Callable[[str | None, str], str | None]
"""Who asks, by the `Authorization` header and the client's address. Raises Unauthenticated."""
Observe = Callable[[str, str, int, float], None]

_encode = msgspec.json.Encoder().encode


class Plain(Exception):
    """An answer that comes before any endpoint is asked: the shape of Spring's own errors."""

    def __init__(self, status: int, error: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error


class Rest:
    """An ASGI application over routes. `observe(method, route, status, seconds)` is called after every request."""

    def __init__(
        self,
        routes: list[Route],
        engine: Engine,
        *,
        prefix: str,
        who: Who | None,
        max_body: int,
        max_upload: int,
        threads: int,
        test_mode: bool,
        observe: Observe,
    ) -> None:
        self._table = _Table(routes)
        self._engine = engine
        self._prefix = prefix
        self._who = who
        self._max_body = max_body
        self._max_upload = max_upload
        self._threads = threads
        self._test_mode = test_mode
        self._limiter: anyio.CapacityLimiter | None = None
        self._observe = observe
        self._polls: set[asyncio.Future[Any]] = set()
        self._stopping = False

    def stop(self) -> None:
        """Answers everything that waits with 503, and what comes later at once. Called on the event loop."""
        self._stopping = True
        for poll in self._polls:
            poll.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request."""
        if scope["type"] != "http":
            return
        began = time.perf_counter()
        request = Request(scope, receive)
        raw: bytes = scope.get("raw_path") or scope["path"].encode()
        path = raw.split(b"?", 1)[0].decode("latin-1").removeprefix(self._prefix) or "/"
        template = "(none)"
        try:
            entry, params = self._table.find(request.method, path)
            template = entry.path
            response = _response(await self._answer(entry, params, request))
        except Plain as error:
            response = _plain(error, self._prefix + path)
        except ClientDisconnect:
            return
        except Exception as error:
            problem = rejection_of(error)
            response = Response(_encode(problem.body(self._prefix + path)), problem.status, media_type=PROBLEM)
        await response(scope, receive, send)
        self._observe(request.method, template, response.status_code, time.perf_counter() - began)

    async def _answer(self, entry: Route, params: dict[str, str], request: Request) -> Answer:
        user = None
        if self._who is not None and not entry.open:
            address = request.client.host if request.client else ""
            user = await self._in_thread(partial(self._who, request.headers.get("authorization"), address))
        body: Mapping[str, Any] = {}
        files: tuple[File, ...] = ()
        form: Mapping[str, str] = {}
        if entry.form:
            files, form = await self._form(request)
        else:
            body = await self._json(request)
        call = Call(self._engine, params, dict(request.query_params), body, user, files, form, self._test_mode)
        if inspect.iscoroutinefunction(entry.handler):
            return await self._while_connected(entry.handler(call), request)
        answer = await self._in_thread(partial(entry.handler, call))
        assert isinstance(answer, Answer)
        return answer

    async def _while_connected(self, work: Coroutine[Any, Any, Answer], request: Request) -> Answer:
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(_gone(request))
        self._polls.add(task)
        try:
            if self._stopping:
                task.cancel()
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise ClientDisconnect
            return task.result()
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            raise Rejected(503, "The server is stopping") from None
        finally:
            self._polls.discard(task)
            task.cancel()
            gone.cancel()

    async def _in_thread(self, work: Callable[[], Any]) -> Any:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._threads)
        return await anyio.to_thread.run_sync(work, limiter=self._limiter)

    async def _json(self, request: Request) -> Mapping[str, Any]:
        body = await _bytes(request, self._max_body)
        kind = request.headers.get("content-type", "").split(";", 1)[0].strip().lower()
        if not body:
            return {}
        if kind and kind != "application/json" and not kind.endswith("+json"):
            raise Plain(415, "Unsupported Media Type")
        if not kind:
            raise Plain(415, "Unsupported Media Type")
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            raise unreadable() from None
        if not isinstance(found, dict):
            raise unreadable()
        return found

    async def _form(self, request: Request) -> tuple[tuple[File, ...], dict[str, str]]:
        if not request.headers.get("content-type", "").startswith("multipart/form-data"):
            raise Plain(415, "Unsupported Media Type")
        length = request.headers.get("content-length", "")
        if length.isdigit() and int(length[:18]) > self._max_upload:
            raise Plain(413, "Payload Too Large")
        files: list[File] = []
        fields: dict[str, str] = {}
        size = 0
        try:
            async with request.form(max_files=MAX_FILES, max_fields=MAX_FILES) as form:
                for name, part in form.multi_items():
                    if isinstance(part, UploadFile):
                        content = await part.read(self._max_upload + 1)
                        size += len(content)
                        if size > self._max_upload:
                            raise Plain(413, "Payload Too Large")
                        files.append(File(part.filename or name, content))
                    else:
                        fields[name] = part
        except HTTPException:
            raise unreadable() from None
        return tuple(files), fields


class _Table:
    """Finds the route of a path: among those with as many parts, literal parts before parameters."""

    def __init__(self, routes: list[Route]) -> None:
        self._by_length: dict[int, list[tuple[re.Pattern[str], Route]]] = {}
        for entry in sorted(routes, key=lambda one: [part.startswith("{") for part in one.path.split("/")]):
            pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", entry.path)
            self._by_length.setdefault(entry.path.count("/"), []).append((re.compile(pattern + r"\Z"), entry))

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]]:
        """The route and the parameters of its path. Raises 404 or 405."""
        known = False
        for pattern, entry in self._by_length.get(path.count("/"), ()):
            match = pattern.match(path)
            if match is None:
                continue
            known = True
            if entry.method == ("GET" if method == "HEAD" else method):
                return entry, _decoded(match.groupdict())
        raise Plain(405, "Method Not Allowed") if known else Plain(404, "Not Found")


def _decoded(params: dict[str, str]) -> dict[str, str]:
    from urllib.parse import unquote

    return {name: unquote(value, errors="replace") for name, value in params.items()}


async def _bytes(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Plain(413, "Payload Too Large")
        chunks.append(chunk)
    return b"".join(chunks)


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _response(answer: Answer) -> Response:
    if answer.value is None and answer.status == 204:
        return Response(status_code=204)
    if answer.media_type is not None:
        return Response(answer.value, answer.status, media_type=answer.media_type)
    return Response(_encode(answer.value), answer.status, media_type="application/json")


def _plain(error: Plain, path: str) -> Response:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = {"timestamp": now, "status": error.status, "error": error.error, "path": path}
    return Response(_encode(body), error.status, media_type="application/json")
