"""The two endpoints of test mode: the engine's clock, and a clean slate. Nothing but `--test-mode` serves them.

GET /oracle/clock       {"now": …}
PUT /oracle/clock       {"now": ISO 8601} freezes, {"offsetMillis": n} shifts
DELETE /oracle/clock    real time again
POST /oracle/reset      empties the engine and lets time be real again
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from procession.camunda7.problems import Answered, answer_for, invalid_request
from procession.camunda7.reading import read_object
from procession.engine.clock import Clock

_MAX_BODY = 4096


def oracle_routes(engine: Any) -> list[BaseRoute]:
    """The routes of test mode for an engine."""
    clock: Clock = engine.clock

    def shown() -> Response:
        now = clock().astimezone(UTC)
        return JSONResponse({"now": now.isoformat(timespec="milliseconds").replace("+00:00", "Z")})

    async def change(request: Request) -> Response:
        if request.method == "GET":
            return shown()
        try:
            if request.method == "PUT":
                _set(clock, await _body(request))
            else:
                clock.reset()
            await run_in_threadpool(engine.wake)
        except Answered as error:
            return JSONResponse(error.body(), error.status)
        return shown()

    async def reset(request: Request) -> Response:
        clock.reset()
        try:
            deleted = await run_in_threadpool(engine.reset)
        except Exception as error:
            problem = answer_for(error)
            return JSONResponse(problem.body(), problem.status)
        return JSONResponse(deleted)

    return [
        Route("/oracle/clock", change, methods=["GET", "PUT", "DELETE"]),
        Route("/oracle/reset", reset, methods=["POST"]),
    ]


async def _body(request: Request) -> bytes:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MAX_BODY:
            raise invalid_request(f"The request's body is larger than {_MAX_BODY} bytes")
    return body


def _set(clock: Clock, raw: bytes) -> None:
    body = read_object(raw)
    now, offset = body.get("now"), body.get("offsetMillis")
    try:
        if isinstance(now, str):
            moment = datetime.fromisoformat(now)
            clock.freeze(moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC))
        elif isinstance(offset, int) and not isinstance(offset, bool):
            shifted = timedelta(milliseconds=offset)
            _ = datetime.now(UTC) + shifted  # a clock beyond year 9999 would fail later, at somebody else
            clock.shift(shifted)
        else:
            raise invalid_request('Expected {"now": ISO 8601} or {"offsetMillis": number}')
    except (ValueError, OverflowError) as error:
        raise invalid_request(f"Cannot set the clock: {error}") from error
