"""`POST /external-task/fetchAndLock`, with long polling.

A request that finds nothing waits without a thread and without a transaction: it tries again when a commit made external
tasks, and once a second besides, because another node may have made them or a lock may have run out. Its time-out follows
real time, whatever the engine's clock says. When the client goes away, waiting ends, and tasks that were being locked for it
are free again.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from contextlib import suppress
from functools import partial
from typing import Any

from procession.camunda7.exchange import Request, Response, answer
from procession.camunda7.fetching import Fetch, fetch, read_fetch
from procession.camunda7.routes import route
from procession.engine.commands import Lease, Together
from procession.kernel import commands as c
from procession.storage import Transaction

log = logging.getLogger("procession.camunda7")
_freeing: set[asyncio.Future[Any]] = set()

POLL = 1.0
"""Seconds between two looks while waiting."""


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
    locking: asyncio.Future[list[dict[str, Any]]] | None = None
    try:
        while True:
            rung.clear()
            locking = asyncio.ensure_future(engine.submitted(Lease(partial(_try, engine, asked, gone))))
            found = await asyncio.shield(locking)
            left = until - time.monotonic()
            if found or left <= 0:
                return answer(found)
            with suppress(TimeoutError):
                await asyncio.wait_for(rung.wait(), min(left, POLL))
    except asyncio.CancelledError:
        gone.set()
        if locking is not None:
            locking.add_done_callback(partial(_give_back, engine, asked.worker))
        raise
    finally:
        if forget is not None:
            forget()


def _give_back(engine: Any, worker: str, locking: asyncio.Future[list[dict[str, Any]]]) -> None:
    """Frees what was locked for a client that has gone, as soon as that is durable."""
    if locking.cancelled() or locking.exception() is not None or not locking.result():
        return
    free = tuple(c.ChangeExternal(int(task["id"]), lock=(None, None), holder=worker) for task in locking.result())
    freeing = asyncio.ensure_future(engine.submitted(Together(free)))
    _freeing.add(freeing)
    freeing.add_done_callback(_freed)


def _freed(freeing: asyncio.Future[Any]) -> None:
    _freeing.discard(freeing)
    if not freeing.cancelled() and freeing.exception() is not None:
        log.info("What was locked for a client that went away stays locked until its time: %s", freeing.exception())


def _try(engine: Any, asked: Fetch, gone: threading.Event, transaction: Transaction) -> list[dict[str, Any]]:
    return [] if gone.is_set() else fetch(engine, transaction, asked)
