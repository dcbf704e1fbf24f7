"""Waiting on an event loop until there is something: woken by a bell, and by looking once a second.

No thread and no transaction is held meanwhile. Another node may have made what is waited for, or a lock may have run out:
no bell tells of that. Times follow the real clock, whatever the engine's says.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from procession.engine.commands import Lease, Together
from procession.engine.engine import Engine
from procession.engine.wakening import Bell, Wanted, Work
from procession.storage import Transaction
from procession.storage.drivers import Asked, Later

log = logging.getLogger("procession.engine")
_freeing: set[asyncio.Future[Any]] = set()

POLL = 1.0
"""Seconds between two looks while waiting."""
T = TypeVar("T")


async def found(bell: Bell, look: Callable[[], Awaitable[T]], seconds: float, wanted: Wanted | None = None) -> T:
    """What `look` gives as soon as it is true, else what it gives after so many seconds; it is called once at least, and at
    every ring that is for what is `wanted`."""
    if seconds <= 0:
        return await look()
    until = time.monotonic() + seconds
    loop, rung = asyncio.get_running_loop(), asyncio.Event()
    woken: list[Work | None] = []  # what for

    def wake(work: Work | None) -> None:
        woken.append(work)
        # the loop may have been closed since: then nobody waits any more
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(rung.set)

    forget = bell.listen(wake, wanted)
    try:
        while True:
            rung.clear()
            known = len(woken)
            value = await look()
            del woken[: min(known, 1) if value else known]  # of several rings one may be for what it leaves
            left = until - time.monotonic()
            if value or left <= 0:
                return value
            # not wait_for, which in Python 3.11 forgets that it was cancelled where the bell rang at the same moment
            with suppress(TimeoutError):
                async with asyncio.timeout(min(left, POLL)):
                    await rung.wait()
    finally:
        forget()
        if wanted is not None and wanted.most is not None:
            # others were not woken because this one was
            for work in woken:
                if work is not None:
                    bell.ring(work)


async def leased(
    engine: Engine,
    take: Callable[[Transaction], Asked[Later[list[T]]]],
    seconds: float,
    free: Callable[[Sequence[T]], Sequence[Any]],
    wanted: Wanted,
) -> list[T]:
    """Locks external tasks or jobs for a worker as soon as there are any, in a batch with what others ask.

    `take` locks them in an open transaction and gives what the worker is told. Where the worker has gone meanwhile what it
    would have got is locked no more: `free` gives the commands for that.
    """
    gone = False
    locking: asyncio.Future[list[T]] | None = None

    def taken(transaction: Transaction) -> Asked[Later[list[T]]]:
        return list if gone else (yield from take(transaction))

    async def look() -> list[T]:
        nonlocal locking
        locking = asyncio.ensure_future(engine.submitted(Lease(taken)))
        return await asyncio.shield(locking)

    try:
        return await found(engine.externals_bell, look, seconds, wanted)
    except asyncio.CancelledError:
        gone = True
        if locking is not None:
            locking.add_done_callback(partial(_give_back, engine, free))
        raise


def _give_back(engine: Engine, free: Callable[[Sequence[T]], Sequence[Any]], locking: asyncio.Future[list[T]]) -> None:
    """Frees what was locked for a client that has gone, as soon as that is durable."""
    if locking.cancelled() or locking.exception() is not None or not locking.result():
        return
    freeing = asyncio.ensure_future(engine.submitted(Together(tuple(free(locking.result())))))
    _freeing.add(freeing)
    freeing.add_done_callback(_freed)


def _freed(freeing: asyncio.Future[Any]) -> None:
    _freeing.discard(freeing)
    if not freeing.cancelled() and freeing.exception() is not None:
        log.info("What was locked for a client that went away stays locked until its time: %s", freeing.exception())
