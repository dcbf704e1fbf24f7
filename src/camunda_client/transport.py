"""Drives flows of requests: `SyncClient` blocks, `AsyncClient` awaits, `WorkerClient` awaits at little cost.

Credentials go into the Authorization header of each request and nowhere else: neither errors nor logs hold them.
"""

from __future__ import annotations

import ssl
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httpx

from camunda_client import json_text
from camunda_client.credentials import Credentials, current_header
from camunda_client.errors import CamundaError, EngineUnavailable
from camunda_client.protocol import Answer, Flow, Request, checked
from camunda_client.wire import Reply, Wire

T = TypeVar("T")

CONNECT_RETRIES = 2
"""New attempts when no connection could be opened: nothing was sent yet, so they are safe for every method."""

UNREACHABLE = "is the engine running, and is this its address?"

TIMEOUT = 30.0
"""Seconds to wait for an answer unless the request names its own."""


def _arguments(request: Request) -> dict[str, Any]:
    arguments: dict[str, Any] = {"params": dict(request.params), "timeout": request.timeout or TIMEOUT}
    if request.form is not None:
        arguments |= {"data": dict(request.form), "files": list(request.files)}
    elif request.json is not None:
        arguments |= {"content": json_text.encode(request.json), "headers": {"Content-Type": "application/json"}}
    return arguments


def _unreachable(request: Request, error: Exception) -> EngineUnavailable:
    words = str(error) or "no answer in time"
    return EngineUnavailable(words, type=type(error).__name__, request=str(request), remedy=UNREACHABLE)


def _answer(request: Request, response: httpx.Response) -> Answer:
    return checked(request, response.status_code, response.content, response.headers.get("content-type", ""))


class SyncClient:
    """Runs operations one after another in the calling thread; safe to share between threads."""

    def __init__(self, root: str, auth: httpx.Auth | None = None, verify: ssl.SSLContext | bool = True) -> None:
        transport = httpx.HTTPTransport(retries=CONNECT_RETRIES, verify=verify)
        self.root = root.rstrip("/")
        self._http = httpx.Client(transport=transport, auth=auth, headers={"Accept": "*/*"})

    def drive(self, flow: Flow[T]) -> T:
        """The result of a flow."""
        try:
            request = next(flow)
            while True:
                try:
                    answer = self._send(request)
                except CamundaError as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    def _send(self, request: Request) -> Answer:
        try:
            response = self._http.request(request.method, self.root + request.path, **_arguments(request))
        except httpx.RequestError as error:
            raise _unreachable(request, error) from error
        return _answer(request, response)

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class AsyncClient:
    """Runs operations concurrently in one event loop."""

    def __init__(self, root: str, auth: httpx.Auth | None = None, verify: ssl.SSLContext | bool = True) -> None:
        transport = httpx.AsyncHTTPTransport(
            retries=CONNECT_RETRIES, verify=verify, limits=httpx.Limits(max_connections=None)
        )
        self.root = root.rstrip("/")
        self._http = httpx.AsyncClient(transport=transport, auth=auth, headers={"Accept": "*/*"})

    async def drive(self, flow: Flow[T]) -> T:
        """The result of a flow."""
        try:
            request = next(flow)
            while True:
                try:
                    answer = await self._send(request)
                except CamundaError as error:
                    request = flow.throw(error)
                else:
                    request = flow.send(answer)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _send(self, request: Request) -> Answer:
        try:
            response = await self._http.request(request.method, self.root + request.path, **_arguments(request))
        except httpx.RequestError as error:
            raise _unreachable(request, error) from error
        return _answer(request, response)

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.close()


class WorkerClient(AsyncClient):
    """The same operations over `camunda_client.wire`; `credentials` give the Authorization header."""

    def __init__(self, root: str, credentials: Credentials | None = None, verify: ssl.SSLContext | bool = True) -> None:
        self.root = root.rstrip("/")
        tls = httpx.create_ssl_context(verify) if self.root.startswith("https:") else None
        self._wire = Wire(self.root, tls)
        self._credentials = credentials

    async def _send(self, request: Request) -> Answer:
        if request.form is not None:
            raise TypeError("a worker sends no forms: use a client")
        content = None if request.json is None else json_text.encode(request.json)
        credentials = self._credentials
        header = await current_header(credentials) if credentials is not None else ""
        reply = await self._exchange(request, content, header)
        if reply.status == 401 and credentials is not None and credentials.refused(header):
            reply = await self._exchange(request, content, await current_header(credentials))
        return checked(request, reply.status, reply.content, reply.media_type)

    async def _exchange(self, request: Request, content: bytes | None, header: str) -> Reply:
        try:
            return await self._wire.send(
                request.method, request.path, request.params, content, header, request.timeout or TIMEOUT
            )
        except OSError as error:  # TimeoutError, ssl.SSLError and WireError among them
            raise _unreachable(request, error) from error

    async def close(self) -> None:
        """Closes the connections."""
        self._wire.close()


def behind_proxy(root: str) -> bool:
    """True where the environment sends requests for this address through a proxy."""
    parts = urlsplit(root)
    proxies = getproxies()
    return bool(parts.scheme in proxies or "all" in proxies) and not proxy_bypass(parts.netloc)
