"""The job executor: leases due jobs and sends them to be committed, each undone alone if it fails, as Camunda 7's does.

Many due jobs share a transaction as commands of clients do; a job that runs user code runs alone, on a thread of the
executor's. A failure is undone, then recorded: retries, the next try, an incident. A job of a node that died is run by
another node when its lock ends, or at once where nodes know of each other. Locks of jobs that take long are prolonged.
Nothing is due before the engine's clock says so.
"""

from __future__ import annotations

import logging
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from procession.engine.unit import Envelope
from procession.engine.worlds import UserCodeInBatch
from procession.errors import Conflict, Missing, ProcessionError, Suspended, Unavailable
from procession.kernel import commands as c
from procession.kernel.records import Job
from procession.storage.leases import extend_job_leases, lease_jobs, next_due_time, release_jobs

if TYPE_CHECKING:
    from procession.engine.committing import Waiting
    from procession.engine.engine import Engine

log = logging.getLogger("procession.jobs")

_ENVELOPE = Envelope(source="job")


class JobExecutor:
    """Runs due jobs between `start` and `stop`; `run` runs one job at once.

    `late` is how many seconds after its time the job was leased that was leased last.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._held: set[int] = set()
        self._mutex = threading.Lock()
        self._has_strays = (
            False  # an answer got lost: the database may hold locks of this node that it does not know of
        )
        self.late = 0.0
        self.done = 0

    @property
    def running(self) -> bool:
        """True between `start` and `stop`."""
        return self._thread is not None

    @property
    def held(self) -> int:
        """How many jobs this node has leased and not yet done."""
        return len(self._held)

    def wake(self) -> None:
        """There may be a new due job."""
        self._wake.set()

    def start(self) -> None:
        """Starts to look for due jobs."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._acquire, name="procession-jobs", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finishes the jobs that are running and gives back the others."""
        if self._thread is not None:
            self._stop.set()
            self._wake.set()
            self._thread.join()
            self._thread = None

    def run_due(self, limit: int = 50) -> int:
        """Runs jobs that are due now, in this thread; how many. For tests, scripts and scheduled functions."""
        jobs = self._lease(limit)
        for job in jobs:
            self.run(job.key)
        return len(jobs)

    def run(self, job: int, *, user: str | None = None, reraise: bool = False, by_itself: bool = False) -> None:
        """Runs one job; a failure is recorded and, with `reraise`, raised again. `by_itself` where it runs user code."""
        envelope = Envelope(user, source="job")
        committer = self._engine.committer
        try:
            (committer.by_itself if by_itself else committer.submit)(c.RunJob(job), envelope)
        except Exception as error:
            self._failed(job, error, envelope)
            if reraise:
                raise

    def _failed(self, job: int, error: BaseException, envelope: Envelope) -> None:
        match error:
            case Missing() | Suspended():
                pass
            case Unavailable():
                self._has_strays = True
            case Conflict():
                # somebody else was first, again and again: no try is lost
                self._has_strays = True
                log.info("Job %s met a conflict and stays due", job)
            case ProcessionError():
                failed = error.details.get("failed_node")
                self._record(job, error, error.message, failed if isinstance(failed, str) else None, envelope)
            case _:
                log.warning("Job %s failed", job, exc_info=error)
                self._record(job, error, f"{type(error).__name__}: {error}", None, envelope)

    def _record(self, job: int, error: BaseException, message: str, failed: str | None, envelope: Envelope) -> None:
        trace = "".join(traceback.format_exception(error))
        try:
            self._engine.committer.submit(c.FailJob(job, message, trace, failed), envelope)
        except Missing:
            log.info("Job %s is gone", job)

    # ------------------------------------------------------------ the executor's thread

    @property
    def owner(self) -> str:
        """Under which name this node holds jobs."""
        return f"node-{self._engine.storage.keys.node}"

    def _lease(self, limit: int) -> list[Job]:
        lock_ms = int(self._engine.settings.job_lock * 1000)
        with self._engine.storage.transaction() as transaction:
            return lease_jobs(transaction, self._engine.clock(), self.owner, limit, lock_ms)

    def _acquire(self) -> None:
        settings = self._engine.settings
        prolonged = time.monotonic()
        with ThreadPoolExecutor(settings.job_threads, thread_name_prefix="procession-job") as pool:
            wait = 0.0
            self._release()
            complained = False
            while not self._stop.is_set():
                self._wake.wait(wait)
                self._wake.clear()
                if self._stop.is_set():
                    break
                try:
                    if time.monotonic() - prolonged > settings.job_lock / 3:
                        prolonged = time.monotonic()
                        self._prolong()
                    if self._has_strays:
                        self._give_back()
                    # half a batch at least is free: leasing costs the same for one job as for many
                    free = settings.job_batch - len(self._held)
                    if free < settings.job_batch // 2:
                        wait = settings.job_poll
                        continue
                    jobs = self._lease(free)
                    self._send_all(jobs, pool)
                    wait = 0.0 if len(jobs) == free else self._pause()
                    complained = False
                except Exception as error:
                    if not complained:
                        foreseen = isinstance(error, ProcessionError)
                        log.warning("Jobs cannot be acquired, trying again: %s", error, exc_info=not foreseen)
                    complained = self._has_strays = True
                    wait = settings.job_poll
            while self._held:  # what was sent is done before the pool closes
                self._wake.wait(settings.job_poll)
                self._wake.clear()
        self._release()

    def _send_all(self, jobs: list[Job], pool: ThreadPoolExecutor) -> None:
        for place, job in enumerate(jobs):
            try:
                self._send(job, pool)
            except Unavailable:
                self._lock_until([job.key for job in jobs[place:]], self._engine.clock())  # free for whoever has room
                raise

    def _send(self, job: Job, pool: ThreadPoolExecutor) -> None:
        if job.due is not None:
            self.late = max(0.0, (self._engine.clock() - job.due).total_seconds())
        with self._mutex:
            self._held.add(job.key)

        def told(waiting: Waiting) -> None:
            if waiting.error is None:
                self._let_go(job.key)
            elif isinstance(waiting.error, UserCodeInBatch | Conflict):
                pool.submit(self._again, job.key, by_itself=isinstance(waiting.error, UserCodeInBatch))
            else:
                pool.submit(self._recorded, job.key, waiting.error)

        try:
            self._engine.committer.send(c.RunJob(job.key), _ENVELOPE, told)
        except Unavailable:
            self._let_go(job.key)
            raise

    def _again(self, job: int, *, by_itself: bool) -> None:
        try:
            self.run(job, by_itself=by_itself)
        except Exception:
            self._has_strays = True
            log.warning("The failure of job %s cannot be recorded", job, exc_info=True)
        finally:
            self._let_go(job)

    def _recorded(self, job: int, error: BaseException) -> None:
        try:
            self._failed(job, error, _ENVELOPE)
        except Exception:
            self._has_strays = True
            log.warning("The failure of job %s cannot be recorded", job, exc_info=True)
        finally:
            self._let_go(job)

    def _let_go(self, job: int) -> None:
        with self._mutex:
            self._held.discard(job)
            self.done += 1
            left = len(self._held)
        if left in (0, self._engine.settings.job_batch // 2):
            self._wake.set()

    def _prolong(self) -> None:
        with self._mutex:
            held = list(self._held)
        if held:
            self._lock_until(held, self._engine.clock() + timedelta(seconds=self._engine.settings.job_lock))

    def _lock_until(self, jobs: list[int], until: datetime) -> None:
        with self._engine.storage.transaction() as transaction:
            extend_job_leases(transaction, jobs, self.owner, until)

    def _give_back(self) -> None:
        """Frees what this node has locked and does not work on: nobody else would before the locks run out."""
        self._has_strays = False
        with self._mutex:
            held = list(self._held)
        with self._engine.storage.transaction() as transaction:
            release_jobs(transaction, self.owner, but=held)

    def _pause(self) -> float:
        """Seconds until something may be due: other processes may add jobs, so never more than the poll interval."""
        with self._engine.storage.transaction() as transaction:
            due = next_due_time(transaction)
        poll = self._engine.settings.job_poll
        if due is None:
            return poll
        left: timedelta = due - self._engine.clock()
        return min(max(left.total_seconds(), 0.01), poll)

    def free(self, node: int) -> None:
        """Another node has died: what it held may be run again."""
        with self._engine.storage.transaction() as transaction:
            freed = release_jobs(transaction, f"node-{node}")
        if freed:
            log.warning("%d jobs that node %d held are free again", freed, node)
            self._wake.set()

    def _release(self) -> None:
        try:
            with self._engine.storage.transaction() as transaction:
                release_jobs(transaction, self.owner)
        except ProcessionError as error:
            log.warning("The locks of this node's jobs stay until they run out: %s", error)
