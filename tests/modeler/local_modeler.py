"""A modeler for tests: the real application, in this process, with virtual time and faults on order."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
from starlette.applications import Starlette

from camunda_client.modeler.clock import Clock
from procession.modeler import ModelerOptions, Store, modeler_routes, open_store

SECRET = "s3cret-of-the-client"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

ENVIRONMENT = {
    "CAMUNDA_CLIENT_ID": "the-client",
    "CAMUNDA_CLIENT_SECRET": SECRET,
    "CAMUNDA_OAUTH_URL": "http://modeler.test/oauth/token",
    "CAMUNDA_AUDIENCE": "api.cloud.camunda.io",
    "CAMUNDA_MODELER_API_URL": "http://modeler.test/api/v1",
    "CAMUNDA_TARGET_PROJECT_NAME": "YourProjectName",
}


class Killed(BaseException):
    """The process ends here: nothing that follows is executed."""


@dataclass
class VirtualTime:
    """Time that passes when somebody sleeps, and `latency` seconds with each request."""

    seconds: float = 0.0
    latency: float = 0.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return START + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(self.now, lambda: self.seconds, self.sleep)


@dataclass
class Fault:
    """What goes wrong with requests whose `METHOD path` matches: an answer, or an exception; `late` after the work."""

    pattern: str
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    error: Callable[[], BaseException] | None = None
    times: int = 1
    skip: int = 0
    late: bool = False

    def strikes(self, request: httpx.Request) -> bool:
        if not re.search(self.pattern, f"{request.method} {request.url.path}") or self.times == 0:
            return False
        if self.skip:
            self.skip -= 1
            return False
        self.times -= 1
        return True

    def answer(self, request: httpx.Request) -> httpx.Response:
        if self.error is not None:
            raise self.error()
        return httpx.Response(self.status, json={"title": "Fault", "detail": "injected"}, headers=self.headers)


def time_out() -> BaseException:
    return httpx.ReadTimeout("no answer in time")


class LocalModeler(httpx.BaseTransport):
    """The transport of an `httpx.Client` that ends in the modeler's application."""

    def __init__(self, options: ModelerOptions | None = None, time: VirtualTime | None = None) -> None:
        self.time = time or VirtualTime()
        self.store: Store = open_store(now=self.time.now)
        options = options or ModelerOptions({"the-client": SECRET}, seconds=lambda: self.time.seconds)
        self._asgi = httpx.ASGITransport(Starlette(routes=modeler_routes(self.store, options)))
        self._runner = asyncio.Runner()
        self.faults: list[Fault] = []
        self.seen: list[str] = []
        self.at: list[float] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(f"{request.method} {request.url.path}")
        self.at.append(self.time.seconds)
        self.time.seconds += self.time.latency
        fault = next((fault for fault in self.faults if fault.strikes(request)), None)
        if fault is not None and not fault.late:
            return fault.answer(request)
        response = self._runner.run(self._pass(request))
        return fault.answer(request) if fault is not None else response

    async def _pass(self, request: httpx.Request) -> httpx.Response:
        inner = httpx.Request(request.method, request.url, headers=request.headers, content=request.read())
        response = await self._asgi.handle_async_request(inner)
        content = await response.aread()
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    def http(self) -> httpx.Client:
        """A client of this modeler."""
        return httpx.Client(transport=self, base_url="http://modeler.test")

    def names(self) -> list[str]:
        """The names of all files there, in order."""
        return sorted(row["name"] for row in self.store.files())

    def end(self) -> None:
        """Closes everything."""
        self._runner.close()
        self.store.close()
