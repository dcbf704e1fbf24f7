"""Fetches jobs, runs their handlers side by side, keeps their locks alive, reports how they ended.

Rules:
- No more jobs are fetched than can start at once. A place is free again when the handler has ended: the next jobs are
  fetched while the last ones are reported, but never more of them than there are places.
- A lock is renewed at a third of its duration until the outcome has been told, also while the engine is away.
- A report is repeated until the engine has answered. Once an answer was lost, "that job does not exist" is success.
- What the engine refuses for good (its own next step failed, a variable it cannot take) becomes a failure, once.
- Stopping: the open fetch ends but brings nothing, handlers may finish within the grace, what is left is released; a fetch
  that is open even then may be handed the very jobs that were released, and releases them again.

This file knows no engine and no HTTP; time is the event loop's.
"""

from __future__ import annotations

import asyncio
import logging
import random
import traceback
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Generic, TypeVar

from camunda_client.errors import (
    OPTIMISTIC_LOCKING,
    BadRequest,
    CamundaError,
    Conflict,
    EngineFailed,
    EngineUnavailable,
    NotAuthenticated,
    NotFound,
)
from camunda_client.worker.execution import Places
from camunda_client.worker.handlers import Handler, outcome_of
from camunda_client.worker.outage import Outage
from camunda_client.worker.outcomes import BpmnError, Complete, Fail, Outcome, TaskFailure, ThrowError
from camunda_client.worker.policies import Backoff, RetryPolicy
from camunda_client.worker.source import J, Lane, Source

log = logging.getLogger("camunda_client.worker")
T = TypeVar("T")

REPORT_ATTEMPTS = 4
"""How often one outcome is sent again after collisions with other transactions."""

RELEASE_SECONDS = 5.0
"""How long a stopping worker tries to give jobs back."""

LAST_POLL_SECONDS = 3.0
"""Within them, how long a poll that outlasts the grace stays open: it takes what is given back, and must give it back too."""

IDLE_SECONDS = 0.5
"""Pause after an empty fetch that did not wait: an engine without long polling must not be hammered."""

GATHER_SECONDS = 0.01
"""A worker that was full waits so long for more free places: one fetch for many jobs costs what one for one job costs."""

KEPT = "Worker stops: some locks were not given back and will expire: %s"

Call = Callable[[], Awaitable[Outcome]]
Middleware = Callable[[Any, Call], Awaitable[Outcome]]
"""`async def measure(task, call): ...; return await call()`: runs around every handler."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a worker behaves, apart from what it does."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    reconnect: Backoff = field(default_factory=Backoff)
    grace: timedelta = timedelta(seconds=20)
    middleware: tuple[Middleware, ...] = ()


@dataclass(slots=True)
class Counters:
    """What has happened so far."""

    in_flight: int = 0
    fetched: int = 0
    completed: int = 0
    bpmn_errors: int = 0
    failed: int = 0
    lost: int = 0


class _Load:
    """What one lane has in work: `handled` by functions now, and `held` in all, those included that are only reported."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.handled: set[object] = set()
        self.held: set[object] = set()

    @property
    def room(self) -> int:
        """How many jobs more may be fetched."""
        return min(self.capacity - len(self.handled), 2 * self.capacity - len(self.held))


class _Stopping(Exception):
    """The worker is stopping: whoever waits for something gives up waiting."""


class Core(Generic[J]):
    """One run of a worker, from its first fetch to its last report. Lives in one event loop."""

    def __init__(
        self, source: Source[J], handlers: Mapping[str, Handler], options: Options, counters: Counters | None = None
    ) -> None:
        self._source = source
        self._handlers = handlers
        self._options = options
        self._stop = asyncio.Event()
        self._outage = Outage(options.reconnect)
        self._places = Places(sum(lane.capacity for lane in source.lanes()))
        self._running: dict[asyncio.Task[None], J] = {}
        self._freed = asyncio.Event()
        self.counters = counters or Counters()

    @property
    def connected(self) -> bool:
        """False while the engine does not answer."""
        return not self._outage.going_on

    def stop(self) -> None:
        """Begins to stop. Call it from the event loop's thread."""
        self._stop.set()

    async def run(self) -> None:
        """Works until `stop`; on cancellation it stops as well, without grace."""
        grace = self._options.grace.total_seconds()
        lanes = [asyncio.create_task(self._serve(lane)) for lane in self._source.lanes()]
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({stopping, *lanes}, return_when=asyncio.FIRST_COMPLETED)
            self._stop.set()
            await self._wind_down(lanes, grace)
        finally:
            stopping.cancel()
            await self._leave(lanes)
        for lane in lanes:
            if not lane.cancelled():
                lane.result()

    async def _serve(self, lane: Lane) -> None:
        """Fetches for one lane until told to stop. Each lane has a load of its own, so that none starves another.

        A fetch that is open when the worker is told to stop is not cut off: the engine would not notice, and lock
        jobs for a worker that has gone. What it still brings is given back.
        """
        load = _Load(lane.capacity)
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            try:
                await self._room(load)
                begun = loop.time()
                jobs = await self._source.fetch(lane, load.room)
                self._outage.over()
            except _Stopping:
                break
            except Exception as error:  # whatever it is, a worker that stops fetching helps nobody
                await self._pause(error)
                continue
            if self._stop.is_set():
                await self._give_back(jobs)
                break
            for job in jobs:
                self._start(job, load)
            if not jobs and loop.time() - begun < IDLE_SECONDS:
                await self._sleep(IDLE_SECONDS)

    async def _room(self, load: _Load) -> None:
        """Waits until there is a place, and a little longer for a quarter of the places."""
        if load.room > 0:
            return
        while load.room <= 0:
            self._freed.clear()
            await self._unless_stopping(self._freed.wait())
        if load.room < load.capacity // 4:
            await self._unless_stopping(asyncio.sleep(GATHER_SECONDS))

    def _start(self, job: J, load: _Load) -> None:
        task = asyncio.create_task(self._work(job, load), name=f"job {job.id}")
        load.handled.add(task)
        load.held.add(task)
        self._running[task] = job
        self.counters.fetched += 1
        self.counters.in_flight += 1

        def done(_: asyncio.Task[None]) -> None:
            load.handled.discard(task)  # a task that was cancelled before it began has not done so itself
            load.held.discard(task)
            self._running.pop(task, None)
            self.counters.in_flight -= 1
            self._freed.set()
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("Task %s (%s): the worker itself failed", job.id, job.topic, exc_info=error)

        task.add_done_callback(done)

    async def _work(self, job: J, load: _Load) -> None:
        wire = asyncio.Lock()  # a renewal and a report at the same moment would collide in the engine
        usual = self._source.lock_of(job).total_seconds() / 3
        renewals: list[asyncio.Task[None]] = []  # most jobs end before one is due, and cost no task for it
        timer = asyncio.get_running_loop().call_later(
            usual, lambda: renewals.append(asyncio.create_task(self._renew(job, wire, usual)))
        )
        try:
            outcome = await self._decide(job)
            load.handled.discard(asyncio.current_task())
            self._freed.set()
            await self._report(job, outcome, wire)
        finally:
            timer.cancel()
            for renewal in renewals:
                renewal.cancel()

    async def _decide(self, job: J) -> Outcome:
        """Runs the handler; whatever it does becomes an outcome."""
        handler = self._handlers[job.topic]

        async def call() -> Outcome:
            positional, named = handler.bind(job)
            run = self._places.run
            return outcome_of(await run(handler.execution, handler.function, handler.is_async, positional, named))

        chain: Call = call
        for middleware in reversed(self._options.middleware):
            chain = _around(middleware, job, chain)
        try:
            return await chain()
        except BpmnError as error:
            return ThrowError(error.code, error.message, error.variables)
        except asyncio.CancelledError:
            present = asyncio.current_task()
            if present is not None and present.cancelling():
                raise  # the worker stops
            return self._failure(job, TaskFailure("The handler was cancelled"))
        except Exception as error:
            return self._failure(job, error)

    def _failure(self, job: J, error: Exception) -> Fail:
        policy = self._options.retry
        error = error.with_traceback(_own_frames(error.__traceback__))
        message = f"{type(error).__name__}: {error}"
        details = "".join(traceback.format_exception(error))
        left, after, variables = policy.left(job.retries), None, None
        if isinstance(error, TaskFailure):
            variables = error.variables
            message, details = error.message, error.details or details
            left = left if error.retries is None else error.retries
            after = error.retry_after
        if after is None:
            after = policy.pause(left, random.random()) if left else timedelta(0)
        log.warning(
            "Task %s (%s) failed: %s; attempts left: %d", job.id, job.topic, message, left,
            exc_info=None if isinstance(error, TaskFailure) else error,
        )  # fmt: skip
        return Fail(message, details, left, after, variables)

    async def _renew(self, job: J, wire: asyncio.Lock, usual: float) -> None:
        while True:
            try:
                async with wire:
                    await self._source.extend(job)
                pause = usual
            except (NotFound, BadRequest, Conflict) as error:
                self._lose(job, error)
                return
            except Exception as error:
                pause = max(usual / 4, 0.05)
                log.debug("Task %s (%s): lock not renewed: %s", job.id, job.topic, error)
            await asyncio.sleep(pause)

    async def _report(self, job: J, outcome: Outcome, wire: asyncio.Lock) -> None:
        uncertain = False
        collisions = 0
        while True:
            try:
                async with wire:
                    await self._source.report(job, outcome)
                self._outage.over()
                self._count(outcome)
                return
            except EngineUnavailable as error:
                uncertain = True
                await self._outage.wait(error)
            except NotAuthenticated as error:  # the work is done; who will be let in again can tell it
                await self._outage.wait(error)
            except NotFound as error:
                if uncertain:
                    self._count(outcome)  # the answer to an earlier attempt was lost, not the attempt
                else:
                    self._lose(job, error)
                return
            except CamundaError as error:
                collisions += 1
                if _collided(error) and collisions < REPORT_ATTEMPTS:
                    await asyncio.sleep(self._options.reconnect.seconds(collisions, random.random()))
                elif isinstance(outcome, Fail):
                    self._lose(job, error)
                    return
                else:
                    outcome, uncertain, collisions = self._refused(job, outcome, error), False, 0
            except Exception as error:  # a value that cannot be sent: the handler's result is wrong
                if isinstance(outcome, Fail):
                    raise
                outcome = self._failure(job, TaskFailure(f"{type(error).__name__}: {error}", retries=0))

    def _refused(self, job: J, outcome: Outcome, error: CamundaError) -> Fail:
        done = "completion" if isinstance(outcome, Complete) else "BPMN error"
        return self._failure(job, TaskFailure(f"The engine refused the {done}: {error}"))

    def _lose(self, job: J, error: CamundaError) -> None:
        job.mark_lost()
        self.counters.lost += 1
        log.warning("Task %s (%s) is no longer ours: %s", job.id, job.topic, error)

    def _count(self, outcome: Outcome) -> None:
        match outcome:
            case Complete():
                self.counters.completed += 1
            case ThrowError():
                self.counters.bpmn_errors += 1
            case Fail():
                self.counters.failed += 1

    async def _unless_stopping(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`; _Stopping (and `work` cancelled) when the worker is told to stop first."""
        doing = asyncio.ensure_future(work)
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not doing.done():
                raise _Stopping
            return doing.result()
        finally:
            stopping.cancel()
            if not doing.done():
                doing.cancel()
                await asyncio.gather(doing, return_exceptions=True)

    async def _pause(self, error: Exception) -> None:
        try:
            await self._unless_stopping(self._outage.wait(error))
        except _Stopping:
            return

    async def _sleep(self, seconds: float) -> None:
        try:
            await self._unless_stopping(asyncio.sleep(seconds))
        except _Stopping:
            return

    async def _wind_down(self, lanes: Sequence[asyncio.Task[None]], grace: float) -> None:
        """Lets open fetches end and handlers finish, for no longer than the grace."""
        left = {task for task in (*lanes, *self._running) if not task.done()}
        if left:
            log.info("Worker stops: up to %.0f s for %d tasks in work and the open poll", grace, len(self._running))
            await asyncio.wait(left, timeout=grace)

    async def _leave(self, lanes: Sequence[asyncio.Task[None]]) -> None:
        """Ends what is left, gives its jobs back, closes."""
        self._stop.set()
        left = dict(self._running)
        for task in left:
            task.cancel()
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                await asyncio.gather(*left, return_exceptions=True)
                await self._give_back(list(left.values()))
                _, open_polls = await asyncio.wait(lanes, timeout=LAST_POLL_SECONDS)
                if open_polls:
                    await self._cut_off(open_polls)
                    await self._source.sweep()
        except (TimeoutError, CamundaError) as error:
            log.warning(KEPT, error or "no time left")
        finally:
            await self._cut_off(lanes)
            self._places.close()
            await self._source.close()

    async def _cut_off(self, lanes: Iterable[asyncio.Task[None]]) -> None:
        for lane in lanes:
            lane.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)

    async def _give_back(self, jobs: Sequence[J]) -> None:
        try:
            await asyncio.gather(*(self._release(job) for job in jobs))
        except CamundaError as error:
            log.warning(KEPT, error)

    async def _release(self, job: J) -> None:
        try:
            await self._source.release(job)
            log.info("Task %s (%s) was given back unfinished", job.id, job.topic)
        except NotFound:
            return


def _around(
    middleware: Middleware, job: Any, inner: Callable[[], Awaitable[Outcome]]
) -> Callable[[], Awaitable[Outcome]]:
    return lambda: middleware(job, inner)


def _collided(error: CamundaError) -> bool:
    return isinstance(error, EngineFailed | Conflict) and error.code == OPTIMISTIC_LOCKING


def _own_frames(at: TracebackType | None) -> TracebackType | None:
    """The traceback from the handler's own frame on; what the worker did to get there helps nobody."""
    first = at
    while at is not None and str(at.tb_frame.f_globals.get("__name__")).startswith("camunda_client.worker."):
        at = at.tb_next
    return at or first
