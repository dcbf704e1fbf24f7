"""Group commit by leader and followers: whoever holds the commit role takes all waiting commands into one transaction.

`submit` blocks until its command is durable or has failed. It needs no thread of its own: a waiting caller that gets the
role works for everybody. Commands that are sent without a caller who waits (`send`, for event loops) have a thread that
takes the role, started with the first of them. A command that fails is answered with its own error, its neighbours are
unaffected; a batch that fails as a whole is run again one command at a time. Commands that run user code, and changes of
what is deployed, run alone, in a transaction of their own. A command that joins the caller's transaction passes the queue by.

While PostgreSQL writes a batch the next one is worked on, if enough wait for it: the role goes on as soon as there is nothing
left to do but to wait for the database. What two such batches both touch is locked by the first until it is durable.
"""

from __future__ import annotations

import asyncio
import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from procession.engine.commands import Lease
from procession.engine.unit import Envelope, Unit
from procession.engine.worlds import UserCodeInBatch
from procession.errors import Conflict, Unavailable
from procession.storage.database import Joinable
from procession.storage.drivers import DATABASE_ERRORS, Later, side_by_side

if TYPE_CHECKING:
    from procession.engine.engine import Engine

log = logging.getLogger("procession.engine")

MAX_BATCH = 200
MAX_SHARED = 32
"""Commands of a batch where the next one is worked on meanwhile: with more, all wait for one and none for the next."""
ENOUGH = 6
"""Commands that are worth a batch of their own while another one is written: a transaction by itself costs about as much as
three commands in it, so that fewer would rather wait (measured with two workers of six clients each: from eight on 2 to 24 %
more a second than from three on, with one worker the same)."""
MAX_TRIES = 20
MAX_WAITING = 10_000
GATHER, GATHER_EACH = 0.002, 0.00005
"""Seconds, and seconds for each of them, that whoever leads waits at most for as many commands as were in the batches before:
who was answered asks again."""
OnCommit = Callable[[Callable[[], None]], object]
"""Given a function, calls it once the caller's transaction is durable, and never if it is rolled back."""


class Waiting:
    """A command on its way, and what became of it.

    `signal` is a lock that its caller waits to acquire: it is released when the command is done, or when the caller is to
    lead. No caller waits where `told` is given, which is called once it is done, or `future`, which gets it on its event loop.
    """

    __slots__ = ("command", "done", "envelope", "error", "future", "has_role", "signal", "told", "value")

    def __init__(
        self,
        command: Any,
        envelope: Envelope,
        told: Callable[[Waiting], None] | None = None,
        future: asyncio.Future[Waiting] | None = None,
    ) -> None:
        self.command = command
        self.envelope = envelope
        self.told = told
        self.future = future
        self.signal = threading.Lock() if told is None and future is None else None
        if self.signal is not None:
            self.signal.acquire()
        self.has_role = False  # its caller is to lead
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None

    def answered(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value, self.error, self.done = value, error, True

    def tell(self) -> None:
        """Wakes the caller, or calls who asked to be told; what goes wrong there concerns nobody else."""
        if self.signal is not None:
            self.wake()
        elif self.told is not None:
            try:
                self.told(self)
            except Exception:
                log.warning("What became of a command could not be told", exc_info=True)

    def wake(self) -> None:
        """Wakes the caller, or has it not wait."""
        assert self.signal is not None
        with suppress(RuntimeError):  # it was woken already and has not noticed yet
            self.signal.release()


def _tell(batch: list[Waiting]) -> None:
    """Tells what became of a batch, an event loop of all its commands at once: each call wakes it."""
    futures: dict[asyncio.AbstractEventLoop, list[Waiting]] = {}
    for waiting in batch:
        if waiting.future is None:
            waiting.tell()
        else:
            futures.setdefault(waiting.future.get_loop(), []).append(waiting)
    for loop, those in futures.items():
        with suppress(RuntimeError):  # the loop has ended: nobody waits any more
            loop.call_soon_threadsafe(_settle, those)


def _settle(batch: list[Waiting]) -> None:
    for waiting in batch:
        if waiting.future is not None and not waiting.future.done():
            waiting.future.set_result(waiting)


class Committer:
    """The queue of commands and the commit role."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: deque[Waiting] = deque()
        self._mutex = threading.Lock()
        self._led = False
        self._overlaps = engine.storage.dialect == "postgresql"
        self._is_writing = False  # a batch that has given its role away is on its way to the disk
        self._inside = threading.local()
        self._turn = threading.Semaphore(0)  # a thread's signal to lead, or to look whether it is to end
        self._threads: list[threading.Thread] = []
        self._closed = False
        self._last = 0  # how many commands were in the last batches
        self._awaited = 0  # how many who leads waits for
        self._gathered = threading.Event()
        self.batches = 0
        self.commands = 0

    @property
    def waiting(self) -> int:
        """How many commands wait for a transaction."""
        return len(self._queue)

    def submit(self, command: Any, envelope: Envelope) -> Any:
        """Carries out a command; gives its value once it is durable. Raises what the command raises."""
        unit: Unit | None = getattr(self._inside, "unit", None)
        if unit is not None:
            # user code of a command that is running: its own commands belong to the same transaction
            unit.prepare([command])
            return unit.run(command, envelope)
        for attempt in range(MAX_TRIES):
            waiting = Waiting(command, envelope)
            self._through_queue(waiting)
            if waiting.error is None:
                return waiting.value
            if isinstance(waiting.error, UserCodeInBatch):
                return self.by_itself(command, envelope)
            if not isinstance(waiting.error, Conflict) or attempt == MAX_TRIES - 1:
                raise waiting.error
            time.sleep(random.uniform(0, 0.005 * (attempt + 1)))
        raise AssertionError("unreachable")

    def _through_queue(self, waiting: Waiting) -> None:
        """Comes back when the command is done: led by another caller, or by this one for all that wait."""
        with self._mutex:
            self._admit()
            self._queue.append(waiting)
            waiting.has_role = lead = not self._led
            self._led = True
            gathered = 0 < self._awaited <= len(self._queue)
        assert waiting.signal is not None
        if gathered:
            self._gathered.set()
        try:
            if not lead:
                waiting.signal.acquire()
                if waiting.done:
                    return
            if not self._gather():
                self._last = len(self._queue)  # threads that have gone are waited for once
        except BaseException:
            self._give_up(waiting)
            raise
        self._lead()
        if not waiting.done:  # a thread that ends has taken it along
            waiting.signal.acquire()

    def _admit(self) -> None:
        if self._closed:
            raise Unavailable("The engine is closed")
        if len(self._queue) >= MAX_WAITING:
            raise Unavailable("Too many commands are waiting; try again later")

    def _hand_over(self) -> None:
        """The role goes to whoever waits longest: its caller leads next, or a thread for one without a caller."""
        with self._mutex:
            following = self._queue[0] if self._queue else None
            self._led = following is not None
            if following is not None:
                following.has_role = following.signal is not None
        if following is None:
            return
        if following.signal is not None:
            following.wake()
        else:
            self._turn.release()

    def send(self, command: Any, envelope: Envelope, told: Callable[[Waiting], None]) -> None:
        """Sends a command without waiting. `told` is called with it once it is durable or has failed, in another thread.

        A command that meets a conflict, or runs user code, is not tried again: its `error` says so (Conflict,
        `UserCodeInBatch`). Raises Unavailable where too many wait.
        """
        self._enter(Waiting(command, envelope, told))

    def _enter(self, waiting: Waiting) -> None:
        with self._mutex:
            self._admit()
            if not self._threads:
                for _ in range(2 if self._overlaps else 1):
                    thread = threading.Thread(target=self._serve, name="procession-commits", daemon=True)
                    self._threads.append(thread)
                    thread.start()
            self._queue.append(waiting)
            lead = not self._led
            self._led = True
            gathered = 0 < self._awaited <= len(self._queue)
        if lead:
            self._turn.release()
        elif gathered:
            self._gathered.set()

    async def sent(self, command: Any, envelope: Envelope) -> Any:
        """Sends a command and gives its value once it is durable; tried again after a conflict. Raises what it raises, and
        `UserCodeInBatch` where it must run alone."""
        loop = asyncio.get_running_loop()
        for attempt in range(MAX_TRIES):
            future: asyncio.Future[Waiting] = loop.create_future()
            self._enter(Waiting(command, envelope, future=future))
            waiting = await future
            if waiting.error is None:
                return waiting.value
            if not isinstance(waiting.error, Conflict) or attempt == MAX_TRIES - 1:
                raise waiting.error
            await asyncio.sleep(random.uniform(0, 0.005 * (attempt + 1)))
        raise AssertionError("unreachable")

    def _serve(self) -> None:
        """Leads for commands without a caller, until the engine is closed and none is left."""
        while True:
            if not self._closed:
                self._turn.acquire()
            elif not self._queue:
                return
            self._gather()
            self._lead()

    def _gather(self) -> bool:
        """Lets a batch become as large as the one before, for a while; True where it has."""
        with self._mutex:
            if self._closed or len(self._queue) >= self._last:
                return True
            self._awaited = self._last
        try:
            return self._gathered.wait(GATHER + self._last * GATHER_EACH)
        finally:
            with self._mutex:
                self._awaited = 0
                self._gathered.clear()

    def close(self) -> None:
        """Ends the threads once everything that was sent is done."""
        with self._mutex:
            self._closed, threads = True, self._threads
            self._gathered.set()  # who waits for others goes on
        self._turn.release(len(threads) or 1)
        for thread in threads:
            thread.join()

    def _give_up(self, waiting: Waiting) -> None:
        """A caller that was interrupted while it waited neither keeps its command in the queue nor the role."""
        with self._mutex:
            if waiting in self._queue:
                self._queue.remove(waiting)
            has_role = waiting.has_role and not waiting.done
        if has_role:
            self._hand_over()

    def by_itself(self, command: Any, envelope: Envelope) -> Any:
        """Carries out a command that runs user code in a transaction of its own."""
        return self.alone(lambda unit: unit.run(command, envelope), [command])

    def alone(self, work: Callable[[Unit], Any], commands: list[Any] | None = None) -> Any:
        """Does some work in a transaction of its own, user code allowed; tried again after a conflict."""
        for attempt in range(MAX_TRIES):
            try:
                with self._engine.storage.transaction() as transaction:
                    unit = Unit(self._engine, transaction, alone=True)
                    unit.prepare(commands or [])
                    self._inside.unit = unit
                    try:
                        value = work(unit)
                    finally:
                        self._inside.unit = None
                    unit.save()
                self._committed(unit)
                return value
            except Conflict:
                if attempt == MAX_TRIES - 1:
                    raise
                time.sleep(random.uniform(0, 0.005 * (attempt + 1)))
        raise AssertionError("unreachable")

    def join(
        self,
        command: Any,
        work: Callable[[Unit, Any, Envelope], Any] | None,
        envelope: Envelope,
        connection: Joinable,
        on_commit: OnCommit | None,
    ) -> Any:
        """Carries out a command in a transaction that the caller opened and ends. Never tried again: a Conflict is the
        caller's, because only the caller can start its transaction anew."""
        unit: Unit | None = getattr(self._inside, "unit", None)
        if unit is not None:
            return unit.run(command, envelope) if work is None else unit.told(command, envelope, work)
        with self._engine.storage.joined(connection) as transaction:
            unit = Unit(self._engine, transaction, alone=True)
            unit.prepare([command] if work is None else [])
            self._inside.unit = unit
            try:
                value = unit.run(command, envelope) if work is None else unit.told(command, envelope, work)
            finally:
                self._inside.unit = None
            unit.save()
        if on_commit is not None:
            joined = unit
            on_commit(lambda: self._committed(joined))
        return value

    def _lead(self) -> None:
        """Does the commands that wait, and hands the role over: before the database has written them, or afterwards."""
        batch: list[Waiting] = []
        with self._mutex:
            while self._queue and len(batch) < (MAX_SHARED if self._overlaps else MAX_BATCH):
                batch.append(self._queue.popleft())
        if not batch:
            self._hand_over()
            return
        gave = False

        def written_next() -> None:
            nonlocal gave
            with self._mutex:
                gave = self._overlaps and not self._is_writing and len(self._queue) >= ENOUGH
                self._is_writing |= gave
            if gave:
                self._hand_over()

        try:
            self._commit(batch, written_next)
        except Exception as error:
            if len(batch) == 1 or isinstance(error, Unavailable):
                # where the connection broke it may have committed: running it again could do everything twice
                for waiting in batch:
                    waiting.answered(error=error)
            else:
                log.warning("A batch of %d commands failed (%s); they run one at a time", len(batch), error)
                for waiting in batch:
                    try:
                        self._commit([waiting])
                    except Exception as own:
                        waiting.answered(error=own)
        except BaseException as error:
            for waiting in batch:
                if not waiting.done:
                    waiting.answered(error=error)
            raise
        finally:
            _tell(batch)
            if gave:
                self._is_writing = False
            else:
                self._hand_over()

    def _commit(self, batch: list[Waiting], written_next: Callable[[], None] = lambda: None) -> None:
        """Carries out a batch in one transaction; calls `written_next` when all that is left is for the database to do."""
        leased: list[tuple[Waiting, Later[Any]]] = []
        outcomes: list[tuple[Waiting, Any, BaseException | None]] = []
        with self._engine.storage.transaction() as transaction:
            unit = Unit(self._engine, transaction, alone=False)
            leases = [waiting for waiting in batch if type(waiting.command) is Lease]
            others = [waiting for waiting in batch if type(waiting.command) is not Lease]
            # what is leased must be so before it is loaded, in the same flight; where a lease fails nothing must be committed,
            # for nobody gets what it has locked. What else is told of it may come with the commit
            taking = [waiting.command.take(transaction) for waiting in leases]
            *taken, _ = side_by_side([*taking, unit.preparing([waiting.command for waiting in others])])
            leased.extend(zip(leases, taken, strict=True))
            for waiting in others:
                try:
                    outcomes.append((waiting, unit.run(waiting.command, waiting.envelope), None))
                except DATABASE_ERRORS:
                    raise  # the transaction is lost for all of them
                except Exception as failure:
                    outcomes.append((waiting, None, failure))
            unit.save()
            written_next()
        with self._mutex:
            self.batches += 1
            self.commands += len(batch)
            self._last = max(len(batch), self._last * 7 // 8)  # one batch may be small by chance
        for waiting, told in leased:
            try:
                outcomes.append((waiting, told(), None))
            except Exception as failure:
                outcomes.append((waiting, None, failure))  # what it has locked is free when its time has run out
        for waiting, value, error in outcomes:
            waiting.answered(value, error)
        self._committed(unit)

    def _committed(self, unit: Unit) -> None:
        try:
            self._engine.committed(unit)
        except Exception:
            # it is durable: whoever was to be woken finds out by polling
            log.warning("Not everybody could be told what was committed", exc_info=True)
