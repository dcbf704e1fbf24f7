"""`POST /external-task/fetchAndLock`, with long polling: see `engine/polling.py`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.fetching import fetch, read_fetch
from procession.camunda7.routes import route
from procession.engine.polling import leased
from procession.kernel import commands as c


@route("POST", "/external-task/fetchAndLock")
async def fetch_and_lock(request: Request, engine: Any) -> Response:
    """Locks tasks of some topics for a worker; waits for up to `asyncResponseTimeout` milliseconds while there are none."""
    asked = read_fetch(request.body)
    if not asked.topics or not asked.most:
        return answer([])

    def free(tasks: Sequence[dict[str, Any]]) -> list[c.ChangeExternal]:
        return [c.ChangeExternal(int(task["id"]), lock=(None, None), holder=asked.worker) for task in tasks]

    return answer(
        await leased(
            engine, lambda transaction: fetch(engine, transaction, asked), asked.wait / 1000, free, asked.wanted
        )
    )
