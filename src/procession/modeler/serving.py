"""From a request to a handler and back: body, token, rate limit, errors as problem documents.

A handler is a function from a `Call` to (status, answer). It runs on a thread of the pool, so it may block.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from procession.errors import Conflict, Invalid, Missing, ProcessionError, Refused, Unauthenticated, Unavailable
from procession.modeler.store import Row, Store

STATUS: dict[type[ProcessionError], tuple[int, str]] = {
    Invalid: (400, "Bad Request"),
    Unauthenticated: (401, "Unauthorized"),
    Refused: (403, "Forbidden"),
    Missing: (404, "Not Found"),
    Conflict: (409, "Conflict"),
    Unavailable: (429, "Too Many Requests"),
}

TOKEN_SECONDS = 300
WINDOW = 60.0
"""How long a token lasts, and the window of the rate limit, in seconds."""


@dataclass(frozen=True, slots=True)
class ModelerOptions:
    """How the modeler is served.

    `clients` are the OAuth clients with their secrets; None asks nobody for a token. `who` tells whose an authorization
    header is, by the caller's address, and raises Unauthenticated: with it a server brings its own users and tokens, and
    `clients` mean nothing. `rate_limit` is requests per minute, None for none. `max_body` is in bytes.
    `applications_only` refuses files and folders outside process applications, as Camunda's own service does.
    """

    clients: Mapping[str, str] | None = None
    who: Callable[[str | None, str], str | None] | None = None
    rate_limit: int | None = None
    max_body: int = 32 * 1024 * 1024
    applications_only: bool = False
    seconds: Callable[[], float] = time.monotonic


@dataclass(frozen=True, slots=True)
class Call:
    """One request as a handler sees it. `body` is the decoded JSON object, empty without one."""

    store: Store
    options: ModelerOptions
    path: Mapping[str, str]
    body: Row
    actor: str


Handler = Callable[[Call], tuple[int, Any]]


@dataclass(slots=True)
class Gate:
    """Who may come in, and how often."""

    options: ModelerOptions
    _tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    _seen: deque[float] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def token(self, fields: Mapping[str, Any]) -> tuple[int, Any]:
        """The OAuth answer to a client's credentials."""
        if fields.get("grant_type") != "client_credentials":
            return 400, {"error": "unsupported_grant_type"}
        client, given = fields.get("client_id"), fields.get("client_secret")
        if not isinstance(client, str) or not isinstance(given, str) or not client:
            return 400, {"error": "invalid_request"}
        clients = self.options.clients
        if clients is not None:
            wanted = clients.get(client, "")
            # The comparison runs for unknown clients too: the time it takes tells nothing.
            right = secrets.compare_digest(wanted.encode(), given.encode("utf-8", "replace"))
            if not right or client not in clients:
                return 401, {"error": "invalid_client"}
        token, now = secrets.token_urlsafe(32), self.options.seconds()
        with self._lock:
            self._tokens = {known: entry for known, entry in self._tokens.items() if entry[1] > now}
            self._tokens[token] = client, now + TOKEN_SECONDS
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}

    def enter(self, authorization: str, address: str = "") -> str:
        """Who asks. Raises Unauthenticated, Unavailable with `retry_after`."""
        now = self.options.seconds()
        if self.options.who is not None:
            client = self.options.who(authorization or None, address) or "local"
            self._count(now)
            return client
        scheme, _, token = authorization.partition(" ")
        with self._lock:
            client, until = self._tokens.get(token.strip(), ("", 0.0)) if scheme.lower() == "bearer" else ("", 0.0)
        if until <= now:
            client = ""
        if self.options.clients is not None and not client:
            raise Unauthenticated("A valid bearer token is needed")
        self._count(now)
        return client or "local"

    def _count(self, now: float) -> None:
        if self.options.rate_limit is not None:
            with self._lock:
                while self._seen and self._seen[0] <= now - WINDOW:
                    self._seen.popleft()
                if len(self._seen) >= self.options.rate_limit:
                    wait = int(self._seen[0] + WINDOW - now) + 1
                    raise Unavailable("Too many requests", retry_after=wait)
                self._seen.append(now)


def deleting(delete: Callable[[Store, str], None], parameter: str) -> Handler:
    """A handler that deletes what the path names, and answers with nothing."""

    def handle(call: Call) -> tuple[int, Any]:
        delete(call.store, call.path[parameter])
        return 204, None

    return handle


def endpoint(store: Store, gate: Gate, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """The ASGI side of a handler."""

    async def serve(request: Request) -> Response:
        try:
            address = request.client.host if request.client else ""
            actor = await run_in_threadpool(gate.enter, request.headers.get("authorization", ""), address)
            body = _object(await _bytes(request, gate.options.max_body))
            call = Call(store, gate.options, request.path_params, body, actor)
            status, answer = await run_in_threadpool(handler, call)
        except ProcessionError as error:
            return _problem(request, error)
        return Response(status_code=status) if answer is None else JSONResponse(answer, status)

    return serve


def token_endpoint(gate: Gate) -> Callable[[Request], Awaitable[Response]]:
    """The OAuth token endpoint; takes a form, as the standard says, or JSON."""

    async def serve(request: Request) -> Response:
        try:
            if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
                await _bytes(request, 64 * 1024)
                fields: Mapping[str, Any] = dict(await request.form())
            else:
                fields = _object(await _bytes(request, 64 * 1024))
        except ProcessionError:
            return JSONResponse({"error": "invalid_request"}, 400)
        status, answer = gate.token(fields)
        return JSONResponse(answer, status, {"Cache-Control": "no-store"})

    return serve


async def _bytes(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdigit() and int(length[:18]) > limit:
        raise Invalid(f"The body is larger than {limit} bytes")
    body = await request.body()
    if len(body) > limit:
        raise Invalid(f"The body is larger than {limit} bytes")
    return body


def _object(body: bytes) -> Row:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise Invalid("The body is not JSON") from None
    if not isinstance(found, dict):
        raise Invalid("The body is not a JSON object")
    return found


def _problem(request: Request, error: ProcessionError) -> Response:
    status, title = next(
        (STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), (500, "Internal Server Error")
    )
    wait = error.details.get("retry_after")
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": error.message,
        "instance": request.url.path,
    }
    return JSONResponse(body, status, {"Retry-After": str(wait)} if wait is not None else None)
