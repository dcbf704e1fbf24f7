"""Where handlers run: in the event loop, in threads, or in processes of their own.

| execution | an async handler runs             | any other handler runs |
|-----------|-----------------------------------|------------------------|
| auto      | in the worker's event loop        | in a thread            |
| thread    | in a thread, in a loop of its own | in a thread            |
| process   | in a process, in a loop of its own| in a process           |

Processes suit handlers that compute for long. They import the program anew, so that a script needs
`if __name__ == "__main__":` around `worker.run()`, and handlers are functions of modules.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.queues import SimpleQueue
from typing import Any, Literal

from camunda_client.worker.outcomes import TaskFailure
from camunda_client.worker.threads import DaemonThreads

Execution = Literal["auto", "thread", "process"]
EXECUTIONS: tuple[Execution, ...] = ("auto", "thread", "process")


class Places:
    """The threads and processes of one worker; made when first needed."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._threads = DaemonThreads(size, "camunda-handler")
        self._processes: _Processes | None = None

    async def run(
        self,
        execution: Execution,
        function: Callable[..., Any],
        is_async: bool,
        positional: Sequence[Any],
        named: Mapping[str, Any],
    ) -> Any:
        """Calls a handler at its place; its result or its exception."""
        if execution == "auto" and is_async:
            return await function(*positional, **named)
        if execution == "process":
            self._processes = self._processes or _Processes(self._size)
            return await self._processes.run(_call, function, is_async, positional, named)
        return await self._threads.run(lambda: _call(function, is_async, positional, named))

    def close(self) -> None:
        """Idle threads and processes end; busy threads are left to themselves, busy processes are ended."""
        self._threads.close()
        if self._processes is not None:
            self._processes.close()


def _call(function: Callable[..., Any], is_async: bool, positional: Sequence[Any], named: Mapping[str, Any]) -> Any:
    if is_async:
        return asyncio.run(function(*positional, **named))
    return function(*positional, **named)


class _Processes:
    def __init__(self, size: int) -> None:
        self._size = size
        self._context = multiprocessing.get_context("spawn")
        self._names: SimpleQueue[int] = self._context.SimpleQueue()
        self._pool = self._fresh()

    def _fresh(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._size, self._context, initializer=_begin, initargs=(self._names,))

    async def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        pool = self._pool
        try:
            return await asyncio.get_running_loop().run_in_executor(pool, function, *arguments)
        except BrokenProcessPool:
            if self._pool is pool:
                self._pool = self._fresh()
                pool.shutdown(wait=False)
            raise TaskFailure("A process that ran handlers died; all tasks in work in processes are affected") from None

    def close(self) -> None:
        mine = set()
        while not self._names.empty():
            mine.add(self._names.get())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in multiprocessing.active_children():
            if child.pid in mine:
                child.terminate()
        self._names.close()


def _begin(names: SimpleQueue[int]) -> None:
    """In the child: Ctrl-C is the parent's to deal with; the parent learns our number, to end us if need be."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    pid = multiprocessing.current_process().pid
    if pid is not None:
        names.put(pid)
