"""Batches: one change for many things, in small transactions. Seed jobs make the batch's jobs, a hundred at a time; each job
does its part; a monitor job looks every half minute and ends the batch when no job is left, so failed ones keep it open.

What a job does with its items is `batch_work`'s.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import replace

from procession.engine import commands as ec
from procession.engine.batch_work import OF_INSTANCES, WORK
from procession.engine.unit import Envelope, Unit
from procession.errors import ExecutionFailed, Missing
from procession.kernel import events as e
from procession.kernel.records import Batch, Job
from procession.storage import repository, schema
from procession.storage.repository import JobDefinition

SEED, MONITOR = "batch-seed-job", "batch-monitor-job"
PER_SEED = 100
POLL = timedelta(seconds=30)


def create(unit: Unit, command: ec.CreateBatch, envelope: Envelope) -> Batch:
    """Begins a batch. Its jobs are made by its seed job."""
    new_key = unit.transaction.new_key
    key = new_key()
    definitions = [new_key(), new_key(), new_key()]
    batch = Batch(
        key=key,
        kind=command.kind,
        total=-(-len(command.items) // command.per_job),
        seed_definition=definitions[0],
        monitor_definition=definitions[1],
        job_definition=definitions[2],
        started=unit.now,
        per_seed=PER_SEED,
        per_job=command.per_job,
        tenant=command.tenant,
        user=envelope.user,
        payload={"items": list(command.items), "work": dict(command.work)},
    )
    unit.apply(e.BatchStarted(batch))
    _make_job(unit, batch, SEED, batch.seed_definition)
    rows = [
        JobDefinition(found, None, None, None, kind, str(key), False, None, None, command.tenant)
        for found, kind in zip(definitions, (SEED, MONITOR, command.kind), strict=True)
    ]
    repository.add(unit.transaction.driver, rows)
    return batch


def run_job(unit: Unit, job: Job, envelope: Envelope) -> None:
    """A job of a batch is due."""
    batch = _held(unit, int(job.configuration or 0))
    if job.kind == SEED:
        _seed(unit, batch)
    elif job.kind == MONITOR:
        if _jobs(unit, batch.job_definition) or batch.made < batch.total:
            _make_job(unit, batch, MONITOR, batch.monitor_definition, due=unit.now + POLL)
        else:
            _end(unit, batch)
    else:
        if batch.executed is None:
            unit.apply(e.BatchChanged(replace(batch, executed=unit.now)))
        author = envelope if batch.user is None else Envelope(batch.user, batch.tenant, envelope.source)
        try:
            WORK[batch.kind](unit, list(job.payload["items"]), batch.payload["work"], author)
        except Missing as error:
            # what is missing is not the job: it has failed
            raise ExecutionFailed(error.message) from error


def suspend(unit: Unit, command: ec.SuspendBatch, envelope: Envelope) -> None:
    """Suspends or wakes a batch with all of its jobs. Raises Missing where there is none."""
    batch = _held(unit, command.batch)
    if batch.suspended != command.suspended:
        unit.apply(e.BatchChanged(replace(batch, suspended=command.suspended)))
    for definition in (batch.seed_definition, batch.monitor_definition, batch.job_definition):
        repository.change_job_definition(unit.transaction.driver, definition, "suspended", command.suspended)
        for job in _jobs(unit, definition):
            unit.apply(e.JobChanged(replace(job, suspended=command.suspended)))


def delete(unit: Unit, command: ec.DeleteBatch, envelope: Envelope) -> None:
    """Deletes a batch with its jobs; what they have done stays. Raises Missing where there is none."""
    _end(unit, _held(unit, command.batch))


def _held(unit: Unit, key: int) -> Batch:
    # its jobs run on several nodes at once: who changes the batch waits for who does already
    unit.transaction.driver.rows("SELECT key FROM batch WHERE key = ? {for update}", [key])
    batch = unit.state.get(Batch, key)
    if batch is None:
        raise Missing(f"There is no batch {key}", batch=key)
    return batch


def _seed(unit: Unit, batch: Batch) -> None:
    items: list[int] = batch.payload["items"]
    last = min(batch.made + batch.per_seed, batch.total)
    rows: list[tuple[int, int, int, int]] = []
    for number in range(batch.made, last):
        part = items[number * batch.per_job : (number + 1) * batch.per_job]
        alone = part[0] if batch.kind in OF_INSTANCES and len(part) == 1 else None
        job = _make_job(unit, batch, batch.kind, batch.job_definition, payload={"items": part}, instance=alone)
        rows += [(unit.transaction.new_key(), batch.key, job, item) for item in part]
    if rows and unit.engine.history(unit.transaction).keeps_details:
        unit.transaction.driver.insert(schema.history_batch_item, ("key", "batch", "job", "item"), rows)
    changed = replace(batch, made=last)
    unit.apply(e.BatchChanged(changed))
    if last < batch.total:
        _make_job(unit, changed, SEED, batch.seed_definition)
    else:
        _make_job(unit, changed, MONITOR, batch.monitor_definition)


def _make_job(
    unit: Unit,
    batch: Batch,
    kind: str,
    definition: int,
    *,
    due: datetime | None = None,
    payload: dict[str, Any] | None = None,
    instance: int | None = None,
) -> int:
    key = unit.transaction.new_key()
    unit.apply(
        e.JobCreated(
            Job(
                key=key,
                kind=kind,
                node=None,
                definition=None,
                job_definition=definition,
                created=unit.now,
                instance=instance,
                configuration=str(batch.key),
                due=due,
                retries=unit.engine.settings.default_retries,
                exclusive=False,
                suspended=batch.suspended,
                tenant=batch.tenant,
                payload=payload or {},
            )
        )
    )
    return key


def _jobs(unit: Unit, definition: int) -> list[Job]:
    """The jobs of a definition that this transaction has not ended."""
    unit.state.preload(Job, (job.key for job in unit.transaction.find(Job, "job_definition = ?", [definition])))
    return [job for job in unit.state.all(Job) if job.job_definition == definition]


def _end(unit: Unit, batch: Batch) -> None:
    definitions = (batch.seed_definition, batch.monitor_definition, batch.job_definition)
    for definition in definitions:
        for job in _jobs(unit, definition):
            unit.apply(e.JobEnded(job, "deleted"))
    unit.apply(e.BatchEnded(batch))
    unit.transaction.driver.run('DELETE FROM "job_definition" WHERE key IN ??', [list(definitions)])
