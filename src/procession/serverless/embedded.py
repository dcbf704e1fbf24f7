"""The engine as functions see it, embedded: a key, its answer and all that the key started are one transaction.

A function that dies before the commit leaves nothing; one that dies after it finds its answer when it is called again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from camunda_client.serverless.once import LOCK, TABLE, check_fingerprint, read_done, write_done
from camunda_client.serverless.workflows import (
    RETENTION,
    Action,
    Conflicting,
    Done,
    Execution,
    Message,
    Once,
    Start,
    Status,
    Unacceptable,
    UnknownWorkflow,
    WorkflowError,
)
from procession.engine import commands as ec
from procession.engine.correlating import Mismatch
from procession.engine.engine import Engine
from procession.errors import Conflict, Invalid, Missing, ProcessionError
from procession.kernel.variables import typed
from procession.storage import schema
from procession.storage.drivers import Driver

if TYPE_CHECKING:
    from camunda_client.c7.task import ExternalTask

JOBS_AFTER_START = 20
"""Asynchronous continuations of a new instance that are run before the answer is given."""
SOURCE = "serverless"


class EmbeddedWorkflows:
    """Workflows of an engine in this process. `jobs_after_start` is how many of a new instance's own jobs are run at once."""

    def __init__(self, engine: Engine, *, jobs_after_start: int = JOBS_AFTER_START) -> None:
        self.engine = engine
        self._jobs_after_start = jobs_after_start
        self._has_table = False

    def run(self, actions: Sequence[Action], once: Once | None = None) -> Done:
        """See `Workflows`."""
        self._make_table()
        try:
            done = self.engine.atomically(lambda driver: self._run(driver, actions, once))
        except Missing as error:
            raise UnknownWorkflow(error.message) from error
        except (Mismatch, Conflict) as error:
            raise Conflicting(error.message) from error
        except Invalid as error:
            raise Unacceptable(error.message) from error
        except ProcessionError as error:
            raise WorkflowError(error.message) from error
        if not done.repeated:
            for execution in done.executions:
                self._run_jobs_of(int(execution.execution_id))
        return Done(tuple(self._as_now(execution) for execution in done.executions), done.repeated)

    def _run(self, driver: Driver, actions: Sequence[Action], once: Once | None) -> Done:
        if once is not None:
            answer = self._known(driver, once)
            if answer is not None:
                return read_done(answer)
        done = Done(tuple(execution for action in actions for execution in self._perform(driver, action)))
        if once is not None:
            driver.run("UPDATE serverless_delivery SET answer = ? WHERE key IN ??", [write_done(done), list(once.keys)])
        return done

    def _known(self, driver: Driver, once: Once) -> str | None:
        """Takes the keys of a delivery, or gives the answer that one of them has."""
        now = int(time.time() * 1000)
        for key in sorted(once.keys):  # always in one order: two functions never wait for each other
            taken = driver.rows(
                "INSERT INTO serverless_delivery (key, fingerprint, answer, created) VALUES (?, ?, NULL, ?) "
                "ON CONFLICT (key) DO NOTHING RETURNING key",
                [key, once.fingerprint, now],
            )
            if taken:
                continue
            rows = driver.rows("SELECT fingerprint, answer FROM serverless_delivery WHERE key = ?", [key])
            if not rows:
                raise Conflict("The key was forgotten in this moment")
            check_fingerprint(once, rows[0][0])
            if rows[0][1] is None:
                raise Conflicting("The same key is being worked on")
            # a repetition leaves no key: its other keys may be anybody's choice
            driver.run("DELETE FROM serverless_delivery WHERE answer IS NULL AND key IN ??", [list(once.keys)])
            return str(rows[0][1])
        return None

    def _perform(self, driver: Driver, action: Action) -> list[Execution]:
        variables = {name: typed(value) for name, value in action.variables.items()}
        if isinstance(action, Message):
            keys = {name: typed(value) for name, value in action.correlation_keys.items()}
            reached = self.engine.submit(
                ec.CorrelateMessage(action.name, action.business_key, keys, variables=variables), source=SOURCE
            )
            return [
                Execution(
                    str(found.instance),
                    action.name,
                    "completed" if found.started is not None and found.started.ended else "running",
                    found.started.definition_id if found.started is not None else "",
                )
                for found in reached
            ]
        started = self._start(action)
        name = action.name or _workflow_name(driver, started)
        status: Status = "completed" if started.ended else "running"
        return [Execution(str(started.instance), name, status, started.definition_id)]

    def _start(self, start: Start) -> ec.Started:
        variables = {name: typed(value) for name, value in start.all_variables.items()}
        for by in ({"id": start.definition_id}, {"process_id": start.definition_id}):
            try:
                started: ec.Started = self.engine.submit(
                    ec.StartProcess(**by, variables=variables, business_key=start.key),  # type: ignore[arg-type]
                    user=start.initiated_by,
                    source=SOURCE,
                )
            except Missing:
                continue
            return started
        raise UnknownWorkflow(f"No workflow is deployed under {start.definition_id[:200]!r}")

    # ------------------------------------------------------------ afterwards

    def _run_jobs_of(self, instance: int) -> None:
        """Goes on over asynchronous borders: in a function there is no job executor that would do it soon."""
        job = schema.job
        for _ in range(self._jobs_after_start):
            now = int(self.engine.clock().timestamp() * 1000)
            due = (
                select(job.c.key)
                .where(job.c.instance == instance, job.c.retries > 0, ~job.c.suspended)
                .where(or_(job.c.due.is_(None), job.c.due <= now), job.c.locked_until.is_(None))
                .order_by(job.c.key)
                .limit(1)
            )
            with self.engine.storage.read() as connection:
                key = connection.execute(due).scalar()
            if key is None:
                return
            self.engine.jobs.run(key)

    def _as_now(self, execution: Execution) -> Execution:
        key = int(execution.execution_id)
        history, incident = schema.history_instance, schema.incident
        with self.engine.storage.read() as connection:
            state = connection.execute(select(history.c.state).where(history.c.key == key)).scalar()
            failed = connection.execute(select(func.count()).where(incident.c.instance == key)).scalar()
        status: Status = execution.status
        if state == "COMPLETED":
            status = "completed"
        elif failed or str(state).endswith("TERMINATED"):
            status = "failed"
        return Execution(execution.execution_id, execution.workflow_name, status, execution.definition_id)

    # ------------------------------------------------------------ on a schedule

    def run_due(self, limit: int, seconds: float) -> int:
        """See `Workflows`."""
        end, done = time.monotonic() + seconds, 0
        while done < limit and time.monotonic() < end:
            found = self.engine.jobs.run_due(min(limit - done, 10))
            if not found:
                break
            done += found
        return done

    def serve(self, topic: str, handle: Callable[[ExternalTask], Any], limit: int, lock: timedelta) -> int:
        """See `Workflows`."""
        from procession.serverless.external import serve

        return serve(self.engine, topic, handle, limit, lock)

    def forget(self) -> int:
        """See `Workflows`."""
        self._make_table()
        before = int((time.time() - RETENTION.total_seconds()) * 1000)
        return self.engine.atomically(
            lambda driver: driver.run("DELETE FROM serverless_delivery WHERE created < ?", [before])
        )

    def close(self) -> None:
        """See `Workflows`."""
        self.engine.close()

    def _make_table(self) -> None:
        if self._has_table:
            return
        with self.engine.storage.transaction() as transaction:
            if transaction.driver.name == "postgresql":
                transaction.driver.rows("SELECT pg_advisory_xact_lock(?)", [LOCK])
            transaction.driver.run(TABLE)
        self._has_table = True


def _workflow_name(driver: Driver, started: ec.Started) -> str:
    rows = driver.rows("SELECT name FROM process_definition WHERE key = ?", [started.definition])
    return str(rows[0][0] or started.process_id) if rows else started.process_id
