"""A pool of daemon threads for handlers that block.

The standard pool's threads are joined when the process ends, so one stuck handler would keep a stopped worker alive
past its grace; these are not. Threads are kept, so that what handlers hold per thread (database connections) stays.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonThreads:
    """Up to `size` threads, started when first needed."""

    def __init__(self, size: int, name: str) -> None:
        self._size = size
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._started = 0
        self._busy = 0

    async def run(self, function: Callable[[], T]) -> T:
        """Calls `function` in a thread, within the caller's context variables."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        context = contextvars.copy_context()

        def settle(result: Any, error: BaseException | None) -> None:
            self._busy -= 1
            if done.cancelled():
                return
            if error is not None:
                done.set_exception(error)
            else:
                done.set_result(result)

        def call() -> None:
            try:
                result, error = context.run(function), None
            except BaseException as raised:  # also SystemExit: it must not end the thread, the job fails instead
                error = RuntimeError(f"{type(raised).__name__} in a handler") if _unsettable(raised) else raised
                result = None
            try:
                loop.call_soon_threadsafe(settle, result, error)
            except RuntimeError:
                return  # the loop is closed: the worker stopped without waiting for this handler

        self._busy += 1
        if self._busy > self._started and self._started < self._size:
            self._started += 1
            threading.Thread(target=self._serve, name=f"{self._name}-{self._started}", daemon=True).start()
        self._calls.put(call)
        return await done

    def close(self) -> None:
        """Lets idle threads end; busy ones end after their present call."""
        for _ in range(self._started):
            self._calls.put(None)

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _unsettable(error: BaseException) -> bool:
    """A future refuses StopIteration; the interpreter's own exits must not travel into the event loop."""
    return isinstance(error, StopIteration) or not isinstance(error, Exception)
