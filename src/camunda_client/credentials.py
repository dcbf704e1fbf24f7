"""Who we are to an engine: the Authorization header of each request, and a new one when the last was refused.

Credentials never appear in `repr`, errors or logs.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncGenerator, Generator
from typing import Protocol

import httpx


class Credentials(Protocol):
    """Where the Authorization header comes from."""

    @property
    def fresh(self) -> bool:
        """True where `header` answers at once, without asking anybody."""

    def header(self) -> str:
        """The header's value. May block while a token is fetched. Raises NotAuthenticated, EngineUnavailable."""

    def refused(self, header: str) -> bool:
        """An engine answered 401 to `header`: True where another one can be had."""


class Basic:
    """User and password with every request."""

    fresh = True

    def __init__(self, user: str, password: str) -> None:
        self._header = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")

    def header(self) -> str:
        """`Basic …`."""
        return self._header

    def refused(self, header: str) -> bool:
        """There is no other password to try."""
        return False

    def __repr__(self) -> str:
        return "Basic(***)"


async def current_header(credentials: Credentials) -> str:
    """The header, without ever blocking the event loop."""
    return credentials.header() if credentials.fresh else await asyncio.to_thread(credentials.header)


class HeaderAuth(httpx.Auth):
    """Credentials as httpx wants them: one new try after a 401 that says the token has ended in the meantime."""

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """For blocking clients."""
        used = request.headers["Authorization"] = self.credentials.header()
        response = yield request
        if response.status_code == 401 and self.credentials.refused(used):
            request.headers["Authorization"] = self.credentials.header()
            yield request

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """For awaiting clients."""
        used = request.headers["Authorization"] = await current_header(self.credentials)
        response = yield request
        if response.status_code == 401 and self.credentials.refused(used):
            request.headers["Authorization"] = await current_header(self.credentials)
            yield request
