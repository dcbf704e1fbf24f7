"""Calls an ASGI application as a client would, without a socket and without waiting."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from starlette.applications import Starlette


class Caller:
    """`call("GET", "/engine-rest/version").json()`; everything else is httpx."""

    def __init__(self, app: Starlette) -> None:
        self._app = app

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> Any:
        """The JSON of a GET below `/engine-rest` that succeeds."""
        answer = self.call("GET", f"/engine-rest{path}", **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, **options: Any) -> Any:
        """The JSON of a POST below `/engine-rest` that succeeds."""
        answer = self.call("POST", f"/engine-rest{path}", json=body, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def refused(self, method: str, path: str, **options: Any) -> tuple[int, str, str, int | None]:
        """Status, type, message and code of a request below `/engine-rest` that fails."""
        answer = self.call(method, f"/engine-rest{path}", **options)
        assert answer.status_code >= 400, answer.text
        body = answer.json()
        return answer.status_code, body["type"], body["message"], body["code"]
