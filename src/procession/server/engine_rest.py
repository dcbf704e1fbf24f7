"""`/engine-rest`: what Camunda 7's endpoints are given, and how their answers and errors are written."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from procession.camunda7.exchange import Request, Response, answer_error
from procession.camunda7.problems import Answered, answer_for, invalid_request
from procession.camunda7.routes import Route, Router
from procession.server.authentication import Authenticator
from procession.server.carrying import Arrived, Carrier, Observe, Unfit, Written


class EngineRest(Carrier[Route]):
    """An ASGI application over a `Router`. Without an authenticator nobody has to say who asks."""

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
        super().__init__(
            engine,
            prefix=prefix,
            max_body=max_body,
            max_upload=max_upload,
            threads=threads,
            max_requests=max_requests,
            observe=observe,
        )
        self._router = router
        self._authenticator = authenticator

    def _path(self, raw: str) -> str:
        """Below the prefix and below `/engine/{name}`; there is one engine, called `default`."""
        path = raw.removeprefix(self._prefix)
        parts = path.split("/", 3)
        if len(parts) == 4 and parts[1] == "engine" and parts[3]:
            if parts[2] != "default":
                raise invalid_request("No process engine available")
            return "/" + parts[3]
        return path or "/"

    def _at_once(self, method: str, path: str) -> Written | None:
        if method != "OPTIONS":
            return None
        return Response(200, headers={"Allow": ", ".join((*self._router.methods(path), "OPTIONS"))})

    def _find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]]:
        return self._router.find(method, path)

    async def _user(self, header: str | None, address: str) -> str | None:
        if self._authenticator is None:
            return None
        user: str = await self._in_thread(partial(self._authenticator.user, header, address))
        return user

    def _work(self, entry: Route, arrived: Arrived) -> Callable[[], Any]:
        if arrived.body:
            _expect(entry, arrived.content_type)
        headers = arrived.headers
        request = Request(
            method=arrived.method,
            path=arrived.path,
            params=arrived.params,
            query=arrived.query(),
            body=arrived.body,
            content_type=arrived.content_type,
            user=arrived.user,
            base_url=f"{arrived.scheme}://{headers.get(b'host', 'localhost')}{self._prefix}",
            accept=headers.get(b"accept", ""),
        )
        return partial(entry.handler, request, self._engine)

    def _written(self, answer: Any) -> Written:
        assert isinstance(answer, Response)
        return answer

    def _refusal(self, error: Exception, path: str) -> Written:
        if isinstance(error, Unfit):
            error = Answered(error.status, "InvalidRequestException", error.message)
        return answer_error(answer_for(error))


def _expect(entry: Route, content_type: str) -> None:
    kind = content_type.split(";", 1)[0].strip().lower()
    if entry.form != (kind == "multipart/form-data") or not (entry.form or kind == "application/json"):
        raise Answered(415, "NotSupportedException", "HTTP 415 Unsupported Media Type")
