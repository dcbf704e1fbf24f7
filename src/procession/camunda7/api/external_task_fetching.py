"""`POST /external-task/fetchAndLock`, with long polling.

A request that finds nothing waits without a thread and without a transaction: it tries again when a commit made external
tasks, and once a second besides, because another node may have made them or a lock may have run out. Its time-out follows
real time, whatever the engine's clock says. When the client goes away, waiting ends, and tasks that were being locked for it
are free again.
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import Any

from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.fetching import Fetch, fetch, read_fetch
from procession.camunda7.routes import route

POLL = 1.0
"""Seconds between two looks while waiting."""


class _Gone(Exception):
    """The client went away: what was locked for it must not be committed."""


@route("POST", "/external-task/fetchAndLock")
async def fetch_and_lock(request: Request, engine: Any) -> Response:
    """Locks tasks of some topics for a worker; waits for up to `asyncResponseTimeout` milliseconds while there are none."""
    asked = read_fetch(request.json_object())
    if not asked.topics or not asked.most:
        return answer([])
    until = time.monotonic() + asked.wait / 1000
    loop, rung = asyncio.get_running_loop(), asyncio.Event()

    def wake() -> None:
        # the loop may have been closed since: then nobody waits any more
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(rung.set)

    forget = engine.externals_bell.listen(wake) if asked.wait else None
    gone = threading.Event()
    try:
        while True:
            rung.clear()
            found = await asyncio.to_thread(_try, engine, asked, gone)
            left = until - time.monotonic()
            if found or left <= 0:
                return answer(found)
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(left, POLL))
    except asyncio.CancelledError:
        gone.set()
        raise
    finally:
        if forget is not None:
            forget()


def _try(engine: Any, asked: Fetch, gone: threading.Event) -> list[dict[str, Any]]:
    try:
        with engine.storage.transaction() as transaction:
            found = fetch(engine, transaction, asked)
            if gone.is_set():
                raise _Gone
            return found
    except _Gone:
        return []
