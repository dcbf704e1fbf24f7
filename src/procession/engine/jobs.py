"""The job executor: leases due jobs and runs them, each in a transaction of its own, as Camunda 7's does.

A job that fails is undone, then its failure is recorded: retries, the next try, an incident. A job of a node that died is
run by another when its lock has ended. Nothing is due before the engine's clock says so.
"""

from __future__ import annotations

import logging
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

from procession.engine.unit import Envelope
from procession.errors import Conflict, Missing, ProcessionError, Suspended, Unavailable
from procession.kernel import commands as c
from procession.kernel.records import Job
from procession.storage.leases import lease_jobs, next_due_time, release_jobs

if TYPE_CHECKING:
    from procession.engine.engine import Engine

log = logging.getLogger("procession.jobs")


class JobExecutor:
    """Runs due jobs on its own threads between `start` and `stop`; `run` runs one job at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """True between `start` and `stop`."""
        return self._thread is not None

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

    def run(self, job: int, *, user: str | None = None, reraise: bool = False) -> None:
        """Runs one job; a failure is recorded and, with `reraise`, raised again."""
        envelope = Envelope(user, source="job")
        try:
            self._engine.committer.submit(c.RunJob(job), envelope)
        except Missing:
            if reraise:
                raise
        except (Suspended, Unavailable):
            if reraise:
                raise
        except Conflict:
            # somebody else was first, again and again: no try is lost
            log.info("Job %s met a conflict and stays due", job)
            if reraise:
                raise
        except Exception as error:
            if not isinstance(error, ProcessionError):
                log.warning("Job %s failed", job, exc_info=error)
            self._record(job, error, envelope)
            if reraise:
                raise

    def _record(self, job: int, error: Exception, envelope: Envelope) -> None:
        failed = error.details.get("failed_node") if isinstance(error, ProcessionError) else None
        message = error.message if isinstance(error, ProcessionError) else f"{type(error).__name__}: {error}"
        trace = "".join(traceback.format_exception(error))
        try:
            self._engine.committer.submit(
                c.FailJob(job, message, trace, failed if isinstance(failed, str) else None), envelope
            )
        except Missing:
            log.info("Job %s is gone", job)

    # ------------------------------------------------------------ the executor's thread

    @property
    def _owner(self) -> str:
        return f"node-{self._engine.storage.keys.node}"

    def _lease(self, limit: int) -> list[Job]:
        lock_ms = int(self._engine.settings.job_lock * 1000)
        with self._engine.storage.transaction() as transaction:
            return lease_jobs(transaction, self._engine.clock(), self._owner, limit, lock_ms)

    def _acquire(self) -> None:
        settings = self._engine.settings
        with ThreadPoolExecutor(settings.job_threads, thread_name_prefix="procession-job") as pool:
            wait = 0.0
            self._release()
            while not self._stop.is_set():
                self._wake.wait(wait)
                self._wake.clear()
                if self._stop.is_set():
                    break
                try:
                    jobs = self._lease(settings.job_batch)
                    list(pool.map(self.run, [job.key for job in jobs]))
                    wait = 0.0 if jobs else self._pause()
                except Exception:
                    log.warning("Jobs cannot be acquired; trying again", exc_info=True)
                    wait = settings.job_poll
        self._release()

    def _pause(self) -> float:
        """Seconds until something may be due: other processes may add jobs, so never more than the poll interval."""
        with self._engine.storage.transaction() as transaction:
            due = next_due_time(transaction)
        poll = self._engine.settings.job_poll
        if due is None:
            return poll
        left: timedelta = due - self._engine.clock()
        return min(max(left.total_seconds(), 0.01), poll)

    def _release(self) -> None:
        try:
            with self._engine.storage.transaction() as transaction:
                release_jobs(transaction, self._owner)
        except ProcessionError:
            log.warning("The locks of this node's jobs stay until they run out", exc_info=True)
