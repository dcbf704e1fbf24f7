"""The engine: one object over one database. Everything that changes a running process goes through `submit`."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import SystemRandom
from typing import Any, TypeVar, cast

from procession.engine import commands as ec
from procession.engine import deployments, javascript, suspending
from procession.engine.cleaning import HistoryCleaner
from procession.engine.clock import Clock
from procession.engine.committing import Committer, OnCommit
from procession.engine.connectors import Connectors
from procession.engine.definitions import Definitions
from procession.engine.dialect import Dialect, Dialects
from procession.engine.jobs import JobExecutor
from procession.engine.registry import Registry
from procession.engine.unit import Envelope, Unit
from procession.engine.wakening import Bell, Work
from procession.engine.worlds import UserCodeInBatch
from procession.errors import Invalid, Missing
from procession.feel.chance import CHANCE
from procession.kernel import commands as c
from procession.kernel.records import External, Instance, Job
from procession.kernel.state import Changes
from procession.storage import Storage, Transaction
from procession.storage.database import Joinable
from procession.storage.drivers import Driver
from procession.storage.history import DefinitionFacts, HistoryBatch, HistoryLevel
from procession.storage.neighbours import Neighbours
from procession.storage.removal import empty

log = logging.getLogger("procession.engine")

T = TypeVar("T")

_ALONE: dict[type[Any], Callable[[Unit, Any, Envelope], Any]] = {
    ec.Deploy: deployments.deploy,
    ec.DeleteDeployment: deployments.delete_deployment,
    ec.DeleteDefinition: deployments.delete_definition,
    ec.DeleteResource: deployments.delete_resource,
    ec.SuspendDefinition: suspending.suspend_definition,
    ec.ChangeJobDefinition: suspending.change_job_definition,
    ec.SetTimeToLive: suspending.set_time_to_live,
}

_EXTERNALS, _JOBS, _DEFINITIONS = "e", "j", "d"
"""What nodes tell each other about."""


def _work(changes: Changes) -> Work:
    """External tasks that may have become free, by topic: what is done is of no interest to who waits for work."""
    return Counter(task.topic for task in (*changes.inserted, *changes.updated))


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How an engine behaves. Times in seconds.

    `history` is none, activity, audit or full. `job_threads` run due jobs; `job_lock` is how long a job stays locked
    by a node that has died. `cleanup_window` (`22:00-06:00`, UTC) is when expired history is removed, of `cleanup_batch`
    root instances at a time; without it only when somebody asks for it. `connector_private` names what connectors may
    call beyond the public internet: networks (`10.1.0.0/16`), host names, `*` for everything; a call takes
    `connector_timeout` at most.
    """

    name: str = "default"
    history: str = "full"
    default_retries: int = 3
    job_threads: int = 2
    job_batch: int = 50
    job_lock: float = 300.0
    job_poll: float = 1.0
    cleanup_window: str | None = None
    cleanup_batch: int = 200
    connector_private: tuple[str, ...] = ()
    connector_timeout: float = 10.0


class Engine:
    """Deploys models, runs instances, answers workers. Safe to use from several threads; close it when done.

    `dialect` reads what is deployed; `dialects` by name are for deployments that name one (`Deploy.dialect`).
    """

    def __init__(
        self,
        storage: Storage,
        dialect: Dialect,
        *,
        dialects: Mapping[str, Dialect] | None = None,
        settings: EngineSettings | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.storage = storage
        self.dialects = Dialects(dialect, dialects)
        self.settings = settings or EngineSettings()
        self.clock = clock or Clock()
        self.registry = Registry()
        CHANCE.bits = CHANCE.bits or SystemRandom().getrandbits
        if javascript.available():
            for language in javascript.LANGUAGES:
                self.registry.script(language, javascript.run_javascript)
        self.connectors = Connectors(self.settings.connector_private, self.settings.connector_timeout)
        self.definitions = Definitions(self.dialects)
        self.externals_bell = Bell()
        self.endings_bell = Bell()
        self.committer = Committer(self)
        self.jobs = JobExecutor(self)
        self.cleaner = HistoryCleaner(self)
        self.neighbours = Neighbours(storage, self._heard, self.jobs.free)
        self._hostname = socket.gethostname()
        self._level = HistoryLevel[self.settings.history.upper()]

    # ------------------------------------------------------------ the one door

    def submit(
        self,
        command: ec.AnyCommand,
        *,
        user: str | None = None,
        tenant: str | None = None,
        source: str | None = None,
        connection: Joinable | None = None,
        on_commit: OnCommit | None = None,
    ) -> Any:
        """Carries out a command and gives its value once it is durable.

        `user`, `tenant` and `source` say who sends it, for whom and from where. Raises an error of `procession.errors`
        where it cannot be done; then nothing has changed.

        With `connection`, an open transaction on the engine's own database, the command becomes part of that
        transaction: it is carried out at once and alone, but its value is durable only when the caller commits, and
        whoever waits for what it made hears of it by `on_commit`, which is given what to call after the commit
        (without it, by looking once a second). Definitions can be deployed that way, not changed or deleted. After an
        error of the database the caller rolls back, at least to a savepoint set before.
        """
        envelope = Envelope(user, tenant, source)
        work = _ALONE.get(type(command))
        if connection is not None:
            if work is not None and not isinstance(command, ec.Deploy):
                # what is held of definitions would survive a rollback
                raise Invalid(f"{type(command).__name__} needs a transaction of its own")
            return self.committer.join(command, work, envelope, connection, on_commit)
        if work is not None:
            return self.committer.alone(lambda unit: unit.told(command, envelope, work))
        return self.committer.submit(command, envelope)

    async def submitted(
        self, command: ec.AnyCommand, *, user: str | None = None, tenant: str | None = None, source: str | None = None
    ) -> Any:
        """`submit` for an event loop: no thread waits meanwhile, unless the command runs user code or changes
        definitions. A caller that is cancelled takes nothing back."""
        if type(command) in _ALONE:
            return await asyncio.to_thread(self.submit, command, user=user, tenant=tenant, source=source)
        envelope = Envelope(user, tenant, source)
        try:
            return await self.committer.sent(command, envelope)
        except UserCodeInBatch:
            return await asyncio.to_thread(self.committer.by_itself, command, envelope)

    def atomically(self, work: Callable[[Driver], T]) -> T:
        """Does some work in one transaction: what it submits in this thread, and what it writes with the driver, are
        durable together or not at all. After a conflict it is done again from the start; it must not wait for others."""
        return cast(T, self.committer.alone(lambda unit: work(unit.transaction.driver)))

    def run_job(self, job: int, *, user: str | None = None) -> None:
        """Runs a job now. Raises what it raises, after the failure was recorded; Missing where there is no such job."""
        self.jobs.run(job, user=user, reraise=True)

    def history(self, transaction: Transaction) -> HistoryBatch:
        """An empty batch of history rows for a transaction."""

        def facts(definition: int) -> DefinitionFacts:
            try:
                row = self.definitions.definition(definition, transaction)
            except Missing:
                return DefinitionFacts()
            return DefinitionFacts(row.history_ttl, row.deployment)

        return HistoryBatch(self._level, transaction.new_key, facts, self._hostname)

    def committed(self, unit: Unit) -> None:
        """Wakes whoever waits for what a transaction made."""
        if unit.forgets:
            self.definitions.forget()  # somebody may have read the old ones since
        if External in unit.changes:
            work = _work(unit.changes[External])
            self.externals_bell.ring(work)
            if not unit.alone:
                self.neighbours.tell_soon(_EXTERNALS, work)
        if Job in unit.changes:
            self.jobs.wake()
            if not unit.alone:
                self.neighbours.tell_soon(_JOBS)
        if Instance in unit.changes and unit.changes[Instance].deleted:
            self.endings_bell.ring()

    def tell(self, unit: Unit) -> None:
        """Has other nodes told what a transaction is about to make durable. Of commands that share one they hear afterwards:
        there are many of those."""
        driver = unit.transaction.driver
        if unit.forgets:
            self.neighbours.tell(_DEFINITIONS, {}, driver)
        if unit.alone:
            if External in unit.changes:
                self.neighbours.tell(_EXTERNALS, _work(unit.changes[External]), driver)
            if Job in unit.changes:
                self.neighbours.tell(_JOBS, {}, driver)

    def _heard(self, kind: str, work: Work | None) -> None:
        if kind == _DEFINITIONS:
            self.definitions.forget()
        elif kind == _EXTERNALS:
            self.externals_bell.ring(work)
        elif kind == _JOBS:
            self.jobs.wake()

    def wake(self) -> None:
        """Wakes everything that waits for a time: the clock was set."""
        self.externals_bell.ring()
        self.jobs.wake()

    def reset(self) -> dict[str, int]:
        """Deletes everything that was deployed, runs or has run; the number of deleted rows by table. For tests."""
        with self.storage.transaction() as transaction:
            deleted = empty(transaction.driver)
        self.definitions.forget()
        self.wake()
        return deleted

    # ------------------------------------------------------------ life

    def start(self) -> None:
        """Starts the job executor's threads: timers and asynchronous continuations then run by themselves, and so does the
        clean-up of history where it has a window."""
        self.neighbours.start()
        self.jobs.start()
        self.cleaner.start()

    def close(self) -> None:
        """Stops the job executor and closes the database."""
        self.jobs.stop()
        self.cleaner.stop()
        self.neighbours.stop()
        self.committer.close()
        self.connectors.close()
        self.storage.close()

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # ------------------------------------------------------------ shorthands for programs that embed the engine

    def deploy(self, *resources: tuple[str, bytes], name: str | None = None, **options: Any) -> ec.Deployed:
        """Deploys resources (name, content); see `commands.Deploy`."""
        deployed: ec.Deployed = self.submit(ec.Deploy(resources, name, **options))
        return deployed

    def start_process(
        self, process_id: str, variables: dict[str, Any] | None = None, business_key: str | None = None
    ) -> ec.Started:
        """Starts the latest version of a process with plain Python values."""
        from procession.kernel.variables import typed

        values = {name: typed(value) for name, value in (variables or {}).items()}
        started: ec.Started = self.submit(
            ec.StartProcess(process_id=process_id, variables=values, business_key=business_key)
        )
        return started

    def complete_task(self, task: int, variables: dict[str, Any] | None = None) -> None:
        """Completes a human task with plain Python values."""
        from procession.kernel.variables import typed

        self.submit(c.CompleteTask(task, {name: typed(value) for name, value in (variables or {}).items()}))
