"""The history of work: the logs of jobs and external tasks, and incidents. All of it is told at level full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from procession.kernel import events as e
from procession.kernel.events import Stamp
from procession.kernel.records import Batch, External, Job
from procession.storage import schema
from procession.storage.encoding import millis

if TYPE_CHECKING:
    from procession.storage.history import HistoryBatch


def job_logged(batch: HistoryBatch, stamp: Stamp, event: e.JobCreated | e.JobChanged | e.JobEnded) -> None:
    """An entry when a job is created, fails, succeeds or is deleted; other changes are not told."""
    if not batch.keeps_details:
        return
    match event:
        case e.JobCreated():
            _job_entry(batch, stamp, event.job, "created")
        case e.JobEnded():
            _job_entry(batch, stamp, event.job, event.outcome)
        case e.JobChanged():
            if event.failed:
                batch.failures[event.job.key] = _job_entry(batch, stamp, event.job, "failed", event.retries_before)


def _job_entry(batch: HistoryBatch, stamp: Stamp, job: Job, state: str, retries: int | None = None) -> int:
    origin = batch.origin(job.instance, job.definition, job.tenant)
    if origin.process_id is None:
        origin = origin._replace(process_id=job.process_id)
    failed = state == "failed"
    key = batch.new_key()
    batch.rows.add(
        schema.history_job_log,
        key,
        origin,
        time=batch.time,
        state=state,
        job=job.key,
        due=None if job.due is None else millis(job.due),
        # Camunda 7 logs a failure before it counts it
        retries=job.retries if retries is None else retries,
        priority=job.priority,
        error_message=job.error_message if failed else None,
        stacktrace=job.stacktrace if failed else None,
        job_definition=job.job_definition,
        type=job.kind,
        configuration=job.configuration,
        node=job.node,
        failed_node=job.failed_node if failed else None,
        element=job.element,
        deployment=None if job.definition is None else batch.facts(job.definition).deployment,
        hostname=batch.hostname,
    )
    return key


def external_logged(
    batch: HistoryBatch, stamp: Stamp, event: e.ExternalCreated | e.ExternalChanged | e.ExternalEnded
) -> None:
    """An entry when an external task is created, fails, succeeds or is deleted; other changes are not told."""
    if not batch.keeps_details:
        return
    external = event.external
    match event:
        case e.ExternalCreated():
            _external_entry(batch, stamp, external, "created")
        case e.ExternalEnded():
            _external_entry(batch, stamp, external, event.outcome)
        case e.ExternalChanged():
            if event.failed:
                before = batch.external_before(external.key)
                batch.failures[external.key] = _external_entry(batch, stamp, external, "failed", before)
    batch.externals[external.key] = external


def _external_entry(
    batch: HistoryBatch, stamp: Stamp, external: External, state: str, before: External | None = None
) -> int:
    failed = state == "failed"
    key = batch.new_key()
    batch.rows.add(
        schema.history_external_log,
        key,
        batch.origin(external.instance, external.definition, external.tenant),
        time=batch.time,
        state=state,
        external=external.key,
        topic=external.topic,
        worker=external.worker,
        # Camunda 7 logs a failure before it counts it
        retries=external.retries if before is None else before.retries,
        priority=external.priority,
        error_message=external.error_message if failed else None,
        error_details=external.error_details if failed else None,
        node=external.node,
        element=external.element,
        listener=external.listener,
    )
    return key


# what the user operation log calls the beginning of a batch, and what it is about
_BEGUN = {
    "instance-deletion": ("Delete", "ProcessInstance"),
    "instance-modification": ("ModifyProcessInstance", "ProcessInstance"),
    "instance-migration": ("Migrate", "ProcessInstance"),
    "instance-restart": ("RestartProcessInstance", "ProcessInstance"),
    "instance-resumption": ("Activate", "ProcessInstance"),
    "set-job-retries": ("SetJobRetries", "Job"),
    "set-external-task-retries": ("SetExternalTaskRetries", "ExternalTask"),
    "set-variables": ("SetVariables", "ProcessInstance"),
    "correlate-message": ("CorrelateMessage", "ProcessInstance"),
    "historic-instance-deletion": ("DeleteHistory", "ProcessInstance"),
    "historic-decision-instance-deletion": ("DeleteHistory", "DecisionInstance"),
}


def _log_batch(batch: HistoryBatch, stamp: Stamp, told: Batch) -> None:
    if told.kind == "instance-update-suspension-state":
        operation, entity = "SuspendJob" if told.payload["work"]["suspended"] else "ActivateJob", "ProcessInstance"
    elif told.kind in _BEGUN:
        operation, entity = _BEGUN[told.kind]
    else:
        return
    changes = {"nrOfInstances": (None, len(told.payload["items"])), "async": (None, True)}
    if told.kind == "instance-deletion":
        changes["deleteReason"] = (None, told.payload["work"].get("reason"))
    origin = batch.origin(None, None, told.tenant)
    batch.log_operation(stamp, operation, entity, changes, origin)


def batch_told(batch: HistoryBatch, stamp: Stamp, event: e.BatchStarted | e.BatchChanged | e.BatchEnded) -> None:
    """A batch: begun, first at work, ended."""
    if not batch.keeps_details:
        return
    told = event.batch
    match event:
        case e.BatchStarted():
            _log_batch(batch, stamp, told)
            batch.rows.add(
                schema.history_batch,
                told.key,
                (None, None, None, None, told.tenant),
                kind=told.kind,
                total=told.total,
                seed_definition=told.seed_definition,
                monitor_definition=told.monitor_definition,
                job_definition=told.job_definition,
                per_seed=told.per_seed,
                per_job=told.per_job,
                user_id=told.user,
                started=millis(told.started),
            )
        case e.BatchChanged():
            if told.executed is not None:
                batch.rows.change(schema.history_batch, told.key, executed=millis(told.executed))
        case e.BatchEnded():
            batch.rows.change(schema.history_batch, told.key, ended=batch.time)


def incident_raised(batch: HistoryBatch, stamp: Stamp, event: e.IncidentRaised) -> None:
    """An open incident; it names the log entry of the failure that caused it, where this batch wrote one."""
    if not batch.keeps_details:
        return
    incident = event.incident
    failed = int(incident.configuration) if incident.configuration and incident.configuration.isdecimal() else 0
    entry = batch.failures.get(failed)
    batch.rows.add(
        schema.history_incident,
        incident.key,
        batch.origin(incident.instance, incident.definition, incident.tenant),
        kind=incident.kind,
        element=incident.element,
        node=incident.node,
        failed_node=incident.failed_node,
        created=millis(incident.created),
        message=incident.message,
        configuration=incident.configuration,
        history_configuration=None if entry is None else str(entry),
        cause=incident.cause or incident.key,
        root_cause=incident.root_cause or incident.key,
        job_definition=incident.job_definition,
        state="open",
        annotation=incident.annotation,
    )


def incident_ended(batch: HistoryBatch, stamp: Stamp, event: e.IncidentEnded) -> None:
    """The incident was resolved, or deleted with its instance."""
    if batch.keeps_details:
        state = "resolved" if event.resolved else "deleted"
        batch.rows.change(schema.history_incident, event.incident, ended=batch.time, state=state)


def incident_annotated(batch: HistoryBatch, stamp: Stamp, event: e.IncidentAnnotated) -> None:
    """The annotation follows."""
    if batch.keeps_details:
        batch.rows.change(schema.history_incident, event.incident, annotation=event.annotation)
