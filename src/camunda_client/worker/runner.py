"""Ways to run a worker: `run()` until SIGTERM, `async with` in an application's loop, `with` in a thread of its own."""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from camunda_client.worker.core import Core, Counters, Middleware, Options
from camunda_client.worker.handlers import Handler
from camunda_client.worker.registry import Handlers
from camunda_client.worker.source import J, Source

F = TypeVar("F", bound=Callable[..., Any])

log = logging.getLogger("camunda_client.worker")

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(frozen=True, slots=True)
class WorkerStatus:
    """A worker's state, for health checks and metrics. The counts are since it was made."""

    running: bool
    connected: bool
    in_flight: int
    fetched: int
    completed: int
    bpmn_errors: int
    failed: int
    lost: int


class JobWorker(ABC, Generic[J]):
    """A worker for one engine: handlers by topic, and the ways to run them. Adapters add how to reach the engine."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.handlers: dict[str, Handler] = {}
        self._counters = Counters()
        self._core: Core[J] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop_asked = False
        self._served: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._thread_error: BaseException | None = None

    @abstractmethod
    def open(self) -> Source[J]:
        """A fresh connection to the engine, made inside the event loop that will use it."""

    @abstractmethod
    def task(self, topic: str, /, *arguments: Any, **options: Any) -> Callable[[F], F]:
        """Decorator: the function serves a topic or job type."""

    def subscribe(self, topic: str, handler: Callable[..., Any], **options: Any) -> Self:
        """The same as the decorator, for functions that exist already; returns the worker."""
        self.task(topic, **options)(handler)
        return self

    def include(self, handlers: Handlers) -> Self:
        """Serves all of these handlers as well; returns the worker."""
        for item in handlers.registered:
            self.task(item.topic, **item.options)(item.function)
        return self

    def middleware(self, function: Middleware) -> Middleware:
        """Decorator: `async def f(task, call)` runs around every handler and returns what `await call()` returned."""
        self.options = replace(self.options, middleware=(*self.options.middleware, function))
        return function

    def status(self) -> WorkerStatus:
        """What the worker is doing. Safe to call from any thread."""
        core = self._core
        return WorkerStatus(
            running=core is not None, connected=core is not None and core.connected, **asdict(self._counters)
        )

    async def serve(self) -> None:
        """Works in the running event loop until `stop()`; takes no signals. Cancelling it stops without grace."""
        if self._core is not None:
            raise RuntimeError("The worker runs already")
        if not self.handlers:
            raise RuntimeError("The worker has no handlers: decorate functions with @worker.task(topic)")
        self._loop = asyncio.get_running_loop()
        core = self._core = Core(self.open(), self.handlers, self.options, self._counters)
        if self._stop_asked:
            core.stop()
        log.info("Worker serves %s", ", ".join(sorted(self.handlers)))
        try:
            await core.run()
        finally:
            self._core = self._loop = None
            self._stop_asked = False
            log.info("Worker stopped")

    def stop(self) -> None:
        """Asks the worker to stop gracefully and returns at once. Safe to call from any thread and from handlers."""
        self._stop_asked = True
        core, loop = self._core, self._loop
        if core is not None and loop is not None and not loop.is_closed():
            loop.call_soon_threadsafe(core.stop)

    def run(self) -> None:
        """Works until SIGTERM, SIGINT or `stop()`, then returns, so that the process ends with code 0.

        A second signal ends the grace. In a thread other than the main one it takes no signals.
        """
        asyncio.run(self._run())

    async def _run(self) -> None:
        serving = asyncio.ensure_future(self.serve())
        asked = False

        def on_signal() -> None:
            nonlocal asked
            if asked:
                serving.cancel()
            asked = True
            self.stop()

        undo = _on_stop_signals(on_signal)
        try:
            await asyncio.wait({serving})
        finally:
            undo()
        if not (serving.cancelled() and asked):
            serving.result()

    async def __aenter__(self) -> Self:
        self._served = asyncio.create_task(self.serve(), name="camunda worker")
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        served, self._served = self._served, None
        self.stop()
        try:
            if served is not None:
                await served
        finally:
            self._stop_asked = False

    def __enter__(self) -> Self:
        """Works in a thread of its own, with its own event loop, until the block ends."""
        started = threading.Event()

        async def serve() -> None:
            self._loop = asyncio.get_running_loop()
            self._loop.call_soon(started.set)
            await self.serve()

        def target() -> None:
            try:
                asyncio.run(serve())
            except BaseException as error:
                self._thread_error = error
            finally:
                started.set()

        self._thread_error = None
        self._thread = threading.Thread(target=target, name="camunda-worker", daemon=True)
        self._thread.start()
        started.wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        thread, self._thread = self._thread, None
        self.stop()
        if thread is not None:
            thread.join()
        self._stop_asked = False
        if self._thread_error is not None and error is None:
            raise self._thread_error


def _on_stop_signals(callback: Callable[[], None]) -> Callable[[], None]:
    """Calls back in the running loop on SIGINT and SIGTERM; returns how to undo it."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    before: dict[signal.Signals, Any] = {}

    def undo() -> None:
        for number in STOP_SIGNALS:
            if number in before:
                signal.signal(number, before[number])
            else:
                loop.remove_signal_handler(number)

    for number in STOP_SIGNALS:
        try:
            loop.add_signal_handler(number, callback)
        except NotImplementedError:  # Windows
            before[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(callback))
    return undo
