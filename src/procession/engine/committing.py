"""Group commit by leader and followers: whoever holds the commit role takes all waiting commands into one transaction.

`submit` blocks until its command is durable or has failed. It needs no thread of its own: a waiting caller that gets the
role works for everybody. A command that fails is answered with its own error, its neighbours are unaffected; a batch that
fails as a whole is run again one command at a time. Commands that run user code, and changes of what is deployed, run
alone, in a transaction of their own. A command that joins the caller's transaction passes the queue by.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from procession.engine.unit import Envelope, Unit, UserCodeInBatch
from procession.errors import Conflict, Unavailable
from procession.storage.database import Joinable
from procession.storage.drivers import DATABASE_ERRORS

if TYPE_CHECKING:
    from procession.engine.engine import Engine

log = logging.getLogger("procession.engine")

MAX_BATCH = 200
MAX_TRIES = 20
MAX_WAITING = 10_000
OnCommit = Callable[[Callable[[], None]], object]
"""Given a function, calls it once the caller's transaction is durable, and never if it is rolled back."""


class Waiting:
    """A command on its way, and what became of it. `signal` is set when it is done, or when its caller is to lead."""

    __slots__ = ("command", "done", "envelope", "error", "signal", "value")

    def __init__(self, command: Any, envelope: Envelope) -> None:
        self.command = command
        self.envelope = envelope
        self.signal = threading.Event()
        self.done = False
        self.value: Any = None
        self.error: BaseException | None = None

    def answered(self, value: Any = None, error: BaseException | None = None) -> None:
        self.value, self.error, self.done = value, error, True


class Committer:
    """The queue of commands and the commit role."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: deque[Waiting] = deque()
        self._mutex = threading.Lock()
        self._led = False
        self._inside = threading.local()
        self.batches = 0
        self.commands = 0

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
                return self.alone(lambda unit: unit.run(command, envelope), [command])
            if not isinstance(waiting.error, Conflict) or attempt == MAX_TRIES - 1:
                raise waiting.error
            time.sleep(random.uniform(0, 0.005 * (attempt + 1)))
        raise AssertionError("unreachable")

    def _through_queue(self, waiting: Waiting) -> None:
        """Comes back when the command is done: led by another caller, or by this one for all that wait."""
        with self._mutex:
            if len(self._queue) >= MAX_WAITING:
                raise Unavailable("Too many commands are waiting; try again later")
            self._queue.append(waiting)
            lead = not self._led
            self._led = True
        if not lead:
            try:
                waiting.signal.wait()
            except BaseException:
                self._give_up(waiting)
                raise
            if waiting.done:
                return
        try:
            self._lead()
        finally:
            with self._mutex:
                # the role goes to whoever waits longest; its caller leads next
                following = self._queue[0] if self._queue else None
                self._led = following is not None
            if following is not None:
                following.signal.set()

    def _give_up(self, waiting: Waiting) -> None:
        """A caller that was interrupted while it waited neither keeps its command in the queue nor the role."""
        following = None
        with self._mutex:
            if waiting in self._queue:
                self._queue.remove(waiting)
            if waiting.signal.is_set() and not waiting.done:
                following = self._queue[0] if self._queue else None
                self._led = following is not None
        if following is not None:
            following.signal.set()

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
            return unit.run(command, envelope) if work is None else work(unit, command, envelope)
        with self._engine.storage.joined(connection) as transaction:
            unit = Unit(self._engine, transaction, alone=True)
            unit.prepare([command] if work is None else [])
            self._inside.unit = unit
            try:
                value = unit.run(command, envelope) if work is None else work(unit, command, envelope)
            finally:
                self._inside.unit = None
            unit.save()
        if on_commit is not None:
            joined = unit
            on_commit(lambda: self._committed(joined))
        return value

    def _lead(self) -> None:
        batch: list[Waiting] = []
        with self._mutex:
            while self._queue and len(batch) < MAX_BATCH:
                batch.append(self._queue.popleft())
        try:
            self._commit(batch)
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
            for waiting in batch:
                waiting.signal.set()

    def _commit(self, batch: list[Waiting]) -> None:
        outcomes: list[tuple[Waiting, Any, BaseException | None]] = []
        with self._engine.storage.transaction() as transaction:
            unit = Unit(self._engine, transaction, alone=False)
            unit.prepare([waiting.command for waiting in batch])
            for waiting in batch:
                try:
                    outcomes.append((waiting, unit.run(waiting.command, waiting.envelope), None))
                except DATABASE_ERRORS:
                    raise  # the transaction is lost for all of them
                except Exception as failure:
                    outcomes.append((waiting, None, failure))
            unit.save()
        self.batches += 1
        self.commands += len(batch)
        for waiting, value, error in outcomes:
            waiting.answered(value, error)
        self._committed(unit)

    def _committed(self, unit: Unit) -> None:
        try:
            self._engine.committed(unit)
        except Exception:
            # it is durable: whoever was to be woken finds out by polling
            log.warning("Not everybody could be told what was committed", exc_info=True)
