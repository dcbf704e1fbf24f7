"""A token endpoint for clients that insist on OAuth: client credentials in, a bearer token out. For local use.

Where the server asks for credentials a client's id and secret are a user's name and password; where it does not, every
client gets a token. Tokens live in memory and die with the process.
"""

from __future__ import annotations

import base64
import json
import secrets
import threading
import time
from collections.abc import Callable
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from procession.errors import Unauthenticated
from procession.server.authentication import Authenticator

TOKEN_SECONDS = 3600
_MAX_TOKENS = 10_000
_MAX_BODY = 64 * 1024


class Tokens:
    """Issues bearer tokens and knows whose they are. Without an authenticator nobody has to prove anything."""

    def __init__(self, authenticator: Authenticator | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._authenticator = authenticator
        self._clock = clock
        self._issued: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def issue(self, client: str, secret: str, address: str) -> str:
        """A token for a client. Raises Unauthenticated for a wrong secret."""
        if self._authenticator is not None:
            header = "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()
            client = self._authenticator.user(header, address)
        token, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            if len(self._issued) >= _MAX_TOKENS:
                self._issued = {known: entry for known, entry in self._issued.items() if entry[1] > now}
            self._issued[token] = client, now + TOKEN_SECONDS
        return token

    @property
    def guards(self) -> bool:
        """True where somebody has to prove who it is."""
        return self._authenticator is not None

    def is_quick(self, header: str | None) -> bool:
        """True where `who` asks no database and hashes nothing."""
        return self._authenticator is None or (header or "")[:7].lower() == "bearer "

    def who(self, header: str | None, address: str) -> str | None:
        """Whose credentials a header holds: a token's, or a user's. None where nobody has to say. Raises Unauthenticated."""
        scheme, _, token = (header or "").partition(" ")
        if scheme.lower() == "bearer":
            with self._lock:
                client, until = self._issued.get(token.strip(), ("", 0.0))
            if until > self._clock():
                return client
            if self._authenticator is not None:
                raise Unauthenticated("The token is not known, or its time is over")
        if self._authenticator is None:
            return None
        return self._authenticator.user(header, address)


def token_route(tokens: Tokens, path: str) -> Route:
    """The endpoint: takes a form, as the standard says, or JSON; credentials in it or in a Basic header."""

    async def serve(request: Request) -> Response:
        fields = await _fields(request)
        if fields is None:
            return JSONResponse({"error": "invalid_request"}, 400)
        if fields.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        client, secret = fields.get("client_id"), fields.get("client_secret")
        if not isinstance(client, str) or not isinstance(secret, str) or not client:
            return JSONResponse({"error": "invalid_client"}, 401)
        address = request.client.host if request.client else ""
        try:
            token = await run_in_threadpool(tokens.issue, client, secret, address)
        except Unauthenticated:
            return JSONResponse({"error": "invalid_client"}, 401)
        answer = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}
        return JSONResponse(answer, headers={"Cache-Control": "no-store"})

    return Route(path, serve, methods=["POST"])


async def _fields(request: Request) -> dict[str, Any] | None:
    length = request.headers.get("content-length", "")
    if not length.isdigit() or int(length[:18]) > _MAX_BODY:
        return None
    fields: dict[str, Any] = {}
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            client, _, secret = base64.b64decode(encoded).decode().partition(":")
        except ValueError:
            return None
        fields = {"client_id": client, "client_secret": secret}
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return {**fields, **dict(await request.form())}
    try:
        found = json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
    return {**fields, **found} if isinstance(found, dict) else None
